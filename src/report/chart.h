/// Chart: lines over an axis of whole numbers, drawn as SVG.
#pragma once

#include <string>
#include <vector>

namespace pcxx::report {

struct Point {
  double x = 0;
  double y = 0;  // NaN: a gap
};

struct Line {
  std::string name;
  std::vector<Point> points;  // in ascending order of x
};

struct Chart {
  std::string title;
  std::string x_label = "epoch";
  std::string unit = {};  // behind the numbers of the y axis
  std::vector<Line> lines = {};
  bool logarithmic = false;  // allowed: it is where values differ much
  double width = 520;        // in the SVG's own units, of 12 to a letter's height
};

/// Returns the chart as an HTML figure: title, legend (for several lines) and picture. Lines of more points than the picture
/// has room for are drawn as means with the range around them. Colours and letters are those of the page's style.
std::string figure(const Chart& chart);

}  // namespace pcxx::report

/// Drawing lines: axes, ticks, gaps, means and ranges where there are too many points.
#include "report/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "report/axis.h"
#include "report/html.h"

namespace pcxx::report {
namespace {

constexpr double kHeight = 290, kLeft = 62, kRight = 14, kTop = 12, kBottom = 44;
constexpr std::size_t kMostPoints = 400;   // of a line, before it is drawn as means and ranges
constexpr std::size_t kMostMarkers = 40;   // of a line, each with its numbers to point at
constexpr std::size_t kColours = 8;        // of the style; further lines are dashed
constexpr double kManyFold = 20;           // from the least to the largest value: a logarithmic axis
constexpr double kMostDecades = 10;

/// A line as it is drawn: means of neighbouring points, and how far they reach.
struct Drawn {
  std::vector<Point> means;
  std::vector<Point> lows, highs;  // empty where every point is drawn
};

Drawn thinned(const std::vector<Point>& points) {
  if (points.size() <= kMostPoints) {
    return {points, {}, {}};
  }
  Drawn drawn;
  for (std::size_t part = 0; part < kMostPoints; ++part) {
    const std::size_t first = part * points.size() / kMostPoints, last = (part + 1) * points.size() / kMostPoints;
    double x = 0, sum = 0, low = std::numeric_limits<double>::infinity(), high = -low;
    std::size_t count = 0;
    for (std::size_t i = first; i < last; ++i) {
      x += points[i].x;
      if (std::isfinite(points[i].y)) {
        sum += points[i].y;
        low = std::min(low, points[i].y);
        high = std::max(high, points[i].y);
        ++count;
      }
    }
    x /= static_cast<double>(last - first);
    drawn.means.push_back({x, sum / static_cast<double>(count)});  // 0 / 0: a gap
    if (count > 0) {
      drawn.lows.push_back({x, low});
      drawn.highs.push_back({x, high});
    }
  }
  return drawn;
}

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return low > high; }
};

/// The picture's axes and where points come to lie in it.
class Frame {
 public:
  explicit Frame(const Chart& chart) : width_(chart.width) {
    Range x, y, positive;
    for (const Line& line : chart.lines) {
      for (const Point& point : line.points) {
        x.add(point.x);
        if (std::isfinite(point.y)) {
          y.add(point.y);
          if (point.y > 0) {
            positive.add(point.y);
          }
        }
      }
    }
    if (y.empty()) {
      return;
    }
    x_ = axis({.low = x.low, .high = x.high, .ticks = static_cast<int>(width_ / 70), .whole = true});
    const bool logarithmic = chart.logarithmic && !positive.empty() && y.low >= 0 && positive.high > kManyFold * positive.low;
    const double least = positive.high * std::pow(10, -kMostDecades);
    y_ = logarithmic ? axis({.low = std::max(positive.low, least), .high = positive.high, .logarithmic = true})
                     : axis({.low = y.low, .high = y.high});
  }

  bool empty() const { return !y_.has_value(); }
  const Axis& x() const { return *x_; }
  const Axis& y() const { return *y_; }
  double left() const { return kLeft; }
  double right() const { return width_ - kRight; }
  double column(double value) const { return kLeft + x_->place(value) * (right() - kLeft); }
  double row(double value) const { return kHeight - kBottom - y_->place(value) * (kHeight - kBottom - kTop); }
  /// Whether a point has a place: a logarithmic axis has none for 0.
  bool shows(const Point& point) const { return std::isfinite(point.y) && (!y_->logarithmic || point.y >= y_->low); }

 private:
  double width_;
  std::optional<Axis> x_, y_;
};

std::string axes(const Chart& chart, const Frame& frame) {
  std::string svg;
  for (const double tick : frame.y().ticks) {
    const double row = frame.row(tick);
    svg += fmt::format("<path class=\"grid\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>", frame.left(), row, frame.right());
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}{}</text>", frame.left() - 8, row + 4,
                       frame.y().text(tick), escaped(chart.unit));
  }
  const double bottom = kHeight - kBottom;
  for (const double tick : frame.x().ticks) {
    const double column = frame.column(tick);
    svg += fmt::format("<path class=\"axis\" d=\"M{:.1f} {:.1f}v4\"/>", column, bottom);
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>", column, bottom + 18,
                       frame.x().text(tick));
  }
  svg += fmt::format("<path class=\"axis\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>", frame.left(), bottom, frame.right());
  return svg + fmt::format("<text class=\"label\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>",
                           (frame.left() + frame.right()) / 2, kHeight - 8, escaped(chart.x_label));
}

/// Returns the path through the points; where one has no place, it begins anew.
std::string path_through(const std::vector<Point>& points, const Frame& frame) {
  std::string path;
  bool drawing = false;
  for (const Point& point : points) {
    if (frame.shows(point)) {
      path += fmt::format("{}{:.1f} {:.1f}", drawing ? "L" : "M", frame.column(point.x), frame.row(point.y));
    }
    drawing = frame.shows(point);
  }
  return path;
}

std::string range_around(const Drawn& drawn, const Frame& frame) {
  std::string path;
  const auto add = [&](const Point& point) {
    const double inside = frame.y().logarithmic ? std::max(point.y, frame.y().low) : point.y;
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", frame.column(point.x), frame.row(inside));
  };
  std::for_each(drawn.highs.begin(), drawn.highs.end(), add);
  std::for_each(drawn.lows.rbegin(), drawn.lows.rend(), add);
  return path.empty() ? path : path + "Z";
}

std::string style_of(std::size_t number) {
  return fmt::format("c{}{}", number % kColours, number / kColours % 2 == 1 ? " dashed" : "");
}

std::string drawing_of(const Line& line, std::size_t number, const Chart& chart, const Frame& frame) {
  const Drawn drawn = thinned(line.points);
  std::string svg;
  if (!drawn.lows.empty()) {
    svg += fmt::format("<path class=\"range {}\" d=\"{}\"/>", style_of(number), range_around(drawn, frame));
  }
  svg += fmt::format("<path class=\"line {}\" d=\"{}\"/>", style_of(number), path_through(drawn.means, frame));
  if (drawn.means.size() <= kMostMarkers) {
    for (const Point& point : drawn.means) {
      if (frame.shows(point)) {
        svg += fmt::format("<circle class=\"dot {}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.6\"><title>{}, {} {:.0f}: {}{}</title></circle>",
                           style_of(number), frame.column(point.x), frame.row(point.y), escaped(line.name),
                           escaped(chart.x_label), point.x, number_text(point.y), escaped(chart.unit));
      }
    }
  }
  return svg;
}

std::string legend(const Chart& chart) {
  if (chart.lines.size() < 2) {
    return "";
  }
  std::string html = "<ul class=\"legend\">";
  for (std::size_t i = 0; i < chart.lines.size(); ++i) {
    html += fmt::format("<li><svg viewBox=\"0 0 22 8\" aria-hidden=\"true\"><path class=\"line {}\" d=\"M1 4H21\"/></svg>{}</li>",
                        style_of(i), escaped(chart.lines[i].name));
  }
  return html + "</ul>";
}

}  // namespace

std::string figure(const Chart& chart) {
  const Frame frame(chart);
  std::string html = fmt::format("<figure><figcaption>{}{}</figcaption>", escaped(chart.title),
                                 !frame.empty() && frame.y().logarithmic ? " <small>logarithmic</small>" : "");
  if (frame.empty()) {
    return html + "<p class=\"none\">nothing was recorded</p></figure>\n";
  }
  html += legend(chart);
  html += fmt::format("<svg class=\"chart\" viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-label=\"{}\">", chart.width, kHeight,
                      escaped(chart.title));
  html += axes(chart, frame);
  for (std::size_t i = 0; i < chart.lines.size(); ++i) {
    html += drawing_of(chart.lines[i], i, chart, frame);
  }
  return html + "</svg></figure>\n";
}

}  // namespace pcxx::report

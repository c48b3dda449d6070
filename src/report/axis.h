/// Axis: the range of a chart's numbers, and round numbers to mark on it.
#pragma once

#include <string>
#include <vector>

namespace pcxx::report {

struct Axis {
  double low = 0;
  double high = 1;
  bool logarithmic = false;
  std::vector<double> ticks = {};
  int decimals = 0;  // that tell the ticks apart

  /// Returns where a value lies, from 0 (low) to 1 (high).
  double place(double value) const;
  /// Returns a tick in words: "0.25", "12,000", "1e-05".
  std::string text(double tick) const;
};

/// What an axis has to show and how.
struct AxisNeeds {
  double low = 0;  // both finite; positive for a logarithmic axis
  double high = 1;
  int ticks = 6;  // about so many
  bool logarithmic = false;
  bool whole = false;   // whole numbers only, and no room beyond the first and the last
};

Axis axis(const AxisNeeds& needs);

/// Returns a number with a few digits, as a reader wants it: "0.0912", "8.1e-05", "1,218".
std::string number_text(double value);

}  // namespace pcxx::report

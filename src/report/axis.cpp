/// Choosing ranges and ticks: steps of 1, 2 or 5 times a power of ten, or decades.
#include "report/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pcxx::report {
namespace {

/// Returns the smallest of 1, 2 and 5 times a power of ten that is no less.
double round_step(double least) {
  const double decade = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * decade >= least * (1 - 1e-9)) {
      return factor * decade;
    }
  }
  return 10 * decade;
}

Axis linear_axis(const AxisNeeds& needs) {
  Axis result{needs.low, needs.high};
  if (needs.high - needs.low <= 1e-12 * std::max(std::abs(needs.high), std::abs(needs.low))) {  // one value
    const double room = needs.whole || needs.high == 0 ? 0.5 : 0.1 * std::abs(needs.high);
    result.low -= room;
    result.high += room;
  } else if (!needs.whole) {
    const double room = 0.04 * (needs.high - needs.low);
    const bool to_zero = needs.low >= 0 && needs.low < 0.25 * needs.high;  // nearly there already
    result.low = to_zero ? 0 : needs.low - room;
    result.high += room;
  }
  double step = round_step((result.high - result.low) / needs.ticks);
  if (needs.whole) {
    step = std::max(step, 1.0);
  }
  result.decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
  for (double i = std::ceil(result.low / step - 1e-9); i * step <= result.high + 1e-9 * step; ++i) {
    result.ticks.push_back(i * step);
  }
  return result;
}

Axis logarithmic_axis(const AxisNeeds& needs) {
  const double room = std::pow(needs.high / needs.low, 0.04);
  Axis result{needs.low / room, needs.high * room, true};
  const double decades = std::log10(result.high / result.low);
  const double every = std::max(1.0, std::ceil(decades / needs.ticks));
  for (double power = std::floor(std::log10(result.low)); power <= std::log10(result.high); power += 1) {
    if (std::fmod(std::abs(power), every) != 0) {
      continue;
    }
    for (const double factor : {1.0, 2.0, 5.0}) {
      const double tick = factor * std::pow(10, power);
      if ((factor == 1 || decades < 2.5) && tick >= result.low && tick <= result.high) {
        result.ticks.push_back(tick);
      }
    }
  }
  return result;
}

}  // namespace

double Axis::place(double value) const {
  return logarithmic ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
}

std::string Axis::text(double tick) const {
  const double size = std::abs(tick);
  if (logarithmic || (size != 0 && (size >= 1e6 || decimals > 5))) {
    return number_text(tick);
  }
  return size >= 1e4 ? number_text(tick) : fmt::format("{:.{}f}", tick == 0 ? 0.0 : tick, decimals);
}

Axis axis(const AxisNeeds& needs) { return needs.logarithmic ? logarithmic_axis(needs) : linear_axis(needs); }

std::string number_text(double value) {
  const double size = std::abs(value);
  const bool whole = value == std::round(value) && size >= 1000;
  if (!std::isfinite(value) || size >= 1e9 || (size < 1e4 && !whole)) {
    return fmt::format("{:.4g}", value);
  }
  std::string digits = fmt::format("{:.0f}", value);
  for (std::size_t end = digits.size(), first = value < 0 ? 1 : 0; end > first + 3; end -= 3) {
    digits.insert(end - 3, 1, ',');
  }
  return digits;
}

}  // namespace pcxx::report

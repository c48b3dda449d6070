/// Comparison of numbers.
#include "support/close.h"

#include <algorithm>
#include <cmath>

namespace pcxx::test {
namespace {

bool same_special(double a, double b) { return (std::isnan(a) && std::isnan(b)) || a == b; }

double scale_of(const Numbers& numbers) {
  double scale = 1;
  for (const double x : numbers) {
    scale = std::isfinite(x) ? std::max(scale, std::abs(x)) : scale;
  }
  return scale;
}

}  // namespace

double tolerance(Precision precision, Size roundings, Size inner_length) {
  const double unit = precision == Precision::f64 ? 0x1p-53 : 0x1p-24;
  // bf16 keeps 8 bits of each factor of a product; products' errors are independent and partly cancel in the sum.
  const double rounded_inputs = precision == Precision::bf16 ? 0x1p-8 : 0;
  return unit * static_cast<double>(4 * roundings + inner_length) +
         rounded_inputs * std::sqrt(static_cast<double>(inner_length));
}

testing::AssertionResult close(const Numbers& actual, const Numbers& expected, double tolerance) {
  if (actual.size() != expected.size()) {
    return testing::AssertionFailure() << actual.size() << " numbers; expected " << expected.size();
  }
  const double allowed = tolerance * scale_of(expected);
  for (std::size_t i = 0; i < actual.size(); ++i) {
    if (!same_special(actual[i], expected[i]) && !(std::abs(actual[i] - expected[i]) <= allowed)) {
      return testing::AssertionFailure() << "number " << i << " of " << actual.size() << " is " << actual[i]
                                         << "; expected " << expected[i] << ", off by "
                                         << std::abs(actual[i] - expected[i]) << ", allowed " << allowed;
    }
  }
  return testing::AssertionSuccess();
}

}  // namespace pcxx::test

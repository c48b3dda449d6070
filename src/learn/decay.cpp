/// Moving averages that begin at zero.
#include "learn/decay.h"

#include <fmt/format.h>

#include <cmath>

#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {

void require_decay(const char* who, const char* option, double value) {
  if (!(value >= 0 && value < 1)) {
    throw ArgumentError(fmt::format("[{}] {} is {}; expected 0 to below 1", who, option, value));
  }
}

/// As a difference it would have few digits for a decay near 1: with x = t log decay and h = tanh(x / 2),
/// 1 - e^x = -2 h / (1 - h), which has them all.
Tensor one_minus_power(double decay, const Tensor& t) {
  if (decay == 0) {
    return 1.0;
  }
  const Tensor h = tanh((0.5 * std::log(decay)) * t);
  return -2.0 * h / (1.0 - h);
}

}  // namespace pcxx

/// Decays of moving averages: their range, and what a start at zero leaves out.
#pragma once

#include "pcxx/tensor/tensor.h"

namespace pcxx {

/// Throws ArgumentError, naming the option, unless 0 <= value < 1.
void require_decay(const char* who, const char* option, double value);

/// Returns 1 - decay^t: what part of its values a moving average begun at zero has seen after t of them.
Tensor one_minus_power(double decay, const Tensor& t);

}  // namespace pcxx

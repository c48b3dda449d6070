/// Mode: whether a program trains or evaluates. Layers that differ, such as dropout, say both; a program means one.
#pragma once

#include <cstdint>

#include "pcxx/tensor/tensor.h"

namespace pcxx {

enum class Mode : std::uint8_t { training, evaluation };

/// Returns what means the first expression in a program that trains and the second in one that evaluates (Flow::mode).
/// Throws ShapeError if they differ in shape or dtype, ArgumentError if they belong to no network.
Tensor by_mode(const Tensor& training, const Tensor& evaluation);

}  // namespace pcxx

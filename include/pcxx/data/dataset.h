/// Datasets: samples in memory with their class labels or their targets.
#pragma once

#include <cstdint>
#include <span>

#include "pcxx/core/array.h"

namespace pcxx {

/// What byte inputs stand for: (byte / 255 - mean) * (1 / deviation), computed in f32.
struct Scaling {
  float mean = 0;
  float deviation = 1;
};

/// n samples for classification (labels and classes) or for regression (targets, no classes).
///
/// Pictures may stay bytes, a quarter of the memory, and are scaled while a Loader gathers a batch:
/// reading them from memory is what a batch costs.
struct Dataset {
  Array inputs{Shape{0}, ElementType::f32};   // (n, ...) f32, or u8 to be scaled
  Scaling scaling = {};                       // of u8 inputs
  Array labels{Shape{0}, ElementType::i32};   // (n) i32 from 0 to classes - 1; else empty
  Array targets{Shape{0}, ElementType::f32};  // (n, ...) f32; empty for classification
  Size classes = 0;                           // 0 for regression

  /// Returns the number of samples.
  Size size() const { return inputs.shape().rank() == 0 ? 0 : inputs.shape()[0]; }
};

/// What a benchmark set comes as.
struct Split {
  Dataset train;
  Dataset test;
};

/// Returns the inputs as f32 numbers, (n, ...), scaled if they are bytes.
Array scaled_inputs(const Dataset& dataset);

/// Throws ShapeError or ArgumentError, naming the field and the row, unless the fields of a dataset
/// fit each other.
void check(const Dataset& dataset);

/// Throws ArgumentError naming row and column of the first NaN or infinity among inputs and
/// targets.
void check_finite(const Dataset& dataset);

/// Returns the samples first .. first + count - 1. Throws std::out_of_range if there are fewer.
Dataset slice(const Dataset& dataset, Size first, Size count);

/// Returns (n, classes) f32: 1 at each label, 0 elsewhere. Throws ArgumentError for a label outside
/// 0 .. classes - 1.
Array one_hot(std::span<const std::int32_t> labels, Size classes);

}  // namespace pcxx

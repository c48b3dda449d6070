/// Datasets: samples, in memory or made when they are needed, with their class labels or their targets.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "pcxx/core/array.h"
#include "pcxx/data/transforms.h"

namespace pcxx {

/// What byte inputs stand for: (byte / 255 - mean) * (1 / deviation), computed in f32.
struct Scaling {
  float mean = 0;
  float deviation = 1;
};

/// Samples that are made when a batch asks for them, such as pictures decoded from files: for sets that are larger than
/// the memory.
class SampleSource {
 public:
  virtual ~SampleSource() = default;
  /// Returns the number of samples.
  virtual Size size() const = 0;
  /// Returns the shape of one sample.
  virtual Shape shape() const = 0;
  /// Writes a sample's numbers, all of them. Several threads may call it at once. Throws FileError, naming the file, if
  /// the sample cannot be had.
  virtual void read(Size sample, std::span<float> numbers) const = 0;
};

/// n samples for classification (labels and classes) or for regression (targets, no classes).
///
/// Pictures may stay bytes, a quarter of the memory, and are scaled while a Loader gathers a batch:
/// reading them from memory is what a batch costs. They may even stay files (`source`), and
/// are decoded then.
struct Dataset {
  Array inputs{Shape{0}, ElementType::f32};   // (n, ...) f32, or u8 to be scaled
  Scaling scaling = {};                       // of u8 inputs
  Array labels{Shape{0}, ElementType::i32};   // (n) i32 from 0 to classes - 1; else empty
  Array targets{Shape{0}, ElementType::f32};  // (n, ...) f32; empty for classification
  Size classes = 0;                           // 0 for regression
  /// If there is one, samples come from it, and `inputs` are empty.
  std::shared_ptr<const SampleSource> source = {};
  /// Whether inputs are whole numbers that index nodes take; batches then have them as such, unless transformed.
  bool whole_numbers = false;
  /// What a Loader does to each sample's input, in order, after the scaling.
  std::vector<SampleTransform> transforms = {};
  /// What is wrong with the files that were left out, one text each, where a reader was told to leave such out.
  std::vector<std::string> skipped = {};

  /// Returns the number of samples.
  Size size() const;
  /// Returns the shape of one sample's input before and after the transforms. The latter throws what transforms throw.
  Shape stored_shape() const;
  Shape input_shape() const { return transformed(stored_shape(), transforms); }
};

/// What a benchmark set comes as.
struct Split {
  Dataset train;
  Dataset test;
};

/// Returns the inputs as f32 numbers, (n, ...), scaled if they are bytes, read if they come from a source; not transformed.
Array scaled_inputs(const Dataset& dataset);

/// Throws ShapeError or ArgumentError, naming the field and the row, unless the fields of a dataset
/// fit each other and the transforms its inputs.
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

/// SampleGatherer: puts chosen samples of a dataset side by side, scaled, decoded and transformed.
#pragma once

#include <cstdint>
#include <span>

#include "pcxx/data/dataset.h"

namespace pcxx {

/// Several threads may use one at the same time.
class SampleGatherer {
 public:
  /// The random numbers of transforms are those of seed and stream, at a place of each sample's own. Throws what
  /// transforms throw that are not for such samples.
  SampleGatherer(const Dataset& dataset, std::uint64_t seed, std::uint64_t stream);

  const Dataset& dataset() const { return *dataset_; }
  /// Returns the numbers of one sample's input and of its target (one-hot for classification).
  std::size_t input_width() const { return widths_.back(); }
  std::size_t target_width() const { return target_width_; }

  /// Returns whether inputs are whole numbers, and stay such.
  bool whole_numbers() const { return dataset_->whole_numbers && dataset_->transforms.empty(); }

  /// Write the samples' rows.
  void inputs(std::span<const Size> samples, std::span<float> rows) const;
  void targets(std::span<const Size> samples, std::span<float> rows) const;
  /// Writes the samples' labels; for classification only.
  void labels(std::span<const Size> samples, std::span<std::int32_t> labels) const;

 private:
  void stored_row(std::size_t sample, std::span<float> row) const;
  void transform(Size sample, std::span<float> scratch, std::span<float> row) const;

  const Dataset* dataset_;
  std::uint64_t seed_;
  std::uint64_t stream_;
  std::vector<Shape> shapes_;        // before each transform, and after the last one
  std::vector<std::size_t> widths_;  // of these
  std::size_t target_width_;
};

}  // namespace pcxx

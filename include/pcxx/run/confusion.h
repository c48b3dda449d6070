/// ConfusionMatrix: which classes a network takes for which.
#pragma once

#include <span>
#include <vector>

#include "pcxx/core/array.h"
#include "pcxx/core/types.h"

namespace pcxx {

struct ConfusionMatrix {
  Size classes = 0;
  std::vector<Size> counts = {};  // (class, what it was taken for), samples of each pair

  /// Counts predictions, (samples, classes), whose largest value says the class, against labels. The first batch sets the
  /// number of classes. Throws ShapeError if the shapes do not fit, ArgumentError for a label that is no class.
  void add(const Array& predictions, std::span<const std::int32_t> labels);

  Size samples() const;
  /// Returns the part of the samples that were taken for what they are. Throws ArgumentError if there are none.
  double accuracy() const;
  Size at(Size actual, Size predicted) const { return counts[static_cast<std::size_t>(actual * classes + predicted)]; }

  bool operator==(const ConfusionMatrix&) const = default;
};

}  // namespace pcxx

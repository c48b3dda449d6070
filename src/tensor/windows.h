/// Geometry of operations that look through windows at a picture (d1, ..., dn, channels), and how attributes hold it.
#pragma once

#include <span>
#include <vector>

#include "pcxx/core/shape.h"
#include "tensor/graph.h"

namespace pcxx {

/// One entry for each spatial axis. Place k of the window for result o reads the picture at
/// o * stride - before + k * dilation. What is outside the picture is zero, or no candidate for a maximum. How much
/// there is after the last element follows from the size of the result.
struct Windows {
  std::vector<Size> extents, strides, before, dilations;

  Size axes() const noexcept { return static_cast<Size>(extents.size()); }

  /// Returns the coordinate that place `tap` of the window for result `place` reads; it may lie outside the picture.
  Size source(std::size_t axis, Size place, Size tap) const noexcept {
    return place * strides[axis] - before[axis] + tap * dilations[axis];
  }

  friend bool operator==(const Windows&, const Windows&) = default;
};

/// What convolve, convolve_transposed and convolve_weight do: cross-correlation, channels in groups.
struct Convolution {
  Windows windows;
  Size groups = 1;
  bool sum_samples = false;  // convolve_weight alone: the result is the sum over the samples

  friend bool operator==(const Convolution&, const Convolution&) = default;
};

/// Returns the integers of window_sum, window_spread, window_pick and window_route: extent, stride, before and dilation
/// of each axis.
Attributes attributes_of(const Windows& windows);

/// Returns the integers of the three convolutions: groups, 1 for a sum over the samples, then those of the windows.
Attributes attributes_of(const Convolution& convolution);

/// Returns the windows of any operation that has some.
Windows windows_of(const Expression& expression);

/// Returns what one of the three convolutions does.
Convolution convolution_of(const Expression& expression);

/// Returns whether an operation is one of the three convolutions.
bool is_convolution(Op op);

/// Returns the multiply-adds of a convolution for one sample; operands are those of the expression.
Size multiply_adds(const Graph& graph, const Expression& expression);

}  // namespace pcxx

/// From a layer's options to windows over a picture: numbers for each axis, checked, and the sizes that follow.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pcxx/network/axes.h"
#include "pcxx/tensor/tensor.h"
#include "tensor/windows.h"

namespace pcxx {

/// Returns one number for each axis; throws ArgumentError, naming `who` and `what`, if there are more or fewer, or one is
/// below the least.
std::vector<Size> for_each_axis(const std::string& who, const char* what, const PerAxis& numbers, Size axes, Size least);

/// Throws ShapeError if x is not (channels, d1, ..., dn) with at least one channel.
void require_picture(const std::string& who, const Tensor& x, Size axes);

/// Windows over pictures of some size, and what stands around those.
struct WindowGeometry {
  std::string who;  // the layer's function, for messages
  Windows windows;
  std::vector<Size> sizes;  // of the picture, without channels
  std::vector<Size> after;  // like windows.before

  Size padded(std::size_t axis) const { return sizes[axis] + windows.before[axis] + after[axis]; }
  /// Returns how many places a window covers, with what its dilation skips.
  Size reach(std::size_t axis) const { return windows.dilations[axis] * (windows.extents[axis] - 1) + 1; }
  /// Returns how many windows there are along each axis; throws ShapeError if the kernel exceeds the padded picture.
  std::vector<Size> results(bool ceil_mode = false) const;
};

/// Returns the geometry for x (channels, d1, ..., dn), n being `axes`.
WindowGeometry window_geometry(const std::string& who, const Tensor& x, Size axes, const PerAxis& kernel, const PerAxis& stride,
                               const Padding& padding, const PerAxis& dilation);

/// Returns the paddings before and after each axis; throws ArgumentError for negative or missing ones.
std::vector<std::pair<Size, Size>> padding_pairs(const std::string& who, const Padding& padding, Size axes);

/// Returns x (channels, d1, ..., dn) as (d1, ..., dn, channels), and back.
Tensor with_channels_last(const Tensor& x);
Tensor with_channels_first(const Tensor& x);

/// Returns the numbers as a shape with one more extent, the channels, at its end.
Shape picture_of(std::vector<Size> sizes, Size channels);

/// Returns "(2, 3)".
std::string listed(const std::vector<Size>& numbers);

}  // namespace pcxx

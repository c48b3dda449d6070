/// Convolutions: windows from options, the picture's borders, and the operation between two transpositions.
#include "pcxx/network/convolution.h"

#include <algorithm>

#include "network/layer_parameters.h"
#include "network/window_geometry.h"
#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"
#include "tensor/rules.h"

namespace pcxx {
namespace {

Size product_of(const std::vector<Size>& numbers) { return Shape(numbers).elements(); }

Shape with_kernel(Size first, Size second, const std::vector<Size>& kernel) {
  std::vector<Size> extents = {first, second};
  extents.insert(extents.end(), kernel.begin(), kernel.end());
  return Shape(extents);
}

void require_groups(const std::string& who, Size in, Size out, Size groups) {
  if (groups < 1 || out < 1 || in % groups != 0 || out % groups != 0) {
    throw ShapeError("[" + who + "] " + std::to_string(in) + " channels in, " + std::to_string(out) + " out, " +
                     std::to_string(groups) + " groups; expected at least one of each, and groups that divide both");
  }
}

/// Returns a weight (O, C, k1, ..., kn) as operations take it: (O, k1, ..., kn, C).
Tensor with_taps_inside(const Tensor& weight) {
  std::vector<Size> axes = {0};
  for (Size axis = 2; axis < weight.shape().rank(); ++axis) {
    axes.push_back(axis);
  }
  axes.push_back(1);
  return transpose(weight, axes);
}

/// Returns which element stands at each place of a padded axis of extent n.
std::vector<Size> border_table(const WindowGeometry& geometry, std::size_t axis, PaddingMode mode) {
  const Size n = geometry.sizes[axis], before = geometry.windows.before[axis], after = geometry.after[axis];
  const Size most = mode == PaddingMode::reflect ? n - 1 : n;
  if (mode != PaddingMode::replicate && std::max(before, after) > most) {
    throw ShapeError("[" + geometry.who + "] padding " + std::to_string(std::max(before, after)) + " of an axis of extent " +
                     std::to_string(n) + (mode == PaddingMode::reflect ? " by reflection" : " from its other end") +
                     "; expected at most " + std::to_string(most));
  }
  std::vector<Size> table;
  for (Size place = -before; place < n + after; ++place) {
    switch (mode) {
      case PaddingMode::reflect: table.push_back(place < 0 ? -place : place >= n ? 2 * (n - 1) - place : place); break;
      case PaddingMode::circular: table.push_back((place + n) % n); break;
      default: table.push_back(std::clamp<Size>(place, 0, n - 1)); break;
    }
  }
  return table;
}

/// Returns the picture with its borders filled in, around which nothing is left to pad.
Tensor with_borders(Tensor picture, WindowGeometry& geometry, PaddingMode mode) {
  for (std::size_t axis = 0; axis < geometry.sizes.size(); ++axis) {
    if (geometry.padded(axis) != geometry.sizes[axis]) {
      picture = take(picture, border_table(geometry, axis, mode), static_cast<Size>(axis));
      geometry.sizes[axis] = geometry.padded(axis);
      geometry.windows.before[axis] = geometry.after[axis] = 0;
    }
  }
  return picture;
}

Tensor with_bias(const Tensor& result, const LayerParameters& parameters, const LayerParameter& source, const Fans& fans) {
  std::vector<Size> extents(static_cast<std::size_t>(result.shape().rank()), 1);
  extents[0] = result.shape()[0];
  return result + parameters.make("bias", Shape(extents), source, fans);
}

Tensor convolution(const char* who, Size axes, const Tensor& x, Size out, const PerAxis& kernel, const ConvolutionOptions& options) {
  model_of(x, who);
  WindowGeometry geometry = window_geometry(who, x, axes, kernel, options.stride, options.padding, options.dilation);
  const Size in = x.shape()[0];
  require_groups(who, in, out, options.groups);
  const std::vector<Size> results = geometry.results();
  Tensor picture = with_channels_last(x);
  if (options.padding_mode != PaddingMode::zeros) {
    picture = with_borders(picture, geometry, options.padding_mode);
  }
  const Size taps = product_of(geometry.windows.extents);
  const Fans fans = {in / options.groups * taps, out * taps};
  const LayerParameters parameters(who, x, options.name);
  const Tensor weight = parameters.make("weight", with_kernel(out, in / options.groups, geometry.windows.extents), options.weight, fans);
  const Attributes attributes = attributes_of(Convolution{geometry.windows, options.groups});
  const Tensor result = with_channels_first(
      apply(Op::convolve, {picture, with_taps_inside(weight)}, attributes, picture_of(results, out)));
  return options.bias ? with_bias(result, parameters, options.bias_initialiser, fans) : result;
}

/// The windows of the convolution whose adjoint this is, over pictures of the size that comes out.
WindowGeometry transposed_geometry(const char* who, Size axes, const Tensor& x, const PerAxis& kernel,
                                   const TransposedConvolutionOptions& options) {
  if (options.padding.same()) {
    throw ArgumentError("[" + std::string(who) + "] same_padding() names no size here; expected numbers");
  }
  WindowGeometry geometry = window_geometry(who, x, axes, kernel, options.stride, options.padding, options.dilation);
  const auto more = for_each_axis(who, "output padding", options.output_padding, axes, 0);
  const std::vector<Size> sizes = geometry.sizes;
  for (std::size_t axis = 0; axis < sizes.size(); ++axis) {
    const Size stride = geometry.windows.strides[axis], dilation = geometry.windows.dilations[axis];
    if (more[axis] >= std::max(stride, dilation)) {
      throw ArgumentError("[" + geometry.who + "] output padding " + std::to_string(more[axis]) + " with stride " +
                          std::to_string(stride) + " and dilation " + std::to_string(dilation) + "; expected less than the larger");
    }
    geometry.sizes[axis] = (sizes[axis] - 1) * stride + geometry.reach(axis) + more[axis] - geometry.windows.before[axis] - geometry.after[axis];
  }
  if (std::any_of(geometry.sizes.begin(), geometry.sizes.end(), [](Size size) { return size < 1; })) {
    throw ShapeError("[" + geometry.who + "] the output would be " + listed(geometry.sizes) + " for an input of " + listed(sizes) +
                     "; expected at least 1 along each axis: less padding, or a larger kernel");
  }
  return geometry;
}

Tensor transposed_convolution(const char* who, Size axes, const Tensor& x, Size out, const PerAxis& kernel,
                              const TransposedConvolutionOptions& options) {
  model_of(x, who);
  const WindowGeometry geometry = transposed_geometry(who, axes, x, kernel, options);
  const Size in = x.shape()[0];
  require_groups(who, in, out, options.groups);
  const Size taps = product_of(geometry.windows.extents);
  const Fans fans = {in / options.groups * taps, out * taps};
  const LayerParameters parameters(who, x, options.name);
  const Tensor weight = parameters.make("weight", with_kernel(in, out / options.groups, geometry.windows.extents), options.weight, fans);
  const Attributes attributes = attributes_of(Convolution{geometry.windows, options.groups});
  const Tensor result = with_channels_first(apply(Op::convolve_transposed, {with_channels_last(x), with_taps_inside(weight)},
                                                  attributes, picture_of(geometry.sizes, out)));
  return options.bias ? with_bias(result, parameters, options.bias_initialiser, fans) : result;
}

}  // namespace

Tensor conv1d(const Tensor& x, Size out, const PerAxis& kernel, const ConvolutionOptions& options) {
  return convolution("conv1d", 1, x, out, kernel, options);
}
Tensor conv2d(const Tensor& x, Size out, const PerAxis& kernel, const ConvolutionOptions& options) {
  return convolution("conv2d", 2, x, out, kernel, options);
}
Tensor conv3d(const Tensor& x, Size out, const PerAxis& kernel, const ConvolutionOptions& options) {
  return convolution("conv3d", 3, x, out, kernel, options);
}

Tensor conv_transpose1d(const Tensor& x, Size out, const PerAxis& kernel, const TransposedConvolutionOptions& options) {
  return transposed_convolution("conv_transpose1d", 1, x, out, kernel, options);
}
Tensor conv_transpose2d(const Tensor& x, Size out, const PerAxis& kernel, const TransposedConvolutionOptions& options) {
  return transposed_convolution("conv_transpose2d", 2, x, out, kernel, options);
}
Tensor conv_transpose3d(const Tensor& x, Size out, const PerAxis& kernel, const TransposedConvolutionOptions& options) {
  return transposed_convolution("conv_transpose3d", 3, x, out, kernel, options);
}

}  // namespace pcxx

/// Convolutions and transposed convolutions over one, two or three axes.
#pragma once

#include <cstdint>
#include <string>

#include "pcxx/network/axes.h"
#include "pcxx/network/layer_parameter.h"
#include "pcxx/tensor/tensor.h"

namespace pcxx {

/// What stands outside a picture.
enum class PaddingMode : std::uint8_t {
  zeros,
  reflect,    // c b | a b c | b a
  replicate,  // a a | a b c | c c
  circular,   // b c | a b c | a b
};

struct ConvolutionOptions {
  PerAxis stride = 1;
  Padding padding = 0;
  PerAxis dilation = 1;
  Size groups = 1;  // each output channel reads in / groups channels
  PaddingMode padding_mode = PaddingMode::zeros;
  bool bias = true;
  std::string name = {};  // of its parameters: name.weight, name.bias; empty: the name of the node that it predicts
  LayerParameter weight = fan_in_uniform();
  LayerParameter bias_initialiser = fan_in_uniform();
};

/// Returns the cross-correlation of x (in, d1, ..., dn) with a weight (out, in / groups, k1, ..., kn), plus a bias
/// (out, 1, ..., 1): (out, e1, ..., en), e = (d + padding - dilation (k - 1) - 1) / stride + 1, rounded down. Makes weight
/// and bias, tagged so. Throws ShapeError if the kernel exceeds the padded input or groups do not divide the channels,
/// ArgumentError for an option that makes no sense.
Tensor conv1d(const Tensor& x, Size out, const PerAxis& kernel, const ConvolutionOptions& options = {});
Tensor conv2d(const Tensor& x, Size out, const PerAxis& kernel, const ConvolutionOptions& options = {});
Tensor conv3d(const Tensor& x, Size out, const PerAxis& kernel, const ConvolutionOptions& options = {});

struct TransposedConvolutionOptions {
  PerAxis stride = 1;
  Padding padding = 0;         // cut off at both ends
  PerAxis output_padding = 0;  // added at the end: tells apart the sizes that a strided convolution makes one
  PerAxis dilation = 1;
  Size groups = 1;
  bool bias = true;
  std::string name = {};
  LayerParameter weight = fan_in_uniform();
  LayerParameter bias_initialiser = fan_in_uniform();
};

/// Returns the transposed convolution of x (in, d1, ..., dn): the adjoint of a convolution from `out` to `in` channels
/// with the same options, plus a bias (out, 1, ..., 1): (out, e1, ..., en),
/// e = (d - 1) stride - padding + dilation (k - 1) + output_padding + 1. Makes a weight (in, out / groups, k1, ..., kn),
/// as PyTorch does, and a bias. Throws as the convolutions do.
Tensor conv_transpose1d(const Tensor& x, Size out, const PerAxis& kernel, const TransposedConvolutionOptions& options = {});
Tensor conv_transpose2d(const Tensor& x, Size out, const PerAxis& kernel, const TransposedConvolutionOptions& options = {});
Tensor conv_transpose3d(const Tensor& x, Size out, const PerAxis& kernel, const TransposedConvolutionOptions& options = {});

}  // namespace pcxx

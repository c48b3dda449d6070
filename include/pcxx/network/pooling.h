/// Pools: maxima and means over windows of each channel, over one, two or three axes. They have no parameters.
#pragma once

#include <optional>

#include "pcxx/network/axes.h"
#include "pcxx/tensor/tensor.h"

namespace pcxx {

struct MaxPoolOptions {
  std::optional<PerAxis> stride = {};  // absent: the kernel
  Padding padding = 0;                 // places that are no candidates; at most half of the kernel
  PerAxis dilation = 1;
  bool ceil_mode = false;  // a last window that reaches beyond the end counts, if it begins before it
  bool pcx = false;        // PCX's default: an absent stride is 1
};

/// Returns the largest element of each window: x (channels, d1, ..., dn) to (channels, e1, ..., en),
/// e = (d + padding - dilation (k - 1) - 1) / stride + 1, rounded down, or up in ceil mode. The gradient goes to the first
/// of equal maxima. Throws ShapeError if the kernel exceeds the padded input.
Tensor max_pool1d(const Tensor& x, const PerAxis& kernel, const MaxPoolOptions& options = {});
Tensor max_pool2d(const Tensor& x, const PerAxis& kernel, const MaxPoolOptions& options = {});
Tensor max_pool3d(const Tensor& x, const PerAxis& kernel, const MaxPoolOptions& options = {});

struct AveragePoolOptions {
  std::optional<PerAxis> stride = {};  // absent: the kernel
  Padding padding = 0;                 // zeros; at most half of the kernel
  bool ceil_mode = false;
  bool count_include_pad = true;  // whether the zeros of the padding count in the mean
  bool pcx = false;               // PCX's default: an absent stride is 1
};

/// Returns the mean of each window; sizes as for maxima.
Tensor avg_pool1d(const Tensor& x, const PerAxis& kernel, const AveragePoolOptions& options = {});
Tensor avg_pool2d(const Tensor& x, const PerAxis& kernel, const AveragePoolOptions& options = {});
Tensor avg_pool3d(const Tensor& x, const PerAxis& kernel, const AveragePoolOptions& options = {});

/// Returns (channels, out1, ..., outn), whatever the size of x: place i of an axis covers the elements from
/// floor(i d / out) up to ceil((i + 1) d / out).
Tensor adaptive_max_pool1d(const Tensor& x, const PerAxis& out);
Tensor adaptive_max_pool2d(const Tensor& x, const PerAxis& out);
Tensor adaptive_max_pool3d(const Tensor& x, const PerAxis& out);
Tensor adaptive_avg_pool1d(const Tensor& x, const PerAxis& out);
Tensor adaptive_avg_pool2d(const Tensor& x, const PerAxis& out);
Tensor adaptive_avg_pool3d(const Tensor& x, const PerAxis& out);

}  // namespace pcxx

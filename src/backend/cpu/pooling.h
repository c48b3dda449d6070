/// Windows of channels-last pictures without a weight: sums, maxima and their adjoints, for every instruction set.
#pragma once

#include "backend/cpu/window_rows.h"

namespace pcxx::cpu {

/// All work on one sample: x, v (in..., channels), g (out..., channels). What lies outside of a picture does not count.
struct PoolingKernels {
  /// d(out..., channels) = v where x is greatest in each window, at the first place of several.
  void (*pick)(const WindowGeometry& geometry, const float* x, const float* v, float* d);
  /// d(in..., channels) = the sum of g of the windows whose first greatest x stands there.
  void (*route)(const WindowGeometry& geometry, const float* x, const float* g, float* d);
  /// d(out..., channels) = the sum of x over each window.
  void (*sum)(const WindowGeometry& geometry, const float* x, float* d);
  /// d(in..., channels) = the sum of g of the windows that see each place.
  void (*spread)(const WindowGeometry& geometry, const float* g, float* d);
};

/// Returns the kernels of the best instruction set that this CPU has.
const PoolingKernels& pooling_kernels();

}  // namespace pcxx::cpu

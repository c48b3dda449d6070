/// Our own f32 matrix kernels, compiled for every instruction set and chosen when the program runs.
///
/// All of them add products in the order of the summed index with one fused multiply-add each, starting from zero.
/// So a result's bits depend on its operands alone: not on the number of rows, not on the blocking.
#pragma once

#include <cstddef>

#include "pcxx/core/types.h"

namespace pcxx::cpu {

/// The functions of one instruction set. A panel is a slice of b of `panel_columns` columns (fewer at the right edge:
/// `half_lanes` or a multiple of `lanes`, filled up with zeros), k rows of it one after another; a packed b is its
/// panels in order.
struct ProductKernels {
  Size lanes;
  Size half_lanes;
  Size panel_columns;

  /// d(rows, n) = a(rows, k) packed; scratch as row_scratch says.
  void (*rows)(Size rows, Size n, Size k, const float* a, const float* packed, float* d, float* scratch);
  /// Returns the floats of scratch that rows needs.
  Size (*row_scratch)(Size n, Size k);
  /// Rows [from, to) of d(m, n) = sum over samples of a(i, m) b(i, n); scratch as sample_scratch says.
  void (*samples)(Size samples, Size m, Size n, Size from, Size to, const float* a, const float* b, float* d, float* scratch);
  /// Returns the floats of scratch that samples needs for blocks of so many rows of d(m, n).
  Size (*sample_scratch)(Size samples, Size m, Size n, Size block_rows);
};

/// Returns the kernels of the best instruction set that this CPU has (or that hwy::SetSupportedTargetsForTest left).
const ProductKernels& product_kernels();

/// Returns the floats of a packed (k, n) matrix.
inline Size packed_floats(const ProductKernels& kernels, Size n, Size k) {
  return (n + kernels.lanes - 1) / kernels.lanes * kernels.lanes * k;
}

}  // namespace pcxx::cpu

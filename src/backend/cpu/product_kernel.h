/// Our own f32 matrix kernels, compiled for every instruction set and chosen when the program runs.
///
/// All of them add products in the order of the summed index with one fused multiply-add each, starting from zero.
/// So a result's bits depend on its operands alone: not on the number of rows, not on the blocking.
#pragma once

#include <cstddef>

#include "pcxx/core/types.h"

namespace pcxx::cpu {

/// A matrix that is nowhere in memory as a whole: it writes what is asked for.
struct RowSource {
  const void* self;
  /// Writes columns [from, to) of rows [row, row + rows) to `out`, `step` floats from row to row.
  void (*copy)(const void* self, Size row, Size rows, Size from, Size to, float* out, Size step);
};

/// A block of d(m, n) = sum over samples of a(i, m) b(i, n), where b is a RowSource.
struct GatheredSum {
  Size samples;
  const float* a;
  Size a_step;        // floats from sample to sample
  Size rows;          // of the block: a's first columns
  RowSource b;
  Size from, to;      // columns of b, and of d from its beginning
  float* d;
  Size d_step;
};

/// d(rows, columns) [+]= sum over samples of a(i, rows) b(i, columns); rows of b are padded to whole vectors.
struct PlacedSum {
  Size samples;
  const float* a;
  Size a_step;  // floats from sample to sample
  Size rows;
  const float* b;
  Size b_step;
  Size columns;
  float* d;
  Size d_step;
  bool first;  // start from zero, else from d
};

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
  /// A sum whose operands lie close together already.
  void (*placed_samples)(const PlacedSum& sum);
  /// Returns the floats of scratch that samples needs for blocks of so many rows of d(m, n).
  Size (*sample_scratch)(Size samples, Size m, Size n, Size block_rows);

  /// d(rows, n) = a(rows, k) packed, where rows of a and d are so many floats apart.
  void (*placed_rows)(Size rows, Size n, Size k, const float* a, Size a_step, const float* packed, float* d, Size d_step);

  /// Rows [row, row + rows), at most gathered_group of them, of a times packed, to d.
  void (*gathered_rows)(Size row, Size rows, Size n, Size k, const RowSource& a, const float* packed, float* d, Size d_step,
                        float* scratch);
  Size gathered_group;
  /// Returns the floats of scratch that gathered_rows needs.
  Size (*gathered_scratch)();
  void (*gathered_samples)(const GatheredSum& sum, float* scratch);
  /// Returns the floats of scratch that gathered_samples needs for blocks of so many rows.
  Size (*gathered_sample_scratch)(Size rows);
};

/// Returns the kernels of the best instruction set that this CPU has (or that hwy::SetSupportedTargetsForTest left).
const ProductKernels& product_kernels();

/// Returns the floats of a packed (k, n) matrix.
inline Size packed_floats(const ProductKernels& kernels, Size n, Size k) {
  return (n + kernels.lanes - 1) / kernels.lanes * kernels.lanes * k;
}

}  // namespace pcxx::cpu

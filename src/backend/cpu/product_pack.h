/// Rearranging shared matrices for the products that read them many times, and bf16 conversion.
#pragma once

#include <cstdint>

#include "pcxx/core/types.h"

namespace pcxx::cpu {

/// A bf16 layout of oneDNN: blocks of `columns`, in them pairs of neighbours in k side by side, padded with zeros.
struct PairLayout {
  Size columns;      // of a block
  Size depth;        // of a block, even
  Size column_step;  // elements from block to block along n
  Size depth_step;   // elements from block to block along k
  Size padded_n, padded_k;
};

/// A matrix B(k, n) as it lies in memory: element (p, c) at b[c * step + p] if transposed, else at
/// b[start(p) + p % segment * step + c], where rows come in segments that may lie anywhere.
struct PackSource {
  const float* b;
  Size n, k;
  bool transposed;
  Size step;
  Size segment = 0;                // rows of one segment; 0: all rows are one
  const Size* starts = nullptr;    // of the segments
  Size first = 0;                  // the column that b begins with, where not all of them are in memory

  Size start(Size p) const { return segment == 0 ? p * step : starts[p / segment] + p % segment * step; }
  const float* column(Size c) const { return b + (c - first) * (transposed ? step : 1); }
  float at(Size p, Size c) const { return column(c)[transposed ? p : start(p)]; }

  /// b(k, n), or the transpose of b(n, k), dense.
  static PackSource dense(const float* b, Size n, Size k, bool transposed) { return {b, n, k, transposed, transposed ? k : n}; }
};

struct PackKernels {
  /// Packs columns [from, to) of b into panels; from is a multiple of panel_columns. With rounded, to the nearest bf16,
  /// kept as f32.
  void (*panels)(const PackSource& b, bool rounded, Size from, Size to, float* packed);
  /// Packs columns [from, to) of b into pairs of bf16; from is a multiple of the layout's columns.
  void (*pairs)(const PairLayout& layout, const PackSource& b, Size from, Size to, std::uint16_t* packed);
  /// f32 to bf16 to nearest even, and back.
  void (*to_bf16)(const float* from, std::uint16_t* to, Size count);
  void (*from_bf16)(const std::uint16_t* from, float* to, Size count);
};

/// Returns the kernels of the best instruction set that this CPU has.
const PackKernels& pack_kernels();

}  // namespace pcxx::cpu

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

struct PackKernels {
  /// Packs columns [from, to) of b, (k, n) or with transposed (n, k), into panels; from is a multiple of panel_columns.
  /// With rounded, to the nearest bf16, kept as f32.
  void (*panels)(Size n, Size k, bool transposed, bool rounded, Size from, Size to, const float* b, float* packed);
  /// Packs columns [from, to) of b into pairs of bf16; from is a multiple of the layout's columns.
  void (*pairs)(const PairLayout& layout, Size n, Size k, bool transposed, Size from, Size to, const float* b,
                std::uint16_t* packed);
  /// f32 to bf16 to nearest even, and back.
  void (*to_bf16)(const float* from, std::uint16_t* to, Size count);
  void (*from_bf16)(const std::uint16_t* from, float* to, Size count);
};

/// Returns the kernels of the best instruction set that this CPU has.
const PackKernels& pack_kernels();

}  // namespace pcxx::cpu

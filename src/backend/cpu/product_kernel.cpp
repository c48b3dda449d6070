/// Our own f32 matrix kernels: packed panels of b, blocks of rows held in registers, once for every instruction set.
#include "backend/cpu/product_kernel.h"

#include <algorithm>
#include <cstring>

#include "backend/cpu/vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/product_kernel.cpp"
#include "hwy/foreach_target.h"
// (foreach_target comes before highway, as Highway asks)
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace pcxx::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Tag = hn::ScalableTag<float>;
using Vector = hn::Vec<Tag>;

#if HWY_TARGET <= HWY_AVX3
constexpr int kMostRows = 12;  // 12 x 2 accumulators of 32 registers
#elif HWY_TARGET <= HWY_SSSE3
constexpr int kMostRows = 6;  // of 16 registers
#else
constexpr int kMostRows = 8;
#endif
constexpr Size kPanelVectors = 2;
constexpr Size kDepth = 256;  // of the summed index between stores of d: a chunk of a panel stays in L1

Size lanes() { return static_cast<Size>(hn::Lanes(Tag())); }
Size panel_columns() { return kPanelVectors * lanes(); }

/// Half a vector, for panels that fill no more: as fast or, where 512 bits take two turns, twice as fast.
#if HWY_TARGET <= HWY_AVX2
using HalfTag = hn::Half<Tag>;
#else
using HalfTag = Tag;
#endif
Size half_lanes() { return static_cast<Size>(hn::Lanes(HalfTag())); }

/// Returns the width of a panel of so many columns.
Size padded(Size columns) {
  return columns <= half_lanes() ? half_lanes() : (columns + lanes() - 1) / lanes() * lanes();
}

// ---- storing tails -------------------------------------------------------------------------------------------------

template <class D>
HWY_INLINE hn::Vec<D> load_first(D tag, const float* from, Size count) {
#if HWY_MEM_OPS_MIGHT_FAULT
  HWY_ALIGN float buffer[HWY_MAX_BYTES / sizeof(float)] = {};
  std::copy_n(from, count, buffer);
  return hn::LoadU(tag, buffer);
#else
  return hn::MaskedLoad(hn::FirstN(tag, static_cast<std::size_t>(count)), tag, from);
#endif
}

template <class D>
HWY_INLINE void store_first(D tag, hn::Vec<D> v, float* to, Size count) {
#if HWY_MEM_OPS_MIGHT_FAULT
  HWY_ALIGN float buffer[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(v, tag, buffer);
  std::copy_n(buffer, count, to);
#else
  hn::BlendedStore(v, hn::FirstN(tag, static_cast<std::size_t>(count)), tag, to);
#endif
}

// ---- the block in registers ----------------------------------------------------------------------------------------

/// Where the rows of a block find a: element (row, p) is at a[row * row_step + p * depth_step].
struct Block {
  const float* a;
  Size row_step;
  const float* b;  // element (p, column) at b[p * b_step + column]
  Size b_step;
  float* d;
  Size d_step;
  Size depth;
  Size columns;  // of d, at most Vectors * lanes
  bool first;    // start from zero, else from d
};

/// d(Rows, columns) [+]= a b. DepthStep 1 reads rows of a; otherwise a is (depth, rows) with the given step.
template <int Rows, int Vectors, bool Transposed, class D>
HWY_NOINLINE void block(const Block& block, Size depth_step) {
  const D tag;
  const Size width = static_cast<Size>(hn::Lanes(tag)), columns = block.columns, d_step = block.d_step, row_step = block.row_step;
  const Size b_step = block.b_step, depth = block.depth;
  const bool whole = columns == Vectors * width;
  const float* HWY_RESTRICT a = block.a;
  const float* HWY_RESTRICT b = block.b;
  float* HWY_RESTRICT d = block.d;
  using V = hn::Vec<D>;
  V sum[Rows][Vectors];
  if (block.first) {
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) {
        sum[r][v] = hn::Zero(tag);
      }
    }
  } else {
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) {
        const Size left = columns - v * width;
        sum[r][v] = whole || left >= width ? hn::LoadU(tag, d + r * d_step + v * width)
                                           : load_first(tag, d + r * d_step + v * width, left);
      }
    }
  }
  for (Size p = 0; p < depth; ++p) {
    V column[Vectors];
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) {
      column[v] = hn::LoadU(tag, b + p * b_step + v * width);
    }
    const float* at = Transposed ? a + p * depth_step : a + p;
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      const V x = hn::Set(tag, Transposed ? at[r] : at[r * row_step]);
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) {
        sum[r][v] = hn::MulAdd(x, column[v], sum[r][v]);
      }
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) {
      const Size left = columns - v * width;
      if (whole || left >= width) {
        hn::StoreU(sum[r][v], tag, d + r * d_step + v * width);
      } else {
        store_first(tag, sum[r][v], d + r * d_step + v * width, left);
      }
    }
  }
}

template <int Vectors, bool Transposed, class D>
void block_of(Size rows, const Block& b, Size depth_step) {
  switch (rows) {
    case 1: return block<1, Vectors, Transposed, D>(b, depth_step);
    case 2: return block<2, Vectors, Transposed, D>(b, depth_step);
    case 3: return block<3, Vectors, Transposed, D>(b, depth_step);
    case 4: return block<4, Vectors, Transposed, D>(b, depth_step);
    case 5: return block<5, Vectors, Transposed, D>(b, depth_step);
    case 6: return block<6, Vectors, Transposed, D>(b, depth_step);
#if HWY_TARGET <= HWY_AVX3 || HWY_TARGET > HWY_SSSE3
    case 7: return block<7, Vectors, Transposed, D>(b, depth_step);
    case 8: return block<8, Vectors, Transposed, D>(b, depth_step);
#endif
#if HWY_TARGET <= HWY_AVX3
    case 9: return block<9, Vectors, Transposed, D>(b, depth_step);
    case 10: return block<10, Vectors, Transposed, D>(b, depth_step);
    case 11: return block<11, Vectors, Transposed, D>(b, depth_step);
    case 12: return block<12, Vectors, Transposed, D>(b, depth_step);
#endif
    default: break;
  }
}

/// Cuts rows into blocks of nearly equal height, none above kMostRows.
template <int Vectors, bool Transposed, class D>
void blocks(Size rows, Block b, Size depth_step) {
  const float* a = b.a;
  float* d = b.d;
  const Size count = (rows + kMostRows - 1) / kMostRows;
  for (Size i = 0, from = 0; i < count; ++i) {
    const Size to = rows * (i + 1) / count;
    b.a = a + from * (Transposed ? 1 : b.row_step);
    b.d = d + from * b.d_step;
    block_of<Vectors, Transposed, D>(to - from, b, depth_step);
    from = to;
  }
}

template <bool Transposed>
void all_blocks(Size rows, const Block& b, Size depth_step) {
  if (b.columns > lanes()) {
    blocks<2, Transposed, Tag>(rows, b, depth_step);
  } else if (b.columns > half_lanes()) {
    blocks<1, Transposed, Tag>(rows, b, depth_step);
  } else {
    blocks<1, Transposed, HalfTag>(rows, b, depth_step);
  }
}

// ---- packing -------------------------------------------------------------------------------------------------------

/// One panel of b(k, n) as it lies.
void pack_panel(Size k, Size b_step, Size columns, const float* HWY_RESTRICT b, float* HWY_RESTRICT to) {
  const Tag tag;
  const Size width = padded(columns), vectors = width / lanes() * lanes();
  for (Size p = 0; p < k; ++p, b += b_step, to += width) {
    for (Size c = 0; c < vectors; c += lanes()) {
      hn::StoreU(c + lanes() <= columns ? hn::LoadU(tag, b + c) : load_first(tag, b + c, columns - c), tag, to + c);
    }
    if (vectors == 0) {
      const HalfTag half;
      hn::StoreU(columns == width ? hn::LoadU(half, b) : load_first(half, b, columns), half, to);
    }
  }
}

/// One panel of the transpose of b(n, k): in squares, so that both sides are touched a cache line at a time.
void pack_transposed_panel(Size k, Size columns, const float* HWY_RESTRICT b, float* HWY_RESTRICT to) {
  const Size width = padded(columns);
  constexpr Size kSquare = 16;
  for (Size p0 = 0; p0 < k; p0 += kSquare) {
    const Size p1 = std::min(k, p0 + kSquare);
    for (Size c = 0; c < columns; ++c) {
      for (Size p = p0; p < p1; ++p) {
        to[p * width + c] = b[c * k + p];
      }
    }
    for (Size p = p0; p < p1; ++p) {
      std::fill(to + p * width + columns, to + p * width + width, 0.0F);
    }
  }
}

void pack(Size n, Size k, bool transposed, Size from, Size to, const float* b, float* packed) {
  for (Size column = from; column < to; column += panel_columns()) {
    const Size columns = std::min(panel_columns(), n - column);
    if (transposed) {
      pack_transposed_panel(k, columns, b + column * k, packed + column * k);
    } else {
      pack_panel(k, n, columns, b + column, packed + column * k);
    }
  }
}

// ---- products ------------------------------------------------------------------------------------------------------

void rows_product(Size rows, Size n, Size k, const float* a, const float* packed, float* d) {
  if (k == 0) {
    std::fill_n(d, rows * n, 0.0F);
    return;
  }
  for (Size p = 0; p < k; p += kDepth) {
    for (Size column = 0; column < n; column += panel_columns()) {
      const Size columns = std::min(panel_columns(), n - column);
      const Size width = padded(columns);
      all_blocks<false>(rows,
                        {.a = a + p,
                         .row_step = k,
                         .b = packed + column * k + p * width,
                         .b_step = width,
                         .d = d + column,
                         .d_step = n,
                         .depth = std::min(kDepth, k - p),
                         .columns = columns,
                         .first = p == 0},
                        1);
    }
  }
}

Size sample_scratch(Size samples, Size /*block_rows*/) { return std::min(samples, kDepth) * panel_columns(); }

/// A panel of b is copied for each chunk of samples; a is read as it lies, kMostRows neighbours at a time.
void samples_product(Size samples, Size m, Size n, Size from, Size to, const float* a, const float* b, float* d, float* scratch) {
  if (samples == 0) {
    std::fill(d + from * n, d + to * n, 0.0F);
    return;
  }
  for (Size p = 0; p < samples; p += kDepth) {
    const Size depth = std::min(kDepth, samples - p);
    for (Size column = 0; column < n; column += panel_columns()) {
      const Size columns = std::min(panel_columns(), n - column);
      pack_panel(depth, n, columns, b + p * n + column, scratch);
      all_blocks<true>(to - from,
                       {.a = a + p * m + from,
                        .row_step = 1,
                        .b = scratch,
                        .b_step = padded(columns),
                        .d = d + from * n + column,
                        .d_step = n,
                        .depth = depth,
                        .columns = columns,
                        .first = p == 0},
                       m);
    }
  }
}

// ---- bf16 ----------------------------------------------------------------------------------------------------------

/// Bits of the nearest bf16 in the upper half; a NaN stays one.
template <class D32>
HWY_INLINE hn::Vec<D32> upper_half(D32 d, hn::Vec<hn::Rebind<float, D32>> v) {
  const auto bits = hn::BitCast(d, v);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(d, 1U));
  const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(d, 0x7fffU)));
  const auto quiet = hn::Or(bits, hn::Set(d, 0x400000U));
  return hn::IfThenElse(hn::RebindMask(d, hn::IsNaN(v)), quiet, rounded);
}

void to_bf16(const float* from, std::uint16_t* to, Size count) {
  const Tag tag;
  const hn::RebindToUnsigned<Tag> d32;
  const hn::RebindToSigned<Tag> s32;
  const hn::Rebind<std::uint16_t, Tag> d16;
  const auto convert = [&](Vector v) {
    return hn::DemoteTo(d16, hn::BitCast(s32, hn::ShiftRight<16>(upper_half(d32, v))));
  };
  Size i = 0;
  for (; i + lanes() <= count; i += lanes()) {
    hn::StoreU(convert(hn::LoadU(tag, from + i)), d16, to + i);
  }
  if (i < count) {
    HWY_ALIGN std::uint16_t tail[HWY_MAX_BYTES / sizeof(float)];
    hn::Store(convert(load_first(tag, from + i, count - i)), d16, tail);
    std::copy_n(tail, count - i, to + i);
  }
}

void from_bf16(const std::uint16_t* from, float* to, Size count) {
  const Tag tag;
  const hn::RebindToUnsigned<Tag> d32;
  const hn::Rebind<std::uint16_t, Tag> d16;
  Size i = 0;
  for (; i + lanes() <= count; i += lanes()) {
    hn::StoreU(hn::BitCast(tag, hn::ShiftLeft<16>(hn::PromoteTo(d32, hn::LoadU(d16, from + i)))), tag, to + i);
  }
  for (; i < count; ++i) {
    const std::uint32_t bits = static_cast<std::uint32_t>(from[i]) << 16U;
    std::memcpy(to + i, &bits, sizeof bits);
  }
}

/// For packed matrices.
void round_to_bf16(float* values, Size count) {
  const Tag tag;
  const hn::RebindToUnsigned<Tag> d32;
  const auto rounded = [&](Vector v) {
    return hn::BitCast(tag, hn::And(upper_half(d32, v), hn::Set(d32, 0xffff0000U)));
  };
  Size i = 0;
  for (; i + lanes() <= count; i += lanes()) {
    hn::StoreU(rounded(hn::LoadU(tag, values + i)), tag, values + i);
  }
  if (i < count) {
    store_first(tag, rounded(load_first(tag, values + i, count - i)), values + i, count - i);
  }
}

const ProductKernels* kernels() {
  static const ProductKernels table{lanes(), half_lanes(),        panel_columns(), pack,      rows_product, samples_product,
                                    sample_scratch, to_bf16,         from_bf16, round_to_bf16};
  return &table;
}

}  // namespace
}  // namespace pcxx::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pcxx::cpu {

HWY_EXPORT(kernels);

const ProductKernels& product_kernels() { return *HWY_DYNAMIC_DISPATCH(kernels)(); }

}  // namespace pcxx::cpu
#endif

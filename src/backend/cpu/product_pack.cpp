/// Rearranging shared matrices and converting to bf16, once for every instruction set.
#include "backend/cpu/product_pack.h"

#include <algorithm>
#include <cstring>

#include "backend/cpu/vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/product_pack.cpp"
#include "hwy/foreach_target.h"
// (foreach_target comes before highway, as Highway asks)
#include "hwy/highway.h"

#include "backend/cpu/vector_elements-inl.h"
#include "backend/cpu/vector_panels-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pcxx::cpu::HWY_NAMESPACE {
namespace {

// ---- bf16 ----------------------------------------------------------------------------------------------------------

void to_bf16(const float* from, std::uint16_t* to, Size count) {
  for (Size i = 0; i < count; i += lanes()) {
    const Size width = std::min(lanes(), count - i);
    store_some(load_some(from + i, width), to + i, width);
  }
}

void from_bf16(const std::uint16_t* from, float* to, Size count) {
  for (Size i = 0; i < count; i += lanes()) {
    const Size width = std::min(lanes(), count - i);
    store_some(load_some(from + i, width), to + i, width);
  }
}

// ---- four rows of a matrix or of its transpose -----------------------------------------------------------------------

/// Rows p .. p+3 of b at columns c .. c+lanes-1.
struct Four {
  Vector row[4];
};

/// b as a product reads it: element (p, c), and zero outside.
struct Matrix {
  const PackSource& source;

  HWY_INLINE float at(Size p, Size c) const { return p >= source.k || c >= source.n ? 0.0F : source.at(p, c); }

  HWY_INLINE Four four(Size p, Size c) const {
    if (p + 4 > source.k || c + lanes() > source.n) {
      return edge(p, c);
    }
    return source.transposed ? turned(source.column(c) + p) : straight(p, c);
  }

 private:
  HWY_INLINE Vector row(Size p, Size c) const { return hn::LoadU(Tag(), source.column(c) + source.start(p)); }
  HWY_INLINE Four straight(Size p, Size c) const { return {row(p, c), row(p + 1, c), row(p + 2, c), row(p + 3, c)}; }

  HWY_NOINLINE Four edge(Size p, Size c) const {
    HWY_ALIGN float buffer[4][HWY_MAX_BYTES / sizeof(float)] = {};
    for (Size i = 0; i < 4; ++i) {
      for (Size j = 0; j < lanes(); ++j) {
        buffer[i][j] = at(p + i, c + j);
      }
    }
    const Tag tag;
    return {hn::Load(tag, buffer[0]), hn::Load(tag, buffer[1]), hn::Load(tag, buffer[2]), hn::Load(tag, buffer[3])};
  }

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
  HWY_INLINE Four turned(const float* from) const { return {hn::LoadU(Tag(), from), hn::LoadU(Tag(), from + 1), hn::LoadU(Tag(), from + 2), hn::LoadU(Tag(), from + 3)}; }
#else
  /// Four numbers of each fourth row, from the j-th on, one row in each 128 bits.
  HWY_INLINE Vector quarters(const float* from) const {
    [[maybe_unused]] const Size k = source.step;  // narrow vectors hold one row
#if HWY_TARGET <= HWY_AVX3 && HWY_ARCH_X86
    __m512 v = _mm512_castps128_ps512(_mm_loadu_ps(from));
    v = _mm512_insertf32x4(v, _mm_loadu_ps(from + 4 * k), 1);
    v = _mm512_insertf32x4(v, _mm_loadu_ps(from + 8 * k), 2);
    return Vector{_mm512_insertf32x4(v, _mm_loadu_ps(from + 12 * k), 3)};
#elif HWY_TARGET <= HWY_AVX2 && HWY_ARCH_X86
    return Vector{_mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(from)), _mm_loadu_ps(from + 4 * k), 1)};
#else
    return hn::LoadU(Tag(), from);
#endif
  }

  /// Turns squares of four by four, one in each 128 bits.
  HWY_INLINE Four turned(const float* from) const {
    const Tag tag;
    const Size k = source.step;
    const hn::Repartition<double, Tag> wide;
    const Vector v0 = quarters(from), v1 = quarters(from + k), v2 = quarters(from + 2 * k), v3 = quarters(from + 3 * k);
    const auto low01 = hn::BitCast(wide, hn::InterleaveLower(tag, v0, v1)), high01 = hn::BitCast(wide, hn::InterleaveUpper(tag, v0, v1));
    const auto low23 = hn::BitCast(wide, hn::InterleaveLower(tag, v2, v3)), high23 = hn::BitCast(wide, hn::InterleaveUpper(tag, v2, v3));
    return {hn::BitCast(tag, hn::InterleaveLower(wide, low01, low23)), hn::BitCast(tag, hn::InterleaveUpper(wide, low01, low23)),
            hn::BitCast(tag, hn::InterleaveLower(wide, high01, high23)), hn::BitCast(tag, hn::InterleaveUpper(wide, high01, high23))};
  }
#endif
};

constexpr Size kLine = 16;  // floats of a cache line: what is turned is read by whole lines

// ---- layouts -------------------------------------------------------------------------------------------------------

/// One panel of the transpose of b(n, k), at columns [column, column + columns).
void turn_panel(const Matrix& matrix, Size column, Size columns, float* HWY_RESTRICT to) {
  const Tag tag;
  const Size width = padded(columns), k = matrix.source.k;
  for (Size start = 0; start < k; start += kLine) {
    const Size end = std::min(k, start + kLine);
    Size c = 0;
    for (; c + lanes() <= width; c += lanes()) {
      for (Size p = start; p < end; p += 4) {
        const Four four = matrix.four(p, column + c);
        for (Size i = 0; i < std::min<Size>(4, end - p); ++i) {
          hn::StoreU(four.row[i], tag, to + (p + i) * width + c);
        }
      }
    }
    for (; c < width; ++c) {
      for (Size p = start; p < end; ++p) {
        to[p * width + c] = matrix.at(p, column + c);
      }
    }
  }
}

void round_all(float* values, Size count) {
  const Tag tag;
  Size i = 0;
  for (; i + lanes() <= count; i += lanes()) {
    hn::StoreU(rounded_to_bf16(hn::LoadU(tag, values + i)), tag, values + i);
  }
  if (i < count) {
    store_first(tag, rounded_to_bf16(load_first(tag, values + i, count - i)), values + i, count - i);
  }
}

void panels(const PackSource& b, bool rounded, Size from, Size to, float* packed) {
  const Size segment = b.segment == 0 ? b.k : b.segment;
  for (Size column = from; column < to; column += panel_columns()) {
    const Size columns = std::min(panel_columns(), b.n - column);
    float* panel = packed + column * b.k;
    if (b.transposed) {
      turn_panel({b}, column, columns, panel);
    } else {
      for (Size p = 0; p < b.k; p += segment) {
        pack_panel(segment, b.step, columns, b.column(column) + b.start(p), panel + p * padded(columns));
      }
    }
    if (rounded) {
      round_all(panel, padded(columns) * b.k);
    }
  }
}

/// Two rows as pairs of bf16, the first in the lower half.
HWY_INLINE void store_pairs(Vector first, Vector second, std::uint16_t* to) {
  const hn::RebindToUnsigned<Tag> d32;
  const auto low = hn::ShiftRight<16>(upper_half(d32, first));
  const auto high = hn::And(upper_half(d32, second), hn::Set(d32, 0xffff0000U));
  const auto pairs = hn::Or(low, high);
  std::uint32_t buffer[HWY_MAX_BYTES / sizeof(float)];
  hn::StoreU(pairs, d32, buffer);
  std::memcpy(to, buffer, static_cast<std::size_t>(lanes()) * sizeof(std::uint32_t));
}

void pairs(const PairLayout& layout, const PackSource& b, Size from, Size to, std::uint16_t* packed) {
  const Matrix matrix{b};
  for (Size column = from; column < to; column += layout.columns) {
    std::uint16_t* block = packed + column / layout.columns * layout.column_step;
    for (Size start = 0; start < layout.padded_k; start += kLine) {
      const Size end = std::min(layout.padded_k, start + kLine);
      for (Size c = 0; c < layout.columns; c += lanes()) {
        for (Size p = start; p < end; p += 4) {
          const Four four = matrix.four(p, column + c);
          for (Size i = 0; i < std::min<Size>(4, end - p); i += 2) {
            const Size in_block = (p + i) % layout.depth * layout.columns + 2 * c;
            store_pairs(four.row[i], four.row[i + 1], block + (p + i) / layout.depth * layout.depth_step + in_block);
          }
        }
      }
    }
  }
}

const PackKernels* kernels() {
  static const PackKernels table{.panels = panels, .pairs = pairs, .to_bf16 = to_bf16, .from_bf16 = from_bf16};
  return &table;
}

}  // namespace
}  // namespace pcxx::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
PCXX_DISPATCH_KERNELS(PackKernels, pack_kernels)
#endif

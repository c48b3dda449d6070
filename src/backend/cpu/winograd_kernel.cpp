/// Winograd's transforms: a vector is some channels of one place.
#include "backend/cpu/winograd_kernel.h"

#include <algorithm>
#include <array>

#include "backend/cpu/vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/winograd_kernel.cpp"
#include "hwy/foreach_target.h"
// (foreach_target comes before highway, as Highway asks)
#include "hwy/highway.h"

#include "backend/cpu/vector_elements-inl.h"
#include "backend/cpu/vector_panels-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pcxx::cpu::HWY_NAMESPACE {
namespace {

constexpr int kSide = 4;        // of a patch
constexpr int kFilterSide = 3;

struct Block {
  Size picture, row, column;  // row and column of its first place in the result
};

Block block_at(const WinogradShape& s, Size number) {
  const Size in_picture = number % s.blocks();
  return {number / s.blocks(), in_picture / s.block_columns() * 2, in_picture % s.block_columns() * 2};
}

/// Where a block's 16 places are in the pictures; null: outside.
template <class From>
using Patch = std::array<const From*, kWinogradPlaces>;

template <class From>
Patch<From> patch_at(const WinogradShape& s, const From* pictures, const Block& block) {
  Patch<From> patch{};
  const From* picture = pictures + block.picture * s.rows * s.columns * s.channels;
  for (Size i = 0; i < kSide; ++i) {
    const Size row = block.row - s.before_row + i;
    for (Size j = 0; j < kSide; ++j) {
      const Size column = block.column - s.before_column + j;
      const bool inside = row >= 0 && row < s.rows && column >= 0 && column < s.columns;
      patch[static_cast<std::size_t>(i * kSide + j)] = inside ? picture + (row * s.columns + column) * s.channels : nullptr;
    }
  }
  return patch;
}

/// B' x of four vectors in a row or a column.
HWY_INLINE void transform_patch(Vector& a, Vector& b, Vector& c, Vector& d) {
  const Vector first = hn::Sub(a, c), second = hn::Add(b, c), third = hn::Sub(c, b), fourth = hn::Sub(b, d);
  a = first, b = second, c = third, d = fourth;
}

/// The patch of some channels: B' x B. `Whole`: all of it inside, a whole vector of channels.
template <bool Whole, class From, class To>
HWY_INLINE void write_patch(const Patch<From>& patch, Size c, Size count, To* to, Size place_step) {
  Vector x[kWinogradPlaces];
  const Size width = Whole ? lanes() : count;
#pragma GCC unroll 16
  for (int p = 0; p < kWinogradPlaces; ++p) {
    const From* from = patch[static_cast<std::size_t>(p)];
    x[p] = !Whole && from == nullptr ? hn::Zero(Tag()) : load_some(from + c, width);
  }
#pragma GCC unroll 4
  for (int i = 0; i < kSide; ++i) {
    transform_patch(x[4 * i], x[4 * i + 1], x[4 * i + 2], x[4 * i + 3]);
  }
#pragma GCC unroll 4
  for (int j = 0; j < kSide; ++j) {
    transform_patch(x[j], x[j + 4], x[j + 8], x[j + 12]);
  }
#pragma GCC unroll 16
  for (int p = 0; p < kWinogradPlaces; ++p) {
    store_some(x[p], to + p * place_step + c, width);
  }
}

template <class From, class To>
void patches(const WinogradShape& s, Size channels, const From* pictures, Size first, Size count, To* to, Size row_step, Size place_step) {
  for (Size b = first; b < first + count; ++b, to += row_step) {
    const Patch<From> patch = patch_at(s, pictures, block_at(s, b));
    const bool inside = std::find(patch.begin(), patch.end(), nullptr) == patch.end();
    Size c = 0;
    for (; inside && c + lanes() <= channels; c += lanes()) {
      write_patch<true>(patch, c, lanes(), to, place_step);
    }
    for (; c < channels; c += lanes()) {
      write_patch<false>(patch, c, std::min(lanes(), channels - c), to, place_step);
    }
  }
}

/// A' m of four vectors in a row or a column: two.
HWY_INLINE void transform_result(Vector a, Vector b, Vector c, Vector d, Vector& first, Vector& second) {
  first = hn::Add(hn::Add(a, b), c);
  second = hn::Sub(hn::Sub(b, c), d);
}

void results(const WinogradShape& s, Size features, const float* m, Size row_step, Size place_step, Size first, Size count, float* d) {
  for (Size b = first; b < first + count; ++b, m += row_step) {
    const Block block = block_at(s, b);
    float* to = d + ((block.picture * s.out_rows + block.row) * s.out_columns + block.column) * s.features;
    const bool below = block.row + 1 < s.out_rows, beside = block.column + 1 < s.out_columns;
    for (Size f = 0; f < features; f += lanes()) {
      const Size width = std::min(lanes(), features - f);
      Vector half[2][kSide], made[2][2];
#pragma GCC unroll 4
      for (int j = 0; j < kSide; ++j) {
        const float* at = m + j * place_step + f;
        const auto place = [&](int i) HWY_ATTR { return load_some(at + i * kSide * place_step, width); };
        transform_result(place(0), place(1), place(2), place(3), half[0][j], half[1][j]);
      }
      for (int i = 0; i < 2; ++i) {
        transform_result(half[i][0], half[i][1], half[i][2], half[i][3], made[i][0], made[i][1]);
      }
      for (int i = 0; i < (below ? 2 : 1); ++i) {
        for (int j = 0; j < (beside ? 2 : 1); ++j) {
          store_some(made[i][j], to + (i * s.out_columns + j) * s.features + f, width);
        }
      }
    }
  }
}

/// G w of three vectors: four.
HWY_INLINE void transform_filter(Vector a, Vector b, Vector c, Vector* to, int step) {
  const Vector half = hn::Set(Tag(), 0.5F), ends = hn::Mul(half, hn::Add(a, c)), middle = hn::Mul(half, b);
  to[0] = a;
  to[step] = hn::Add(ends, middle);
  to[2 * step] = hn::Sub(ends, middle);
  to[3 * step] = c;
}

void filters(const WinogradFilters<const float>& filters, float* to, Size row_step, Size place_step) {
  for (Size f = 0; f < filters.count; ++f, to += row_step) {
    for (Size c = 0; c < filters.channels; c += lanes()) {
      const Size width = std::min(lanes(), filters.channels - c);
      Vector rows[kFilterSide][kSide], made[kWinogradPlaces];
      for (int i = 0; i < kFilterSide; ++i) {
        const auto tap = [&](int j) HWY_ATTR {
          const Size t = i * kFilterSide + j;
          return load_some(filters.w + f * filters.step + (filters.reversed ? kWinogradTaps - 1 - t : t) * filters.tap_step + c, width);
        };
        transform_filter(tap(0), tap(1), tap(2), rows[i], 1);
      }
      for (int j = 0; j < kSide; ++j) {
        transform_filter(rows[0][j], rows[1][j], rows[2][j], made + j, kSide);
      }
      for (int p = 0; p < kWinogradPlaces; ++p) {
        store_some(made[p], to + p * place_step + c, width);
      }
    }
  }
}

/// A y of two vectors: four.
HWY_INLINE void spread_result(Vector first, Vector second, Vector* to, int step) {
  to[0] = first;
  to[step] = hn::Add(first, second);
  to[2 * step] = hn::Sub(first, second);
  to[3 * step] = hn::Neg(second);
}

void spread(const WinogradShape& s, Size features, const float* y, Size first, Size count, float* to, Size row_step, Size place_step) {
  for (Size b = first; b < first + count; ++b, to += row_step) {
    const Block block = block_at(s, b);
    const float* from = y + ((block.picture * s.out_rows + block.row) * s.out_columns + block.column) * s.features;
    const bool below = block.row + 1 < s.out_rows, beside = block.column + 1 < s.out_columns;
    for (Size f = 0; f < features; f += lanes()) {
      const Size width = std::min(lanes(), features - f);
      const auto place = [&](int i, int j) HWY_ATTR {
        const bool inside = (i == 0 || below) && (j == 0 || beside);
        return inside ? load_some(from + (i * s.out_columns + j) * s.features + f, width) : hn::Zero(Tag());
      };
      Vector rows[2][kSide], made[kWinogradPlaces];
      for (int i = 0; i < 2; ++i) {
        spread_result(place(i, 0), place(i, 1), rows[i], 1);
      }
      for (int j = 0; j < kSide; ++j) {
        spread_result(rows[0][j], rows[1][j], made + j, kSide);
      }
      for (int p = 0; p < kWinogradPlaces; ++p) {
        store_some(made[p], to + p * place_step + f, width);
      }
    }
  }
}

/// G' s of four vectors: three.
HWY_INLINE void sum_filter(Vector a, Vector b, Vector c, Vector d, Vector* to) {
  const Vector half = hn::Set(Tag(), 0.5F), both = hn::Mul(half, hn::Add(b, c));
  to[0] = hn::Add(a, both);
  to[1] = hn::Mul(half, hn::Sub(b, c));
  to[2] = hn::Add(both, d);
}

void sums(const float* s, Size row_step, Size place_step, const WinogradFilters<float>& filters) {
  for (Size f = 0; f < filters.count; ++f, s += row_step) {
    for (Size c = 0; c < filters.channels; c += lanes()) {
      const Size width = std::min(lanes(), filters.channels - c);
      const auto place = [&](int i, int j) HWY_ATTR { return load_some(s + (i * kSide + j) * place_step + c, width); };
      Vector rows[kSide][kFilterSide], columns[kFilterSide];
      for (int i = 0; i < kSide; ++i) {
        sum_filter(place(i, 0), place(i, 1), place(i, 2), place(i, 3), rows[i]);
      }
      for (int j = 0; j < kFilterSide; ++j) {
        sum_filter(rows[0][j], rows[1][j], rows[2][j], rows[3][j], columns);
        for (int i = 0; i < kFilterSide; ++i) {
          store_some(columns[i], filters.w + f * filters.step + (i * kFilterSide + j) * filters.tap_step + c, width);
        }
      }
    }
  }
}

const WinogradKernels* kernels() {
  static const WinogradKernels table{.patches = patches<float, float>,
                                     .half_patches = patches<std::uint16_t, std::uint16_t>,
                                     .widened_patches = patches<std::uint16_t, float>,
                                     .results = results,
                                     .filters = filters,
                                     .spread = spread,
                                     .sums = sums};
  return &table;
}

}  // namespace
}  // namespace pcxx::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
PCXX_DISPATCH_KERNELS(WinogradKernels, winograd_kernels)
#endif

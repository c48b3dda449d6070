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

#include "backend/cpu/vector_panels-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pcxx::cpu::HWY_NAMESPACE {
namespace {

#if HWY_TARGET <= HWY_AVX3
constexpr int kMostRows = 12;  // 12 x 2 accumulators of 32 registers
#elif HWY_TARGET <= HWY_SSSE3
constexpr int kMostRows = 6;  // of 16 registers
#else
constexpr int kMostRows = 8;
#endif
constexpr Size kDepth = 256;        // of the summed index between stores of d: a chunk of a panel stays in L1
constexpr Size kRowGroup = 96;      // rows whose chunks are copied together
constexpr Size kRowStep = kDepth + 16;
constexpr Size kCopiedDepth = 256;  // the same where a is copied
constexpr Size kFarApart = 256;     // floats between rows from which on they are copied

// ---- the block in registers ----------------------------------------------------------------------------------------

/// What will be read next, row after row too far apart for the machine to guess: fetched while there is work.
struct Ahead {
  const float* from = nullptr;  // (rows, columns), null for nothing
  Size step = 0, rows = 0, columns = 0;

  /// Fetches one of `count` parts.
  void fetch(Size part, Size count) const {
    if (from == nullptr) {
      return;
    }
    for (Size r = rows * part / count; r < rows * (part + 1) / count; ++r) {
      for (Size c = 0; c < columns; c += 16) {
        __builtin_prefetch(from + r * step + c, 0, 2);
      }
    }
  }
};

/// The operands of a block of rows.
struct Block {
  const float* a;  // element (row, p) at a[row * a_step + p]; if transposed at a[p * a_step + row], or where a_step is
  Size a_step;     // 0 in dense blocks (depth, height)
  const float* b;  // element (p, column) at b[p * b_step + column]
  Size b_step;
  float* d;
  Size d_step;
  Size depth;
  Size columns;  // of d, at most Vectors * lanes
  bool first;    // start from zero, else from d
  Ahead ahead = {};
};

/// d(Rows, columns) [+]= a b.
template <int Rows, int Vectors, bool Transposed, class D>
HWY_NOINLINE void block(const Block& block) {
  const D tag;
  const Size width = static_cast<Size>(hn::Lanes(tag)), columns = block.columns, d_step = block.d_step, a_step = block.a_step;
  const Size b_step = block.b_step, depth = block.depth, step = a_step == 0 ? Rows : a_step;
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
    const float* at = Transposed ? a + p * step : a + p;
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      const V x = hn::Set(tag, Transposed ? at[r] : at[r * a_step]);
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
void block_of(Size rows, const Block& b) {
  switch (rows) {
    case 1: return block<1, Vectors, Transposed, D>(b);
    case 2: return block<2, Vectors, Transposed, D>(b);
    case 3: return block<3, Vectors, Transposed, D>(b);
    case 4: return block<4, Vectors, Transposed, D>(b);
    case 5: return block<5, Vectors, Transposed, D>(b);
    case 6: return block<6, Vectors, Transposed, D>(b);
#if HWY_TARGET <= HWY_AVX3 || HWY_TARGET > HWY_SSSE3
    case 7: return block<7, Vectors, Transposed, D>(b);
    case 8: return block<8, Vectors, Transposed, D>(b);
#endif
#if HWY_TARGET <= HWY_AVX3
    case 9: return block<9, Vectors, Transposed, D>(b);
    case 10: return block<10, Vectors, Transposed, D>(b);
    case 11: return block<11, Vectors, Transposed, D>(b);
    case 12: return block<12, Vectors, Transposed, D>(b);
#endif
    default: break;
  }
}

/// Cuts rows into blocks of nearly equal height, none above kMostRows.
template <int Vectors, bool Transposed, class D>
void blocks(Size rows, Block b) {
  const float* a = b.a;
  float* d = b.d;
  const Size count = (rows + kMostRows - 1) / kMostRows;
  for (Size i = 0, from = 0; i < count; ++i) {
    b.ahead.fetch(i, count);
    const Size to = rows * (i + 1) / count;
    b.a = a + from * (!Transposed ? b.a_step : b.a_step == 0 ? b.depth : 1);
    b.d = d + from * b.d_step;
    block_of<Vectors, Transposed, D>(to - from, b);
    from = to;
  }
}

template <bool Transposed>
void all_blocks(Size rows, const Block& b) {
  if (b.columns > lanes()) {
    blocks<2, Transposed, Tag>(rows, b);
  } else if (b.columns > half_lanes()) {
    blocks<1, Transposed, Tag>(rows, b);
  } else {
    blocks<1, Transposed, HalfTag>(rows, b);
  }
}

// ---- products ------------------------------------------------------------------------------------------------------

/// Returns whether chunks of a's rows are copied: rows a power of two apart would share a few sets of the cache.
bool copies_rows(Size n, Size k) { return k > kDepth && n >= 2 * panel_columns(); }

Size row_scratch(Size n, Size k) { return copies_rows(n, k) ? kRowGroup * kRowStep : 0; }

void copy_rows(Size rows, Size columns, const float* HWY_RESTRICT from, Size from_step, float* HWY_RESTRICT to, Size to_step) {
  for (Size r = 0; r < rows; ++r) {
    std::copy_n(from + r * from_step, columns, to + r * to_step);
  }
}

/// Columns [from, from + depth) of a's rows.
struct Chunk {
  const float* a;
  Size step;  // floats from row to row
  Size from, depth;
};

/// d [+]= a chunk of a times the same rows of every panel of a packed b(k, n).
void times_panels(Size rows, Size n, Size k, const Chunk& chunk, const float* packed, float* d, Size d_step) {
  for (Size column = 0; column < n; column += panel_columns()) {
    const Size columns = std::min(panel_columns(), n - column);
    const Size width = padded(columns);
    all_blocks<false>(rows, {.a = chunk.a,
                             .a_step = chunk.step,
                             .b = packed + column * k + chunk.from * width,
                             .b_step = width,
                             .d = d + column,
                             .d_step = d_step,
                             .depth = chunk.depth,
                             .columns = columns,
                             .first = chunk.from == 0});
  }
}

void placed_rows(Size rows, Size n, Size k, const float* a, Size a_step, const float* packed, float* d, Size d_step) {
  for (Size p = 0; p < k; p += kDepth) {
    times_panels(rows, n, k, {a + p, a_step, p, std::min(kDepth, k - p)}, packed, d, d_step);
  }
}

void row_group(Size rows, Size n, Size k, const float* a, const float* packed, float* d, float* scratch) {
  const bool copied = copies_rows(n, k);
  for (Size p = 0; p < k; p += kDepth) {
    const Size depth = std::min(kDepth, k - p);
    if (copied) {
      copy_rows(rows, depth, a + p, k, scratch, kRowStep);
    }
    const Chunk chunk{copied ? scratch : a + p, copied ? kRowStep : k, p, depth};
    times_panels(rows, n, k, chunk, packed, d, n);
  }
}

/// The same with rows that are written chunk by chunk.
void gathered_rows(Size row, Size rows, Size n, Size k, const RowSource& a, const float* packed, float* d, Size d_step, float* scratch) {
  if (k == 0) {
    for (Size r = 0; r < rows; ++r) {
      std::fill_n(d + r * d_step, n, 0.0F);
    }
  }
  for (Size p = 0; p < k; p += kDepth) {
    const Size depth = std::min(kDepth, k - p);
    a.copy(a.self, row, rows, p, p + depth, scratch, kRowStep);
    times_panels(rows, n, k, {scratch, kRowStep, p, depth}, packed, d, d_step);
  }
}

Size gathered_scratch() { return kRowGroup * kRowStep; }

void rows_product(Size rows, Size n, Size k, const float* a, const float* packed, float* d, float* scratch) {
  if (k == 0) {
    std::fill_n(d, rows * n, 0.0F);
    return;
  }
  for (Size row = 0; row < rows; row += kRowGroup) {
    row_group(std::min(kRowGroup, rows - row), n, k, a + row * k, packed, d + row * n, scratch);
  }
}

/// Whether a block of a is copied: not worth it for few columns, nor where its rows lie close together.
bool copies_a(Size m, Size n) { return m >= kFarApart && n >= kFarApart; }

Size sample_scratch(Size samples, Size m, Size n, Size block_rows) {
  return std::min(samples, kDepth) * (panel_columns() + (copies_a(m, n) ? block_rows : 0)) + lanes();
}

/// Copies columns [from, to) of a(depth, m) into dense blocks (depth, height), cut as `blocks` cuts.
void copy_blocks(Size depth, Size m, Size from, Size to, const float* HWY_RESTRICT a, float* HWY_RESTRICT copy) {
  const Tag tag;
  const Size rows = to - from, count = (rows + kMostRows - 1) / kMostRows;
  for (Size i = 0, start = 0; i < count; ++i) {
    const Size end = rows * (i + 1) / count, height = end - start;
    for (Size p = 0; p < depth; ++p, copy += height) {
      const float* at = a + p * m + from + start;
      for (Size r = 0; r < height; r += lanes()) {  // what runs over is overwritten by the next
        const Size left = height - r;
        hn::StoreU(left >= lanes() ? hn::LoadU(tag, at + r) : load_first(tag, at + r, left), tag, copy + r);
      }
    }
    start = end;
  }
}

/// A panel of b is copied for each chunk of samples, a block of a where its rows lie far apart (a power of two perhaps,
/// and then all in one set of the cache).
void samples_product(Size samples, Size m, Size n, Size from, Size to, const float* a, const float* b, float* d, float* scratch) {
  if (samples == 0) {
    std::fill(d + from * n, d + to * n, 0.0F);
    return;
  }
  const bool copied = copies_a(m, n);
  const Size chunk = copied ? kCopiedDepth : kDepth;
  float* panel = scratch;
  float* copy = scratch + std::min(samples, chunk) * panel_columns();
  for (Size p = 0; p < samples; p += chunk) {
    const Size depth = std::min(chunk, samples - p);
    const float* block = a + p * m + from;
    if (copied) {
      copy_blocks(depth, m, from, to, a + p * m, copy);
    }
    for (Size column = 0; column < n; column += panel_columns()) {
      const Size columns = std::min(panel_columns(), n - column);
      pack_panel(depth, n, columns, b + p * n + column, panel);
      const Size next = column + panel_columns();
      const Ahead ahead = copied && next < n ? Ahead{b + p * n + next, n, depth, std::min(panel_columns(), n - next)} : Ahead{};
      all_blocks<true>(to - from,
                       {.a = copied ? copy : block,
                        .a_step = copied ? 0 : m,
                        .b = panel,
                        .b_step = padded(columns),
                        .d = d + from * n + column,
                        .d_step = n,
                        .depth = depth,
                        .columns = columns,
                        .first = p == 0,
                        .ahead = ahead});
    }
  }
}

void placed_samples(const PlacedSum& sum) {
  for (Size column = 0; column < sum.columns; column += panel_columns()) {
    all_blocks<true>(sum.rows, {.a = sum.a,
                                .a_step = sum.a_step,
                                .b = sum.b + column,
                                .b_step = sum.b_step,
                                .d = sum.d + column,
                                .d_step = sum.d_step,
                                .depth = sum.samples,
                                .columns = std::min(panel_columns(), sum.columns - column),
                                .first = sum.first});
  }
}

Size gathered_sample_scratch(Size rows) { return kCopiedDepth * (panel_columns() + rows) + lanes(); }

/// Panels of b are written for each chunk of samples, the block of a is copied.
void gathered_samples(const GatheredSum& sum, float* scratch) {
  if (sum.samples == 0) {
    for (Size r = 0; r < sum.rows; ++r) {
      std::fill_n(sum.d + r * sum.d_step + sum.from, sum.to - sum.from, 0.0F);
    }
  }
  float* panel = scratch;
  float* copy = scratch + kCopiedDepth * panel_columns();
  for (Size p = 0; p < sum.samples; p += kCopiedDepth) {
    const Size depth = std::min(kCopiedDepth, sum.samples - p);
    copy_blocks(depth, sum.a_step, 0, sum.rows, sum.a + p * sum.a_step, copy);
    for (Size column = sum.from; column < sum.to; column += panel_columns()) {
      const Size columns = std::min(panel_columns(), sum.to - column), width = padded(columns);
      if (columns < width) {
        std::fill_n(panel, depth * width, 0.0F);
      }
      sum.b.copy(sum.b.self, p, depth, column, column + columns, panel, width);
      all_blocks<true>(sum.rows, {.a = copy,
                                  .a_step = 0,
                                  .b = panel,
                                  .b_step = width,
                                  .d = sum.d + column,
                                  .d_step = sum.d_step,
                                  .depth = depth,
                                  .columns = columns,
                                  .first = p == 0});
    }
  }
}

const ProductKernels* kernels() {
  static const ProductKernels table{.lanes = lanes(),
                                    .half_lanes = half_lanes(),
                                    .panel_columns = panel_columns(),
                                    .rows = rows_product,
                                    .row_scratch = row_scratch,
                                    .samples = samples_product,
                                    .placed_samples = placed_samples,
                                    .sample_scratch = sample_scratch,
                                    .placed_rows = placed_rows,
                                    .gathered_rows = gathered_rows,
                                    .gathered_group = kRowGroup,
                                    .gathered_scratch = gathered_scratch,
                                    .gathered_samples = gathered_samples,
                                    .gathered_sample_scratch = gathered_sample_scratch};
  return &table;
}

}  // namespace
}  // namespace pcxx::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
PCXX_DISPATCH_KERNELS(ProductKernels, product_kernels)
#endif

/// Instructions over rows and columns: reductions, spreading and repeating. Included once for each instruction set.
#if defined(PCXX_ELEMENTWISE_ROWS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef PCXX_ELEMENTWISE_ROWS_INL_H
#undef PCXX_ELEMENTWISE_ROWS_INL_H
#else
#define PCXX_ELEMENTWISE_ROWS_INL_H
#endif

#include <algorithm>
#include <cstddef>
#include <limits>

#include "backend/cpu/elementwise_instruction.h"
#include "hwy/highway.h"

#include "backend/cpu/elementwise_loop-inl.h"
#include "backend/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pcxx::cpu::HWY_NAMESPACE {
namespace {

/// Combines f(0), f(1), .. over the columns of one row: whole vectors in four chains, then the tail filled with `empty`.
/// The order is a matter of the columns alone.
template <class Load, class Combine>
HWY_INLINE Vector fold(Size columns, Vector empty, const Load& load, const Combine& combine) {
  const Size lanes = static_cast<Size>(hn::Lanes(Tag()));
  Vector v0 = empty, v1 = empty, v2 = empty, v3 = empty;
  Size j = 0;
  for (; j + 4 * lanes <= columns; j += 4 * lanes) {
    v0 = combine(v0, load(j, lanes));
    v1 = combine(v1, load(j + lanes, lanes));
    v2 = combine(v2, load(j + 2 * lanes, lanes));
    v3 = combine(v3, load(j + 3 * lanes, lanes));
  }
  for (; j + lanes <= columns; j += lanes) {
    v0 = combine(v0, load(j, lanes));
  }
  if (j < columns) {
    const auto inside = hn::FirstN(Tag(), static_cast<std::size_t>(columns - j));
    v1 = combine(v1, hn::IfThenElse(inside, load(j, columns - j), empty));
  }
  return combine(combine(v0, v1), combine(v2, v3));
}

HWY_INLINE Vector load_some(const float* from, Size count) {
  return count == static_cast<Size>(hn::Lanes(Tag())) ? hn::LoadU(Tag(), from) : load_first(from, count);
}

HWY_INLINE float lane_sum(Vector v) { return hn::GetLane(hn::SumOfLanes(Tag(), v)); }

HWY_INLINE float row_max(const float* row, Size columns) {
  const Vector most = fold(columns, set(-kInfinity), [&](Size j, Size n) HWY_ATTR { return load_some(row + j, n); },
                           [](Vector a, Vector b) HWY_ATTR { return larger(a, b); });
  return hn::AllFalse(Tag(), hn::IsNaN(most)) ? hn::GetLane(hn::MaxOfLanes(Tag(), most)) : std::numeric_limits<float>::quiet_NaN();
}

/// Up to so many columns, rows are reduced side by side, one in each lane, column after column.
constexpr Size kNarrow = 16;

/// Up to `lanes` narrow rows turned, so that a column of them is a vector; lanes without a row repeat the last.
struct Turned {
  HWY_ALIGN float columns[kNarrow][HWY_MAX_BYTES / sizeof(float)];

  HWY_INLINE void take(const float* from, Size rows, Size count) {
    const Size lanes = static_cast<Size>(hn::Lanes(Tag()));
    for (Size r = 0; r < lanes; ++r) {
      const float* row = from + std::min(r, rows - 1) * count;
      for (Size c = 0; c < count; ++c) {
        columns[c][r] = row[c];
      }
    }
  }
  HWY_INLINE Vector at(Size c) const { return hn::Load(Tag(), columns[c]); }
};

/// Calls f(row, rows) for each group of rows and stores what it gives.
template <class F>
HWY_INLINE void reduce_narrow(float* d, Size rows, const F& f) {
  const Size lanes = static_cast<Size>(hn::Lanes(Tag()));
  for (Size r = 0; r < rows; r += lanes) {
    const Size count = std::min(lanes, rows - r);
    store_first(f(r, count), d + r, count);
  }
}

template <class Combine>
HWY_INLINE Vector fold_turned(const Turned& turned, Size columns, Vector start, const Combine& combine) {
  for (Size c = 0; c < columns; ++c) {
    start = combine(start, turned.at(c));
  }
  return start;
}

HWY_INLINE Vector plus(Vector a, Vector b) { return hn::Add(a, b); }

void sum_rows(const Instruction& i, float* const* at, const Extent& extent) {
  const float* row = at[i.source[0]];
  float* d = at[i.destination[0]];
  if (extent.columns <= kNarrow) {
    Turned turned;
    return reduce_narrow(d, extent.rows, [&](Size r, Size rows) HWY_ATTR {
      turned.take(row + r * extent.columns, rows, extent.columns);
      return fold_turned(turned, extent.columns, set(0), [](Vector a, Vector b) HWY_ATTR { return plus(a, b); });
    });
  }
  for (Size r = 0; r < extent.rows; ++r, row += extent.columns) {
    d[r] = lane_sum(fold(extent.columns, set(0), [&](Size j, Size n) HWY_ATTR { return load_some(row + j, n); },
                         [](Vector a, Vector b) HWY_ATTR { return plus(a, b); }));
  }
}

void dot_rows(const Instruction& i, float* const* at, const Extent& extent) {
  const float* a = at[i.source[0]];
  const float* b = at[i.source[1]];
  float* d = at[i.destination[0]];
  if (extent.columns <= kNarrow) {
    Turned left, right;
    return reduce_narrow(d, extent.rows, [&](Size r, Size rows) HWY_ATTR {
      left.take(a + r * extent.columns, rows, extent.columns);
      right.take(b + r * extent.columns, rows, extent.columns);
      Vector sum = set(0);
      for (Size c = 0; c < extent.columns; ++c) {
        sum = plus(sum, hn::Mul(left.at(c), right.at(c)));
      }
      return sum;
    });
  }
  for (Size r = 0; r < extent.rows; ++r, a += extent.columns, b += extent.columns) {
    d[r] = lane_sum(fold(extent.columns, set(0),
                         [&](Size j, Size n) HWY_ATTR { return hn::Mul(load_some(a + j, n), load_some(b + j, n)); },
                         [](Vector x, Vector y) HWY_ATTR { return plus(x, y); }));
  }
}

void max_rows(const Instruction& i, float* const* at, const Extent& extent) {
  const float* row = at[i.source[0]];
  float* d = at[i.destination[0]];
  if (extent.columns <= kNarrow) {
    Turned turned;
    return reduce_narrow(d, extent.rows, [&](Size r, Size rows) HWY_ATTR {
      turned.take(row + r * extent.columns, rows, extent.columns);
      return fold_turned(turned, extent.columns, set(-kInfinity), [](Vector a, Vector b) HWY_ATTR { return larger(a, b); });
    });
  }
  for (Size r = 0; r < extent.rows; ++r, row += extent.columns) {
    d[r] = row_max(row, extent.columns);
  }
}

/// m + log sum exp(a - m), m the largest; an infinite m is the result.
HWY_INLINE Vector from_largest(Vector most, Vector sum) {
  return hn::IfThenElse(hn::Eq(hn::Abs(most), set(kInfinity)), most, hn::Add(most, logarithm(sum)));
}

void logsumexp_rows(const Instruction& i, float* const* at, const Extent& extent) {
  const float* row = at[i.source[0]];
  float* d = at[i.destination[0]];
  if (extent.columns <= kNarrow) {
    Turned turned;
    return reduce_narrow(d, extent.rows, [&](Size r, Size rows) HWY_ATTR {
      turned.take(row + r * extent.columns, rows, extent.columns);
      const Vector most =
          fold_turned(turned, extent.columns, set(-kInfinity), [](Vector a, Vector b) HWY_ATTR { return larger(a, b); });
      Vector sum = set(0);
      for (Size c = 0; c < extent.columns; ++c) {
        sum = plus(sum, exponential(hn::Sub(turned.at(c), most)));
      }
      return from_largest(most, sum);
    });
  }
  for (Size r = 0; r < extent.rows; ++r, row += extent.columns) {
    const Vector most = set(row_max(row, extent.columns));
    const float sum = lane_sum(fold(extent.columns, set(0),
                                    [&](Size j, Size n) HWY_ATTR { return exponential(hn::Sub(load_some(row + j, n), most)); },
                                    [](Vector a, Vector b) HWY_ATTR { return plus(a, b); }));
    d[r] = hn::GetLane(from_largest(most, set(sum)));
  }
}

void spread_rows(const Instruction& i, float* const* at, const Extent& extent) {
  const Size lanes = static_cast<Size>(hn::Lanes(Tag())), columns = extent.columns;
  const float* a = at[i.source[0]];
  float* d = at[i.destination[0]];
  const float* end = d + extent.rows * columns;
  for (Size r = 0; r < extent.rows; ++r, d += columns) {
    const Vector v = set(a[r]);
    for (Size j = 0; j < columns; j += lanes) {  // what runs over into the next row is overwritten there
      end - (d + j) >= lanes ? hn::StoreU(v, Tag(), d + j) : store_first(v, d + j, end - (d + j));
    }
  }
}

/// Doubles what is there until the rows are full.
void repeat_columns(const Instruction& i, float* const* at, const Extent& extent) {
  float* d = at[i.destination[0]];
  const Size count = extent.rows * extent.columns;
  Size done = std::min(extent.columns, count);
  std::copy_n(at[i.source[0]], done, d);
  while (done < count) {
    const Size more = std::min(done, count - done);
    std::copy_n(d, more, d + done);
    done += more;
  }
}

void sum_columns(const Instruction& i, float* const* at, const Extent& extent) {
  const Size lanes = static_cast<Size>(hn::Lanes(Tag())), columns = extent.columns;
  const float* a = at[i.source[0]];
  float* d = at[i.destination[0]];
  for (Size j = 0; j < columns; j += lanes) {
    const Size n = std::min(lanes, columns - j);
    Vector sum = load_some(d + j, n);
    for (Size r = 0; r < extent.rows; ++r) {
      sum = hn::Add(sum, load_some(a + r * columns + j, n));
    }
    n == lanes ? hn::StoreU(sum, Tag(), d + j) : store_first(sum, d + j, n);
  }
}

}  // namespace
}  // namespace pcxx::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // one instruction set

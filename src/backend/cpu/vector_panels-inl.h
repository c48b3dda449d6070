/// Panels of packed matrices and tails of rows, shared by our matrix kernels. Included once for each instruction set.
#if defined(PCXX_VECTOR_PANELS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef PCXX_VECTOR_PANELS_INL_H
#undef PCXX_VECTOR_PANELS_INL_H
#else
#define PCXX_VECTOR_PANELS_INL_H
#endif

#include <algorithm>

#include "hwy/highway.h"
#include "pcxx/core/types.h"

HWY_BEFORE_NAMESPACE();
namespace pcxx::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Tag = hn::ScalableTag<float>;
using Vector = hn::Vec<Tag>;

constexpr Size kPanelVectors = 2;

HWY_INLINE Size lanes() { return static_cast<Size>(hn::Lanes(Tag())); }
HWY_INLINE Size panel_columns() { return kPanelVectors * lanes(); }

/// Half a vector, for panels that fill no more: as fast or, where 512 bits take two turns, twice as fast.
#if HWY_TARGET <= HWY_AVX2
using HalfTag = hn::Half<Tag>;
#else
using HalfTag = Tag;
#endif
HWY_INLINE Size half_lanes() { return static_cast<Size>(hn::Lanes(HalfTag())); }

/// Returns the width of a panel of so many columns.
HWY_INLINE Size padded(Size columns) {
  return columns <= half_lanes() ? half_lanes() : (columns + lanes() - 1) / lanes() * lanes();
}

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

/// One panel of b(k, n) as it lies.
HWY_INLINE void pack_panel(Size k, Size b_step, Size columns, const float* HWY_RESTRICT b, float* HWY_RESTRICT to) {
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

}  // namespace
}  // namespace pcxx::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // one instruction set

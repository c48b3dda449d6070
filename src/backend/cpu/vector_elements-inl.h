/// Vectors of elements that are f32 or bf16 in memory, whole or not. Included once for each instruction set.
#if defined(PCXX_VECTOR_ELEMENTS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef PCXX_VECTOR_ELEMENTS_INL_H
#undef PCXX_VECTOR_ELEMENTS_INL_H
#else
#define PCXX_VECTOR_ELEMENTS_INL_H
#endif

#include <algorithm>
#include <cstdint>

#include "backend/cpu/vector_panels-inl.h"
#include "hwy/highway.h"
#include "pcxx/core/types.h"

HWY_BEFORE_NAMESPACE();
namespace pcxx::cpu::HWY_NAMESPACE {
namespace {

/// Bits of the nearest bf16 in the upper half; a NaN stays one.
template <class D32>
HWY_INLINE hn::Vec<D32> upper_half(D32 d, hn::Vec<hn::Rebind<float, D32>> v) {
  const auto bits = hn::BitCast(d, v);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(d, 1U));
  const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(d, 0x7fffU)));
  const auto quiet = hn::Or(bits, hn::Set(d, 0x400000U));
  return hn::IfThenElse(hn::RebindMask(d, hn::IsNaN(v)), quiet, rounded);
}

/// The nearest bf16, kept as f32.
HWY_INLINE Vector rounded_to_bf16(Vector v) {
  const hn::RebindToUnsigned<Tag> d32;
  return hn::BitCast(Tag(), hn::And(upper_half(d32, v), hn::Set(d32, 0xffff0000U)));
}

/// The first `count` elements, at most a vector of them; the rest is zero.
HWY_INLINE Vector load_some(const float* from, Size count) {
  return count == lanes() ? hn::LoadU(Tag(), from) : load_first(Tag(), from, count);
}

HWY_INLINE Vector load_some(const std::uint16_t* from, Size count) {
  const hn::RebindToUnsigned<Tag> d32;
  const hn::Rebind<std::uint16_t, Tag> d16;
  const auto widened = [&](const std::uint16_t* at) HWY_ATTR {
    return hn::BitCast(Tag(), hn::ShiftLeft<16>(hn::PromoteTo(d32, hn::LoadU(d16, at))));
  };
  if (count == lanes()) {
    return widened(from);
  }
  HWY_ALIGN std::uint16_t some[HWY_MAX_BYTES / sizeof(float)] = {};
  std::copy_n(from, count, some);
  return widened(some);
}

HWY_INLINE void store_some(Vector v, float* to, Size count) {
  count == lanes() ? hn::StoreU(v, Tag(), to) : store_first(Tag(), v, to, count);
}

/// Rounds to the nearest bf16.
HWY_INLINE void store_some(Vector v, std::uint16_t* to, Size count) {
  const hn::RebindToUnsigned<Tag> d32;
  const hn::RebindToSigned<Tag> s32;
  const hn::Rebind<std::uint16_t, Tag> d16;
  const auto halves = hn::DemoteTo(d16, hn::BitCast(s32, hn::ShiftRight<16>(upper_half(d32, v))));
  if (count == lanes()) {
    hn::StoreU(halves, d16, to);
    return;
  }
  HWY_ALIGN std::uint16_t some[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(halves, d16, some);
  std::copy_n(some, count, to);
}

}  // namespace
}  // namespace pcxx::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // one instruction set

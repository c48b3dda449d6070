/// The loop of an elementwise instruction, with its tail. Included once for each instruction set.
#if defined(PCXX_ELEMENTWISE_LOOP_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef PCXX_ELEMENTWISE_LOOP_INL_H
#undef PCXX_ELEMENTWISE_LOOP_INL_H
#else
#define PCXX_ELEMENTWISE_LOOP_INL_H
#endif

#include <algorithm>

#include "backend/cpu/elementwise_instruction.h"
#include "hwy/highway.h"

#include "backend/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pcxx::cpu::HWY_NAMESPACE {
namespace {

HWY_INLINE Vector load_first(const float* from, Size count) {
#if HWY_MEM_OPS_MIGHT_FAULT
  HWY_ALIGN float buffer[HWY_MAX_BYTES / sizeof(float)] = {};
  std::copy_n(from, count, buffer);
  return hn::Load(Tag(), buffer);
#else
  return hn::MaskedLoad(hn::FirstN(Tag(), static_cast<std::size_t>(count)), Tag(), from);
#endif
}

HWY_INLINE void store_first(Vector v, float* to, Size count) {
#if HWY_MEM_OPS_MIGHT_FAULT
  HWY_ALIGN float buffer[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(v, Tag(), buffer);
  std::copy_n(buffer, count, to);
#else
  hn::BlendedStore(v, hn::FirstN(Tag(), static_cast<std::size_t>(count)), Tag(), to);
#endif
}

/// The vectors that one turn of a loop reads.
struct Operands {
  Vector a, b, c, e, f;
};

template <unsigned Scalars, int Index>
HWY_INLINE Vector whole(const float* from, Vector scalar, Size j) {
  return (Scalars >> Index & 1U) != 0 ? scalar : hn::LoadU(Tag(), from + j);
}

template <unsigned Scalars, int Index>
HWY_INLINE Vector partial(const float* from, Vector scalar, Size j, Size count) {
  return (Scalars >> Index & 1U) != 0 ? scalar : load_first(from + j, count);
}

/// Runs f over all elements; f turns Operands into a Vector or a Pair. Sources are read before destinations are
/// written, vector by vector, so a destination may be a source.
template <unsigned Scalars, int Sources, class F>
HWY_INLINE void loop(const Instruction& i, float* const* at, Size count, const F& f) {
  const Size lanes = static_cast<Size>(hn::Lanes(Tag()));
  const float* a = at[i.source[0]];
  const float* b = Sources > 1 ? at[i.source[1]] : a;
  const float* c = Sources > 2 ? at[i.source[2]] : a;
  const float* e = Sources > 3 ? at[i.source[3]] : a;
  const Vector sf = set(Sources > 4 ? *at[i.source[4]] : 0);  // a fifth is always one for all
  float* d = at[i.destination[0]];
  float* d1 = at[i.destination[1]];
  const Vector sa = set((Scalars & 1U) != 0 ? *a : 0), sb = set((Scalars & 2U) != 0 ? *b : 0);
  const Vector sc = set((Scalars & 4U) != 0 ? *c : 0), se = set((Scalars & 8U) != 0 ? *e : 0);
  const auto give = [&](const auto& result, Size j, Size left) HWY_ATTR {
    if constexpr (std::is_same_v<std::decay_t<decltype(result)>, Pair>) {
      left == lanes ? hn::StoreU(result.value, Tag(), d + j) : store_first(result.value, d + j, left);
      left == lanes ? hn::StoreU(result.slope, Tag(), d1 + j) : store_first(result.slope, d1 + j, left);
    } else {
      left == lanes ? hn::StoreU(result, Tag(), d + j) : store_first(result, d + j, left);
    }
  };
  Size j = 0;
  for (; j + lanes <= count; j += lanes) {
    Operands v{whole<Scalars, 0>(a, sa, j), sb, sc, se, sf};
    if constexpr (Sources > 1) { v.b = whole<Scalars, 1>(b, sb, j); }
    if constexpr (Sources > 2) { v.c = whole<Scalars, 2>(c, sc, j); }
    if constexpr (Sources > 3) { v.e = whole<Scalars, 3>(e, se, j); }
    give(f(v), j, lanes);
  }
  if (const Size left = count - j; left > 0) {
    Operands v{partial<Scalars, 0>(a, sa, j, left), sb, sc, se, sf};
    if constexpr (Sources > 1) { v.b = partial<Scalars, 1>(b, sb, j, left); }
    if constexpr (Sources > 2) { v.c = partial<Scalars, 2>(c, sc, j, left); }
    if constexpr (Sources > 3) { v.e = partial<Scalars, 3>(e, se, j, left); }
    give(f(v), j, left);
  }
}

}  // namespace
}  // namespace pcxx::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // one instruction set

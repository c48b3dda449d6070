/// Elementary functions and activations on one vector of f32, within a few units in the last place.
///
/// Polynomials are our own minimax fits (Remez exchange) of the functions named beside them. Limits at infinity are the
/// mathematical ones and NaN stays NaN.
/// This file is included once for each instruction set.
#if defined(PCXX_VECTOR_MATH_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef PCXX_VECTOR_MATH_INL_H
#undef PCXX_VECTOR_MATH_INL_H
#else
#define PCXX_VECTOR_MATH_INL_H
#endif

#include <cmath>
#include <limits>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace pcxx::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Tag = hn::ScalableTag<float>;
using Vector = hn::Vec<Tag>;
using IntegerTag = hn::RebindToSigned<Tag>;
using Integers = hn::Vec<IntegerTag>;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

HWY_INLINE Vector set(float value) { return hn::Set(Tag(), value); }

/// Returns c[0] + c[1] x + c[2] x^2 + ...
template <std::size_t Terms>
HWY_INLINE Vector polynomial(Vector x, const float (&c)[Terms]) {
  Vector sum = set(c[Terms - 1]);
  for (std::size_t i = Terms - 1; i-- > 0;) {
    sum = hn::MulAdd(sum, x, set(c[i]));
  }
  return sum;
}

// x86 gives the second operand when one is NaN; elsewhere comparisons, which are false then, say it without assumptions.
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128
HWY_INLINE Vector at_least(Vector x, float low) { return hn::Max(set(low), x); }
HWY_INLINE Vector at_most(Vector x, float high) { return hn::Min(set(high), x); }
#else
HWY_INLINE Vector at_least(Vector x, float low) { return hn::IfThenElse(hn::Lt(x, set(low)), set(low), x); }
HWY_INLINE Vector at_most(Vector x, float high) { return hn::IfThenElse(hn::Gt(x, set(high)), set(high), x); }
#endif
HWY_INLINE Vector clamp(Vector x, float low, float high) { return at_most(at_least(x, low), high); }

/// The larger and the smaller; NaN if either is.
HWY_INLINE Vector larger(Vector a, Vector b) { return hn::IfThenElse(hn::Or(hn::Gt(a, b), hn::IsNaN(a)), a, b); }
HWY_INLINE Vector smaller(Vector a, Vector b) { return hn::IfThenElse(hn::Or(hn::Lt(a, b), hn::IsNaN(a)), a, b); }

/// Calls f on every lane.
template <class F>
HWY_INLINE Vector lane_by_lane(Vector x, Vector y, F f) {
  HWY_ALIGN float a[HWY_MAX_BYTES / sizeof(float)], b[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(x, Tag(), a);
  hn::Store(y, Tag(), b);
  for (std::size_t i = 0; i < hn::Lanes(Tag()); ++i) {
    a[i] = f(a[i], b[i]);
  }
  return hn::Load(Tag(), a);
}

// ---- exponentials --------------------------------------------------------------------------------------------------

/// Returns x 2^n for a whole n within +-300; too small becomes 0, too large infinity.
HWY_INLINE Vector scale_by_power(Vector x, Vector n) {
#if HWY_TARGET <= HWY_AVX3 && HWY_ARCH_X86
  return Vector{_mm512_scalef_ps(x.raw, n.raw)};
#else
  const IntegerTag tag;
  const Integers whole = hn::ConvertTo(tag, n), half = hn::ShiftRight<1>(whole), rest = hn::Sub(whole, half);
  const auto power = [&](Integers e) {
    return hn::BitCast(Tag(), hn::ShiftLeft<23>(hn::Add(e, hn::Set(tag, 127))));
  };
  return hn::Mul(hn::Mul(x, power(half)), power(rest));
#endif
}

/// exp(x) = 2^n (1 + tail), tail = exp(r) - 1, |r| <= ln 2 / 2.
struct Power {
  Vector n, tail;
};

/// For x within [-104, 89].
HWY_INLINE Power reduce_exponent(Vector x) {
  const Vector n = hn::Round(hn::Mul(x, set(1.44269504F)));
#if HWY_NATIVE_FMA
  const Vector r = hn::NegMulAdd(n, set(-1.90465421e-9F), hn::NegMulAdd(n, set(0.693147182F), x));
#else  // ln 2 in two parts, the first of few enough bits for an exact product
  const Vector r = hn::NegMulAdd(n, set(-2.12194440e-4F), hn::NegMulAdd(n, set(0.693359375F), x));
#endif
  static constexpr float kTerms[] = {0.49999994F, 0.166665196F, 0.0416683927F, 0.00836878084F, 0.00138144672F};
  return {n, hn::MulAdd(hn::Mul(r, r), polynomial(r, kTerms), r)};  // (exp(r) - 1 - r) / r^2
}

/// exp(x) for x within [-104, 89]. ln 2 is one number here where products are fused: at n = 127 that moves the result by
/// 2.4e-7 of itself, at n = 20 by less than rounding does.
HWY_INLINE Vector near_exponential(Vector x) {
#if HWY_NATIVE_FMA
  const Vector n = hn::Round(hn::Mul(x, set(1.44269504F)));
  const Vector r = hn::NegMulAdd(n, set(0.693147182F), x);
  static constexpr float kTerms[] = {1.0F, 1.0F, 0.49999994F, 0.166665196F, 0.0416683927F, 0.00836878084F, 0.00138144672F};
  return scale_by_power(polynomial(r, kTerms), n);
#else
  const Power power = reduce_exponent(x);
  return scale_by_power(hn::Add(power.tail, set(1)), power.n);
#endif
}

HWY_INLINE Vector exponential(Vector x) {
  const Power power = reduce_exponent(clamp(x, -104.0F, 89.0F));
  return scale_by_power(hn::Add(power.tail, set(1)), power.n);
}

/// exp(x) - 1 for x <= 0, exact to the last places near 0.
HWY_INLINE Vector exponential_minus_one(Vector x) {
  const Power power = reduce_exponent(at_least(x, -104.0F));
  const Vector scale = scale_by_power(set(1), power.n);
  return hn::MulAdd(scale, power.tail, hn::Sub(scale, set(1)));
}

// ---- logarithms ----------------------------------------------------------------------------------------------------

/// log((1 + s) / (1 - s)) = 2 atanh(s) for |s| <= 1/3.
HWY_INLINE Vector twice_atanh(Vector s) {
  static constexpr float kTerms[] = {0.333333373F, 0.199994385F, 0.143084422F, 0.107138291F, 0.121504664F};
  const Vector square = hn::Mul(s, s), twice = hn::Add(s, s);
  return hn::MulAdd(hn::Mul(twice, square), polynomial(square, kTerms), twice);
}

HWY_INLINE Vector logarithm(Vector x) {
  const IntegerTag tag;
  const auto tiny = hn::Lt(x, set(0x1p-126F));
  const Vector normal = hn::IfThenElse(tiny, hn::Mul(x, set(0x1p23F)), x);
  const Integers bits = hn::BitCast(tag, normal);
  const Integers exponent = hn::ShiftRight<23>(hn::Sub(bits, hn::Set(tag, 0x3f3504f3)));  // so that m >= sqrt(1/2)
  const Vector m = hn::BitCast(Tag(), hn::Sub(bits, hn::ShiftLeft<23>(exponent)));
  const Vector e = hn::Sub(hn::ConvertTo(Tag(), exponent), hn::IfThenElseZero(tiny, set(23)));
  const Vector f = hn::Sub(m, set(1));
  const Vector log_m = twice_atanh(hn::Div(f, hn::Add(f, set(2))));
  const Vector result = hn::MulAdd(e, set(0.693359375F), hn::MulAdd(e, set(-2.12194440e-4F), log_m));
  const Vector outside = hn::IfThenElse(hn::Eq(x, set(0)), set(-kInfinity),
                                        hn::IfThenElse(hn::Lt(x, set(0)), set(std::nanf("")), x));
  return hn::IfThenElse(hn::And(hn::Gt(x, set(0)), hn::Lt(x, set(kInfinity))), result, outside);
}

/// log(1 + x) for x in [0, 1].
HWY_INLINE Vector log_one_plus(Vector x) { return twice_atanh(hn::Div(x, hn::Add(x, set(2)))); }

// ---- sine and cosine -----------------------------------------------------------------------------------------------

/// sin(x + quarters pi / 2); far out, where our reduction ends, the library's function.
template <int Quarters>
HWY_INLINE Vector sine(Vector x) {
  if (!hn::AllTrue(Tag(), hn::Le(hn::Abs(x), set(8192.0F)))) {
    return lane_by_lane(x, x, [](float v, float) {
      return static_cast<float>(Quarters == 0 ? std::sin(static_cast<double>(v)) : std::cos(static_cast<double>(v)));
    });
  }
  const IntegerTag tag;
  const Vector n = hn::Round(hn::Mul(x, set(0.636619772F)));
  // pi / 2 in three parts; the first two have few enough bits for exact products
  const Vector r = hn::NegMulAdd(n, set(7.54978995e-8F), hn::NegMulAdd(n, set(4.83751297e-4F), hn::NegMulAdd(n, set(1.5703125F), x)));
  const Vector square = hn::Mul(r, r);
  static constexpr float kSine[] = {-0.166666538F, 0.00833213143F, -0.000195108398F};
  static constexpr float kCosine[] = {0.0416666456F, -0.0013887306F, 2.4431205e-05F};
  const Vector sin_r = hn::MulAdd(hn::Mul(r, square), polynomial(square, kSine), r);
  const Vector cos_r = hn::MulAdd(hn::Mul(square, square), polynomial(square, kCosine), hn::NegMulAdd(square, set(0.5F), set(1)));
  const Integers quarter = hn::Add(hn::ConvertTo(tag, n), hn::Set(tag, Quarters));
  const auto odd = hn::RebindMask(Tag(), hn::Eq(hn::And(quarter, hn::Set(tag, 1)), hn::Set(tag, 1)));
  const Vector sign = hn::BitCast(Tag(), hn::ShiftLeft<30>(hn::And(quarter, hn::Set(tag, 2))));
  return hn::Xor(hn::IfThenElse(odd, cos_r, sin_r), sign);
}

// ---- error function ------------------------------------------------------------------------------------------------

/// exp(-t^2) and erfc(t) for t >= 0.
struct Tail {
  Vector gauss, erfc;
};

HWY_INLINE Tail gauss_tail(Vector t) {
  const Vector x = at_most(t, 14);
  const Vector square = hn::Mul(x, x);
  const Vector lost = hn::MulSub(x, x, square);  // what rounding took from x^2
  const Vector near = exponential(hn::Neg(square));
  const Vector gauss = hn::NegMulAdd(near, lost, near);
  // (t + 2) exp(t^2) erfc(t) in q = (t - 2) / (t + 2)
  static constexpr float kTerms[] = {1.02158272F,    -0.687160969F,  0.27946952F,    -0.0364356525F, -0.021482829F,
                                     0.00644001365F, 0.00297881919F, -7.59032788e-4F, -4.63955832e-4F};
  const Vector inverse = hn::Div(set(1), hn::Add(x, set(2)));
  const Vector q = hn::Mul(hn::Sub(x, set(2)), inverse);
  return {gauss, hn::Mul(gauss, hn::Mul(inverse, polynomial(q, kTerms)))};
}

HWY_INLINE Vector error_function(Vector x) {
  static constexpr float kTerms[] = {1.12837911F,    -0.37612626F,    0.112836003F,  -0.0268544443F,
                                     0.00518953567F, -8.02084222e-4F, 7.88912366e-5F};
  const Vector size = hn::Abs(x);
  const Vector near = hn::Mul(x, polynomial(hn::Mul(x, x), kTerms));
  const Vector far = hn::CopySign(hn::Sub(set(1), gauss_tail(size).erfc), x);
  return hn::IfThenElse(hn::Lt(size, set(0.9F)), near, far);
}

// ---- activations: value and derivative -----------------------------------------------------------------------------

struct Pair {
  Vector value, slope;
};

/// p = 1 / (1 + exp(-x)) and q = 1 - p, both to the last places; z = exp(-|x|).
struct Logistic {
  Vector p, q, z, inverse;
};

HWY_INLINE Logistic logistic(Vector x) {
  const Vector z = near_exponential(hn::Neg(at_most(hn::Abs(x), 104.0F)));
  const Vector inverse = hn::Div(set(1), hn::Add(z, set(1)));
  const Vector small = hn::Mul(z, inverse);
  const auto negative = hn::Lt(x, set(0));
  return {hn::IfThenElse(negative, small, inverse), hn::IfThenElse(negative, inverse, small), z, inverse};
}

/// x p, p = 1 / (1 + exp(-y)), y = 2 sqrt(2/pi) (x + 0.044715 x^3): the tanh form, for 1 + tanh(y/2) = 2 p.
HWY_INLINE Pair gelu(Vector x) {
  constexpr float kTwoRoot = 1.59576912F, kCubic = 0.044715F;
  const Vector low = at_least(x, -10.05F), near = at_most(low, 10.05F);  // beyond, p is 0 or 1 to f32
  const Vector square = hn::Mul(near, near);
  const Vector minus_y = hn::Mul(near, hn::MulAdd(square, set(-kTwoRoot * kCubic), set(-kTwoRoot)));
  const Vector z = near_exponential(minus_y);
  const Vector p = hn::Div(set(1), hn::Add(z, set(1)));
  const Vector q = hn::Mul(z, p);
  const Vector dy = hn::MulAdd(square, set(3 * kTwoRoot * kCubic), set(kTwoRoot));
  return {hn::Mul(low, p), hn::MulAdd(hn::Mul(near, hn::Mul(p, q)), dy, p)};
}

/// x P(x), P the normal distribution.
HWY_INLINE Pair gelu_erf(Vector x) {
  const Vector near = clamp(x, -20.0F, 20.0F);
  const Tail tail = gauss_tail(hn::Mul(hn::Abs(near), set(0.707106781F)));
  const Vector below = hn::Mul(set(0.5F), tail.erfc);
  const Vector p = hn::IfThenElse(hn::Lt(x, set(0)), below, hn::Sub(set(1), below));
  return {hn::Mul(at_least(x, -20.0F), p), hn::MulAdd(hn::Mul(near, set(0.398942280F)), tail.gauss, p)};
}

HWY_INLINE Pair hyperbolic_tangent(Vector x) {
  const Vector size = hn::Abs(x), square = hn::Mul(x, x);
  const Vector z = near_exponential(at_least(hn::Mul(size, set(-2)), -104.0F));
  const Vector inverse = hn::Div(set(1), hn::Add(z, set(1)));
  static constexpr float kTerms[] = {-0.333332777F, 0.133313283F, -0.0537292287F, 0.0206020083F, -0.00566078955F};
  const Vector near = hn::MulAdd(hn::Mul(x, square), polynomial(square, kTerms), x);
  const Vector far = hn::CopySign(hn::Mul(hn::Sub(set(1), z), inverse), x);
  return {hn::IfThenElse(hn::Lt(size, set(0.625F)), near, far),
          hn::Mul(hn::Mul(set(4), z), hn::Mul(inverse, inverse))};
}

HWY_INLINE Pair sigmoid(Vector x) {
  const Logistic l = logistic(x);
  return {l.p, hn::Mul(l.p, l.q)};
}

HWY_INLINE Pair silu(Vector x) {
  const Logistic l = logistic(x);
  const Vector near = clamp(x, -200.0F, 200.0F);
  return {hn::Mul(at_least(x, -200.0F), l.p), hn::Mul(l.p, hn::MulAdd(near, l.q, set(1)))};
}

HWY_INLINE Pair softplus(Vector x) {
  const Logistic l = logistic(x);
  return {hn::Add(at_least(x, 0), log_one_plus(l.z)), l.p};
}

HWY_INLINE Pair elu(Vector x) {
  const auto positive = hn::Gt(x, set(0));
  const Vector below = exponential_minus_one(at_most(x, 0));
  return {hn::IfThenElse(positive, x, below), hn::IfThenElse(positive, set(1), exponential(at_most(x, 0)))};
}

HWY_INLINE Pair relu(Vector x) {
  return {at_least(x, 0), hn::IfThenElseZero(hn::Gt(x, set(0)), set(1))};
}

HWY_INLINE Pair leaky_relu(Vector x) {
  const auto above = hn::Ge(x, set(0));
  return {hn::IfThenElse(above, x, hn::Mul(x, set(0.01F))), hn::IfThenElse(above, set(1), set(0.01F))};
}

HWY_INLINE Pair hard_tanh(Vector x) {
  return {clamp(x, -1, 1), hn::IfThenElseZero(hn::Le(hn::Abs(x), set(1)), set(1))};
}

}  // namespace
}  // namespace pcxx::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // one instruction set

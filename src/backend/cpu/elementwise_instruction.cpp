/// The instructions of elementwise kernels, once for every instruction set.
#include "backend/cpu/elementwise_instruction.h"

#include <algorithm>
#include <cmath>

#include "backend/cpu/vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/elementwise_instruction.cpp"
#include "hwy/foreach_target.h"
// (foreach_target comes before highway, as Highway asks)
#include "hwy/highway.h"

#include "backend/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pcxx::cpu::HWY_NAMESPACE {
namespace {

// ---- loops ---------------------------------------------------------------------------------------------------------

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

// ---- one element ---------------------------------------------------------------------------------------------------

HWY_INLINE Vector one_if(hn::Mask<Tag> mask) { return hn::IfThenElseZero(mask, set(1)); }

template <Function F>
HWY_INLINE Vector apply(Vector x) {
  switch (F) {
    case Function::copy: return x;
    case Function::negate: return hn::Neg(x);
    case Function::exp: return exponential(x);
    case Function::log: return logarithm(x);
    case Function::sqrt: return hn::Sqrt(x);
    case Function::abs: return hn::Abs(x);
    case Function::sign:
      return hn::IfThenElse(hn::Gt(x, set(0)), set(1), hn::IfThenElse(hn::Lt(x, set(0)), set(-1), x));
    case Function::floor: return hn::Floor(x);
    case Function::sin: return sine<0>(x);
    case Function::cos: return sine<1>(x);
    case Function::erf: return error_function(x);
    case Function::logical_not: return one_if(hn::Eq(x, set(0)));
    case Function::count: break;
  }
  return x;
}

template <Activation A>
HWY_INLINE Pair activate(Vector x) {
  switch (A) {
    case Activation::identity: return {x, set(1)};
    case Activation::relu: return relu(x);
    case Activation::leaky_relu: return leaky_relu(x);
    case Activation::gelu: return gelu(x);
    case Activation::gelu_erf: return gelu_erf(x);
    case Activation::tanh: return hyperbolic_tangent(x);
    case Activation::sigmoid: return sigmoid(x);
    case Activation::silu: return silu(x);
    case Activation::softplus: return softplus(x);
    case Activation::hard_tanh: return hard_tanh(x);
    case Activation::elu: return elu(x);
    case Activation::count: break;
  }
  return {x, x};
}

template <Arithmetic A>
HWY_INLINE Vector apply(Vector a, Vector b) {
  switch (A) {
    case Arithmetic::add: return hn::Add(a, b);
    case Arithmetic::subtract: return hn::Sub(a, b);
    case Arithmetic::reverse_subtract: return hn::Sub(b, a);
    case Arithmetic::multiply: return hn::Mul(a, b);
    case Arithmetic::negative_multiply: return hn::Neg(hn::Mul(a, b));
    case Arithmetic::divide: return hn::Div(a, b);
    case Arithmetic::maximum: return larger(a, b);
    case Arithmetic::minimum: return smaller(a, b);
    case Arithmetic::power: return lane_by_lane(a, b, [](float x, float y) { return std::pow(x, y); });
    case Arithmetic::less: return one_if(hn::Lt(a, b));
    case Arithmetic::less_equal: return one_if(hn::Le(a, b));
    case Arithmetic::equal: return one_if(hn::Eq(a, b));
    case Arithmetic::count: break;
  }
  return a;
}

// ---- families ------------------------------------------------------------------------------------------------------

using Run = InstructionFunction;

template <Function F>
Run function_of() {
  return [](const Instruction& i, float* const* at, const Extent& extent) HWY_ATTR {
    loop<0, 1>(i, at, extent.count, [](const Operands& v) HWY_ATTR { return apply<F>(v.a); });
  };
}

Run find_function(Function f) {
  switch (f) {
    case Function::copy: return function_of<Function::copy>();
    case Function::negate: return function_of<Function::negate>();
    case Function::exp: return function_of<Function::exp>();
    case Function::log: return function_of<Function::log>();
    case Function::sqrt: return function_of<Function::sqrt>();
    case Function::abs: return function_of<Function::abs>();
    case Function::sign: return function_of<Function::sign>();
    case Function::floor: return function_of<Function::floor>();
    case Function::sin: return function_of<Function::sin>();
    case Function::cos: return function_of<Function::cos>();
    case Function::erf: return function_of<Function::erf>();
    case Function::logical_not: return function_of<Function::logical_not>();
    case Function::count: break;
  }
  return nullptr;
}

template <Activation A, unsigned Part, int Sources>  // Part: 1 value, 2 slope, 3 both
Run activation_of() {
  return [](const Instruction& i, float* const* at, const Extent& extent) HWY_ATTR {
    loop<0, Sources>(i, at, extent.count, [](const Operands& v) HWY_ATTR {
      const Pair pair = activate<A>(Sources == 2 ? hn::Add(v.a, v.b) : v.a);
      if constexpr (Part == 3) {
        return pair;
      } else {
        return Part == 1 ? pair.value : pair.slope;
      }
    });
  };
}

template <unsigned Part, int Sources>
Run find_activation(Activation activation) {
  switch (activation) {
    case Activation::identity: return activation_of<Activation::identity, Part, Sources>();
    case Activation::relu: return activation_of<Activation::relu, Part, Sources>();
    case Activation::leaky_relu: return activation_of<Activation::leaky_relu, Part, Sources>();
    case Activation::gelu: return activation_of<Activation::gelu, Part, Sources>();
    case Activation::gelu_erf: return activation_of<Activation::gelu_erf, Part, Sources>();
    case Activation::tanh: return activation_of<Activation::tanh, Part, Sources>();
    case Activation::sigmoid: return activation_of<Activation::sigmoid, Part, Sources>();
    case Activation::silu: return activation_of<Activation::silu, Part, Sources>();
    case Activation::softplus: return activation_of<Activation::softplus, Part, Sources>();
    case Activation::hard_tanh: return activation_of<Activation::hard_tanh, Part, Sources>();
    case Activation::elu: return activation_of<Activation::elu, Part, Sources>();
    case Activation::count: break;
  }
  return nullptr;
}

template <Arithmetic A>
Run binary_of(unsigned scalars) {
  const auto with = []<unsigned Scalars>() -> Run {
    return [](const Instruction& i, float* const* at, const Extent& extent) HWY_ATTR {
      loop<Scalars, 2>(i, at, extent.count, [](const Operands& v) HWY_ATTR { return apply<A>(v.a, v.b); });
    };
  };
  switch (scalars) {
    case 0: return with.template operator()<0>();
    case 1: return with.template operator()<1>();
    case 2: return with.template operator()<2>();
    default: return nullptr;
  }
}

Run find_binary(const Code& code) {
  const unsigned s = code.scalars;
  switch (code.first) {
    case Arithmetic::add: return binary_of<Arithmetic::add>(s);
    case Arithmetic::subtract: return binary_of<Arithmetic::subtract>(s);
    case Arithmetic::reverse_subtract: return binary_of<Arithmetic::reverse_subtract>(s);
    case Arithmetic::multiply: return binary_of<Arithmetic::multiply>(s);
    case Arithmetic::negative_multiply: return binary_of<Arithmetic::negative_multiply>(s);
    case Arithmetic::divide: return binary_of<Arithmetic::divide>(s);
    case Arithmetic::maximum: return binary_of<Arithmetic::maximum>(s);
    case Arithmetic::minimum: return binary_of<Arithmetic::minimum>(s);
    case Arithmetic::power: return binary_of<Arithmetic::power>(s);
    case Arithmetic::less: return binary_of<Arithmetic::less>(s);
    case Arithmetic::less_equal: return binary_of<Arithmetic::less_equal>(s);
    case Arithmetic::equal: return binary_of<Arithmetic::equal>(s);
    case Arithmetic::count: break;
  }
  return nullptr;
}

template <Arithmetic First, Arithmetic Second, unsigned Scalars>
Run ternary_with() {
  return [](const Instruction& i, float* const* at, const Extent& extent) HWY_ATTR {
    loop<Scalars, 3>(i, at, extent.count,
                     [](const Operands& v) HWY_ATTR { return apply<Second>(apply<First>(v.a, v.b), v.c); });
  };
}

template <Arithmetic First, Arithmetic Second>
Run ternary_of(unsigned scalars) {  // the first is never a scalar
  switch (scalars) {
    case 0: return ternary_with<First, Second, 0>();
    case 2: return ternary_with<First, Second, 2>();
    case 4: return ternary_with<First, Second, 4>();
    case 6: return ternary_with<First, Second, 6>();
    default: return nullptr;
  }
}

template <Arithmetic First>
Run ternary_second(const Code& code) {
  switch (code.second) {
    case Arithmetic::add: return ternary_of<First, Arithmetic::add>(code.scalars);
    case Arithmetic::subtract: return ternary_of<First, Arithmetic::subtract>(code.scalars);
    case Arithmetic::reverse_subtract: return ternary_of<First, Arithmetic::reverse_subtract>(code.scalars);
    case Arithmetic::multiply: return ternary_of<First, Arithmetic::multiply>(code.scalars);
    case Arithmetic::negative_multiply: return ternary_of<First, Arithmetic::negative_multiply>(code.scalars);
    case Arithmetic::divide: return ternary_of<First, Arithmetic::divide>(code.scalars);
    default: return nullptr;
  }
}

Run find_ternary(const Code& code) {
  switch (code.first) {
    case Arithmetic::add: return ternary_second<Arithmetic::add>(code);
    case Arithmetic::subtract: return ternary_second<Arithmetic::subtract>(code);
    case Arithmetic::reverse_subtract: return ternary_second<Arithmetic::reverse_subtract>(code);
    case Arithmetic::multiply: return ternary_second<Arithmetic::multiply>(code);
    case Arithmetic::negative_multiply: return ternary_second<Arithmetic::negative_multiply>(code);
    case Arithmetic::divide: return ternary_second<Arithmetic::divide>(code);
    default: return nullptr;
  }
}

/// ((a first b) second c) third e, of which only what learning rules are made of: h - rate (e + g) and the like.
template <Arithmetic First, Arithmetic Second, Arithmetic Third>
Run chain_of(unsigned scalars) {
  if (scalars != 4) {
    return nullptr;
  }
  return [](const Instruction& i, float* const* at, const Extent& extent) HWY_ATTR {
    loop<4, 4>(i, at, extent.count, [](const Operands& v) HWY_ATTR {
      return apply<Third>(apply<Second>(apply<First>(v.a, v.b), v.c), v.e);
    });
  };
}

Run find_chain(const Code& code) {
  using enum Arithmetic;
  if (code.second != multiply) {
    return nullptr;
  }
  const unsigned s = code.scalars;
  switch (code.first) {
    case add: return code.third == add ? chain_of<add, multiply, add>(s)
                     : code.third == reverse_subtract ? chain_of<add, multiply, reverse_subtract>(s) : nullptr;
    case subtract: return code.third == add ? chain_of<subtract, multiply, add>(s)
                          : code.third == reverse_subtract ? chain_of<subtract, multiply, reverse_subtract>(s) : nullptr;
    case multiply: return code.third == add ? chain_of<multiply, multiply, add>(s)
                          : code.third == reverse_subtract ? chain_of<multiply, multiply, reverse_subtract>(s) : nullptr;
    default: return nullptr;
  }
}

/// a b + c e and a b - c e, each factor b and e perhaps a scalar.
template <Arithmetic Third, unsigned Scalars>
Run tree_with() {
  return [](const Instruction& i, float* const* at, const Extent& extent) HWY_ATTR {
    loop<Scalars, 4>(i, at, extent.count,
                     [](const Operands& v) HWY_ATTR { return apply<Third>(hn::Mul(v.a, v.b), hn::Mul(v.c, v.e)); });
  };
}

template <Arithmetic Third>
Run tree_of(unsigned scalars) {
  switch (scalars) {
    case 0: return tree_with<Third, 0>();
    case 2: return tree_with<Third, 2>();
    case 8: return tree_with<Third, 8>();
    case 10: return tree_with<Third, 10>();
    default: return nullptr;
  }
}

Run find_tree(const Code& code) {
  if (code.first != Arithmetic::multiply || code.second != Arithmetic::multiply) {
    return nullptr;
  }
  switch (code.third) {
    case Arithmetic::add: return tree_of<Arithmetic::add>(code.scalars);
    case Arithmetic::subtract: return tree_of<Arithmetic::subtract>(code.scalars);
    default: return nullptr;
  }
}

template <unsigned Scalars>
Run select_with() {
  return [](const Instruction& i, float* const* at, const Extent& extent) HWY_ATTR {
    loop<Scalars, 3>(i, at, extent.count,
                     [](const Operands& v) HWY_ATTR { return hn::IfThenElse(hn::Eq(v.a, set(0)), v.c, v.b); });
  };
}

Run find_select(unsigned scalars) {
  switch (scalars) {
    case 0: return select_with<0>();
    case 1: return select_with<1>();
    case 2: return select_with<2>();
    case 3: return select_with<3>();
    case 4: return select_with<4>();
    case 5: return select_with<5>();
    case 6: return select_with<6>();
    default: return nullptr;
  }
}

template <Arithmetic Product>
Run error_of() {
  return [](const Instruction& i, float* const* at, const Extent& extent) HWY_ATTR {
    loop<0, 3>(i, at, extent.count, [](const Operands& v) HWY_ATTR {
      const Vector error = hn::Sub(v.a, v.b);
      return Pair{error, apply<Product>(error, v.c)};
    });
  };
}

template <Activation A, Arithmetic Product, int Sources>
Run activation_error_of() {
  return [](const Instruction& i, float* const* at, const Extent& extent) HWY_ATTR {
    loop<0, Sources>(i, at, extent.count, [](const Operands& v) HWY_ATTR {
      const Pair pair = activate<A>(Sources == 3 ? hn::Add(v.b, v.c) : v.b);
      const Vector error = hn::Sub(v.a, pair.value);
      return Pair{error, apply<Product>(error, pair.slope)};
    });
  };
}

template <Arithmetic Product, int Sources>
Run find_activation_error(Activation activation) {
  switch (activation) {
    case Activation::relu: return activation_error_of<Activation::relu, Product, Sources>();
    case Activation::leaky_relu: return activation_error_of<Activation::leaky_relu, Product, Sources>();
    case Activation::gelu: return activation_error_of<Activation::gelu, Product, Sources>();
    case Activation::gelu_erf: return activation_error_of<Activation::gelu_erf, Product, Sources>();
    case Activation::tanh: return activation_error_of<Activation::tanh, Product, Sources>();
    case Activation::sigmoid: return activation_error_of<Activation::sigmoid, Product, Sources>();
    case Activation::silu: return activation_error_of<Activation::silu, Product, Sources>();
    case Activation::softplus: return activation_error_of<Activation::softplus, Product, Sources>();
    case Activation::hard_tanh: return activation_error_of<Activation::hard_tanh, Product, Sources>();
    case Activation::elu: return activation_error_of<Activation::elu, Product, Sources>();
    case Activation::identity:
    case Activation::count: break;
  }
  return nullptr;
}

template <int Sources>
Run find_activation_error(const Code& code) {
  return code.second == Arithmetic::multiply ? find_activation_error<Arithmetic::multiply, Sources>(code.activation)
                                             : find_activation_error<Arithmetic::negative_multiply, Sources>(code.activation);
}

void root_quotient(const Instruction& i, float* const* at, const Extent& extent) {
  loop<0b1010, 5>(i, at, extent.count, [](const Operands& v) HWY_ATTR {
    return hn::Div(hn::Mul(v.a, v.b), hn::Add(hn::Sqrt(hn::Mul(v.c, v.e)), v.f));
  });
}

// ---- rows and columns ----------------------------------------------------------------------------------------------

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

Run find(const Code& code) {
  switch (code.family) {
    case Family::function: return find_function(code.function);
    case Family::activation: return find_activation<1, 1>(code.activation);
    case Family::slope: return find_activation<2, 1>(code.activation);
    case Family::activation_pair: return find_activation<3, 1>(code.activation);
    case Family::activation_sum: return find_activation<1, 2>(code.activation);
    case Family::slope_sum: return find_activation<2, 2>(code.activation);
    case Family::pair_sum: return find_activation<3, 2>(code.activation);
    case Family::binary: return find_binary(code);
    case Family::ternary: return find_ternary(code);
    case Family::chain: return find_chain(code);
    case Family::tree: return find_tree(code);
    case Family::select: return find_select(code.scalars);
    case Family::error:
      return code.second == Arithmetic::multiply ? error_of<Arithmetic::multiply>() : error_of<Arithmetic::negative_multiply>();
    case Family::activation_error: return find_activation_error<2>(code);
    case Family::error_of_sum: return find_activation_error<3>(code);
    case Family::root_quotient: return code.scalars == 0b11010 ? root_quotient : nullptr;
    case Family::sum_rows: return sum_rows;
    case Family::dot_rows: return dot_rows;
    case Family::max_rows: return max_rows;
    case Family::logsumexp_rows: return logsumexp_rows;
    case Family::spread_rows: return spread_rows;
    case Family::sum_columns: return sum_columns;
    case Family::repeat_columns: return repeat_columns;
  }
  return nullptr;
}

}  // namespace
}  // namespace pcxx::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pcxx::cpu {

HWY_EXPORT(find);

InstructionFunction find_instruction(const Code& code) { return HWY_DYNAMIC_DISPATCH(find)(code); }

}  // namespace pcxx::cpu
#endif

/// The instructions of elementwise kernels, once for every instruction set.
#include "backend/cpu/elementwise_instruction.h"

#include <cmath>

#include "backend/cpu/vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/elementwise_instruction.cpp"
#include "hwy/foreach_target.h"
// (foreach_target comes before highway, as Highway asks)
#include "hwy/highway.h"

#include "backend/cpu/elementwise_loop-inl.h"
#include "backend/cpu/elementwise_rows-inl.h"
#include "backend/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pcxx::cpu::HWY_NAMESPACE {
namespace {

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

// ---- choice --------------------------------------------------------------------------------------------------------

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

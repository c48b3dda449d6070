/// Elementwise operations: arithmetic, comparison, selection. Shape rules and gradients.
#include <algorithm>

#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"
#include "tensor/rules.h"

namespace pcxx {
namespace {

// --- shape rules: apply_elementwise() has broadcast the operands to one shape before

template <DType dtype>
void infer_as_first(const Graph& graph, Expression& e) {
  e.shape = graph[e.operands[0]].shape;
  e.dtype = dtype;
}

void infer_select(const Graph& graph, Expression& e) {
  infer_as_first<DType::real>(graph, e);
  const DType condition = graph[e.operands[0]].dtype;
  if (condition != DType::boolean) {
    throw ShapeError("[select] the condition is " + std::string(to_string(condition)) +
                     "; expected a comparison's result (boolean)");
  }
}

/// Returns the shape to which all operands broadcast, as in NumPy.
Shape broadcast_shape(Op op, const std::vector<Tensor>& operands) {
  std::vector<Size> extents;
  for (const Tensor& operand : operands) {
    extents.resize(std::max(extents.size(), operand.shape().extents().size()), 1);
  }
  for (const Tensor& operand : operands) {
    const auto& own = operand.shape().extents();
    for (std::size_t i = 0; i < own.size(); ++i) {
      Size& extent = extents[extents.size() - own.size() + i];
      if (own[i] != extent && own[i] != 1 && extent != 1) {
        std::string shapes;
        for (const Tensor& each : operands) {
          shapes += (shapes.empty() ? "" : " and ") + to_string(each.shape());
        }
        throw ShapeError("[" + std::string(to_string(op)) + "] shapes " + shapes +
                         " do not fit; expected equal extents, or 1, counted from the last axis");
      }
      extent = extent == 1 ? own[i] : extent;
    }
  }
  return Shape(extents);
}

Tensor apply_elementwise(Op op, std::vector<Tensor> operands, Attributes attributes = {}) {
  const Shape shape = broadcast_shape(op, operands);
  const auto like = std::find_if(operands.begin(), operands.end(), [](const Tensor& t) { return t.graph() != nullptr; });
  for (Tensor& operand : operands) {
    if (operand.graph() == nullptr && like != operands.end()) {
      operand = constant_like(*like, operand.constant(), shape);
    } else if (operand.graph() != nullptr && operand.shape() != shape) {
      operand = broadcast(operand, shape);
    }
  }
  return apply(op, std::move(operands), std::move(attributes));
}

/// An operation between two plain numbers stays a plain number.
bool plain(const Tensor& a, const Tensor& b) { return a.graph() == nullptr && b.graph() == nullptr; }

// --- gradients

using Gradients = std::vector<Tensor>;
using In = const GradientInput&;

Gradients no_gradient(In in) { return Gradients(in.operands.size(), Tensor(0.0)); }

/// d x^p / dx = p x^(p-1), but 0 everywhere for p = 0, also at x = 0.
Tensor slope_of_power(const Tensor& x, const Tensor& p) {
  const Expression& exponent = (*p.graph())[p.id()];
  const Tensor slope = p * power(x, p - 1.0);
  const bool never_zero = exponent.op == Op::constant && exponent.attributes.reals[0] != 0;
  return never_zero ? slope : select(equal(p, 0.0), 0.0, slope);
}

const OperationRule kRules[] = {
    {Op::negate, "negate", 1, infer_as_first<DType::real>, [](In in) { return Gradients{-in.cotangent}; }},
    {Op::exp, "exp", 1, infer_as_first<DType::real>, [](In in) { return Gradients{in.cotangent * in.output}; }},
    {Op::log, "log", 1, infer_as_first<DType::real>, [](In in) { return Gradients{in.cotangent / in.operands[0]}; }},
    {Op::sqrt, "sqrt", 1, infer_as_first<DType::real>,
     [](In in) { return Gradients{in.cotangent * 0.5 / in.output}; }},
    {Op::abs, "abs", 1, infer_as_first<DType::real>, [](In in) { return Gradients{in.cotangent * sign(in.operands[0])}; }},
    {Op::sign, "sign", 1, infer_as_first<DType::real>, no_gradient},
    {Op::floor, "floor", 1, infer_as_first<DType::real>, no_gradient},
    {Op::sin, "sin", 1, infer_as_first<DType::real>, [](In in) { return Gradients{in.cotangent * cos(in.operands[0])}; }},
    {Op::cos, "cos", 1, infer_as_first<DType::real>, [](In in) { return Gradients{-(in.cotangent * sin(in.operands[0]))}; }},
    // [erf_entry]
    {Op::erf, "erf", 1, infer_as_first<DType::real>,
     [](In in) {  // erf' = 2 / sqrt(pi) exp(-x^2)
       return Gradients{in.cotangent * (1.1283791670955126 * exp(-square(in.operands[0])))};
     }},
    // [/erf_entry]
    {Op::logical_not, "logical_not", 1, infer_as_first<DType::boolean>, no_gradient},
    {Op::add, "add", 2, infer_as_first<DType::real>, [](In in) { return Gradients{in.cotangent, in.cotangent}; }},
    {Op::subtract, "subtract", 2, infer_as_first<DType::real>,
     [](In in) { return Gradients{in.cotangent, -in.cotangent}; }},
    {Op::multiply, "multiply", 2, infer_as_first<DType::real>,
     [](In in) { return Gradients{in.cotangent * in.operands[1], in.cotangent * in.operands[0]}; }},
    {Op::divide, "divide", 2, infer_as_first<DType::real>,
     [](In in) {
       const Tensor scaled = in.cotangent / in.operands[1];
       return Gradients{scaled, -(scaled * in.output)};
     }},
    {Op::maximum, "maximum", 2, infer_as_first<DType::real>,
     [](In in) {
       const Tensor first = in.operands[0] >= in.operands[1];
       return Gradients{select(first, in.cotangent, 0.0), select(first, 0.0, in.cotangent)};
     }},
    {Op::minimum, "minimum", 2, infer_as_first<DType::real>,
     [](In in) {
       const Tensor first = in.operands[0] <= in.operands[1];
       return Gradients{select(first, in.cotangent, 0.0), select(first, 0.0, in.cotangent)};
     }},
    {Op::power, "power", 2, infer_as_first<DType::real>,
     [](In in) {
       const Tensor &x = in.operands[0], &p = in.operands[1];
       const Tensor logarithm = log(select(x <= 0.0, 1.0, x));  // 0 at and below 0, where d/dp is no number
       return Gradients{in.cotangent * slope_of_power(x, p), in.cotangent * (in.output * logarithm)};
     }},
    {Op::less, "less", 2, infer_as_first<DType::boolean>, no_gradient},
    {Op::less_equal, "less_equal", 2, infer_as_first<DType::boolean>, no_gradient},
    {Op::equal, "equal", 2, infer_as_first<DType::boolean>, no_gradient},
    {Op::select, "select", 3, infer_select,
     [](In in) {
       return Gradients{0.0, select(in.operands[0], in.cotangent, 0.0), select(in.operands[0], 0.0, in.cotangent)};
     }},
    {Op::stop_gradient, "stop_gradient", 1, infer_as_first<DType::real>, no_gradient},
};

}  // namespace

std::span<const OperationRule> elementwise_rules() { return kRules; }

Tensor operator+(const Tensor& a, const Tensor& b) {
  return plain(a, b) ? Tensor(a.constant() + b.constant()) : apply_elementwise(Op::add, {a, b});
}
Tensor operator-(const Tensor& a, const Tensor& b) {
  return plain(a, b) ? Tensor(a.constant() - b.constant()) : apply_elementwise(Op::subtract, {a, b});
}
Tensor operator*(const Tensor& a, const Tensor& b) {
  return plain(a, b) ? Tensor(a.constant() * b.constant()) : apply_elementwise(Op::multiply, {a, b});
}
Tensor operator/(const Tensor& a, const Tensor& b) {
  return plain(a, b) ? Tensor(a.constant() / b.constant()) : apply_elementwise(Op::divide, {a, b});
}
Tensor operator-(const Tensor& x) { return x.graph() ? apply(Op::negate, {x}) : Tensor(-x.constant()); }

Tensor maximum(const Tensor& a, const Tensor& b) { return apply_elementwise(Op::maximum, {a, b}); }
Tensor minimum(const Tensor& a, const Tensor& b) { return apply_elementwise(Op::minimum, {a, b}); }
Tensor power(const Tensor& base, const Tensor& exponent) { return apply_elementwise(Op::power, {base, exponent}); }
Tensor square(const Tensor& x) { return x * x; }
Tensor abs(const Tensor& x) { return apply(Op::abs, {x}); }
Tensor sign(const Tensor& x) { return apply(Op::sign, {x}); }
Tensor floor(const Tensor& x) { return apply(Op::floor, {x}); }
Tensor exp(const Tensor& x) { return apply(Op::exp, {x}); }
Tensor log(const Tensor& x) { return apply(Op::log, {x}); }
Tensor sqrt(const Tensor& x) { return apply(Op::sqrt, {x}); }
Tensor sin(const Tensor& x) { return apply(Op::sin, {x}); }
Tensor cos(const Tensor& x) { return apply(Op::cos, {x}); }
// [erf]
Tensor erf(const Tensor& x) { return apply(Op::erf, {x}); }
// [/erf]

Tensor operator<(const Tensor& a, const Tensor& b) { return apply_elementwise(Op::less, {a, b}); }
Tensor operator<=(const Tensor& a, const Tensor& b) { return apply_elementwise(Op::less_equal, {a, b}); }
Tensor operator>(const Tensor& a, const Tensor& b) { return b < a; }
Tensor operator>=(const Tensor& a, const Tensor& b) { return b <= a; }
Tensor equal(const Tensor& a, const Tensor& b) { return apply_elementwise(Op::equal, {a, b}); }
Tensor operator!(const Tensor& x) { return apply(Op::logical_not, {x}); }
Tensor operator&&(const Tensor& a, const Tensor& b) { return !(!a || !b); }
Tensor operator||(const Tensor& a, const Tensor& b) { return !equal(a + b, 0.0); }
Tensor select(const Tensor& condition, const Tensor& yes, const Tensor& no) {
  return apply_elementwise(Op::select, {condition, yes, no});
}

Tensor stop_gradient(const Tensor& x) { return x.graph() ? apply(Op::stop_gradient, {x}) : x; }

}  // namespace pcxx

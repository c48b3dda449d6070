/// Activations and their derivatives. An activation and its derivative are one operation each, so that a backend can
/// share the transcendental between them; the derivative of a derivative is written in elementary operations.
#include <cmath>
#include <numbers>

#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"
#include "tensor/rules.h"

namespace pcxx {
namespace {

constexpr std::string_view kNames[] = {"identity", "relu", "leaky_relu", "gelu",     "gelu_erf",  "tanh",
                                       "sigmoid",  "silu", "softplus",   "hard_tanh", "elu"};
static_assert(std::size(kNames) == static_cast<std::size_t>(Activation::count));

Tensor apply_activation(Op op, Activation kind, const Tensor& x) { return apply(op, {x}, {{static_cast<Size>(kind)}, {}}); }

Tensor activation(Activation kind, const Tensor& x) { return apply_activation(Op::activation, kind, x); }

/// gelu'' for the tanh form: with s = sqrt(2/pi) (x + c x^3) and t = tanh s,
/// gelu = x (1 + t) / 2, gelu' = (1 + t) / 2 + x t' / 2, gelu'' = t' + x t'' / 2.
Tensor gelu_second(const Tensor& x) {
  const double k = std::sqrt(2 / std::numbers::pi), c = 0.044715;
  const Tensor t = tanh(k * (x + c * (x * x * x)));
  const Tensor s1 = k * (1.0 + 3 * c * (x * x)), s2 = (6 * k * c) * x;
  const Tensor t1 = (1.0 - t * t) * s1;
  const Tensor t2 = (1.0 - t * t) * (s2 - 2.0 * (t * s1 * s1));
  return t1 + 0.5 * (x * t2);
}

/// Returns the second derivative in elementary operations.
Tensor second_derivative(Activation kind, const Tensor& x) {
  switch (kind) {
    case Activation::identity:
    case Activation::relu:
    case Activation::leaky_relu:
    case Activation::hard_tanh:
    case Activation::count: return constant_like(x, 0, x.shape());
    case Activation::gelu: return gelu_second(x);
    case Activation::gelu_erf:  // density (2 - x^2)
      return (1 / std::sqrt(2 * std::numbers::pi)) * exp(-0.5 * square(x)) * (2.0 - square(x));
    case Activation::tanh: {
      const Tensor t = tanh(x);
      return -2.0 * (t * (1.0 - t * t));
    }
    case Activation::sigmoid: {
      const Tensor s = sigmoid(x);
      return s * (1.0 - s) * (1.0 - 2.0 * s);
    }
    case Activation::silu: {  // 2 s' + x s''
      const Tensor s = sigmoid(x), s1 = s * (1.0 - s);
      return 2.0 * s1 + x * s1 * (1.0 - 2.0 * s);
    }
    case Activation::softplus: {
      const Tensor s = sigmoid(x);
      return s * (1.0 - s);
    }
    case Activation::elu: return select(x < 0.0, exp(minimum(x, 0.0)), 0.0);
  }
  return constant_like(x, 0, x.shape());
}

void infer(const Graph& graph, Expression& e) { e.shape = graph[e.operands[0]].shape; }

Activation kind_of(const Tensor& output) {
  return static_cast<Activation>((*output.graph())[output.id()].attributes.integers[0]);
}

const OperationRule kRules[] = {
    {Op::activation, "activation", 1, infer,
     [](const GradientInput& in) {
       return std::vector<Tensor>{
           in.cotangent * apply_activation(Op::activation_derivative, kind_of(in.output), in.operands[0])};
     }},
    {Op::activation_derivative, "activation_derivative", 1, infer,
     [](const GradientInput& in) {
       return std::vector<Tensor>{in.cotangent * second_derivative(kind_of(in.output), in.operands[0])};
     }},
};

}  // namespace

std::span<const OperationRule> activation_rules() { return kRules; }

std::string_view to_string(Activation kind) { return kNames[static_cast<std::size_t>(kind)]; }

std::vector<std::string_view> activation_names() { return {std::begin(kNames), std::end(kNames)}; }

Tensor activate(std::string_view name, const Tensor& x) {
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == name) {
      return i == 0 ? x : activation(static_cast<Activation>(i), x);
    }
  }
  std::string known;
  for (const std::string_view each : kNames) {
    known += (known.empty() ? "" : ", ") + std::string(each);
  }
  throw NameError("[activation] unknown name '" + std::string(name) + "'; known: " + known);
}

Tensor relu(const Tensor& x) { return activation(Activation::relu, x); }
Tensor leaky_relu(const Tensor& x) { return activation(Activation::leaky_relu, x); }
Tensor gelu(const Tensor& x) { return activation(Activation::gelu, x); }
Tensor gelu_erf(const Tensor& x) { return activation(Activation::gelu_erf, x); }
Tensor tanh(const Tensor& x) { return activation(Activation::tanh, x); }
Tensor sigmoid(const Tensor& x) { return activation(Activation::sigmoid, x); }
Tensor silu(const Tensor& x) { return activation(Activation::silu, x); }
Tensor softplus(const Tensor& x) { return activation(Activation::softplus, x); }
Tensor hard_tanh(const Tensor& x) { return activation(Activation::hard_tanh, x); }
Tensor elu(const Tensor& x) { return activation(Activation::elu, x); }

}  // namespace pcxx

/// Activations of the reference backend and their first derivatives.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "backend/reference/operations.h"

namespace pcxx::reference {
namespace {

// A NaN goes through every activation: comparisons are written so that it falls into the branch that returns x.

template <class T>
T relu(T x) {
  return x <= 0 ? T(0) : x;
}
template <class T>
T relu_derivative(T x) {  // 0 at 0
  return x > 0 ? T(1) : T(0);
}

template <class T>
T leaky_relu(T x) {
  return x < 0 ? T(0.01) * x : x;
}
template <class T>
T leaky_relu_derivative(T x) {  // 1 at 0
  return x < 0 ? T(0.01) : T(1);
}

/// x (1 + t) / 2 with t = tanh(k (x + c x^3)).
template <class T>
T gelu(T x) {
  const T k = static_cast<T>(std::sqrt(2 / std::numbers::pi)), c = T(0.044715);
  return T(0.5) * x * (1 + std::tanh(k * (x + c * x * x * x)));
}
/// (1 + t) / 2 + x (1 - t^2) k (1 + 3 c x^2) / 2.
template <class T>
T gelu_derivative(T x) {
  const T k = static_cast<T>(std::sqrt(2 / std::numbers::pi)), c = T(0.044715);
  const T t = std::tanh(k * (x + c * x * x * x));
  return T(0.5) * (1 + t) + T(0.5) * x * (1 - t * t) * k * (1 + 3 * c * x * x);
}

/// x times the normal distribution function.
template <class T>
T gelu_erf(T x) {
  return T(0.5) * x * (1 + std::erf(x / std::numbers::sqrt2_v<T>));
}
/// The distribution function plus x times the density.
template <class T>
T gelu_erf_derivative(T x) {
  const T density = std::exp(T(-0.5) * x * x) * static_cast<T>(1 / std::sqrt(2 * std::numbers::pi));
  return T(0.5) * (1 + std::erf(x / std::numbers::sqrt2_v<T>)) + x * density;
}

template <class T>
T hyperbolic_tangent(T x) {
  return std::tanh(x);
}
template <class T>
T tanh_derivative(T x) {
  const T t = std::tanh(x);
  return 1 - t * t;
}

/// Never exponentiates a positive number, so nothing overflows.
template <class T>
T sigmoid(T x) {
  const T e = std::exp(-std::abs(x));
  return (x >= 0 ? T(1) : e) / (1 + e);
}
template <class T>
T sigmoid_derivative(T x) {
  const T e = std::exp(-std::abs(x));
  return e / ((1 + e) * (1 + e));
}

template <class T>
T silu(T x) {
  return x * sigmoid(x);
}
template <class T>
T silu_derivative(T x) {
  return sigmoid(x) + x * sigmoid_derivative(x);
}

/// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|).
template <class T>
T softplus(T x) {
  return (x <= 0 ? T(0) : x) + std::log1p(std::exp(-std::abs(x)));
}
template <class T>
T softplus_derivative(T x) {
  return sigmoid(x);
}

template <class T>
T hard_tanh(T x) {
  return x < -1 ? T(-1) : x > 1 ? T(1) : x;
}
template <class T>
T hard_tanh_derivative(T x) {  // 1 at -1 and 1
  return x >= -1 && x <= 1 ? T(1) : T(0);
}

template <class T>
T elu(T x) {
  return x < 0 ? std::expm1(x) : x;
}
template <class T>
T elu_derivative(T x) {
  return x < 0 ? std::exp(x) : T(1);
}

template <class T>
T identity(T x) {
  return x;
}
template <class T>
T one(T) {
  return T(1);
}

template <class T>
struct Pair {
  Activation kind;
  T (*value)(T x);
  T (*derivative)(T x);
};

template <class T>
const Pair<T>& pair_of(const Job<T>& job) {
  static const Pair<T> pairs[] = {
      {Activation::identity, identity<T>, one<T>},
      {Activation::relu, relu<T>, relu_derivative<T>},
      {Activation::leaky_relu, leaky_relu<T>, leaky_relu_derivative<T>},
      {Activation::gelu, gelu<T>, gelu_derivative<T>},
      {Activation::gelu_erf, gelu_erf<T>, gelu_erf_derivative<T>},
      {Activation::tanh, hyperbolic_tangent<T>, tanh_derivative<T>},
      {Activation::sigmoid, sigmoid<T>, sigmoid_derivative<T>},
      {Activation::silu, silu<T>, silu_derivative<T>},
      {Activation::softplus, softplus<T>, softplus_derivative<T>},
      {Activation::hard_tanh, hard_tanh<T>, hard_tanh_derivative<T>},
      {Activation::elu, elu<T>, elu_derivative<T>},
  };
  static_assert(std::size(pairs) == static_cast<std::size_t>(Activation::count));
  const auto kind = static_cast<Activation>(job.expression.attributes.integers[0]);
  return *std::find_if(std::begin(pairs), std::end(pairs), [&](const Pair<T>& each) { return each.kind == kind; });
}

template <class T>
void activation(const Job<T>& job) {
  const auto x = job.operands[0].numbers;
  std::transform(x.begin(), x.end(), job.result.begin(), pair_of(job).value);
}

template <class T>
void activation_derivative(const Job<T>& job) {
  const auto x = job.operands[0].numbers;
  std::transform(x.begin(), x.end(), job.result.begin(), pair_of(job).derivative);
}

}  // namespace

template <class T>
std::span<const Function<T>> activation_functions() {
  static const Function<T> table[] = {
      {Op::activation, activation<T>},
      {Op::activation_derivative, activation_derivative<T>},
  };
  return table;
}

template std::span<const Function<float>> activation_functions();
template std::span<const Function<double>> activation_functions();

}  // namespace pcxx::reference

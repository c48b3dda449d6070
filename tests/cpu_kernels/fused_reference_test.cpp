/// Plain f64 loops of what a fused kernel means, and checks of them where the answer is known by heart.
#include "cpu_kernels/fused_reference.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace pcxx::cpu {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const double kRoot = std::sqrt(2 / std::acos(-1.0));

double logistic(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
double gelu_argument(double x) { return 2 * kRoot * (x + 0.044715 * x * x * x); }
double normal(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

/// a b, where 0 times infinity is the limit 0.
double vanishing(double a, double b) { return a == 0 || b == 0 ? 0 : a * b; }

std::size_t at(Size i) { return static_cast<std::size_t>(i); }

double nan_or(double a, double b, double chosen) { return std::isnan(a) || std::isnan(b) ? a + b : chosen; }

}  // namespace

double activation(Activation kind, double x) {
  switch (kind) {
    case Activation::identity: return x;
    case Activation::relu: return nan_or(x, 0, x > 0 ? x : 0);
    case Activation::leaky_relu: return x >= 0 ? x : 0.01 * x;
    case Activation::gelu: return vanishing(x, logistic(gelu_argument(x)));
    case Activation::gelu_erf: return vanishing(x, normal(x));
    case Activation::tanh: return std::tanh(x);
    case Activation::sigmoid: return logistic(x);
    case Activation::silu: return vanishing(x, logistic(x));
    case Activation::softplus: return nan_or(x, 0, std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))));
    case Activation::hard_tanh: return nan_or(x, 0, std::min(1.0, std::max(-1.0, x)));
    case Activation::elu: return x > 0 ? x : std::expm1(x);
    case Activation::count: break;
  }
  return 0;
}

double activation_derivative(Activation kind, double x) {
  switch (kind) {
    case Activation::identity: return 1;
    case Activation::relu: return x > 0 ? 1 : 0;
    case Activation::leaky_relu: return x >= 0 ? 1 : 0.01;
    case Activation::gelu: {
      const double p = logistic(gelu_argument(x)), q = logistic(-gelu_argument(x));
      return p + vanishing(p * q, x * 2 * kRoot * (1 + 3 * 0.044715 * x * x));
    }
    case Activation::gelu_erf: return normal(x) + vanishing(std::exp(-x * x / 2), x) / std::sqrt(2 * std::acos(-1.0));
    case Activation::tanh: return 4 * logistic(2 * x) * logistic(-2 * x);
    case Activation::sigmoid: return logistic(x) * logistic(-x);
    case Activation::silu: return logistic(x) + vanishing(logistic(x) * logistic(-x), x);
    case Activation::softplus: return logistic(x);
    case Activation::hard_tanh: return std::abs(x) <= 1 ? 1 : 0;
    case Activation::elu: return x > 0 ? 1 : std::exp(x);
    case Activation::count: break;
  }
  return 0;
}

double elementwise(Op op, Activation kind, double x, double y, double z) {
  switch (op) {
    case Op::negate: return -x;
    case Op::exp: return std::exp(x);
    case Op::log: return std::log(x);
    case Op::sqrt: return std::sqrt(x);
    case Op::abs: return std::abs(x);
    case Op::sign: return x > 0 ? 1 : x < 0 ? -1 : x;
    case Op::floor: return std::floor(x);
    case Op::sin: return std::sin(x);
    case Op::cos: return std::cos(x);
    case Op::erf: return std::erf(x);
    case Op::logical_not: return 1 - static_cast<double>(x != 0);
    case Op::activation: return activation(kind, x);
    case Op::activation_derivative: return activation_derivative(kind, x);
    case Op::add: return x + y;
    case Op::subtract: return x - y;
    case Op::multiply: return x * y;
    case Op::divide: return x / y;
    case Op::maximum: return nan_or(x, y, std::max(x, y));
    case Op::minimum: return nan_or(x, y, std::min(x, y));
    case Op::power: return std::pow(x, y);
    case Op::less: return x < y ? 1 : 0;
    case Op::less_equal: return x <= y ? 1 : 0;
    case Op::equal: return x == y ? 1 : 0;
    case Op::select: return x != 0 ? y : z;
    default: ADD_FAILURE() << "not elementwise: " << to_string(op);
  }
  return 0;
}

namespace {

double reduce(Op op, const Doubles& x, Size row, Size columns) {
  double most = -kInfinity, sum = 0;
  for (Size c = 0; c < columns; ++c) {
    most = nan_or(most, x[at(row * columns + c)], std::max(most, x[at(row * columns + c)]));
    sum += x[at(row * columns + c)];
  }
  if (op != Op::logsumexp || std::isinf(most)) {
    return op == Op::sum ? sum : most;
  }
  sum = 0;
  for (Size c = 0; c < columns; ++c) {
    sum += std::exp(x[at(row * columns + c)] - most);
  }
  return most + std::log(sum);
}

Doubles spread(Access access, const Doubles& from, Size rows, Size columns) {
  Doubles full(at(rows * columns));
  for (Size r = 0; r < rows; ++r) {
    for (Size c = 0; c < columns; ++c) {
      const Size from_index = access == Access::full ? r * columns + c : access == Access::per_row ? r
                              : access == Access::per_column ? c : 0;
      full[at(r * columns + c)] = from[at(from_index)];
    }
  }
  return full;
}

Doubles run_step(const FusedStep& step, const std::vector<Doubles>& slots, Size rows, Size columns) {
  Doubles result(at(rows * columns), step.value);
  const auto operand = [&](std::size_t i, Size element) {
    return i < step.operands.size() ? slots[at(step.operands[i])][at(element)] : 0.0;
  };
  if (step.op == Op::sum || step.op == Op::max || step.op == Op::logsumexp) {
    for (Size r = 0; r < rows; ++r) {
      std::fill_n(result.begin() + r * columns, columns, reduce(step.op, slots[at(step.operands[0])], r, columns));
    }
  } else if (step.op != Op::constant) {
    for (Size i = 0; i < rows * columns; ++i) {
      result[at(i)] = elementwise(step.op, step.activation, operand(0, i), operand(1, i), operand(2, i));
    }
  }
  return result;
}

}  // namespace

std::vector<Doubles> run_reference(const FusedKernel& kernel, Size rows, const std::vector<Doubles>& inputs) {
  const Size columns = kernel.columns;
  std::vector<Doubles> slots;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    slots.push_back(spread(kernel.inputs[i], inputs[i], rows, columns));
  }
  for (const FusedStep& step : kernel.steps) {
    slots.push_back(run_step(step, slots, rows, columns));
  }
  std::vector<Doubles> outputs;
  for (const FusedOutput& output : kernel.outputs) {
    const Doubles& from = slots[at(output.slot)];
    Doubles to(at(output.kind == OutputKind::full ? rows * columns : output.kind == OutputKind::per_row ? rows : columns), 0.0);
    for (Size i = 0; i < rows * columns; ++i) {
      switch (output.kind) {
        case OutputKind::full: to[at(i)] = from[at(i)]; break;
        case OutputKind::per_row: to[at(i / columns)] = from[at(i)]; break;
        case OutputKind::sample_sum: to[at(i % columns)] += from[at(i)]; break;
      }
    }
    outputs.push_back(std::move(to));
  }
  return outputs;
}

TEST(FusedReference, KnowsValuesByHeart) {
  EXPECT_DOUBLE_EQ(activation(Activation::gelu, 1.0), 0.5 * (1 + std::tanh(kRoot * 1.044715)));
  EXPECT_DOUBLE_EQ(activation(Activation::gelu_erf, 1.0), 0.5 * (1 + std::erf(std::sqrt(0.5))));
  EXPECT_EQ(activation_derivative(Activation::leaky_relu, 0), 1);
  EXPECT_EQ(activation_derivative(Activation::relu, 0), 0);
  EXPECT_EQ(activation_derivative(Activation::hard_tanh, -1), 1);
  for (int kind = 0; kind < static_cast<int>(Activation::count); ++kind) {
    const auto which = static_cast<Activation>(kind);
    for (const double x : {-3.7, -0.6, -0.2, 0.3, 0.8, 2.9}) {  // away from kinks
      const double step = 1e-6, slope = (activation(which, x + step) - activation(which, x - step)) / (2 * step);
      EXPECT_NEAR(activation_derivative(which, x), slope, 1e-8) << to_string(which) << " at " << x;
    }
  }
}

}  // namespace pcxx::cpu

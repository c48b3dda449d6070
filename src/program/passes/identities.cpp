/// The identities: what an operation on simplified operands is equal to. Values are taken to be finite.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "program/passes/rewrite.h"
#include "tensor/rules.h"
#include "tensor/windows.h"

namespace pcxx {
namespace {

using Result = std::optional<ExpressionId>;

std::optional<double> constant_of(const Graph& graph, ExpressionId id) {
  const Expression& e = graph[id];
  return e.op == Op::constant ? std::optional(e.attributes.reals[0]) : std::nullopt;
}

bool power_of_two(double value) {
  int exponent = 0;
  return std::abs(std::frexp(value, &exponent)) == 0.5;
}

/// Returns the value of an operation that IEEE arithmetic rounds correctly, in the precision of its operands.
template <class T>
std::optional<T> computed(Op op, const std::vector<T>& x) {
  switch (op) {
    case Op::negate: return -x[0];
    case Op::sqrt: return std::sqrt(x[0]);
    case Op::abs: return std::abs(x[0]);
    case Op::floor: return std::floor(x[0]);
    case Op::logical_not: return T(x[0] != 0 ? 0 : 1);
    case Op::add: return x[0] + x[1];
    case Op::subtract: return x[0] - x[1];
    case Op::multiply: return x[0] * x[1];
    case Op::divide: return x[0] / x[1];
    case Op::maximum: return std::max(x[0], x[1]);
    case Op::minimum: return std::min(x[0], x[1]);
    case Op::less: return T(x[0] < x[1] ? 1 : 0);
    case Op::less_equal: return T(x[0] <= x[1] ? 1 : 0);
    case Op::equal: return T(x[0] == x[1] ? 1 : 0);
    default: return std::nullopt;
  }
}

/// Returns the value of an elementwise operation on numbers; nothing for those best left to a backend.
std::optional<double> folded(Op op, const std::vector<double>& x, Folding folding) {
  const auto value = computed(op, x);
  if (folding == Folding::exactly) {
    const auto single = computed(op, std::vector<float>(x.begin(), x.end()));
    return single && *single == static_cast<float>(*value) ? value : std::nullopt;
  }
  switch (op) {
    case Op::exp: return std::exp(x[0]);
    case Op::log: return std::log(x[0]);
    case Op::sin: return std::sin(x[0]);
    case Op::cos: return std::cos(x[0]);
    case Op::power: return std::pow(x[0], x[1]);
    default: return value;
  }
}

/// One identity a function; each returns nothing if it does not apply.
class Identities {
 public:
  Identities(Graph& graph, const Expression& e, Folding folding) : graph_(graph), e_(e), folding_(folding) {}

  Result apply() {
    if (const Result result = fold()) {
      return result;
    }
    switch (e_.op) {
      case Op::stop_gradient: return e_.operands[0];  // gradients have been taken
      case Op::negate: return of_negate();
      case Op::add: return of_add();
      case Op::subtract: return of_subtract();
      case Op::multiply: return of_multiply();
      case Op::divide: return of_divide();
      case Op::power: return of_power();
      case Op::select: return of_select();
      case Op::activation:
        return kind() == Activation::identity ? Result(e_.operands[0]) : std::nullopt;
      case Op::activation_derivative:
        return kind() == Activation::identity ? Result(constant(1)) : std::nullopt;
      case Op::reshape:
      case Op::broadcast: return of_view();
      case Op::transpose:
      case Op::slice: return moved_constant();
      case Op::pad:
      case Op::concat:
      case Op::gather:
      case Op::take_add:
      case Op::window_sum:
      case Op::window_spread: return zero_from_zeros();
      case Op::row:
      case Op::take: return moved_constant();
      case Op::set_row: return is(0, 0) && is(2, 0) ? Result(constant(0)) : std::nullopt;
      case Op::window_pick:
      case Op::window_route:
      case Op::scatter_add: return is(1, 0) ? Result(constant(0)) : std::nullopt;
      case Op::sum: return of_sum();
      case Op::batch_sum: return of_batch_sum();
      case Op::matmul:
      case Op::convolve:
      case Op::convolve_transposed:
      case Op::convolve_weight: return of_product();
      default: return std::nullopt;
    }
  }

 private:
  ExpressionId operand(int i) const { return e_.operands[static_cast<std::size_t>(i)]; }
  const Expression& at(int i) const { return graph_[operand(i)]; }
  bool is(int i, double value) const { return graph_.is_constant(operand(i), value); }
  Activation kind() const { return static_cast<Activation>(e_.attributes.integers[0]); }
  ExpressionId constant(double value) { return graph_.constant(value, e_.shape, e_.dtype); }
  ExpressionId make(Op op, std::vector<ExpressionId> operands) {
    Expression made{op, DType::real, Span::shared, e_.shape, std::move(operands), {}};
    return simplified(graph_, std::move(made), folding_);
  }

  Result fold() {
    std::vector<double> values;
    for (const ExpressionId id : e_.operands) {
      const auto value = constant_of(graph_, id);
      if (!value) {
        return std::nullopt;
      }
      values.push_back(*value);
    }
    const auto value = values.empty() ? std::nullopt : folded(e_.op, values, folding_);
    return value ? Result(constant(*value)) : std::nullopt;
  }

  Result of_negate() { return at(0).op == Op::negate ? Result(at(0).operands[0]) : std::nullopt; }

  Result of_add() {
    if (is(0, 0)) {
      return operand(1);
    }
    if (is(1, 0)) {
      return operand(0);
    }
    if (operand(0) == operand(1)) {
      return make(Op::multiply, {constant(2), operand(0)});
    }
    if (at(1).op == Op::negate) {
      return make(Op::subtract, {operand(0), at(1).operands[0]});
    }
    if (at(0).op == Op::negate) {
      return make(Op::subtract, {operand(1), at(0).operands[0]});
    }
    return std::nullopt;
  }

  // [subtract]
  Result of_subtract() {
    if (operand(0) == operand(1)) {
      return constant(0);  // the exact zero of an error after a forward start
    }
    if (is(1, 0)) {
      return operand(0);
    }
    if (is(0, 0)) {
      return make(Op::negate, {operand(1)});
    }
    if (at(1).op == Op::negate) {
      return make(Op::add, {operand(0), at(1).operands[0]});
    }
    return std::nullopt;
  }
  // [/subtract]

  Result of_multiply() {
    if (is(0, 0) || is(1, 0)) {
      return constant(0);
    }
    for (const int side : {0, 1}) {
      const ExpressionId other = operand(1 - side);
      if (is(side, 1)) {
        return other;
      }
      if (is(side, -1)) {
        return make(Op::negate, {other});
      }
      const auto outer = constant_of(graph_, operand(side));
      const Expression& inner = graph_[other];
      if (!outer || inner.op != Op::multiply) {
        continue;
      }
      for (const std::size_t place : {0, 1}) {  // two factors join where that is exact: one is a power of two
        const auto factor = constant_of(graph_, inner.operands[place]);
        if (factor && (power_of_two(*outer) || power_of_two(*factor))) {
          return make(Op::multiply, {constant(*outer * *factor), inner.operands[1 - place]});
        }
      }
    }
    return of_routed();
  }

  /// What is routed to the greatest of each window meets one element of it: route(x, g) h = route(x, g pick(x, h)), so that
  /// the product is made where the windows' results are, and h nowhere else. Exact where windows do not overlap.
  Result of_routed() {
    for (const int side : {0, 1}) {
      const Expression route = at(side);
      if (route.op != Op::window_route || !disjoint(windows_of(route))) {
        continue;
      }
      const ExpressionId cotangent = route.operands[1];
      const ExpressionId factor = picked(route, operand(1 - side));
      const ExpressionId product = like(cotangent, {Op::multiply, DType::real, Span::shared, {}, {cotangent, factor}, {}});
      return simplified(graph_, {route.op, route.dtype, Span::shared, route.shape, {route.operands[0], product}, route.attributes}, folding_);
    }
    return std::nullopt;
  }

  static bool disjoint(const Windows& windows) {
    for (std::size_t i = 0; i < windows.extents.size(); ++i) {
      if ((windows.extents[i] - 1) * windows.dilations[i] + 1 > windows.strides[i]) {
        return false;
      }
    }
    return true;
  }

  /// Returns the elements of `value` that a route writes to; functions of one operand are evaluated there alone.
  ExpressionId picked(const Expression& route, ExpressionId value) {
    const ExpressionId cotangent = route.operands[1];
    const Expression e = graph_[value];
    if (const auto number = constant_of(graph_, value)) {
      return graph_.constant(*number, graph_[cotangent].shape, e.dtype);
    }
    if (is_elementwise(e.op) && e.operands.size() == 1) {
      return like(cotangent, {e.op, e.dtype, Span::shared, {}, {picked(route, e.operands[0])}, e.attributes});
    }
    return like(cotangent, {Op::window_pick, e.dtype, Span::shared, {}, {route.operands[0], value}, route.attributes});
  }

  /// Returns an expression with the shape of another.
  ExpressionId like(ExpressionId other, Expression e) {
    e.shape = graph_[other].shape;
    return simplified(graph_, std::move(e), folding_);
  }

  Result of_divide() {
    if (is(0, 0)) {
      return constant(0);
    }
    return is(1, 1) ? Result(operand(0)) : std::nullopt;
  }

  Result of_power() {
    if (is(1, 1)) {
      return operand(0);
    }
    return is(1, 2) && folding_ == Folding::freely ? Result(make(Op::multiply, {operand(0), operand(0)})) : std::nullopt;
  }

  Result of_select() {
    if (operand(1) == operand(2)) {
      return operand(1);
    }
    const auto condition = constant_of(graph_, operand(0));
    return condition ? Result(operand(*condition != 0 ? 1 : 2)) : std::nullopt;
  }

  /// A view of a view is a view; of a constant, a constant; of the same shape, nothing.
  Result of_view() {
    if (at(0).shape == e_.shape) {
      return operand(0);
    }
    if (const Result moved = moved_constant()) {
      return moved;
    }
    if (at(0).op == e_.op) {
      Expression joined = e_;
      joined.operands = {at(0).operands[0]};
      return simplified(graph_, std::move(joined), folding_);
    }
    return std::nullopt;
  }

  Result moved_constant() {
    const auto value = constant_of(graph_, operand(0));
    return value ? Result(constant(*value)) : std::nullopt;
  }

  Result zero_from_zeros() {
    const std::size_t data = e_.op == Op::gather ? 1 : e_.operands.size();
    const bool zeros = std::all_of(e_.operands.begin(), e_.operands.begin() + static_cast<std::ptrdiff_t>(data),
                                   [&](ExpressionId id) { return graph_.is_constant(id, 0); });
    return zeros ? Result(constant(0)) : std::nullopt;
  }

  Result of_sum() {
    const auto value = constant_of(graph_, operand(0));
    if (!value) {
      return std::nullopt;
    }
    const Size terms = std::accumulate(e_.attributes.integers.begin(), e_.attributes.integers.end(), Size{1},
                                       [&](Size n, Size axis) { return n * at(0).shape[axis]; });
    return constant(*value * static_cast<double>(terms));
  }

  ExpressionId times_samples(ExpressionId id) {
    const ExpressionId samples = graph_.intern({Op::batch_size, DType::real, Span::shared, {}, {}, {}});
    const ExpressionId spread = simplified(graph_, {Op::broadcast, DType::real, Span::shared, e_.shape, {samples}, {}}, folding_);
    return make(Op::multiply, {id, spread});
  }

  Result of_batch_sum() {  // substitution may have left a shared value: the same for each sample
    return at(0).span == Span::shared ? Result(is(0, 0) ? constant(0) : times_samples(operand(0))) : std::nullopt;
  }

  Result of_product() {
    if (is(0, 0) || is(1, 0)) {
      return constant(0);
    }
    if (sums_samples(e_) && at(0).span == Span::shared && at(1).span == Span::shared) {
      Expression single = e_;
      single.attributes = with_sample_sum(e_.op, std::move(single.attributes), false);
      return times_samples(simplified(graph_, std::move(single), folding_));
    }
    return std::nullopt;
  }

  Graph& graph_;
  const Expression& e_;
  Folding folding_;
};

Span span_of(const Graph& graph, const Expression& e) {
  switch (e.op) {
    case Op::constant:
    case Op::batch_size: return Span::shared;
    case Op::random_uniform:
    case Op::random_normal:
    case Op::random_bernoulli:
    case Op::symbol: return e.span;
    default: break;
  }
  if (sums_samples(e)) {
    return Span::shared;
  }
  const bool any = std::any_of(e.operands.begin(), e.operands.end(),
                               [&](ExpressionId id) { return graph[id].span == Span::per_sample; });
  return any ? Span::per_sample : Span::shared;
}

}  // namespace

ExpressionId simplified(Graph& graph, Expression e, Folding folding) {
  e.span = span_of(graph, e);
  if (const Result result = Identities(graph, e, folding).apply()) {
    return *result;
  }
  return graph.intern(std::move(e));
}

}  // namespace pcxx

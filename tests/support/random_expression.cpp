/// Random expressions: a pool of tensors to which one operation after the other adds.
#include "support/random_expression.h"

#include <algorithm>
#include <cmath>

namespace pcxx::test {
namespace {

constexpr Size kMostElements = 40;

class Generator {
 public:
  Generator(Workbench& bench, ExpressionOptions options) : bench_(bench), options_(options) {}

  RandomExpression run() {
    for (int i = 0; i < 3; ++i) {
      pool_.push_back(variable(random_shape()));
    }
    for (int i = 0; i < options_.operations; ++i) {
      pool_.push_back(small(step()));
    }
    return {unread(), variables_};
  }

 private:
  Size below(Size bound) { return bench_.random().below(bound); }
  bool chance(double probability) { return bench_.random().uniform() < probability; }

  Shape random_shape() {
    static const Shape shapes[] = {{}, {3}, {5}, {2, 3}, {2, 5}, {1, 3}, {2, 1}, {3, 5}, {5, 3}, {2, 3, 1}};
    return shapes[below(std::size(shapes))];
  }

  Tensor variable(const Shape& shape) {
    variables_.push_back(bench_.variable(shape, chance(0.6) ? Span::per_sample : Span::shared));
    return variables_.back();
  }

  /// Returns a tensor of the pool, newer ones more often.
  Tensor pick() {
    const auto size = static_cast<Size>(pool_.size());
    const std::size_t at = static_cast<std::size_t>(std::max(below(size), below(size)));
    read_.push_back(pool_[at].id());
    return pool_[at];
  }

  Tensor pick_with_axes() {
    Tensor x = pick();
    return x.shape().rank() > 0 ? x : broadcast(x, {3});
  }

  static bool fits(const Shape& a, const Shape& b) {
    for (Size i = 1; i <= std::min(a.rank(), b.rank()); ++i) {
      if (a[-i] != b[-i] && a[-i] != 1 && b[-i] != 1) {
        return false;
      }
    }
    return true;
  }

  Tensor partner_of(const Tensor& x) {
    for (const Tensor& candidate : pool_) {
      if (candidate.id() != x.id() && fits(x.shape(), candidate.shape()) && chance(0.3)) {
        read_.push_back(candidate.id());
        return candidate;
      }
    }
    return variable(x.shape());
  }

  /// Keeps both the number of elements and their size in bounds.
  Tensor small(const Tensor& x) {
    Tensor result = x.shape().elements() > kMostElements ? mean(x, {0}) : x;
    return chance(0.3) ? sin(result) : result;
  }

  Tensor step() {
    switch (below(options_.kinks ? 9 : 8)) {
      case 0:
      case 1: return unary(pick());
      case 2:
      case 3: return binary();
      case 4: return reduction(pick_with_axes());
      case 5: return product(pick_with_axes());
      case 6: return moved(pick_with_axes());
      case 7: return across();
      default: return kinked();
    }
  }

  Tensor unary(const Tensor& x) {
    switch (below(12)) {
      case 0: return tanh(x);
      case 1: return cos(x);
      case 2: return sigmoid(x);
      case 3: return gelu(x);
      case 4: return gelu_erf(x);
      case 5: return silu(x);
      case 6: return softplus(x);
      case 7: return erf(x);
      case 8: return exp(-square(x));
      case 9: return log(1.0 + square(x));
      case 10: return sqrt(1.5 + sin(x));
      default: return -x;
    }
  }

  Tensor binary() {
    const Tensor a = pick(), b = partner_of(a);
    switch (below(5)) {
      case 0: return 0.5 * (a + b);
      case 1: return a - b;
      case 2: return 0.5 * (a * tanh(b));
      case 3: return a / (1.0 + square(b));
      default: return power(1.5 + sin(a), tanh(b));
    }
  }

  Tensor reduction(const Tensor& x) {
    const std::vector<Size> axes{below(x.shape().rank())};
    switch (below(options_.kinks ? 6 : 5)) {
      case 0: return 0.5 * sum(x, axes);
      case 1: return mean(x, axes);
      case 2: return logsumexp(x, axes);
      case 3: return softmax(x);
      case 4: return log_softmax(x);
      default: return max(x, axes);
    }
  }

  Tensor product(const Tensor& x) {
    const Tensor rows = x.shape().rank() <= 2 ? x : reshape(x, {x.shape()[0], x.shape().elements() / x.shape()[0]});
    const Size inner = rows.shape()[-1], outer = 1 + below(5);
    const double scale = 1 / std::sqrt(static_cast<double>(inner));
    switch (below(4)) {
      case 0: return scale * matmul(rows, variable({inner, outer}));
      case 1: return scale * matmul(rows, transpose(variable({outer, inner})));
      case 2: return scale * matmul(variable({outer, inner}), transpose(rows));
      default: return scale * matmul(rows, variable({inner}));
    }
  }

  Tensor moved(const Tensor& x) {
    const Size axis = below(x.shape().rank());
    std::vector<Size> starts(x.shape().extents().size(), 0), stops = x.shape().extents();
    switch (below(6)) {
      case 0: return transpose(x);
      case 1: return reshape(x, {x.shape().elements()});
      case 2: return concat({x, unary(x)}, axis);
      case 3:
        starts[static_cast<std::size_t>(axis)] = x.shape()[axis] / 2;
        return slice(x, starts, stops);
      case 4: {
        std::vector<Size> after = starts;
        starts[static_cast<std::size_t>(axis)] = 1;
        after[0] = 1;
        return pad(x, starts, after);
      }
      default: return gather(x, bench_.index({2}, chance(0.5) ? Span::shared : Span::per_sample, x.shape()[0]));
    }
  }

  Tensor across() {
    const Tensor x = pick();
    if (!options_.batches) {
      return unary(x);
    }
    return chance(0.5) ? x - batch_mean(x) : sin(0.02 * batch_sum(x)) * x;
  }

  Tensor kinked() {
    const Tensor a = pick(), b = partner_of(a);
    switch (below(7)) {
      case 0: return relu(a);
      case 1: return leaky_relu(a);
      case 2: return hard_tanh(a);
      case 3: return abs(a);
      case 4: return elu(a);
      case 5: return maximum(a, b);
      default: return select(a < b, a, 0.5 * b);
    }
  }

  std::vector<Tensor> unread() const {
    std::vector<Tensor> results;
    std::copy_if(pool_.begin(), pool_.end(), std::back_inserter(results), [&](const Tensor& x) {
      return std::find(read_.begin(), read_.end(), x.id()) == read_.end();
    });
    return results;
  }

  Workbench& bench_;
  ExpressionOptions options_;
  std::vector<Tensor> pool_;
  std::vector<ExpressionId> read_;
  std::vector<Tensor> variables_;
};

}  // namespace

RandomExpression random_expression(Workbench& bench, ExpressionOptions options) {
  return Generator(bench, options).run();
}

Tensor total_of(const RandomExpression& expression) {
  Tensor total(0.0);
  for (const Tensor& each : expression.results) {
    total = total + mean(each);
  }
  return total;
}

}  // namespace pcxx::test

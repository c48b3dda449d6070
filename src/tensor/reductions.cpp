/// Reductions over the axes of a tensor and over the samples of a batch. Shape rules and gradients.
#include <algorithm>
#include <numeric>

#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"
#include "tensor/rules.h"

namespace pcxx {
namespace {

using Gradients = std::vector<Tensor>;
using In = const GradientInput&;

void infer_reduction(const Graph& graph, Expression& e) {
  const auto& from = graph[e.operands[0]].shape.extents();
  const auto& axes = e.attributes.integers;
  std::vector<Size> kept;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (!std::binary_search(axes.begin(), axes.end(), static_cast<Size>(i))) {
      kept.push_back(from[i]);
    } else if (from[i] == 0 && e.op != Op::sum) {
      throw ShapeError("[" + std::string(to_string(e.op)) + "] of no elements: axis " + std::to_string(i) + " of " +
                       to_string(graph[e.operands[0]].shape));
    }
  }
  e.shape = Shape(kept);
}

/// Returns `reduced`, the result of a reduction of x or its cotangent, in the shape of x.
Tensor spread(const Tensor& reduced, const Tensor& output, const Tensor& x) {
  std::vector<Size> extents = x.shape().extents();
  for (const Size axis : (*output.graph())[output.id()].attributes.integers) {
    extents[static_cast<std::size_t>(axis)] = 1;
  }
  return broadcast(reshape(reduced, Shape(extents)), x.shape());
}

Tensor reduce(Op op, const Tensor& x, std::vector<Size> axes) {
  return apply(op, {x}, {checked_axes(std::string(to_string(op)), x.shape(), std::move(axes)), {}});
}

std::vector<Size> all_axes(const Tensor& x) {
  std::vector<Size> axes(static_cast<std::size_t>(x.shape().rank()));
  std::iota(axes.begin(), axes.end(), Size{0});
  return axes;
}

Size elements_over(const Tensor& x, const std::vector<Size>& axes) {
  return std::accumulate(axes.begin(), axes.end(), Size{1}, [&](Size n, Size axis) { return n * x.shape()[axis]; });
}

void infer_batch_sum(const Graph& graph, Expression& e) {
  e.shape = graph[e.operands[0]].shape;
  e.span = Span::shared;
}

const OperationRule kRules[] = {
    {Op::sum, "sum", 1, infer_reduction,
     [](In in) { return Gradients{spread(in.cotangent, in.output, in.operands[0])}; }},
    {Op::max, "max", 1, infer_reduction,
     [](In in) {
       const Tensor& x = in.operands[0];
       const Tensor ties = equal(x, spread(in.output, in.output, x)) * 1.0;
       const auto& axes = (*in.output.graph())[in.output.id()].attributes.integers;
       const Tensor share = in.cotangent / sum(ties, axes);
       return Gradients{ties * spread(share, in.output, x)};
     }},
    {Op::logsumexp, "logsumexp", 1, infer_reduction,
     [](In in) {
       const Tensor& x = in.operands[0];
       return Gradients{spread(in.cotangent, in.output, x) * exp(x - spread(in.output, in.output, x))};
     }},
    {Op::batch_sum, "batch_sum", 1, infer_batch_sum, [](In in) { return Gradients{in.cotangent}; }},
};

}  // namespace

std::span<const OperationRule> reduction_rules() { return kRules; }

Tensor sum(const Tensor& x) { return sum(x, all_axes(x)); }
Tensor sum(const Tensor& x, std::vector<Size> axes) {
  return axes.empty() ? x : reduce(Op::sum, x, std::move(axes));
}
Tensor mean(const Tensor& x) { return mean(x, all_axes(x)); }
Tensor mean(const Tensor& x, std::vector<Size> axes) {
  axes = checked_axes("mean", x.shape(), std::move(axes));
  if (elements_over(x, axes) == 0) {
    throw ShapeError("[mean] of no elements: shape " + to_string(x.shape()));
  }
  return sum(x, axes) * (1.0 / static_cast<double>(elements_over(x, axes)));
}
Tensor max(const Tensor& x) { return max(x, all_axes(x)); }
Tensor max(const Tensor& x, std::vector<Size> axes) { return axes.empty() ? x : reduce(Op::max, x, std::move(axes)); }
Tensor logsumexp(const Tensor& x) { return logsumexp(x, all_axes(x)); }
Tensor logsumexp(const Tensor& x, std::vector<Size> axes) {
  return axes.empty() ? x : reduce(Op::logsumexp, x, std::move(axes));
}

static void require_last_axis(const char* who, const Tensor& x) {
  if (x.shape().rank() == 0) {
    throw ShapeError("[" + std::string(who) + "] a scalar has no last axis");
  }
}

Tensor log_softmax(const Tensor& x) {
  require_last_axis("log_softmax", x);
  const Tensor normaliser = logsumexp(x, {-1});
  std::vector<Size> extents = normaliser.shape().extents();
  extents.push_back(1);
  return x - broadcast(reshape(normaliser, Shape(extents)), x.shape());
}

Tensor softmax(const Tensor& x) {
  require_last_axis("softmax", x);
  return exp(log_softmax(x));
}

/// A sum of products over the samples is one product: the samples join the contracted axis.
static Tensor sum_inside_product(const Tensor& product) {
  const Expression& e = (*product.graph())[product.id()];
  std::vector<Tensor> operands;
  for (const ExpressionId id : e.operands) {
    operands.emplace_back(product.graph(), id);
  }
  return apply(e.op, std::move(operands), with_sample_sum(e.op, e.attributes, true), e.shape);
}

Tensor batch_sum(const Tensor& x) {
  if (x.graph() == nullptr) {
    throw ArgumentError("[batch_sum] of a plain number; expected a tensor");
  }
  if (x.span() == Span::shared) {
    return x * batch_size(x);
  }
  const Expression& e = (*x.graph())[x.id()];
  if (can_sum_samples(e.op)) {
    return sum_inside_product(x);
  }
  if (e.op == Op::reshape || e.op == Op::transpose) {
    const Tensor inner = batch_sum(Tensor(x.graph(), e.operands[0]));
    return apply(e.op, {inner}, e.attributes, e.shape);
  }
  return apply(Op::batch_sum, {x});
}

Tensor batch_mean(const Tensor& x) { return x.span() == Span::shared ? x : batch_sum(x) / batch_size(x); }

}  // namespace pcxx

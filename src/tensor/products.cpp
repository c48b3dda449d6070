/// Matrix products. Shape rule and gradient.
#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"
#include "tensor/rules.h"

namespace pcxx {
namespace {

struct Flags {
  bool transpose_a, transpose_b, sum_samples;
};

Flags flags_of(const Expression& e) {
  return {e.attributes.integers[0] != 0, e.attributes.integers[1] != 0, e.attributes.integers[2] != 0};
}

void infer(const Graph& graph, Expression& e) {
  const Shape &a = graph[e.operands[0]].shape, &b = graph[e.operands[1]].shape;
  const Flags flags = flags_of(e);
  const Size m = a[flags.transpose_a ? 1 : 0], k = a[flags.transpose_a ? 0 : 1];
  const Size inner = b[flags.transpose_b ? 1 : 0], n = b[flags.transpose_b ? 0 : 1];
  if (k != inner) {
    throw ShapeError("[matmul] shapes " + to_string(a) + (flags.transpose_a ? " transposed" : "") + " and " + to_string(b) +
                     (flags.transpose_b ? " transposed" : "") + " do not fit: " + std::to_string(k) + " columns meet " +
                     std::to_string(inner) + " rows");
  }
  e.shape = {m, n};
  e.span = flags.sum_samples ? Span::shared : e.span;
}

Tensor product(const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b) {
  return apply(Op::matmul, {a, b}, {{transpose_a, transpose_b, 0}, {}});
}

/// With C = op(A) op(B) and G = dC: d op(A) = G op(B)^T and d op(B) = op(A)^T G; a transposed operand's is transposed.
std::vector<Tensor> gradient_of_product(const GradientInput& in) {
  const Tensor &a = in.operands[0], &b = in.operands[1], &g = in.cotangent;
  const auto [ta, tb, sum] = flags_of((*in.output.graph())[in.output.id()]);
  const Tensor da = ta ? product(b, g, tb, true) : product(g, b, false, !tb);
  const Tensor db = tb ? product(g, a, true, ta) : product(a, g, !ta, false);
  return {da, db};
}

const OperationRule kRules[] = {{Op::matmul, "matmul", 2, infer, gradient_of_product}};

Tensor with_rank_two(const Tensor& x, bool as_row) {
  const Size n = x.shape().elements();
  return x.shape().rank() == 2 ? x : reshape(x, as_row ? Shape{1, n} : Shape{n, 1});
}

/// A transposition of an operand is a flag of the product.
std::pair<Tensor, bool> without_transpose(const Tensor& x) {
  const Expression& e = (*x.graph())[x.id()];
  if (e.op == Op::transpose && e.attributes.integers == std::vector<Size>{1, 0}) {
    return {Tensor(x.graph(), e.operands[0]), true};
  }
  return {x, false};
}

}  // namespace

std::span<const OperationRule> product_rules() { return kRules; }

Tensor matmul(const Tensor& a, const Tensor& b) {
  for (const Tensor* operand : {&a, &b}) {
    if (operand->graph() == nullptr || operand->shape().rank() < 1 || operand->shape().rank() > 2) {
      throw ShapeError("[matmul] shapes " + to_string(a.shape()) + " and " + to_string(b.shape()) +
                       "; expected vectors or matrices");
    }
  }
  const auto [left, transpose_a] = without_transpose(with_rank_two(a, true));
  const auto [right, transpose_b] = without_transpose(with_rank_two(b, false));
  const Tensor full = product(left, right, transpose_a, transpose_b);
  std::vector<Size> extents;
  if (a.shape().rank() == 2) {
    extents.push_back(full.shape()[0]);
  }
  if (b.shape().rank() == 2) {
    extents.push_back(full.shape()[1]);
  }
  return extents.size() == 2 ? full : reshape(full, Shape(extents));
}

}  // namespace pcxx

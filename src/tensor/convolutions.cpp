/// The three convolutions: each is bilinear, and the other two are its gradients. Shape rules and gradients.
///
/// With picture x (in..., C), weight w (O, k..., C / groups) and result y (out..., O), they are the three ways to
/// contract the same sum over places o, taps k and channels c: y[o, j] w[j, k, c] x[o stride - before + k dilation, c].
#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"
#include "tensor/rules.h"
#include "tensor/windows.h"

namespace pcxx {
namespace {

using Gradients = std::vector<Tensor>;
using In = const GradientInput&;

[[noreturn]] void refuse(const Expression& e, const std::string& what) {
  throw ShapeError("[" + std::string(to_string(e.op)) + "] " + what);
}

/// Checks that shapes are (in..., C), (O, k..., C / groups) and (out..., O) of one convolution.
void require_fit(const Expression& e, const Shape& picture, const Shape& weight, const Shape& result) {
  const Convolution c = convolution_of(e);
  const Size rank = c.windows.axes() + 1;
  if (rank < 2 || picture.rank() != rank || result.rank() != rank || weight.rank() != rank + 1) {
    refuse(e, "windows over " + std::to_string(rank - 1) + " axes of pictures " + to_string(picture) + " and " + to_string(result) +
                  " with a weight " + to_string(weight) + "; expected (in..., C), (out..., O) and (O, k..., C / groups)");
  }
  for (Size axis = 0; axis + 1 < rank; ++axis) {
    if (weight[axis + 1] != c.windows.extents[static_cast<std::size_t>(axis)]) {
      refuse(e, "weight " + to_string(weight) + " for windows of other extents than its axes 1 to " + std::to_string(rank - 1));
    }
  }
  if (c.groups < 1 || weight[0] % c.groups != 0 || result[-1] != weight[0] || picture[-1] != weight[-1] * c.groups) {
    refuse(e, "pictures " + to_string(picture) + " and " + to_string(result) + " do not fit a weight " + to_string(weight) + " in " +
                  std::to_string(c.groups) + " groups: expected " + std::to_string(weight[-1] * c.groups) + " channels in, " +
                  std::to_string(weight[0]) + " out, and groups that divide both");
  }
}

const Shape& shape_of(const Graph& graph, const Expression& e, std::size_t operand) { return graph[e.operands[operand]].shape; }

void infer_convolve(const Graph& graph, Expression& e) {
  require_fit(e, shape_of(graph, e, 0), shape_of(graph, e, 1), e.shape);
}

void infer_convolve_transposed(const Graph& graph, Expression& e) {
  require_fit(e, e.shape, shape_of(graph, e, 1), shape_of(graph, e, 0));
}

void infer_convolve_weight(const Graph& graph, Expression& e) {
  const Shape &picture = shape_of(graph, e, 0), &result = shape_of(graph, e, 1);
  const Convolution c = convolution_of(e);
  if (picture.rank() < 2 || result.rank() < 2 || c.groups < 1 || picture[-1] % c.groups != 0) {
    refuse(e, "of pictures " + to_string(picture) + " and " + to_string(result) + " in " + std::to_string(c.groups) +
                  " groups; expected (in..., C) and (out..., O) with groups that divide C and O");
  }
  std::vector<Size> extents = {result[-1]};
  extents.insert(extents.end(), c.windows.extents.begin(), c.windows.extents.end());
  extents.push_back(picture[-1] / c.groups);
  e.shape = Shape(extents);
  require_fit(e, picture, e.shape, result);
  e.span = c.sum_samples ? Span::shared : e.span;
}

Attributes for_each_sample(const Tensor& output) {
  const Expression& e = (*output.graph())[output.id()];
  return e.op == Op::convolve_weight ? with_sample_sum(e.op, e.attributes, false) : e.attributes;
}

Gradients gradient_of_convolve(In in) {
  const Tensor &picture = in.operands[0], &weight = in.operands[1], &g = in.cotangent;
  return {apply(Op::convolve_transposed, {g, weight}, for_each_sample(in.output), picture.shape()),
          apply(Op::convolve_weight, {picture, g}, for_each_sample(in.output))};
}

Gradients gradient_of_convolve_transposed(In in) {
  const Tensor &result = in.operands[0], &weight = in.operands[1], &g = in.cotangent;
  return {apply(Op::convolve, {g, weight}, for_each_sample(in.output), result.shape()),
          apply(Op::convolve_weight, {g, result}, for_each_sample(in.output))};
}

Gradients gradient_of_convolve_weight(In in) {
  const Tensor &picture = in.operands[0], &result = in.operands[1], &g = in.cotangent;
  return {apply(Op::convolve_transposed, {result, g}, for_each_sample(in.output), picture.shape()),
          apply(Op::convolve, {picture, g}, for_each_sample(in.output), result.shape())};
}

const OperationRule kRules[] = {
    {Op::convolve, "convolve", 2, infer_convolve, gradient_of_convolve},
    {Op::convolve_transposed, "convolve_transposed", 2, infer_convolve_transposed, gradient_of_convolve_transposed},
    {Op::convolve_weight, "convolve_weight", 2, infer_convolve_weight, gradient_of_convolve_weight},
};

}  // namespace

std::span<const OperationRule> convolution_rules() { return kRules; }

}  // namespace pcxx

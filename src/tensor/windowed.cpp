/// Sums and maxima over windows, and their adjoints. Shape rules and gradients.
#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"
#include "tensor/rules.h"
#include "tensor/windows.h"

namespace pcxx {
namespace {

using Gradients = std::vector<Tensor>;
using In = const GradientInput&;

/// Checks that a picture and the caller's shape for the result have the windows' axes and the same channels.
void infer_windowed(const Graph& graph, Expression& e) {
  const Shape& picture = graph[e.operands.back()].shape;
  const Size rank = windows_of(e).axes() + 1;
  if (rank < 2 || picture.rank() != rank || e.shape.rank() != rank || picture[-1] != e.shape[-1]) {
    throw ShapeError("[" + std::string(to_string(e.op)) + "] windows over " + std::to_string(rank - 1) + " axes from " +
                     to_string(picture) + " to " + to_string(e.shape) + "; expected (d1, ..., dn, channels) twice");
  }
}

/// The first operand tells where the maxima are, and is as large as the picture with the elements.
void infer_chosen(const Graph& graph, Expression& e) {
  infer_windowed(graph, e);
  const Shape& chooser = graph[e.operands[0]].shape;
  const Shape& picture = e.op == Op::window_pick ? graph[e.operands[1]].shape : e.shape;
  if (chooser != picture) {
    throw ShapeError("[" + std::string(to_string(e.op)) + "] maxima of a picture " + to_string(chooser) + " for elements of one of " +
                     to_string(picture) + "; expected the same shape");
  }
}

/// A linear operation's gradient is its adjoint, with the same windows.
template <Op adjoint>
Gradients gradient_of_windowed(In in) {
  const Attributes& attributes = (*in.output.graph())[in.output.id()].attributes;
  return {apply(adjoint, {in.cotangent}, attributes, in.operands[0].shape())};
}

/// The same in the second operand; where the maxima are does not change with small changes of the first.
template <Op adjoint>
Gradients gradient_of_chosen(In in) {
  const Attributes& attributes = (*in.output.graph())[in.output.id()].attributes;
  return {0.0, apply(adjoint, {in.operands[0], in.cotangent}, attributes, in.operands[1].shape())};
}

const OperationRule kRules[] = {
    {Op::window_sum, "window_sum", 1, infer_windowed, gradient_of_windowed<Op::window_spread>},
    {Op::window_spread, "window_spread", 1, infer_windowed, gradient_of_windowed<Op::window_sum>},
    {Op::window_pick, "window_pick", 2, infer_chosen, gradient_of_chosen<Op::window_route>},
    {Op::window_route, "window_route", 2, infer_chosen, gradient_of_chosen<Op::window_pick>},
};

}  // namespace

std::span<const OperationRule> window_rules() { return kRules; }

}  // namespace pcxx

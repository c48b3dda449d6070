/// The table of rules, and the one door through which expressions are recorded.
#include "tensor/rules.h"

#include <algorithm>

#include "pcxx/core/errors.h"

namespace pcxx {
namespace {

std::array<OperationRule, static_cast<std::size_t>(Op::count)> collect() {
  std::array<OperationRule, static_cast<std::size_t>(Op::count)> table;
  for (const auto rules : {leaf_rules(), elementwise_rules(), activation_rules(), reduction_rules(),
                           structure_rules(), product_rules(), convolution_rules(), window_rules(), random_rules()}) {
    for (const OperationRule& entry : rules) {
      table[static_cast<std::size_t>(entry.op)] = entry;
    }
  }
  return table;
}

/// Returns the graph that the operands share; plain numbers belong to any.
std::shared_ptr<Graph> common_graph(const OperationRule& entry, const std::vector<Tensor>& operands) {
  std::shared_ptr<Graph> graph;
  for (const Tensor& operand : operands) {
    if (operand.graph() == nullptr) {
      continue;
    }
    if (graph != nullptr && graph != operand.graph()) {
      throw ArgumentError("[" + std::string(entry.name) + "] operands belong to different networks");
    }
    graph = operand.graph();
  }
  if (graph == nullptr) {
    throw ArgumentError("[" + std::string(entry.name) + "] all operands are plain numbers; at least one must be a tensor");
  }
  return graph;
}

Span joined_span(const Graph& graph, const std::vector<ExpressionId>& operands) {
  const bool any = std::any_of(operands.begin(), operands.end(),
                               [&](ExpressionId id) { return graph[id].span == Span::per_sample; });
  return any ? Span::per_sample : Span::shared;
}

/// Returns which integer of a product's attributes tells whether it sums over the samples.
std::size_t sum_flag_of(Op op) { return op == Op::matmul ? 2 : 1; }

}  // namespace

const OperationRule& rule(Op op) {
  static const auto table = collect();
  return table[static_cast<std::size_t>(op)];
}

std::string_view to_string(Op op) { return rule(op).name; }

bool can_sum_samples(Op op) { return op == Op::matmul || op == Op::convolve_weight; }

Attributes with_sample_sum(Op op, Attributes attributes, bool sum) {
  attributes.integers[sum_flag_of(op)] = sum ? 1 : 0;
  return attributes;
}

bool sums_samples(const Expression& e) {
  return e.op == Op::batch_sum || (can_sum_samples(e.op) && e.attributes.integers[sum_flag_of(e.op)] != 0);
}

Tensor apply(Op op, std::vector<Tensor> operands, Attributes attributes, Shape shape) {
  const OperationRule& entry = rule(op);
  const std::shared_ptr<Graph> graph = common_graph(entry, operands);
  Expression expression;
  expression.op = op;
  expression.shape = std::move(shape);
  expression.attributes = std::move(attributes);
  for (const Tensor& operand : operands) {
    expression.operands.push_back(operand.graph() ? operand.id() : graph->constant(operand.constant()));
  }
  expression.span = joined_span(*graph, expression.operands);
  entry.infer(*graph, expression);
  return {graph, graph->intern(std::move(expression))};
}

Tensor constant_like(const Tensor& like, double value, const Shape& shape) {
  return {like.graph(), like.graph()->constant(value, shape)};
}

std::vector<Size> checked_axes(const std::string& who, const Shape& shape, std::vector<Size> axes) {
  for (Size& axis : axes) {
    if (axis < -shape.rank() || axis >= shape.rank()) {
      throw ShapeError("[" + who + "] axis " + std::to_string(axis) + " of a tensor of shape " + to_string(shape) +
                       (shape.rank() == 0 ? ", which has none"
                                          : "; expected " + std::to_string(-shape.rank()) + " to " +
                                                std::to_string(shape.rank() - 1)));
    }
    axis += axis < 0 ? shape.rank() : 0;
  }
  std::sort(axes.begin(), axes.end());
  if (std::adjacent_find(axes.begin(), axes.end()) != axes.end()) {
    throw ShapeError("[" + who + "] the same axis twice for a tensor of shape " + to_string(shape));
  }
  return axes;
}

}  // namespace pcxx

/// Tensor: the handle looks things up in its graph. The leaves have no shape to infer and no operand to differentiate.
#include "pcxx/tensor/tensor.h"

#include "pcxx/tensor/operations.h"
#include "tensor/rules.h"

namespace pcxx {

const Shape& Tensor::shape() const {
  static const Shape scalar;
  return graph_ ? (*graph_)[id_].shape : scalar;
}

DType Tensor::dtype() const { return graph_ ? (*graph_)[id_].dtype : DType::real; }

Span Tensor::span() const { return graph_ ? (*graph_)[id_].span : Span::shared; }

std::span<const OperationRule> leaf_rules() {
  static const auto nothing = [](const Graph&, Expression&) {};
  static const auto no_operands = [](const GradientInput&) { return std::vector<Tensor>{}; };
  static const OperationRule rules[] = {
      {Op::constant, "constant", 0, nothing, no_operands},
      {Op::symbol, "symbol", 0, nothing, no_operands},
      {Op::batch_size, "batch_size", 0, nothing, no_operands},
  };
  return rules;
}

Tensor batch_size(const Tensor& like) {
  const auto& graph = like.graph();
  return {graph, graph->intern({Op::batch_size, DType::real, Span::shared, {}, {}, {}})};
}

}  // namespace pcxx

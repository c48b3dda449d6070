/// Tensor: a traced value. Nothing is computed when tensors are combined; an expression is recorded.
#pragma once

#include <memory>

#include "pcxx/core/shape.h"
#include "pcxx/core/types.h"

namespace pcxx {

class Graph;

/// A cheap handle to one expression of a graph; equal expressions of one graph are the same expression.
///
/// A plain number converts to a scalar constant that joins the graph of whatever it is combined with.
class Tensor {
 public:
  Tensor(double constant) : constant_(constant) {}  // implicit: 0.5 * square(x) must read like the equation
  Tensor(std::shared_ptr<Graph> graph, std::int32_t id) : graph_(std::move(graph)), id_(id) {}

  const Shape& shape() const;
  DType dtype() const;
  /// Returns whether there is one value for the batch or one for each sample.
  Span span() const;

  /// Returns the graph; null for a plain number that has not met one.
  const std::shared_ptr<Graph>& graph() const noexcept { return graph_; }
  /// Returns the number of the expression in its graph; -1 for a plain number.
  std::int32_t id() const noexcept { return id_; }
  /// Returns the value of a plain number.
  double constant() const noexcept { return constant_; }

 private:
  std::shared_ptr<Graph> graph_;
  std::int32_t id_ = -1;
  double constant_ = 0;
};

}  // namespace pcxx

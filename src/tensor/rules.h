/// The rule of each operation: how its result's shape follows from its operands, and its gradient.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "pcxx/tensor/tensor.h"
#include "tensor/graph.h"

namespace pcxx {

/// Operands and result of one operation while its gradient is written.
struct GradientInput {
  const Tensor& output;
  std::span<const Tensor> operands;
  const Tensor& cotangent;  // d total / d output, in the shape of the output
};

struct OperationRule {
  Op op{};
  std::string_view name;
  int operands = 0;  // -1: any number
  /// Fills dtype and shape of the result from the operands (span is done for all alike); throws ShapeError.
  void (*infer)(const Graph& graph, Expression& expression) = nullptr;
  /// Returns d total / d operand for each operand, as if the operand belonged to the output's samples; the caller
  /// sums over samples for shared operands. Null: not differentiable. A plain number 0 means: no influence.
  std::vector<Tensor> (*gradient)(const GradientInput& input) = nullptr;
};

/// Returns the rule of an operation.
const OperationRule& rule(Op op);

// One table per file of operations.
std::span<const OperationRule> leaf_rules();
std::span<const OperationRule> elementwise_rules();
std::span<const OperationRule> activation_rules();
std::span<const OperationRule> reduction_rules();
std::span<const OperationRule> structure_rules();
std::span<const OperationRule> product_rules();
std::span<const OperationRule> convolution_rules();
std::span<const OperationRule> window_rules();
std::span<const OperationRule> random_rules();

/// Returns whether an operation is a product that can add up its results over the samples by itself.
bool can_sum_samples(Op op);

/// Returns the attributes of such a product with its sum over the samples or without.
Attributes with_sample_sum(Op op, Attributes attributes, bool sum);

/// Returns whether the operation's results are added up over the samples, in their order, into one shared result.
bool sums_samples(const Expression& expression);

/// Records one operation: brings plain numbers into the graph, applies the rule, interns. `shape` is for operations
/// whose result's shape is an argument.
Tensor apply(Op op, std::vector<Tensor> operands, Attributes attributes = {}, Shape shape = {});

/// Returns a constant of any shape in the graph of `like`.
Tensor constant_like(const Tensor& like, double value, const Shape& shape = {});

/// Returns axes as sorted non-negative numbers; throws ShapeError, beginning with [who], if one is out of range or twice.
std::vector<Size> checked_axes(const std::string& who, const Shape& shape, std::vector<Size> axes);

}  // namespace pcxx

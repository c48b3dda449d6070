/// Operations that move elements: reshape, transpose, broadcast, concat, slice, pad, gather. Shape rules and gradients.
#include <algorithm>
#include <numeric>

#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"
#include "tensor/rules.h"

namespace pcxx {
namespace {

using Gradients = std::vector<Tensor>;
using In = const GradientInput&;

/// Returns "(0, -1)": bounds are no shape, since they may be negative.
std::string listed(const std::vector<Size>& numbers) {
  std::string text;
  for (const Size number : numbers) {
    text += (text.empty() ? "" : ", ") + std::to_string(number);
  }
  return "(" + text + ")";
}

const Expression& expression_of(const Tensor& t) { return (*t.graph())[t.id()]; }
const Shape& operand_shape(const Graph& graph, const Expression& e) { return graph[e.operands[0]].shape; }

void infer_reshape(const Graph& graph, Expression& e) {
  const Shape& from = operand_shape(graph, e);
  if (from.elements() != e.shape.elements()) {
    throw ShapeError("[reshape] " + to_string(from) + " has " + std::to_string(from.elements()) + " elements, " +
                     to_string(e.shape) + " has " + std::to_string(e.shape.elements()));
  }
  e.dtype = graph[e.operands[0]].dtype;
}

void infer_transpose(const Graph& graph, Expression& e) {
  const Shape& from = operand_shape(graph, e);
  std::vector<Size> extents;
  for (const Size axis : e.attributes.integers) {
    extents.push_back(from[axis]);
  }
  e.shape = Shape(extents);
  e.dtype = graph[e.operands[0]].dtype;
}

Gradients gradient_of_transpose(In in) {
  const auto& axes = expression_of(in.output).attributes.integers;
  std::vector<Size> inverse(axes.size());
  for (std::size_t i = 0; i < axes.size(); ++i) {
    inverse[static_cast<std::size_t>(axes[i])] = static_cast<Size>(i);
  }
  return {transpose(in.cotangent, inverse)};
}

void infer_broadcast(const Graph& graph, Expression& e) {
  const auto &from = operand_shape(graph, e).extents(), &to = e.shape.extents();
  bool fits = from.size() <= to.size();
  for (std::size_t i = 0; fits && i < from.size(); ++i) {
    fits = from[i] == 1 || from[i] == to[to.size() - from.size() + i];
  }
  if (!fits) {
    throw ShapeError("[broadcast] " + to_string(Shape(from)) + " does not stretch to " + to_string(e.shape));
  }
  e.dtype = graph[e.operands[0]].dtype;
}

Gradients gradient_of_broadcast(In in) {
  const auto &from = in.operands[0].shape().extents(), &to = in.output.shape().extents();
  const std::size_t added = to.size() - from.size();
  std::vector<Size> axes;
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (i < added || (from[i - added] == 1 && to[i] != 1)) {
      axes.push_back(static_cast<Size>(i));
    }
  }
  return {reshape(sum(in.cotangent, axes), in.operands[0].shape())};
}

void infer_concat(const Graph& graph, Expression& e) {
  const Size axis = e.attributes.integers[0];
  std::vector<Size> extents = operand_shape(graph, e).extents();
  extents[static_cast<std::size_t>(axis)] = 0;
  for (const ExpressionId id : e.operands) {
    std::vector<Size> own = graph[id].shape.extents();
    if (own.size() == extents.size()) {
      extents[static_cast<std::size_t>(axis)] += std::exchange(own[static_cast<std::size_t>(axis)], 0);
    }
    std::vector<Size> rest = extents;
    rest[static_cast<std::size_t>(axis)] = 0;
    if (own != rest) {
      throw ShapeError("[concat] " + to_string(operand_shape(graph, e)) + " and " + to_string(graph[id].shape) +
                       " along axis " + std::to_string(axis) + "; the other axes must agree");
    }
  }
  e.shape = Shape(extents);
  const DType first = graph[e.operands[0]].dtype;
  const bool alike = std::all_of(e.operands.begin(), e.operands.end(), [&](ExpressionId id) { return graph[id].dtype == first; });
  e.dtype = alike ? first : DType::real;
}

Gradients gradient_of_concat(In in) {
  const auto axis = static_cast<std::size_t>(expression_of(in.output).attributes.integers[0]);
  Gradients parts;
  std::vector<Size> starts(in.output.shape().extents().size(), 0), stops;
  for (const Tensor& operand : in.operands) {
    stops = in.output.shape().extents();
    stops[axis] = starts[axis] + operand.shape().extents()[axis];
    parts.push_back(slice(in.cotangent, starts, stops));
    starts[axis] = stops[axis];
  }
  return parts;
}

/// The shape of a slice or a padded tensor is the caller's.
void infer_same_dtype(const Graph& graph, Expression& e) { e.dtype = graph[e.operands[0]].dtype; }

Gradients gradient_of_slice(In in) {
  const auto& before = expression_of(in.output).attributes.integers;
  std::vector<Size> after = in.operands[0].shape().extents();
  for (std::size_t i = 0; i < after.size(); ++i) {
    after[i] -= before[i] + in.output.shape().extents()[i];
  }
  return {pad(in.cotangent, before, after)};
}

Gradients gradient_of_pad(In in) {
  const auto& before = expression_of(in.output).attributes.integers;
  std::vector<Size> stops = in.operands[0].shape().extents();
  for (std::size_t i = 0; i < stops.size(); ++i) {
    stops[i] += before[i];
  }
  return {slice(in.cotangent, before, stops)};
}

void require_index(const Graph& graph, const Expression& e, ExpressionId id) {
  if (graph[id].dtype != DType::index) {
    throw ShapeError("[" + std::string(to_string(e.op)) + "] the index is " + std::string(to_string(graph[id].dtype)) +
                     "; expected a tensor of dtype index");
  }
}

// [gather_rule]
void infer_gather(const Graph& graph, Expression& e) {
  const Shape &table = graph[e.operands[0]].shape, &index = graph[e.operands[1]].shape;
  require_index(graph, e, e.operands[1]);
  if (table.rank() < 1) {
    throw ShapeError("[gather] the table is a scalar; expected (n, ...)");
  }
  std::vector<Size> extents = index.extents();
  extents.insert(extents.end(), table.begin() + 1, table.end());
  e.shape = Shape(extents);
}

Gradients gradient_of_gather(In in) {
  const Size rows = in.operands[0].shape()[0];
  return {apply(Op::scatter_add, {in.operands[1], in.cotangent}, {{rows}, {}}), 0.0};
}
// [/gather_rule]

void infer_scatter_add(const Graph& graph, Expression& e) {
  const Shape &index = graph[e.operands[0]].shape, &rows = graph[e.operands[1]].shape;
  require_index(graph, e, e.operands[0]);
  std::vector<Size> extents = {e.attributes.integers[0]};
  extents.insert(extents.end(), rows.begin() + index.rank(), rows.end());
  e.shape = Shape(extents);
}

Gradients gradient_of_scatter_add(In in) { return {0.0, gather(in.cotangent, in.operands[0])}; }

// [row_rule]
/// Returns the shape of a row of operand 0; operand 1 must be a place.
Shape row_shape(const Graph& graph, const Expression& e) {
  const Shape &sequence = graph[e.operands[0]].shape, &place = graph[e.operands[1]].shape;
  if (sequence.rank() < 1 || place.rank() != 0) {
    throw ShapeError("[" + std::string(to_string(e.op)) + "] the sequence is " + to_string(sequence) + " and the place is " +
                     to_string(place) + "; expected (n, ...) and a scalar");
  }
  return Shape(std::vector<Size>(sequence.begin() + 1, sequence.end()));
}

void infer_row(const Graph& graph, Expression& e) {
  e.shape = row_shape(graph, e);
  e.dtype = graph[e.operands[0]].dtype;
}

Gradients gradient_of_row(In in) {
  const Tensor zeros = constant_like(in.output, 0, in.operands[0].shape());
  return {apply(Op::set_row, {zeros, in.operands[1], in.cotangent}), 0.0};
}

void infer_set_row(const Graph& graph, Expression& e) {
  const Shape expected = row_shape(graph, e), &row = graph[e.operands[2]].shape;
  if (row != expected) {
    throw ShapeError("[set_row] the row is " + to_string(row) + "; expected " + to_string(expected) + " for a sequence that is " +
                     to_string(graph[e.operands[0]].shape));
  }
  e.shape = graph[e.operands[0]].shape;
  e.dtype = graph[e.operands[0]].dtype;
}

Gradients gradient_of_set_row(In in) {
  const Tensor zeros = constant_like(in.output, 0, in.operands[2].shape());
  return {apply(Op::set_row, {in.cotangent, in.operands[1], zeros}), 0.0, row(in.cotangent, in.operands[1])};
}
// [/row_rule]

void infer_one_hot(const Graph& graph, Expression& e) {
  require_index(graph, e, e.operands[0]);
  std::vector<Size> extents = operand_shape(graph, e).extents();
  extents.push_back(e.attributes.integers[0]);
  e.shape = Shape(extents);
}

/// Returns the shape whose axis has one entry for each index of a table in attributes.
Shape with_axis_of_table(const Shape& shape, const Attributes& attributes) {
  std::vector<Size> extents = shape.extents();
  extents[static_cast<std::size_t>(attributes.integers[0])] = static_cast<Size>(attributes.integers.size()) - 1;
  return Shape(extents);
}

void require_places(const Expression& e, Size extent) {
  const auto& numbers = e.attributes.integers;
  for (auto index = numbers.begin() + 1; index != numbers.end(); ++index) {
    if (*index < 0 || *index >= extent) {
      throw ShapeError("[" + std::string(to_string(e.op)) + "] index " + std::to_string(*index) + " along axis " +
                       std::to_string(numbers[0]) + " of extent " + std::to_string(extent) + "; expected 0 to " +
                       std::to_string(extent - 1));
    }
  }
}

void infer_take(const Graph& graph, Expression& e) {
  require_places(e, operand_shape(graph, e)[e.attributes.integers[0]]);
  e.shape = with_axis_of_table(operand_shape(graph, e), e.attributes);
  e.dtype = graph[e.operands[0]].dtype;
}

Gradients gradient_of_take(In in) {
  return {apply(Op::take_add, {in.cotangent}, expression_of(in.output).attributes, in.operands[0].shape())};
}

void infer_take_add(const Graph& graph, Expression& e) {
  require_places(e, e.shape[e.attributes.integers[0]]);
  const Shape expected = with_axis_of_table(e.shape, e.attributes);
  if (operand_shape(graph, e) != expected) {
    throw ShapeError("[take_add] " + to_string(operand_shape(graph, e)) + " into " + to_string(e.shape) + " along axis " +
                     std::to_string(e.attributes.integers[0]) + "; expected " + to_string(expected));
  }
}

Gradients gradient_of_take_add(In in) { return {apply(Op::take, {in.cotangent}, expression_of(in.output).attributes)}; }

const OperationRule kRules[] = {
    {Op::reshape, "reshape", 1, infer_reshape,
     [](In in) { return Gradients{reshape(in.cotangent, in.operands[0].shape())}; }},
    {Op::transpose, "transpose", 1, infer_transpose, gradient_of_transpose},
    {Op::broadcast, "broadcast", 1, infer_broadcast, gradient_of_broadcast},
    {Op::concat, "concat", -1, infer_concat, gradient_of_concat},
    {Op::slice, "slice", 1, infer_same_dtype, gradient_of_slice},
    {Op::pad, "pad", 1, infer_same_dtype, gradient_of_pad},
    // [gather_entry]
    {Op::gather, "gather", 2, infer_gather, gradient_of_gather},
    // [/gather_entry]
    {Op::scatter_add, "scatter_add", 2, infer_scatter_add, gradient_of_scatter_add},
    {Op::row, "row", 2, infer_row, gradient_of_row},
    {Op::set_row, "set_row", 3, infer_set_row, gradient_of_set_row},
    {Op::one_hot, "one_hot", 1, infer_one_hot, [](In) { return Gradients{0.0}; }},
    {Op::take, "take", 1, infer_take, gradient_of_take},
    {Op::take_add, "take_add", 1, infer_take_add, gradient_of_take_add},
};

}  // namespace

std::span<const OperationRule> structure_rules() { return kRules; }

Tensor reshape(const Tensor& x, const Shape& shape) {
  return x.shape() == shape ? x : apply(Op::reshape, {x}, {}, shape);
}

Tensor transpose(const Tensor& x) {
  std::vector<Size> axes(static_cast<std::size_t>(x.shape().rank()));
  std::iota(axes.rbegin(), axes.rend(), Size{0});
  return transpose(x, axes);
}

Tensor transpose(const Tensor& x, std::vector<Size> axes) {
  if (static_cast<Size>(axes.size()) != x.shape().rank()) {
    throw ShapeError("[transpose] " + std::to_string(axes.size()) + " axes for a tensor of shape " + to_string(x.shape()) +
                     "; expected each axis once");
  }
  checked_axes("transpose", x.shape(), axes);
  for (Size& axis : axes) {
    axis += axis < 0 ? x.shape().rank() : 0;
  }
  return std::is_sorted(axes.begin(), axes.end()) ? x : apply(Op::transpose, {x}, {std::move(axes), {}});
}

Tensor broadcast(const Tensor& x, const Shape& shape) {
  return x.shape() == shape ? x : apply(Op::broadcast, {x}, {}, shape);
}

Tensor concat(const std::vector<Tensor>& parts, Size axis) {
  if (parts.empty()) {
    throw ShapeError("[concat] of no tensors");
  }
  const Size checked = checked_axes("concat", parts[0].shape(), {axis})[0];
  return parts.size() == 1 ? parts[0] : apply(Op::concat, parts, {{checked}, {}});
}

Tensor slice(const Tensor& x, std::vector<Size> starts, std::vector<Size> stops) {
  const auto& from = x.shape().extents();
  bool fits = starts.size() == from.size() && stops.size() == from.size();
  std::vector<Size> sizes;
  for (std::size_t i = 0; fits && i < from.size(); ++i) {
    fits = 0 <= starts[i] && starts[i] <= stops[i] && stops[i] <= from[i];
    sizes.push_back(stops[i] - starts[i]);
  }
  if (!fits) {
    throw ShapeError("[slice] from " + listed(starts) + " to " + listed(stops) + " of a tensor of shape " +
                     to_string(x.shape()) + "; expected 0 <= start <= stop <= extent for each axis");
  }
  return sizes == from ? x : apply(Op::slice, {x}, {std::move(starts), {}}, Shape(sizes));
}

Tensor pad(const Tensor& x, std::vector<Size> before, std::vector<Size> after) {
  std::vector<Size> sizes = x.shape().extents();
  bool fits = before.size() == sizes.size() && after.size() == sizes.size();
  for (std::size_t i = 0; fits && i < sizes.size(); ++i) {
    fits = before[i] >= 0 && after[i] >= 0;
    sizes[i] += before[i] + after[i];
  }
  if (!fits) {
    throw ShapeError("[pad] needs a non-negative size before and after each axis of " + to_string(x.shape()));
  }
  return Shape(sizes) == x.shape() ? x : apply(Op::pad, {x}, {std::move(before), {}}, Shape(sizes));
}

// [gather]
Tensor gather(const Tensor& table, const Tensor& index) { return apply(Op::gather, {table, index}); }
// [/gather]

Tensor take(const Tensor& x, std::vector<Size> indices, Size axis) {
  const Size checked = checked_axes("take", x.shape(), {axis})[0];
  indices.insert(indices.begin(), checked);
  return apply(Op::take, {x}, {std::move(indices), {}});
}

Tensor row(const Tensor& sequence, const Tensor& place) { return apply(Op::row, {sequence, place}); }

Tensor set_row(const Tensor& sequence, const Tensor& place, const Tensor& row) {
  return apply(Op::set_row, {sequence, place, row});
}

Tensor one_hot(const Tensor& index, Size depth) {
  if (depth < 1) {
    throw ShapeError("[one_hot] depth " + std::to_string(depth) + "; expected at least 1");
  }
  return apply(Op::one_hot, {index}, {{depth}, {}});
}

}  // namespace pcxx

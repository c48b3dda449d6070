/// Access patterns of broadcasts.
#include "program/passes/views.h"

#include <algorithm>

namespace pcxx {
namespace {

enum class Pattern { scalar, full, trailing, leading, other };

/// Returns which axes of `to` a broadcast from `from` repeats: all, none, the first ones, the last ones, or others.
Pattern pattern_of(const Shape& from, const Shape& to) {
  const Size few = from.elements(), many = to.elements();
  if (few == many) {
    return Pattern::full;
  }
  if (few == 1) {
    return Pattern::scalar;
  }
  std::vector<Size> own(to.extents().size() - from.extents().size(), 1);
  own.insert(own.end(), from.begin(), from.end());
  const auto& all = to.extents();
  std::size_t leading = 0, trailing = 0;
  while (leading < own.size() && own[leading] == all[leading]) {
    ++leading;
  }
  while (trailing < own.size() && own[own.size() - 1 - trailing] == all[all.size() - 1 - trailing]) {
    ++trailing;
  }
  const auto ones = [&](std::size_t begin, std::size_t end) {
    return std::all_of(own.begin() + static_cast<std::ptrdiff_t>(begin), own.begin() + static_cast<std::ptrdiff_t>(end),
                       [](Size extent) { return extent == 1; });
  };
  if (ones(0, own.size() - trailing)) {
    return Pattern::trailing;
  }
  return ones(leading, own.size()) ? Pattern::leading : Pattern::other;
}

}  // namespace

ExpressionId without_reshape(const Graph& graph, ExpressionId id) {
  while (graph[id].op == Op::reshape) {
    id = graph[id].operands[0];
  }
  return id;
}

View view_of(const Graph& graph, ExpressionId operand, Span span, Size elements) {
  const ExpressionId outer = without_reshape(graph, operand);
  const bool stretched = graph[outer].op == Op::broadcast;
  const ExpressionId inner = stretched ? without_reshape(graph, graph[outer].operands[0]) : outer;
  const Pattern pattern =
      stretched ? pattern_of(graph[graph[outer].operands[0]].shape, graph[outer].shape) : Pattern::full;
  const Size own = graph[inner].shape.elements();
  const bool spread = span == Span::per_sample && graph[inner].span == Span::shared;
  if (own == 1 && graph[inner].span == Span::shared) {
    return {inner, Access::scalar};
  }
  if (spread) {  // the same for each sample
    if (pattern == Pattern::full || pattern == Pattern::trailing) {
      return {inner, Access::per_column, own};
    }
    return {outer, Access::per_column, elements};  // stretched into memory first
  }
  switch (pattern) {
    case Pattern::full: return {inner, Access::full};
    case Pattern::scalar: return {inner, Access::per_row, elements};
    case Pattern::leading: return {inner, Access::per_row, elements / own};
    case Pattern::trailing:
      if (span == Span::shared) {
        return {inner, Access::per_column, own};
      }
      break;
    case Pattern::other: break;
  }
  return {outer, Access::full};  // stretched into memory first
}

}  // namespace pcxx

/// Costs of the reference backend, counted from the program as written.
#include "backend/reference/cost.h"

#include <algorithm>
#include <array>
#include <set>

#include "backend/reference/evaluate.h"
#include "tensor/rules.h"
#include "tensor/windows.h"

namespace pcxx::reference {
namespace {

Size elements_of_window(const Expression& e) { return Shape(windows_of(e).extents).elements(); }

/// Returns what one sample's run of the operation costs.
double operation_flops(const Graph& graph, const Expression& e) {
  const auto elements = static_cast<double>(e.shape.elements());
  switch (e.op) {
    case Op::constant:
    case Op::symbol:
    case Op::batch_size:
    case Op::stop_gradient:
    case Op::reshape:
    case Op::transpose:
    case Op::broadcast:
    case Op::concat:
    case Op::slice:
    case Op::pad:
    case Op::gather:
    case Op::take:
    case Op::row:
    case Op::set_row:
    case Op::one_hot: return 0;
    case Op::sum:
    case Op::max:
    case Op::logsumexp: return static_cast<double>(graph[e.operands[0]].shape.elements());
    case Op::scatter_add:
    case Op::window_route: return static_cast<double>(graph[e.operands[1]].shape.elements());
    case Op::take_add: return static_cast<double>(graph[e.operands[0]].shape.elements());
    case Op::window_sum:
    case Op::window_pick: return elements * static_cast<double>(elements_of_window(e));
    case Op::window_spread:
      return static_cast<double>(graph[e.operands[0]].shape.elements()) * static_cast<double>(elements_of_window(e));
    case Op::convolve:
    case Op::convolve_transposed:
    case Op::convolve_weight: return 2 * static_cast<double>(multiply_adds(graph, e));
    case Op::matmul:
      return 2 * elements * static_cast<double>(graph[e.operands[0]].shape[e.attributes.integers[0] != 0 ? 0 : 1]);
    default: return elements;
  }
}

double expression_flops(const Graph& graph, std::span<const ExpressionId> roots, Size samples) {
  double total = 0;
  for (const ExpressionId id : needed_for(graph, roots)) {
    const Expression& e = graph[id];
    const bool all = e.span == Span::per_sample || sums_samples(e);
    total += operation_flops(graph, e) * (all ? static_cast<double>(samples) : 1);
  }
  return total;
}

std::vector<ExpressionId> values_of(const Assign& assign) {
  std::vector<ExpressionId> values;
  for (const Assignment& each : assign.assignments) {
    values.push_back(each.value);
  }
  return values;
}

double cost(const Graph& graph, const Assign& assign, Size samples) {
  return expression_flops(graph, values_of(assign), samples);
}
double cost(const Graph& graph, const Repeat& repeat, Size samples) {
  return static_cast<double>(repeat.count) * flops_of(graph, repeat.body, samples);
}
double cost(const Graph& graph, const While& loop, Size samples) {
  const double condition = expression_flops(graph, std::array{loop.condition}, samples);
  return static_cast<double>(loop.limit) * (condition + flops_of(graph, loop.body, samples));
}
double cost(const Graph& graph, const Branch& branch, Size samples) {
  const double condition = expression_flops(graph, std::array{branch.condition}, samples);
  return condition + std::max(flops_of(graph, branch.yes, samples), flops_of(graph, branch.no, samples));
}
double cost(const Graph&, const Call&, Size) { return 0; }
double cost(const Graph& graph, const Stage& stage, Size samples) { return flops_of(graph, stage.body, samples); }

}  // namespace

double flops_of(const Graph& graph, const Region& region, Size samples) {
  double total = 0;
  for (const Statement& statement : region) {
    total += std::visit([&](const auto& content) { return cost(graph, content, samples); }, statement.content);
  }
  return total;
}

std::vector<SymbolId> symbols_of(const Program& program) {
  std::set<SymbolId> symbols;
  std::vector<ExpressionId> roots;
  for_each_statement(program.body, [&](const Statement& statement) {
    if (const auto* assign = std::get_if<Assign>(&statement.content)) {
      for (const Assignment& each : assign->assignments) {
        symbols.insert(each.target);
        roots.push_back(each.value);
      }
    } else if (const auto* repeat = std::get_if<Repeat>(&statement.content)) {
      symbols.insert(repeat->index);
    } else if (const auto* loop = std::get_if<While>(&statement.content)) {
      roots.push_back(loop->condition);
    } else if (const auto* branch = std::get_if<Branch>(&statement.content)) {
      roots.push_back(branch->condition);
    }
  });
  for (const ExpressionId id : needed_for(*program.graph, roots)) {
    const Expression& e = (*program.graph)[id];
    if (e.op == Op::symbol) {
      symbols.insert(static_cast<SymbolId>(e.attributes.integers[0]));
    }
  }
  return {symbols.begin(), symbols.end()};
}

Size elements_held(const Program& program, Size samples) {
  Size total = 0;
  for (const SymbolId id : symbols_of(program)) {
    const Symbol& symbol = program.graph->symbol(id);
    if (symbol.kind != SymbolKind::parameter && symbol.kind != SymbolKind::state) {
      total += symbol.shape.elements() * (symbol.span == Span::per_sample ? samples : 1);
    }
  }
  return total;
}

}  // namespace pcxx::reference

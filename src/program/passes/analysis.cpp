/// Reads, writes and reachability.
#include "program/passes/analysis.h"

#include <algorithm>
#include <unordered_set>

#include "tensor/windows.h"

namespace pcxx {
namespace {

struct ReadsCollector {
  const Graph& graph;
  Symbols& reads;

  void expression(ExpressionId id) const { reads.merge(reads_of(graph, {id})); }
  void region(const Region& body) const {
    for (const Statement& statement : body) {
      add_reads(graph, statement, reads);
    }
  }
  void operator()(const Assign& assign) const { reads.merge(reads_of(graph, values_of(assign))); }
  void operator()(const Repeat& loop) const { region(loop.body); }
  void operator()(const While& loop) const {
    expression(loop.condition);
    region(loop.body);
  }
  void operator()(const Branch& branch) const {
    expression(branch.condition);
    region(branch.yes);
    region(branch.no);
  }
  void operator()(const Call& call) const { reads.insert(call.inputs.begin(), call.inputs.end()); }
  void operator()(const Stage& stage) const { region(stage.body); }
};

struct WritesCollector {
  Symbols& writes;

  void region(const Region& body) const {
    for (const Statement& statement : body) {
      add_writes(statement, writes);
    }
  }
  void operator()(const Assign& assign) const {
    for (const Assignment& each : assign.assignments) {
      writes.insert(each.target);
    }
  }
  void operator()(const Repeat& loop) const {
    writes.insert(loop.index);
    region(loop.body);
  }
  void operator()(const While& loop) const { region(loop.body); }
  void operator()(const Branch& branch) const {
    region(branch.yes);
    region(branch.no);
  }
  void operator()(const Call& call) const { writes.insert(call.outputs.begin(), call.outputs.end()); }
  void operator()(const Stage& stage) const { region(stage.body); }
};

}  // namespace

std::vector<ExpressionId> expressions_of(const Graph& graph, const std::vector<ExpressionId>& roots) {
  std::unordered_set<ExpressionId> seen;
  std::vector<ExpressionId> order, stack = roots;
  while (!stack.empty()) {
    const ExpressionId id = stack.back();
    stack.pop_back();
    if (seen.insert(id).second) {
      order.push_back(id);
      stack.insert(stack.end(), graph[id].operands.begin(), graph[id].operands.end());
    }
  }
  std::sort(order.begin(), order.end());  // operands have smaller numbers
  return order;
}

std::vector<ExpressionId> values_of(const Assign& assign) {
  std::vector<ExpressionId> values;
  for (const Assignment& each : assign.assignments) {
    values.push_back(each.value);
  }
  return values;
}

Symbols reads_of(const Graph& graph, const std::vector<ExpressionId>& roots) {
  Symbols reads;
  for (const ExpressionId each : expressions_of(graph, roots)) {
    if (graph[each].op == Op::symbol) {
      reads.insert(static_cast<SymbolId>(graph[each].attributes.integers[0]));
    }
  }
  return reads;
}

void add_reads(const Graph& graph, const Statement& statement, Symbols& reads) {
  std::visit(ReadsCollector{graph, reads}, statement.content);
}

void add_writes(const Statement& statement, Symbols& writes) { std::visit(WritesCollector{writes}, statement.content); }

bool Dependence::operator()(ExpressionId root) {
  std::vector<ExpressionId> stack = {root};
  while (!stack.empty()) {  // without recursion: expressions can be thousands deep
    const ExpressionId id = stack.back();
    const Expression& e = graph_[id];
    bool found = e.op == Op::symbol && symbols_.contains(static_cast<SymbolId>(e.attributes.integers[0]));
    const std::size_t before = stack.size();
    for (const ExpressionId operand : e.operands) {
      const auto known = known_.find(operand);
      if (known == known_.end()) {
        stack.push_back(operand);
      } else {
        found |= known->second;
      }
    }
    if (stack.size() == before) {
      known_.emplace(id, found);
      stack.pop_back();
    }
  }
  return known_.at(root);
}

bool is_product(const Expression& e) { return e.op == Op::matmul || is_convolution(e.op); }

}  // namespace pcxx

/// Substitution of symbols, bottom up, without recursion: expressions can be thousands deep.
#include "program/passes/rewrite.h"

#include <vector>

namespace pcxx {

ExpressionId Rewriter::operator()(ExpressionId root) {
  std::vector<ExpressionId> stack = {root};
  while (!stack.empty()) {
    const ExpressionId id = stack.back();
    if (done_.contains(id)) {
      stack.pop_back();
      continue;
    }
    const std::size_t before = stack.size();
    for (const ExpressionId operand : graph_[id].operands) {
      if (!done_.contains(operand)) {
        stack.push_back(operand);
      }
    }
    if (stack.size() == before) {
      done_.emplace(id, rebuilt(id));
      stack.pop_back();
    }
  }
  return done_.at(root);
}

ExpressionId Rewriter::rebuilt(ExpressionId id) {
  const Expression& e = graph_[id];
  if (e.op == Op::symbol) {
    const auto found = environment_.find(static_cast<SymbolId>(e.attributes.integers[0]));
    return found == environment_.end() ? id : found->second;
  }
  Expression copy = e;
  for (ExpressionId& operand : copy.operands) {
    operand = done_.at(operand);
  }
  return simplified(graph_, std::move(copy), folding_);
}

}  // namespace pcxx

/// Rewriter: substitutes symbols in expressions and applies the identities on the way up.
#pragma once

#include <map>
#include <unordered_map>

#include "tensor/graph.h"

namespace pcxx {

/// What symbols stand for; those that are absent stand for themselves.
using Environment = std::map<SymbolId, ExpressionId>;

/// How constants are folded. Those of the source always are; those that substitution brought only where f32 arithmetic
/// gives the same bits: a peeled step must equal the step that stays in its loop and computes on variables.
enum class Folding : std::uint8_t { freely, exactly };

/// Rewrites expressions for one environment; remembers what it has rewritten.
class Rewriter {
 public:
  explicit Rewriter(Graph& graph, Environment environment = {}, Folding folding = Folding::exactly)
      : graph_(graph), environment_(std::move(environment)), folding_(folding) {}

  ExpressionId operator()(ExpressionId id);
  const Environment& environment() const { return environment_; }

 private:
  ExpressionId rebuilt(ExpressionId id);

  Graph& graph_;
  Environment environment_;
  Folding folding_;
  std::unordered_map<ExpressionId, ExpressionId> done_;
};

/// Returns an expression equal to `e`, whose operands are simplified already: a simpler one if an identity applies.
ExpressionId simplified(Graph& graph, Expression e, Folding folding);

}  // namespace pcxx

/// Joining assignments: a run of them is one assignment, by substitution.
#pragma once

#include "program/passes/rewrite.h"
#include "program/program.h"

namespace pcxx {

/// Collects assignments that follow each other into one simultaneous assignment over the state before the first.
class Joiner {
 public:
  explicit Joiner(Graph& graph) : graph_(&graph) {}

  void add(const Assign& assign);
  /// Returns what an expression means now, over the state before the first assignment.
  ExpressionId meaning(ExpressionId id) const { return Rewriter(*graph_, environment_)(id); }
  const Environment& environment() const { return environment_; }
  /// Appends the joined assignment, if any, to a region and forgets it.
  void flush(Region& region);

 private:
  Graph* graph_;
  Environment environment_;
};

/// Returns a region in which neighbouring assignments are joined and every expression is simplified; inner regions too.
Region joined(Graph& graph, const Region& region);

/// Drops assignments to variables that are neither observable nor read afterwards.
void drop_dead(Program& program);

}  // namespace pcxx

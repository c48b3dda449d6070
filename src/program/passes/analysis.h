/// What passes ask of programs: which symbols are read and written where, and what expressions consist of.
#pragma once

#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "program/program.h"

namespace pcxx {

using Symbols = std::set<SymbolId>;

/// Returns the symbols that expressions read.
Symbols reads_of(const Graph& graph, const std::vector<ExpressionId>& roots);

/// Returns what an assignment sets its targets to.
std::vector<ExpressionId> values_of(const Assign& assign);

/// Adds the symbols that a statement reads or writes, its inner regions included.
void add_reads(const Graph& graph, const Statement& statement, Symbols& reads);
void add_writes(const Statement& statement, Symbols& writes);

/// Returns all expressions that the roots consist of, operands first.
std::vector<ExpressionId> expressions_of(const Graph& graph, const std::vector<ExpressionId>& roots);

/// Tells whether expressions read any of some symbols; remembers what it has found.
class Dependence {
 public:
  Dependence(const Graph& graph, Symbols symbols) : graph_(graph), symbols_(std::move(symbols)) {}
  bool operator()(ExpressionId id);

 private:
  const Graph& graph_;
  Symbols symbols_;
  std::unordered_map<ExpressionId, bool> known_;
};

/// Returns whether an operation is dear enough to be worth a statement of its own: a product.
bool is_product(const Expression& e);

}  // namespace pcxx

/// What passes ask of programs: which symbols are read and written where, and what expressions consist of.
#pragma once

#include <set>
#include <vector>

#include "program/program.h"

namespace pcxx {

using Symbols = std::set<SymbolId>;

/// Returns the symbols that an expression reads.
Symbols reads_of(const Graph& graph, ExpressionId id);

/// Adds the symbols that a statement reads or writes, its inner regions included.
void add_reads(const Graph& graph, const Statement& statement, Symbols& reads);
void add_writes(const Statement& statement, Symbols& writes);

/// Returns all expressions that the roots consist of, operands first.
std::vector<ExpressionId> expressions_of(const Graph& graph, const std::vector<ExpressionId>& roots);

/// Returns whether an operation is dear enough to be worth a statement of its own: a product.
bool is_product(const Expression& expression);

}  // namespace pcxx

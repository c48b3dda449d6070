/// What a program names, and what it costs.
#pragma once

#include <vector>

#include "program/program.h"

namespace pcxx::reference {

/// Returns the symbols that a program reads or sets, ascending.
std::vector<SymbolId> symbols_of(const Program& program);

/// Returns the floating-point operations of a region: a multiply-add counts two, any other operation one for each element
/// (of the operand, for reductions), moving elements nothing. A `while` counts as its limit says, a branch as its
/// dearer side.
double flops_of(const Graph& graph, const Region& region, Size samples);

/// Returns the elements that the variables of a program hold, states excluded.
Size elements_held(const Program& program, Size samples);

}  // namespace pcxx::reference

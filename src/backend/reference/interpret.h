/// Runs the statements of a program as they are written.
#pragma once

#include "backend/reference/operations.h"
#include "backend/reference/value.h"
#include "program/program.h"

namespace pcxx::reference {

/// Throws ArgumentError or ShapeError, beginning with [reference], if the region has statements that only come from the
/// passes `fuse` and later, or assignments and conditions that do not fit.
void check_statements(const Graph& graph, const Region& region);

/// Runs a checked region; `variables` hold the values before and after it.
template <class T>
void interpret(const Graph& graph, const Region& region, Variables<T>& variables, const Context& context);

}  // namespace pcxx::reference

/// Evaluates expressions of a graph over the variables' present values.
#pragma once

#include <span>
#include <vector>

#include "backend/reference/operations.h"
#include "backend/reference/value.h"

namespace pcxx::reference {

/// Returns the expressions that the roots depend on, themselves included, operands first.
std::vector<ExpressionId> needed_for(const Graph& graph, std::span<const ExpressionId> roots);

/// Returns the values of the roots, each expression computed once. Throws ArgumentError, naming it, if a variable is read
/// that has no value, and std::out_of_range for an index outside its table.
template <class T>
std::vector<Value<T>> evaluate(const Graph& graph, std::span<const ExpressionId> roots, const Variables<T>& variables,
                               const Context& context);

}  // namespace pcxx::reference

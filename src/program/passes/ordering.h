/// Ordering: calls of one block sorted by what they need, and their results named.
#pragma once

#include <vector>

#include "program/program.h"

namespace pcxx {

/// A variable that takes the value of a temporary at the end of a block.
struct Delivery {
  SymbolId target;
  SymbolId temporary;
};

/// Returns the calls in order. Every call writes temporaries of its own; a delivery lets the producer write the target
/// directly if all calls that read the target's old value can run before it, else a copy is made at the end.
Region ordered(const Graph& graph, std::vector<Call> calls, const std::vector<Delivery>& deliveries);

/// Returns a call that copies a variable of the same shape and span.
Call copy_call(const Graph& graph, SymbolId from, SymbolId to);

}  // namespace pcxx

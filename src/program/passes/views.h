/// Views: reshapes and broadcasts, seen through; how an elementwise kernel can read one.
#pragma once

#include <optional>

#include "program/fused_kernel.h"
#include "tensor/graph.h"

namespace pcxx {

/// Returns the expression whose buffer holds the value: reshapes move nothing.
ExpressionId without_reshape(const Graph& graph, ExpressionId id);

/// How one operand of an elementwise operation is laid over the operation's rows and columns.
struct View {
  ExpressionId source;     // no reshape, and a broadcast only if no access fits it
  Access access;
  Size columns = 0;        // the number of columns that the access demands; 0: any
};

/// Returns how an operation of the given span and number of elements a sample can read an operand.
View view_of(const Graph& graph, ExpressionId operand, Span span, Size elements);

}  // namespace pcxx

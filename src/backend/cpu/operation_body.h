/// What an operation that stands alone does for one sample.
#pragma once

#include <functional>
#include <vector>

#include "tensor/graph.h"

namespace pcxx::cpu {

using Inputs = std::vector<const float*>;

/// Reads operands in their row-major order and writes the result.
using Body = std::function<void(const Inputs& in, float* out)>;

/// Returns the body of an operation over windows, given its expression and the shapes of its operands; nothing for
/// others.
Body window_body(const Expression& e, const std::vector<Shape>& from);

}  // namespace pcxx::cpu

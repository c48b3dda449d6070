/// FusedKernel: a chain of elementwise operations and row reductions that runs in one pass over its rows.
///
/// The iteration space is rows x columns. Rows are samples (or, for shared tensors, slices of the tensor);
/// their number is known only when the kernel runs. A step is one operation over earlier slots.
#pragma once

#include <vector>

#include "pcxx/core/types.h"
#include "tensor/op.h"

namespace pcxx {

/// How an input is laid over rows x columns.
enum class Access : std::uint8_t {
  full,        // one element for each row and column, row-major, dense
  per_column,  // (columns): the same for every row
  per_row,     // (rows): the same for every column
  scalar,      // one element
};

struct FusedStep {
  Op op;                        // elementwise, constant, or sum | max | logsumexp over the columns of a row
  std::vector<int> operands;    // slots: inputs come first (0 .. inputs-1), then steps in order
  Activation activation{};      // of activation and activation_derivative
  double value = 0;             // of constant
  bool per_row = false;         // the result has one element a row: a reduction, or a function of such
};

enum class OutputKind : std::uint8_t {
  full,         // rows x columns
  per_row,      // rows
  sample_sum,   // (columns): sum over the rows of this call, in row order, overwriting
};

struct FusedOutput {
  int slot;  // a step's slot or an input's
  OutputKind kind;
};

struct FusedKernel {
  Size columns = 1;
  std::vector<Access> inputs;
  std::vector<FusedStep> steps;
  std::vector<FusedOutput> outputs;
};

}  // namespace pcxx

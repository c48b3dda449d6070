/// Random expressions for property tests: of moderate size, with values of a few units.
#pragma once

#include <vector>

#include "support/workbench.h"

namespace pcxx::test {

struct ExpressionOptions {
  int operations = 20;
  bool kinks = true;    // relu, maximum, comparisons: not for second gradients, whose differences they spoil
  bool batches = true;  // operations that mix samples
};

struct RandomExpression {
  std::vector<Tensor> results;    // what nothing else reads
  std::vector<Tensor> variables;  // real ones, shared and per sample
};

/// Returns a random graph over new variables of the workbench, drawn from the workbench's random numbers.
RandomExpression random_expression(Workbench& bench, ExpressionOptions options = {});

/// Returns the sum of the means of all results: a scalar.
Tensor total_of(const RandomExpression& expression);

}  // namespace pcxx::test

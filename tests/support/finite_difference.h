/// Gradients against central differences in f64 on the reference backend.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "support/workbench.h"

namespace pcxx::test {

struct DifferenceOptions {
  double step = 1e-6;       // truncation costs its square, rounding 1e-16 over it
  double tolerance = 1e-7;  // of the larger of 1 and the gradient's scale
};

/// Passes if gradient(output, variables) agrees with central differences of the output's total over the batch, for every
/// element of every variable. The variables' data must lie away from kinks.
testing::AssertionResult gradient_matches(Workbench& bench, const Tensor& output, const std::vector<Tensor>& variables,
                                          DifferenceOptions options = {});

/// Returns sum(x * w) with random weights w, so that every element of x has a say of its own.
Tensor weighted_total(Workbench& bench, const Tensor& x);

}  // namespace pcxx::test

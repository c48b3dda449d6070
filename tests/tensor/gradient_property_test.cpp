/// Gradients of random expressions of some twenty operations against central differences.
#include <gtest/gtest.h>

#include "pcxx/tensor/gradient.h"
#include "support/finite_difference.h"
#include "support/random_expression.h"

namespace pcxx::test {
namespace {

// Chains of twenty operations bend more than single ones do: their third derivatives reach hundreds.
constexpr DifferenceOptions kChains{.step = 1e-6, .tolerance = 1e-6};

TEST(RandomExpressions, FirstGradients) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Workbench bench(3, seed);
    const RandomExpression expression = random_expression(bench);
    ASSERT_TRUE(gradient_matches(bench, total_of(expression), expression.variables, kChains));
  }
}

TEST(RandomExpressions, SecondGradients) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Workbench bench(2, seed);
    const RandomExpression expression = random_expression(bench, {.operations = 8, .kinks = false});
    Tensor total(0.0);
    for (const Tensor& each : gradient(total_of(expression), expression.variables)) {
      total = total + weighted_total(bench, each);
    }
    if (total.graph() != nullptr) {
      ASSERT_TRUE(gradient_matches(bench, total, expression.variables, kChains));
    }
  }
}

}  // namespace
}  // namespace pcxx::test

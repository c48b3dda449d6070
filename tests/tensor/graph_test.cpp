/// Hash-consing: equal expressions are one; and what gradients do with structure.
#include <gtest/gtest.h>

#include "pcxx/core/errors.h"
#include "pcxx/tensor/gradient.h"
#include "support/finite_difference.h"
#include "support/message.h"
#include "tensor/rules.h"

namespace pcxx::test {
namespace {

struct GraphTest : testing::Test {
  Workbench bench{3};
  Tensor x = bench.variable({2, 3}, Span::per_sample), w = bench.variable({3}, Span::shared);
};

TEST_F(GraphTest, EqualExpressionsAreOne) {
  EXPECT_EQ((x + w).id(), (x + w).id());
  EXPECT_EQ(tanh(x * 2.0).id(), tanh(x * 2.0).id());
  EXPECT_EQ(sum(x, {-1}).id(), sum(x, {1}).id());
  EXPECT_EQ((x > 0.0).id(), (0.0 < x).id());
  const Size size = bench.graph()->size();
  const Tensor again = (x + w) * (x + w) + gelu(x);
  const Size grown = bench.graph()->size();
  EXPECT_GT(grown, size);
  EXPECT_EQ(((x + w) * (x + w) + gelu(x)).id(), again.id());
  EXPECT_EQ(bench.graph()->size(), grown);
}

TEST_F(GraphTest, WhatDiffersStaysApart) {
  EXPECT_NE((x + w).id(), (w + x).id());  // no algebra here: that is a pass's work
  EXPECT_NE(sum(x, {0}).id(), sum(x, {1}).id());
  EXPECT_NE((x * 2.0).id(), (x * 3.0).id());
  EXPECT_NE(tanh(x).id(), sigmoid(x).id());
  EXPECT_NE(reshape(x, {3, 2}).id(), reshape(x, {6}).id());
  EXPECT_NE(constant_like(x, 1, {2}).id(), constant_like(x, 1, {3}).id());
}

TEST_F(GraphTest, NothingIsRecordedForWhatChangesNothing) {
  EXPECT_EQ(reshape(x, {2, 3}).id(), x.id());
  EXPECT_EQ(transpose(x, {0, 1}).id(), x.id());
  EXPECT_EQ(transpose(x, {0, -1}).id(), x.id());
  EXPECT_EQ(broadcast(x, {2, 3}).id(), x.id());
  EXPECT_EQ(concat({x}, 0).id(), x.id());
  EXPECT_EQ(slice(x, {0, 0}, {2, 3}).id(), x.id());
  EXPECT_EQ(pad(x, {0, 0}, {0, 0}).id(), x.id());
}

TEST_F(GraphTest, ATransposedOperandIsAFlagOfTheProduct) {
  const Tensor a = bench.variable({3, 2}, Span::shared);
  const Expression& e = (*bench.graph())[matmul(transpose(a), transpose(x)).id()];
  EXPECT_EQ(e.op, Op::matmul);
  EXPECT_EQ(e.operands, (std::vector<ExpressionId>{a.id(), x.id()}));
  EXPECT_EQ(e.attributes.integers, (std::vector<Size>{1, 1, 0}));
}

TEST_F(GraphTest, ASumOfProductsOverSamplesIsOneProduct) {
  const Tensor total = batch_sum(matmul(transpose(x), x));
  const Expression& e = (*bench.graph())[total.id()];
  EXPECT_EQ(e.op, Op::matmul);
  EXPECT_EQ(e.attributes.integers, (std::vector<Size>{1, 0, 1}));
  EXPECT_EQ(e.span, Span::shared);
}

TEST_F(GraphTest, TheWeightGradientOfALayerIsOneProduct) {
  const Tensor weight = bench.variable({2, 3}, Span::shared), row = bench.variable({3}, Span::per_sample);
  const Tensor slope = gradient(sum(square(matmul(row, transpose(weight)))), {weight})[0];
  EXPECT_EQ((*bench.graph())[slope.id()].op, Op::matmul);
  EXPECT_EQ((*bench.graph())[slope.id()].attributes.integers[2], 1);
}

TEST_F(GraphTest, ASharedVariableSumsOverTheSamples) {
  const Tensor b = bench.variable({}, Span::shared), y = bench.variable({}, Span::per_sample);
  EXPECT_EQ(evaluate(bench, gradient(y + b, {b}))[0], Numbers{3});  // energy_i = y_i + b
  EXPECT_EQ(evaluate(bench, gradient(batch_mean(y + b), {b}))[0], Numbers{1});
}

TEST_F(GraphTest, NoInfluenceMeansZeros) {
  const Tensor unused = bench.variable({2, 2}, Span::per_sample);
  EXPECT_EQ(evaluate(bench, gradient(sum(x), {unused}))[0], (Numbers{0, 0, 0, 0}));
  const Tensor stopped = stop_gradient(w);
  EXPECT_EQ(evaluate(bench, gradient(sum(stopped * w), {w}))[0], evaluate(bench, {w})[0]);
  EXPECT_EQ(evaluate(bench, gradient(sum(floor(w) + sign(w) + (w < 0.0)), {w}))[0], (Numbers{0, 0, 0}));
}

TEST_F(GraphTest, NothingFlowsThroughRandomDraws) {
  const Tensor counter = bench.variable({}, Span::shared);
  const Tensor noise = apply(Op::random_normal, {counter}, {{1, 1}, {}}, {3});
  EXPECT_EQ(noise.span(), Span::per_sample);
  EXPECT_EQ(evaluate(bench, gradient(sum(noise * w), {counter}))[0], Numbers{0});
}

TEST_F(GraphTest, GradientsOfIntermediateTensors) {
  const Tensor u = x * w, energy = sum(square(u)) + sum(u);
  const auto slopes = evaluate(bench, {gradient(energy, {u})[0], 2.0 * u + 1.0});
  EXPECT_EQ(slopes[0], slopes[1]);
}

TEST_F(GraphTest, TheSlopeOfThePowerZeroIsZero) {
  const Tensor base = bench.variable({3}, Span::shared), exponent = bench.variable({3}, Span::shared);
  bench.data(base) = {0, 0, 0};
  bench.data(exponent) = {0, 1, 2};
  EXPECT_EQ(evaluate(bench, gradient(sum(power(base, exponent)), {base}))[0], (Numbers{0, 1, 0}));
}

TEST_F(GraphTest, TiesOfTheMaximumShareTheGradient) {
  const Tensor y = bench.variable({4}, Span::shared);
  bench.data(y) = {2, 1, 2, 0};
  EXPECT_EQ(evaluate(bench, gradient(max(y), {y}))[0], (Numbers{0.5, 0, 0.5, 0}));
}

TEST_F(GraphTest, AVariableIsNeededWhereOneIsExpected) {
  EXPECT_EQ(message_of<ArgumentError>([&] { symbol_of(*bench.graph(), (x + w).id(), "assign"); }),
            "[assign] expected a variable, got the result of 'add' of shape (2, 3)");
}

}  // namespace
}  // namespace pcxx::test

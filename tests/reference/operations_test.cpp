/// What the reference backend computes, operation by operation, against numbers worked out by hand.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "support/close.h"
#include "support/workbench.h"
#include "tensor/rules.h"

namespace pcxx::test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const double kNaN = std::nan("");

/// Returns a shared variable with the given numbers.
Tensor given(Workbench& bench, const Shape& shape, const Numbers& numbers) {
  const Tensor x = bench.variable(shape, Span::shared);
  bench.data(x) = numbers;
  return x;
}

Tensor given_per_sample(Workbench& bench, const Shape& shape, const Numbers& numbers) {
  const Tensor x = bench.variable(shape, Span::per_sample);
  bench.data(x) = numbers;
  return x;
}

Numbers value(const Workbench& bench, const Tensor& x) { return evaluate(bench, {x})[0]; }

Numbers elementwise(Tensor (*f)(const Tensor&), const Numbers& numbers) {
  Workbench bench(1);
  const Numbers wide = value(bench, f(given(bench, {static_cast<Size>(numbers.size())}, numbers)));
  const Tensor x = given(bench, {static_cast<Size>(numbers.size())}, numbers);
  EXPECT_TRUE(close(evaluate(bench, {f(x)}, *reference_backend(), Precision::f32)[0], wide, 1e-6));
  return wide;
}

Numbers pairwise(Tensor (*f)(const Tensor&, const Tensor&), const Numbers& a, const Numbers& b) {
  Workbench bench(1);
  const Shape shape{static_cast<Size>(a.size())};
  return value(bench, f(given(bench, shape, a), given(bench, shape, b)));
}

constexpr double kExact = 1e-15;

TEST(Elementwise, OneOperand) {
  EXPECT_EQ(elementwise(sign, {-3, 0, 0.5}), (Numbers{-1, 0, 1}));
  EXPECT_EQ(elementwise(abs, {-3, 0, 0.5}), (Numbers{3, 0, 0.5}));
  EXPECT_EQ(elementwise(floor, {-1.5, 2, 2.75}), (Numbers{-2, 2, 2}));
  EXPECT_EQ(elementwise(sqrt, {4, 0}), (Numbers{2, 0}));
  EXPECT_EQ(elementwise(square, {-3, 0.5}), (Numbers{9, 0.25}));
  EXPECT_TRUE(close(elementwise(exp, {0, 1, -kInfinity}), {1, std::numbers::e, 0}, kExact));
  EXPECT_TRUE(close(elementwise(log, {1, std::numbers::e, 0}), {0, 1, -kInfinity}, 1e-7));
  EXPECT_TRUE(close(elementwise(sin, {0, 1}), {0, 0.8414709848078965}, kExact));
  EXPECT_TRUE(close(elementwise(cos, {0, 1}), {1, 0.5403023058681398}, kExact));
  EXPECT_TRUE(close(elementwise(erf, {0, 1, -1}), {0, 0.8427007929497149, -0.8427007929497149}, kExact));
}

TEST(Elementwise, TwoOperands) {
  EXPECT_EQ(pairwise(operator+, {1, 2}, {3, -5}), (Numbers{4, -3}));
  EXPECT_EQ(pairwise(operator-, {1, 2}, {3, -5}), (Numbers{-2, 7}));
  EXPECT_EQ(pairwise(operator*, {1, 2}, {3, -5}), (Numbers{3, -10}));
  EXPECT_EQ(pairwise(operator/, {1, 2}, {4, -8}), (Numbers{0.25, -0.25}));
  EXPECT_EQ(pairwise(maximum, {1, 2}, {3, -5}), (Numbers{3, 2}));
  EXPECT_EQ(pairwise(minimum, {1, 2}, {3, -5}), (Numbers{1, -5}));
  EXPECT_EQ(pairwise(power, {2, 9, -2, 0}, {3, 0.5, 2, 0}), (Numbers{8, 3, 4, 1}));
}

TEST(Elementwise, ComparisonsGiveZeroAndOne) {
  const Numbers a{1, 2, 3}, b{2, 2, 2};
  EXPECT_EQ(pairwise(operator<, a, b), (Numbers{1, 0, 0}));
  EXPECT_EQ(pairwise(operator<=, a, b), (Numbers{1, 1, 0}));
  EXPECT_EQ(pairwise(operator>, a, b), (Numbers{0, 0, 1}));
  EXPECT_EQ(pairwise(operator>=, a, b), (Numbers{0, 1, 1}));
  EXPECT_EQ(pairwise(equal, a, b), (Numbers{0, 1, 0}));
  const Numbers yes_no{1, 1, 0, 0}, alternating{1, 0, 1, 0};
  EXPECT_EQ(pairwise(operator&&, yes_no, alternating), (Numbers{1, 0, 0, 0}));
  EXPECT_EQ(pairwise(operator||, yes_no, alternating), (Numbers{1, 1, 1, 0}));
  EXPECT_EQ(elementwise(operator!, {1, 0, 2}), (Numbers{0, 1, 0}));
}

TEST(Elementwise, SelectTakesEachElementFromOneSide) {
  Workbench bench(1);
  const Tensor x = given(bench, {3}, {-1, 2, 3});
  EXPECT_EQ(value(bench, select(x < 0.0, 10.0 * x, x + 1.0)), (Numbers{-10, 3, 4}));
  EXPECT_EQ(value(bench, select(x < 0.0, log(x), 0.0))[1], 0);  // a NaN on the other side stays there
}

TEST(Activations, Values) {
  EXPECT_EQ(elementwise(relu, {-2, 0, 3}), (Numbers{0, 0, 3}));
  EXPECT_TRUE(close(elementwise(leaky_relu, {-2, 0, 3}), {-0.02, 0, 3}, kExact));
  EXPECT_EQ(elementwise(hard_tanh, {-2, -0.5, 1, 3}), (Numbers{-1, -0.5, 1, 1}));
  EXPECT_TRUE(close(elementwise(elu, {-1, 0, 2}), {std::exp(-1) - 1, 0, 2}, kExact));
  EXPECT_TRUE(close(elementwise(tanh, {0.5}), {0.46211715726000973}, kExact));
  EXPECT_TRUE(close(elementwise(sigmoid, {0, 1, -1000, 1000}), {0.5, 0.7310585786300049, 0, 1}, kExact));
  EXPECT_TRUE(close(elementwise(silu, {1, -1}), {0.7310585786300049, -0.2689414213699951}, kExact));
  EXPECT_TRUE(close(elementwise(softplus, {0, 100, -100}), {std::log(2), 100, 0}, kExact));
  EXPECT_TRUE(close(elementwise(gelu, {1, -1}), {0.8411919906082768, -0.15880800939172324}, kExact));
  EXPECT_TRUE(close(elementwise(gelu_erf, {1, -1}), {0.8413447460685429, -0.15865525393145707}, kExact));
}

TEST(Activations, DerivativesAtKinks) {
  const auto derivative = [](Activation kind, double x) {
    Workbench bench(1);
    const Tensor at = given(bench, {1}, {x});
    return value(bench, apply(Op::activation_derivative, {at}, {{static_cast<Size>(kind)}, {}}))[0];
  };
  EXPECT_EQ(derivative(Activation::relu, 0), 0);
  EXPECT_EQ(derivative(Activation::leaky_relu, 0), 1);
  EXPECT_EQ(derivative(Activation::leaky_relu, -1), 0.01);
  EXPECT_EQ(derivative(Activation::hard_tanh, 1), 1);
  EXPECT_EQ(derivative(Activation::hard_tanh, -1), 1);
  EXPECT_EQ(derivative(Activation::hard_tanh, 1.5), 0);
  EXPECT_EQ(derivative(Activation::elu, 0), 1);
  EXPECT_EQ(derivative(Activation::identity, -3), 1);
}

TEST(Activations, LetNaNThrough) {
  for (const std::string_view name : activation_names()) {
    Workbench bench(1);
    EXPECT_TRUE(std::isnan(value(bench, activate(name, given(bench, {1}, {kNaN})))[0])) << name;
  }
}

TEST(Reductions, OverChosenAxes) {
  Workbench bench(1);
  const Tensor x = given(bench, {2, 3}, {1, 2, 3, 4, 5, 7});
  EXPECT_EQ(value(bench, sum(x)), Numbers{22});
  EXPECT_EQ(value(bench, sum(x, {0})), (Numbers{5, 7, 10}));
  EXPECT_EQ(value(bench, sum(x, {-1})), (Numbers{6, 16}));
  EXPECT_EQ(value(bench, mean(x, {1}))[0], 2);
  EXPECT_EQ(value(bench, max(x, {0})), (Numbers{4, 5, 7}));
  EXPECT_EQ(value(bench, max(x)), Numbers{7});
  EXPECT_TRUE(close(value(bench, logsumexp(x, {1})), {3.4076059644443806, 7.169846019556286}, kExact));
}

TEST(Reductions, LogsumexpStaysFinite) {
  Workbench bench(1);
  const Tensor x = given(bench, {4, 2}, {1000, 1000, -1000, -1000, -kInfinity, 0, kInfinity, 0});
  EXPECT_TRUE(close(value(bench, logsumexp(x, {1})), {1000 + std::log(2), -1000 + std::log(2), 0, kInfinity}, kExact));
  EXPECT_EQ(value(bench, logsumexp(given(bench, {2}, {-kInfinity, -kInfinity})))[0], -kInfinity);
}

TEST(Reductions, MaxKeepsNaN) {
  Workbench bench(1);
  EXPECT_TRUE(std::isnan(value(bench, max(given(bench, {3}, {1, kNaN, 2})))[0]));
}

TEST(Reductions, SoftmaxSumsToOne) {
  Workbench bench(1);
  const Tensor x = given(bench, {2, 2}, {0, std::log(3), 5, 5});
  EXPECT_TRUE(close(value(bench, softmax(x)), {0.25, 0.75, 0.5, 0.5}, kExact));
  EXPECT_TRUE(close(value(bench, log_softmax(x)), {std::log(0.25), std::log(0.75), -std::log(2), -std::log(2)}, kExact));
}

TEST(Structure, MovesElements) {
  Workbench bench(1);
  const Tensor x = given(bench, {2, 3}, {1, 2, 3, 4, 5, 6}), row = given(bench, {1, 3}, {7, 8, 9});
  EXPECT_EQ(value(bench, transpose(x)), (Numbers{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(value(bench, reshape(x, {3, 2})), (Numbers{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(value(bench, broadcast(row, {2, 3})), (Numbers{7, 8, 9, 7, 8, 9}));
  EXPECT_EQ(value(bench, broadcast(reshape(row, {3, 1}), {3, 2})), (Numbers{7, 7, 8, 8, 9, 9}));
  EXPECT_EQ(value(bench, concat({x, row}, 0)), (Numbers{1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(value(bench, concat({x, x}, -1)), (Numbers{1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6}));
  EXPECT_EQ(value(bench, slice(x, {0, 1}, {2, 3})), (Numbers{2, 3, 5, 6}));
  EXPECT_EQ(value(bench, pad(row, {1, 0}, {0, 1})), (Numbers{0, 0, 0, 0, 7, 8, 9, 0}));
}

TEST(Structure, TransposeOfThreeAxes) {
  Workbench bench(1);
  const Tensor x = given(bench, {2, 1, 3}, {1, 2, 3, 4, 5, 6});
  const Tensor turned = transpose(x, {2, 0, 1});
  EXPECT_EQ(turned.shape(), (Shape{3, 2, 1}));
  EXPECT_EQ(value(bench, turned), (Numbers{1, 4, 2, 5, 3, 6}));
}

TEST(Structure, GatherScatterOneHot) {
  Workbench bench(1);
  const Tensor table = given(bench, {3, 2}, {1, 2, 3, 4, 5, 6});
  const Tensor index = bench.index({4}, Span::shared, 3);
  bench.data(index) = {2, 0, 2, 1};
  EXPECT_EQ(value(bench, gather(table, index)), (Numbers{5, 6, 1, 2, 5, 6, 3, 4}));
  const Tensor rows = given(bench, {4}, {10, 20, 30, 40});
  EXPECT_EQ(value(bench, apply(Op::scatter_add, {index, rows}, {{3}, {}})), (Numbers{20, 40, 40}));
  EXPECT_EQ(value(bench, one_hot(index, 3)), (Numbers{0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 1, 0}));
}

TEST(Structure, Rows) {
  Workbench bench(1);
  const Tensor sequence = given(bench, {3, 2}, {1, 2, 3, 4, 5, 6}), other = given(bench, {2}, {7, 8});
  const Tensor last = given(bench, {}, {2});
  EXPECT_EQ(value(bench, row(sequence, last)), (Numbers{5, 6}));
  EXPECT_EQ(value(bench, row(sequence, 0.0)), (Numbers{1, 2}));
  EXPECT_EQ(value(bench, set_row(sequence, 1.0, other)), (Numbers{1, 2, 7, 8, 5, 6}));
  EXPECT_EQ(value(bench, row(set_row(sequence, last, other), last)), (Numbers{7, 8}));
  EXPECT_THROW(value(bench, row(sequence, last + 1.0)), std::out_of_range);
  EXPECT_THROW(value(bench, set_row(sequence, last - 3.0, other)), std::out_of_range);
}

TEST(Structure, AnIndexOutsideItsTableIsAnError) {
  Workbench bench(1);
  const Tensor index = bench.index({1}, Span::shared, 3);
  bench.data(index) = {3};
  const Tensor row = gather(given(bench, {3}, {1, 2, 3}), index);
  try {
    value(bench, row);
    FAIL();
  } catch (const std::out_of_range& error) {
    EXPECT_STREQ(error.what(), "[gather] index 3 in a table of 3 rows; expected 0 to 2");
  }
}

TEST(Products, MatricesAndVectors) {
  Workbench bench(1);
  const Tensor a = given(bench, {2, 3}, {1, 2, 3, 4, 5, 6}), b = given(bench, {3, 2}, {7, 8, 9, 10, 11, 12});
  const Tensor v = given(bench, {3}, {1, 0, -1});
  EXPECT_EQ(value(bench, matmul(a, b)), (Numbers{58, 64, 139, 154}));
  EXPECT_EQ(value(bench, matmul(transpose(b), transpose(a))), (Numbers{58, 139, 64, 154}));
  EXPECT_EQ(value(bench, matmul(a, v)), (Numbers{-2, -2}));
  EXPECT_EQ(value(bench, matmul(v, b)), (Numbers{-4, -4}));
  EXPECT_EQ(value(bench, matmul(v, v)), Numbers{2});
}

TEST(Products, RoundTheirInputsToBf16WhenAsked) {
  Workbench bench(1);
  // 1 + 2^-8 lies half way between two bf16 numbers and goes to the even one, 1; 1 + 3 2^-8 goes up to 1 + 2^-6.
  const Tensor a = given(bench, {2, 1}, {1 + 0x1p-8, 1 + 3 * 0x1p-8}), b = given(bench, {1, 1}, {1});
  const auto rounded = evaluate(bench, {matmul(a, b)}, *reference_backend(), Precision::bf16)[0];
  EXPECT_EQ(rounded, (Numbers{1, 1 + 0x1p-6}));
}

TEST(Samples, SumsAndMeansGoOverTheBatch) {
  Workbench bench(3);
  const Tensor x = given_per_sample(bench, {2}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(value(bench, batch_sum(x)), (Numbers{9, 12}));
  EXPECT_EQ(value(bench, batch_mean(x)), (Numbers{3, 4}));
  EXPECT_EQ(value(bench, batch_size(x)), Numbers{3});
  const Tensor w = given(bench, {2}, {10, 20});
  EXPECT_EQ(value(bench, x + w), (Numbers{11, 22, 13, 24, 15, 26}));
  EXPECT_EQ(value(bench, batch_sum(w)), (Numbers{30, 60}));
}

TEST(Samples, ProductsMaySumThem) {
  Workbench bench(2);
  const Tensor x = given_per_sample(bench, {1, 2}, {1, 2, 3, 4}), g = given_per_sample(bench, {1, 1}, {10, 100});
  const Tensor total = batch_sum(matmul(transpose(g), x));
  EXPECT_EQ(total.span(), Span::shared);
  EXPECT_EQ(value(bench, total), (Numbers{310, 420}));
}

TEST(Samples, AnEmptyBatchHasSumsOfZero) {
  Workbench bench(0);
  const Tensor x = bench.variable({2}, Span::per_sample);
  EXPECT_EQ(value(bench, batch_sum(x)), (Numbers{0, 0}));
  EXPECT_EQ(value(bench, x), Numbers{});
}

TEST(Random, DrawsDependOnSeedSampleAndElement) {
  Workbench bench(1000);
  const Tensor step = given(bench, {}, {0});
  const Tensor normal = apply(Op::random_normal, {step}, {{5, 1}, {}}, {4});
  const auto once = evaluate(bench, {normal}, *reference_backend(), Precision::f64, 1)[0];
  EXPECT_EQ(once, evaluate(bench, {normal}, *reference_backend(), Precision::f64, 1)[0]);
  EXPECT_NE(once, evaluate(bench, {normal}, *reference_backend(), Precision::f64, 2)[0]);
  double total = 0, squares = 0;
  for (const double x : once) {
    total += x;
    squares += x * x;
  }
  EXPECT_NEAR(total / 4000, 0, 4 / std::sqrt(4000));             // four standard errors
  EXPECT_NEAR(squares / 4000, 1, 4 * std::sqrt(2.0 / 4000));
  bench.data(step)[0] = 1;
  EXPECT_NE(once, evaluate(bench, {normal}, *reference_backend(), Precision::f64, 1)[0]);
}

}  // namespace
}  // namespace pcxx::test

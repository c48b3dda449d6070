/// First and second gradients of operations over windows against central differences, for random geometry.
#include <gtest/gtest.h>

#include "pcxx/tensor/gradient.h"
#include "support/finite_difference.h"
#include "support/random_windows.h"
#include "tensor/rules.h"

namespace pcxx::test {
namespace {

constexpr Size kTrials = 6;

/// Calls check(bench, geometry, span, span) for random geometries of one to three axes and all spans of two operands.
template <class Check>
void for_random_windows(std::uint64_t seed, const Check& check) {
  for (Size axes = 1; axes <= 3; ++axes) {
    for (Size trial = 0; trial < kTrials; ++trial) {
      SCOPED_TRACE(testing::Message() << "axes " << axes << ", trial " << trial);
      Workbench bench(2, seed + static_cast<std::uint64_t>(100 * axes + trial));
      const RandomConvolution made = random_convolution(bench.random(), axes);
      const auto span = [&](Size bit) { return (trial >> bit & 1) != 0 ? Span::shared : Span::per_sample; };
      check(bench, made, span(0), span(1));
    }
  }
}

void expect_gradients(Workbench& bench, const Tensor& result, const std::vector<Tensor>& operands) {
  EXPECT_TRUE(gradient_matches(bench, weighted_total(bench, result), operands));
  EXPECT_TRUE(gradient_matches(bench, weighted_total(bench, sin(0.2 * batch_sum(result))), operands));
  const Tensor curved = weighted_total(bench, result * (1.0 + 0.25 * result));
  Tensor total(0.0);
  for (const Tensor& each : gradient(curved, operands)) {
    total = total + weighted_total(bench, each);
  }
  EXPECT_TRUE(gradient_matches(bench, total, operands));
}

TEST(GradientsOverWindows, Convolve) {
  for_random_windows(1, [](Workbench& bench, const RandomConvolution& made, Span first, Span second) {
    const Tensor x = bench.variable(made.picture, first), w = bench.variable(made.weight, second);
    expect_gradients(bench, apply(Op::convolve, {x, w}, attributes_of(made.convolution), made.result), {x, w});
  });
}

TEST(GradientsOverWindows, ConvolveTransposed) {
  for_random_windows(2, [](Workbench& bench, const RandomConvolution& made, Span first, Span second) {
    const Tensor y = bench.variable(made.result, first), w = bench.variable(made.weight, second);
    expect_gradients(bench, apply(Op::convolve_transposed, {y, w}, attributes_of(made.convolution), made.picture), {y, w});
  });
}

TEST(GradientsOverWindows, ConvolveWeight) {
  for_random_windows(3, [](Workbench& bench, const RandomConvolution& made, Span first, Span second) {
    const Tensor x = bench.variable(made.picture, first), y = bench.variable(made.result, second);
    const Tensor each = apply(Op::convolve_weight, {x, y}, attributes_of(made.convolution));
    expect_gradients(bench, each, {x, y});
    const Attributes summed = with_sample_sum(Op::convolve_weight, attributes_of(made.convolution), true);
    expect_gradients(bench, apply(Op::convolve_weight, {x, y}, summed), {x, y});
  });
}

TEST(GradientsOverWindows, ASumOverSamplesIsOneProduct) {
  Workbench bench(3);
  const Attributes attributes = attributes_of(Convolution{{{2}, {1}, {0}, {1}}, 1, false});
  const Tensor x = bench.variable({4, 2}, Span::per_sample), w = bench.variable({3, 2, 2}, Span::shared);
  const Tensor y = apply(Op::convolve, {x, w}, attributes, {3, 3});
  const Tensor slope = gradient(0.5 * sum(square(y)), {w})[0];
  const Expression& e = (*bench.graph())[slope.id()];
  EXPECT_EQ(e.op, Op::convolve_weight);
  EXPECT_TRUE(sums_samples(e));
  EXPECT_EQ(slope.span(), Span::shared);
}

TEST(GradientsOverWindows, SumsAndTheirAdjoint) {
  for_random_windows(4, [](Workbench& bench, const RandomConvolution& made, Span span, Span) {
    const Attributes attributes = attributes_of(made.convolution.windows);
    std::vector<Size> few = made.result.extents();
    few.back() = made.picture[-1];
    const Tensor x = bench.variable(made.picture, span), g = bench.variable(Shape(few), span);
    expect_gradients(bench, apply(Op::window_sum, {x}, attributes, Shape(few)), {x});
    expect_gradients(bench, apply(Op::window_spread, {g}, attributes, made.picture), {g});
  });
}

TEST(GradientsOverWindows, MaximaAndTheirAdjoint) {
  for_random_windows(5, [](Workbench& bench, const RandomConvolution& made, Span first, Span second) {
    const Attributes attributes = attributes_of(made.convolution.windows);
    std::vector<Size> few = made.result.extents();
    few.back() = made.picture[-1];
    const Tensor x = bench.variable(made.picture, first), v = bench.variable(made.picture, second);
    const Tensor g = bench.variable(Shape(few), second);
    expect_gradients(bench, apply(Op::window_pick, {x, v}, attributes, Shape(few)), {v});
    expect_gradients(bench, apply(Op::window_route, {x, g}, attributes, made.picture), {g});
    const Tensor largest = apply(Op::window_pick, {x, x}, attributes, Shape(few));  // max pooling: through v alone
    expect_gradients(bench, largest, {x});
  });
}

TEST(GradientsOverWindows, Take) {
  for (const Span span : {Span::shared, Span::per_sample}) {
    Workbench bench(2);
    const Tensor x = bench.variable({3, 4, 2}, span), g = bench.variable({3, 5, 2}, span);
    expect_gradients(bench, take(x, {3, 0, 0, 2, 3}, 1), {x});
    expect_gradients(bench, take(x, {1, 1}, -1), {x});
    expect_gradients(bench, apply(Op::take_add, {g}, {{1, 3, 0, 0, 2, 3}, {}}, {3, 4, 2}), {g});
  }
}

}  // namespace
}  // namespace pcxx::test

/// What the reference backend computes over windows, against numbers worked out by hand.
#include <gtest/gtest.h>

#include <cmath>

#include "support/workbench.h"
#include "tensor/rules.h"
#include "tensor/windows.h"

namespace pcxx::test {
namespace {

Tensor given(Workbench& bench, const Shape& shape, const Numbers& numbers) {
  const Tensor x = bench.variable(shape, Span::shared);
  bench.data(x) = numbers;
  return x;
}

Numbers value(const Workbench& bench, const Tensor& x) { return evaluate(bench, {x})[0]; }

Tensor convolve(const Tensor& x, const Tensor& w, const Convolution& convolution, const Shape& result) {
  return apply(Op::convolve, {x, w}, attributes_of(convolution), result);
}

TEST(Windows, AConvolutionIsACrossCorrelation) {
  Workbench bench(1);
  const Tensor x = given(bench, {4, 1}, {1, 2, 3, 4}), w = given(bench, {1, 2, 1}, {10, 1});
  EXPECT_EQ(value(bench, convolve(x, w, {{{2}, {1}, {0}, {1}}}, {3, 1})), (Numbers{12, 23, 34}));
  EXPECT_EQ(value(bench, convolve(x, w, {{{2}, {2}, {0}, {1}}}, {2, 1})), (Numbers{12, 34}));
  EXPECT_EQ(value(bench, convolve(x, w, {{{2}, {1}, {0}, {2}}}, {2, 1})), (Numbers{13, 24}));
  EXPECT_EQ(value(bench, convolve(x, w, {{{2}, {1}, {1}, {1}}}, {5, 1})), (Numbers{1, 12, 23, 34, 40}));
  EXPECT_EQ(value(bench, convolve(x, w, {{{2}, {1}, {5}, {1}}}, {2, 1})), (Numbers{0, 0}));  // before the picture
}

TEST(Windows, GroupsKeepTheirChannels) {
  Workbench bench(1);
  const Tensor x = given(bench, {2, 2}, {1, 10, 2, 20});                     // two places, two channels
  const Tensor w = given(bench, {4, 1, 1}, {1, 2, 3, 4});                    // outputs 0, 1 read channel 0
  EXPECT_EQ(value(bench, convolve(x, w, {{{1}, {1}, {0}, {1}}, 2}, {2, 4})), (Numbers{1, 2, 30, 40, 2, 4, 60, 80}));
}

TEST(Windows, TheTransposedConvolutionSpreads) {
  Workbench bench(1);
  const Tensor y = given(bench, {2, 1}, {1, 2}), w = given(bench, {1, 2, 1}, {10, 1});
  const Attributes stride = attributes_of(Convolution{{{2}, {2}, {0}, {1}}});
  EXPECT_EQ(value(bench, apply(Op::convolve_transposed, {y, w}, stride, {5, 1})), (Numbers{10, 1, 20, 2, 0}));
  const Tensor x = given(bench, {4, 1}, {1, 2, 3, 4});
  EXPECT_EQ(value(bench, apply(Op::convolve_weight, {x, y}, stride)), (Numbers{1 + 6, 2 + 8}));
}

TEST(Windows, ConvolutionsRoundTheirInputsToBf16WhenAsked) {
  Workbench bench(1);
  const Tensor x = given(bench, {1, 1}, {1 + 3 * 0x1p-8}), w = given(bench, {1, 1, 1}, {1 + 0x1p-8});
  const Tensor y = convolve(x, w, {{{1}, {1}, {0}, {1}}}, {1, 1});
  EXPECT_EQ(evaluate(bench, {y}, *reference_backend(), Precision::bf16)[0], (Numbers{1 + 0x1p-6}));
}

TEST(Windows, SumsTakePlacesOutsideAsZero) {
  Workbench bench(1);
  const Tensor x = given(bench, {2, 2, 1}, {1, 2, 3, 4});
  const Attributes windows = attributes_of(Windows{{2, 2}, {1, 1}, {1, 1}, {1, 1}});
  EXPECT_EQ(value(bench, apply(Op::window_sum, {x}, windows, {3, 3, 1})), (Numbers{1, 3, 2, 4, 10, 6, 3, 7, 4}));
  EXPECT_EQ(value(bench, apply(Op::window_spread, {x}, windows, {1, 1, 1})), (Numbers{10}));
}

TEST(Windows, MaximaAreTheFirstOfTheirWindowAndNeverOutside) {
  Workbench bench(1);
  const Tensor x = given(bench, {4, 1}, {-3, 5, 5, -1}), v = given(bench, {4, 1}, {10, 20, 30, 40});
  const Attributes windows = attributes_of(Windows{{3}, {2}, {1}, {1}});
  EXPECT_EQ(value(bench, apply(Op::window_pick, {x, x}, windows, {2, 1})), (Numbers{5, 5}));
  EXPECT_EQ(value(bench, apply(Op::window_pick, {x, v}, windows, {2, 1})), (Numbers{20, 20}));
  const Tensor g = given(bench, {2, 1}, {7, 8});
  EXPECT_EQ(value(bench, apply(Op::window_route, {x, g}, windows, {4, 1})), (Numbers{0, 15, 0, 0}));
  const Attributes outside = attributes_of(Windows{{1}, {4}, {1}, {1}});
  EXPECT_EQ(value(bench, apply(Op::window_pick, {v, v}, outside, {3, 1})), (Numbers{0, 40, 0}));
}

TEST(Windows, ANotANumberIsTheMaximum) {
  Workbench bench(1);
  const Tensor x = given(bench, {3, 1}, {1, std::nan(""), 2});
  const Attributes windows = attributes_of(Windows{{3}, {1}, {0}, {1}});
  EXPECT_TRUE(std::isnan(value(bench, apply(Op::window_pick, {x, x}, windows, {1, 1}))[0]));
}

TEST(Windows, TakeReadsAndTakeAddWritesByTheTable) {
  Workbench bench(1);
  const Tensor x = given(bench, {2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(value(bench, take(x, {2, 0, 0}, 1)), (Numbers{3, 1, 1, 6, 4, 4}));
  EXPECT_EQ(value(bench, take(x, {1}, 0)), (Numbers{4, 5, 6}));
  EXPECT_EQ(value(bench, apply(Op::take_add, {x}, {{1, 1, 1, 0}, {}}, {2, 2})), (Numbers{3, 3, 6, 9}));
}

}  // namespace
}  // namespace pcxx::test

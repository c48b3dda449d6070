/// Generators: points where the recipe puts them, balanced classes, the same bits for the same
/// options.
#include "pcxx/data/generators.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <numbers>
#include <vector>

#include "pcxx/core/errors.h"
#include "support/message.h"
#include "support/random_arrays.h"

namespace pcxx {
namespace {

constexpr double kRounding = 1e-6;  // f32 coordinates up to 2

Size count_of(const Dataset& set, std::int32_t label) {
  const auto labels = set.labels.as<std::int32_t>();
  return std::count(labels.begin(), labels.end(), label);
}

std::array<double, 2> point(const Dataset& set, Size row) {
  const auto values = set.inputs.as<float>().subspan(static_cast<std::size_t>(2 * row), 2);
  return {values[0], values[1]};
}

std::int32_t label(const Dataset& set, Size row) {
  return set.labels.as<std::int32_t>()[static_cast<std::size_t>(row)];
}

TEST(Generators, MoonsAreTwoHalfCircles) {
  const Dataset set = two_moons({.samples = 101, .noise = 0});
  check(set);
  EXPECT_EQ(count_of(set, 0), 50);
  EXPECT_EQ(count_of(set, 1), 51);
  double leftmost = 1;
  double rightmost = 1;
  for (Size row = 0; row < set.size(); ++row) {
    auto [x, y] = point(set, row);
    leftmost = std::min(leftmost, x);
    rightmost = std::max(rightmost, x);
    if (label(set, row) == 1) {
      x = 1 - x;
      y = 0.5 - y;
    }
    EXPECT_NEAR(x * x + y * y, 1, 4 * kRounding);
    EXPECT_GE(y, -kRounding);
  }
  EXPECT_NEAR(leftmost, -1, kRounding);  // t = pi of the outer moon
  EXPECT_NEAR(rightmost, 2, kRounding);  // t = pi of the inner moon
}

TEST(Generators, RingsAndSpiralsLieOnTheirCurves) {
  const Dataset circles = rings(3, {.samples = 90, .noise = 0});
  const Dataset arms = spirals(2, 1.5, {.samples = 90, .noise = 0});
  for (Size row = 0; row < 90; ++row) {
    const auto [x, y] = point(circles, row);
    EXPECT_NEAR(std::hypot(x, y), (label(circles, row) + 1) / 3.0, kRounding);
    const auto [u, v] = point(arms, row);
    const double radius = std::hypot(u, v);
    const double angle = 2 * std::numbers::pi * (1.5 * radius + label(arms, row) / 2.0);
    EXPECT_NEAR(u, radius * std::cos(angle), 20 * kRounding);
    EXPECT_NEAR(v, radius * std::sin(angle), 20 * kRounding);
  }
  EXPECT_EQ(count_of(circles, 2), 30);
  EXPECT_EQ(count_of(arms, 1), 45);
}

TEST(Generators, BlobsScatterAroundTheirCentres) {
  const Dataset exact = blobs(4, 3, 2, {.samples = 10, .noise = 0});
  EXPECT_EQ(count_of(exact, 0), 2);
  EXPECT_EQ(count_of(exact, 3), 3);
  const Dataset noisy = blobs(1, 1, 2, {.samples = 20'000, .noise = 0.5});
  const double centre = blobs(1, 1, 2, {.samples = 1, .noise = 0}).inputs.as<float>()[0];
  double sum = 0;
  double squares = 0;
  for (const float value : noisy.inputs.as<float>()) {
    sum += value - centre;
    squares += (value - centre) * (value - centre);
  }
  // Standard errors: 0.5 / sqrt(n) = 0.0035 of the mean, 0.5^2 sqrt(2 / n) = 0.0025 of the
  // variance; five of each.
  EXPECT_NEAR(sum / 20'000, 0, 0.018);
  EXPECT_NEAR(squares / 20'000, 0.25, 0.0125);
}

TEST(Generators, ALinearProblemIsSolvedByItsWeights) {
  const LinearProblem problem = linear_regression(5, 3, {.samples = 20, .noise = 0});
  check(problem.data);
  const auto inputs = problem.data.inputs.as<float>();
  const auto weight = problem.weight.as<float>();
  for (std::size_t row = 0; row < 20; ++row) {
    for (std::size_t out = 0; out < 3; ++out) {
      double expected = problem.bias.as<float>()[out];
      for (std::size_t in = 0; in < 5; ++in) {
        expected +=
            static_cast<double>(weight[out * 5 + in]) * static_cast<double>(inputs[row * 5 + in]);
      }
      EXPECT_NEAR(problem.data.targets.as<float>()[row * 3 + out], expected, 1e-5);
    }
  }
  EXPECT_EQ(problem.data.classes, 0);
}

TEST(Generators, TheSeedDecidesEveryBit) {
  using Maker = std::function<Dataset(std::uint64_t)>;
  for (const Maker& make :
       {Maker([](auto seed) { return two_moons({.seed = seed}); }),
        Maker([](auto seed) { return rings(2, {.seed = seed}); }),
        Maker([](auto seed) { return spirals(3, 2, {.seed = seed}); }),
        Maker([](auto seed) { return blobs(3, 4, 1, {.seed = seed}); }),
        Maker([](auto seed) { return linear_regression(4, 2, {.seed = seed}).data; })}) {
    EXPECT_TRUE(test::same_bits(make(1).inputs, make(1).inputs));
    EXPECT_TRUE(test::same_bits(make(1).labels, make(1).labels));
    EXPECT_TRUE(test::same_bits(make(1).targets, make(1).targets));
    EXPECT_FALSE(test::same_bits(make(1).inputs, make(2).inputs));
  }
}

TEST(Generators, SamplesComeInRandomOrder) {
  const Dataset set = two_moons({.samples = 1000});
  Size changes = 0;
  for (Size row = 1; row < 1000; ++row) {
    changes += label(set, row) != label(set, row - 1) ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(changes), 500, 80);  // five standard deviations of a fair coin
}

TEST(Generators, BadOptionsAreNamed) {
  EXPECT_EQ(test::message_of<ArgumentError>([] { two_moons({.samples = -1}); }),
            "[two_moons] -1 samples, noise 0.100000, 1 classes, width 1; samples and noise cannot "
            "be negative, the "
            "others must be at least 1");
  EXPECT_THROW(rings(0), ArgumentError);
  EXPECT_THROW(blobs(2, 0), ArgumentError);
  EXPECT_THROW(spirals(2, 1, {.noise = -1}), ArgumentError);
  EXPECT_EQ(two_moons({.samples = 0}).size(), 0);
  EXPECT_EQ(rings(5, {.samples = 3}).size(), 3);
}

}  // namespace
}  // namespace pcxx

/// Convolutions and their adjoints against plain loops in f64, for random geometry, on every instruction set.
#include "backend/cpu/convolution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "cpu_kernels/aligned_bytes.h"
#include "cpu_kernels/geometry.h"
#include "cpu_kernels/operand.h"
#include "cpu_kernels/targets.h"

namespace pcxx::cpu {

namespace {

/// Adds picture x weight to result for all meetings; one of the three is what is computed.
template <class Add>
void for_each_term(const WindowGeometry& g, Size samples, const Add& add) {
  const Size c = g.group_channels(), f = g.group_features();
  for (Size sample = 0; sample < samples; ++sample) {
    for_each_meeting(g, [&](Size from, Size place, Size tap) {
      for (Size group = 0; group < g.groups; ++group) {
        for (Size i = 0; i < f; ++i) {
          for (Size j = 0; j < c; ++j) {
            add(static_cast<std::size_t>((sample * g.in_places() + from) * g.channels + group * c + j),
                static_cast<std::size_t>(((group * f + i) * g.taps() + tap) * c + j),
                static_cast<std::size_t>((sample * g.out_places() + place) * g.features + group * f + i));
          }
        }
      }
    });
  }
}

void expect_near(const Floats& d, const std::vector<double>& expected, double within) {
  ASSERT_EQ(d.size(), expected.size());
  for (std::size_t i = 0; i < d.size(); ++i) {
    ASSERT_NEAR(d[i], expected[i], within) << "element " << i;
  }
}

/// Winograd's transformed operands are rounded to bf16 once more: an error of about half a unit in each term's last place.
double tolerance_of(const WindowGeometry& g, bool transposed, ElementType type) {
  const Size terms = g.taps() * (transposed ? g.group_features() : g.group_channels());
  const bool rounded = type == ElementType::bf16 && winograd_takes({g, transposed, type});
  return rounded ? 0x1p-6 * std::sqrt(static_cast<double>(terms)) : tolerance(terms);
}

struct Case {
  WindowGeometry g;
  Size samples;
  Operand picture, weight, result;

  Case(const WindowGeometry& geometry, Size count, ElementType type)
      : g(geometry), samples(count), picture(random_floats(count * g.in_places() * g.channels, 1), type),
        weight(random_floats(g.features * g.taps() * g.group_channels(), 2), type),
        result(random_floats(count * g.out_places() * g.features, 3), type) {}
};

Floats product(const Case& with, bool transposed, ElementType type) {
  const auto made = make_convolution({with.g, transposed, type});
  const Convolution& convolution = *made;
  const AlignedBytes packed(convolution.packed_bytes());
  const AlignedBytes scratch(std::max(convolution.pack_scratch_bytes(), convolution.scratch_bytes()));
  for (Size last = convolution.pack_parts(); last > 0;) {
    const Size first = std::max<Size>(0, last - 3);
    convolution.pack(with.weight.values.data(), packed.get(), first, last, scratch.get());
    last = first;
  }
  Floats d((transposed ? with.picture : with.result).values.size(), std::numeric_limits<float>::quiet_NaN());
  convolution.run(with.samples, (transposed ? with.result : with.picture).at(0), packed.get(), d.data(), scratch.get());
  EXPECT_TRUE(packed.guard_intact());
  EXPECT_TRUE(scratch.guard_intact());
  return d;
}

void check_products(const Case& with, ElementType type) {
  std::vector<double> forward(with.result.values.size()), adjoint(with.picture.values.size());
  for_each_term(with.g, with.samples, [&](std::size_t picture, std::size_t weight, std::size_t result) {
    forward[result] += static_cast<double>(with.picture.values[picture]) * with.weight.values[weight];
    adjoint[picture] += static_cast<double>(with.result.values[result]) * with.weight.values[weight];
  });
  expect_near(product(with, false, type), forward, tolerance_of(with.g, false, type));
  expect_near(product(with, true, type), adjoint, tolerance_of(with.g, true, type));
}

Floats sum(const ConvolutionSum& convolution, const Case& with, Size each) {
  Floats d(with.weight.values.size(), std::numeric_limits<float>::quiet_NaN());
  const AlignedBytes scratch(convolution.scratch_bytes(with.samples));
  for (Size last = convolution.parts(); last > 0;) {
    const Size first = std::max<Size>(0, last - each);
    convolution.run(with.samples, with.picture.at(0), with.result.at(0), d.data(), first, last, scratch.get());
    last = first;
  }
  EXPECT_TRUE(scratch.guard_intact());
  return d;
}

void check_sum(const Case& with, ElementType type) {
  std::vector<double> expected(with.weight.values.size());
  for_each_term(with.g, with.samples, [&](std::size_t picture, std::size_t weight, std::size_t result) {
    expected[weight] += static_cast<double>(with.picture.values[picture]) * with.result.values[result];
  });
  const auto made = make_convolution_sum({with.g, type});
  const ConvolutionSum& convolution = *made;
  const Floats d = sum(convolution, with, convolution.parts());
  expect_near(d, expected, tolerance(with.samples * with.g.out_places()));
  for (const Size each : {1, 3}) {
    ASSERT_EQ(sum(convolution, with, each), d) << each << " parts in one go";
  }
}

void check(const WindowGeometry& g, Size samples, ElementType type) {
  SCOPED_TRACE(testing::Message() << g << ", samples " << samples << " " << to_string(type));
  const Case with(g, samples, type);
  check_products(with, type);
  check_sum(with, type);
}

TEST(Convolution, AgreesWithPlainLoopsForRandomGeometry) {
  for_every_target([] {
    std::mt19937 random(1);
    for (int trial = 0; trial < 40; ++trial) {
      const WindowGeometry g = random_geometry(random, 9);
      check(g, trial % 4, trial % 2 == 0 ? ElementType::f32 : ElementType::bf16);
    }
  });
}

TEST(Convolution, AgreesWithPlainLoopsWhereDepthAndRowsComeInChunks) {
  for_every_target([] {
    for (const ElementType type : {ElementType::f32, ElementType::bf16}) {
      check({{1, 9, 9}, {1, 9, 9}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {1, 1, 1}, 48, 200, 1}, 7, type);
      check({{1, 8, 10}, {1, 4, 5}, {1, 3, 3}, {1, 2, 2}, {0, 1, 1}, {1, 1, 1}, 70, 40, 1}, 3, type);
      check({{1, 6, 6}, {1, 6, 6}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {1, 1, 1}, 64, 128, 2}, 3, type);
    }
  });
}

TEST(Convolution, AgreesWithPlainLoopsWhereWinogradTakesIt) {
  for_every_target([] {
    std::mt19937 random(3);
    const auto draw = [&](Size from, Size to) { return std::uniform_int_distribution<Size>(from, to)(random); };
    for (int trial = 0; trial < 12; ++trial) {
      WindowGeometry g{{draw(1, 2), draw(10, 13), draw(10, 13)}, {}, {1, 3, 3}, {1, 1, 1}, {0, draw(0, 3), draw(0, 3)}, {1, 1, 1}, 0, 0, 1};
      g.out = {g.in[0], g.in[1] + g.before[1] + draw(0, 3) - 2, g.in[2] + g.before[2] + draw(0, 3) - 2};
      g.channels = draw(32, 70), g.features = draw(32, 70);
      const ElementType type = trial % 3 == 0 ? ElementType::bf16 : ElementType::f32;
      ASSERT_TRUE(winograd_takes({g, false, type}) && winograd_takes({g, true, type})) << g;
      ASSERT_EQ(winograd_takes({g, type}), type == ElementType::f32) << g;
      check(g, trial % 4, type);
    }
    for (const ElementType type : {ElementType::f32, ElementType::bf16}) {
      check({{1, 9, 9}, {1, 9, 9}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {1, 1, 1}, 300, 290, 1}, 2, type);
    }
  });
}

TEST(Convolution, RowsOweNothingToTheirNumber) {
  std::mt19937 random(2);
  for (const ElementType type : {ElementType::f32, ElementType::bf16}) {
    const WindowGeometry g{{1, 8, 8}, {1, 8, 8}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {1, 1, 1}, 40, 48, 1};
    const Case many(g, 5, type);
    const Floats all = product(many, false, type);
    Case one(g, 1, type);
    const auto picture = static_cast<std::size_t>(g.in_places() * g.channels), result = static_cast<std::size_t>(g.out_places() * g.features);
    const auto from = many.picture.values.begin() + static_cast<std::ptrdiff_t>(3 * picture);
    one.picture = Operand(Floats(from, from + static_cast<std::ptrdiff_t>(picture)), type);
    const Floats alone = product(one, false, type);
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), all.begin() + static_cast<std::ptrdiff_t>(3 * result)));
  }
}

}  // namespace
}  // namespace pcxx::cpu

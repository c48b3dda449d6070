/// Random numbers: published Philox vectors, ranges, moments, and that a stream can be resumed anywhere.
#include "pcxx/core/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "pcxx/core/errors.h"

namespace pcxx {
namespace {

using Counter = std::array<std::uint32_t, 4>;

// Known answers of the authors' library (Random123, kat_vectors, philox4x32 10).
TEST(Philox, EqualsThePublishedVectors) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}),
            (Counter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({~0U, ~0U, ~0U, ~0U}, {~0U, ~0U}),
            (Counter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Counter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomStream, DependsOnSeedStreamAndPositionAlone) {
  RandomStream first(7, stream_from("weights"));
  std::vector<std::uint32_t> words(11);
  std::generate(words.begin(), words.end(), [&] { return first.word(); });
  RandomStream second(7, stream_from("weights"));
  second.seek(6);
  EXPECT_EQ(second.word(), words[6]);
  EXPECT_EQ(second.position(), 7U);
  EXPECT_NE(RandomStream(8, stream_from("weights")).word(), words[0]);
  EXPECT_NE(RandomStream(7, stream_from("bias")).word(), words[0]);
}

TEST(RandomStream, UniformStaysInItsInterval) {
  RandomStream stream(1);
  double sum = 0;
  constexpr int kCount = 20000;
  for (int i = 0; i < kCount; ++i) {
    const double number = stream.uniform(-2, 3);
    ASSERT_GE(number, -2);
    ASSERT_LT(number, 3);
    sum += number;
  }
  // The mean's standard deviation is 5 / sqrt(12 * 20000) = 0.0102; five of them.
  EXPECT_NEAR(sum / kCount, 0.5, 0.051);
}

TEST(RandomStream, NormalHasMeanZeroAndVarianceOne) {
  RandomStream stream(2);
  double sum = 0;
  double squares = 0;
  constexpr int kCount = 20000;
  for (int i = 0; i < kCount; ++i) {
    const double number = stream.normal();
    sum += number;
    squares += number * number;
  }
  EXPECT_NEAR(sum / kCount, 0, 5 * 0.00708);     // 1 / sqrt(20000)
  EXPECT_NEAR(squares / kCount, 1, 5 * 0.0100);  // sqrt(2 / 20000)
}

TEST(RandomStream, BelowTakesEveryValueEquallyOften) {
  RandomStream stream(3);
  std::array<int, 3> counts{};
  constexpr int kCount = 9000;
  for (int i = 0; i < kCount; ++i) {
    ++counts.at(static_cast<std::size_t>(stream.below(3)));
  }
  for (const int count : counts) {
    EXPECT_NEAR(count, 3000, 5 * 44.7);  // sqrt(9000 * 1/3 * 2/3)
  }
  EXPECT_EQ(stream.below(1), 0);
}

TEST(RandomStream, BelowRefusesAnEmptyRange) {
  RandomStream stream(0);
  try {
    (void)stream.below(0);
    FAIL() << "a bound of 0 was taken";
  } catch (const ArgumentError& error) {
    EXPECT_EQ(std::string(error.what()), "[random] below(0) needs a bound of at least 1");
  }
}

TEST(RandomStream, PermutationHoldsEveryIndexOnce) {
  for (const Size count : {0, 1, 2, 1000}) {
    RandomStream stream(4);
    std::vector<Size> order = stream.permutation(count);
    ASSERT_EQ(static_cast<Size>(order.size()), count);
    EXPECT_EQ(count > 2 && std::is_sorted(order.begin(), order.end()), false);
    std::sort(order.begin(), order.end());
    for (Size i = 0; i < count; ++i) {
      EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
    }
  }
}

TEST(RandomStream, FillingIsOneCallForEach) {
  for (const Size start : {0, 1, 2, 3, 7}) {
    for (const std::size_t count : {0U, 1U, 3U, 4U, 5U, 33U, 131U}) {
      RandomStream each(5, 6), together(5, 6);
      each.seek(static_cast<std::uint64_t>(start));
      together.seek(static_cast<std::uint64_t>(start));
      std::vector<double> expected(count), filled(count);
      for (double& value : expected) {
        value = each.uniform(-2, 3);
      }
      together.uniform(filled, -2, 3);
      EXPECT_EQ(filled, expected);
      EXPECT_EQ(together.position(), each.position());
    }
  }
}

}  // namespace
}  // namespace pcxx

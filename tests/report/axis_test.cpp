/// Tests of axes: every value inside, round ticks in order, on random ranges of any size.
#include "report/axis.h"

#include <gtest/gtest.h>

#include <cmath>

#include "pcxx/core/random.h"

namespace pcxx::report {
namespace {

TEST(Axis, HoldsItsValuesAndHasSomeTicks) {
  RandomStream random(7);
  for (int i = 0; i < 2000; ++i) {
    const double size = std::pow(10, static_cast<double>(random.below(24)) - 12);
    const double low = size * (static_cast<double>(random.below(2001)) - 1000) / 100;
    const double high = low + size * static_cast<double>(random.below(1000)) / 100;
    const Axis chosen = axis({.low = low, .high = high});
    EXPECT_LE(chosen.low, low);
    EXPECT_GE(chosen.high, high);
    ASSERT_GE(chosen.ticks.size(), 2U) << low << " " << high;
    EXPECT_LE(chosen.ticks.size(), 12U);
    for (std::size_t tick = 0; tick < chosen.ticks.size(); ++tick) {
      EXPECT_GE(chosen.place(chosen.ticks[tick]), -1e-6);
      EXPECT_LE(chosen.place(chosen.ticks[tick]), 1 + 1e-6);
      EXPECT_TRUE(tick == 0 || chosen.ticks[tick] > chosen.ticks[tick - 1]);
    }
  }
}

TEST(Axis, OfWholeNumbersHasWholeTicks) {
  EXPECT_EQ(axis({.low = 1, .high = 1, .whole = true}).ticks, (std::vector<double>{1}));
  EXPECT_EQ(axis({.low = 1, .high = 3, .whole = true}).ticks, (std::vector<double>{1, 2, 3}));
  const Axis many = axis({.low = 1, .high = 1500, .whole = true});
  EXPECT_EQ(many.low, 1);
  EXPECT_EQ(many.high, 1500);
  EXPECT_EQ(many.text(many.ticks.back()), "1500");
}

TEST(Axis, OfDecadesKeepsToThem) {
  const Axis wide = axis({.low = 1e-6, .high = 1, .logarithmic = true});
  for (const double tick : wide.ticks) {
    EXPECT_NEAR(std::log10(tick), std::round(std::log10(tick)), 1e-9);
  }
  EXPECT_GE(wide.ticks.size(), 3U);
  const Axis narrow = axis({.low = 0.013, .high = 0.3, .logarithmic = true});
  EXPECT_EQ(narrow.text(narrow.ticks.front()), "0.02");
  EXPECT_NEAR(narrow.place(std::sqrt(0.013 * 0.3)), 0.5, 1e-9);
}

TEST(Axis, WritesNumbersForReaders) {
  EXPECT_EQ(number_text(0.0912345), "0.09123");
  EXPECT_EQ(number_text(8.1e-5), "8.1e-05");
  EXPECT_EQ(number_text(1218), "1,218");
  EXPECT_EQ(number_text(-1234567), "-1,234,567");
  EXPECT_EQ(axis({.low = 0, .high = 0.5}).text(0.1), "0.1");
}

}  // namespace
}  // namespace pcxx::report

/// Datasets: what is checked, found and cut.
#include "pcxx/data/dataset.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <vector>

#include "data/scale_bytes.h"
#include "pcxx/core/errors.h"
#include "support/message.h"

namespace pcxx {
namespace {

using test::message_of;

Dataset small_set() {
  Dataset set;
  set.inputs = Array::from({3, 2}, std::array{1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F});
  set.labels = Array({3}, ElementType::i32);
  set.labels.as<std::int32_t>()[1] = 2;
  set.classes = 3;
  return set;
}

TEST(Dataset, AConsistentSetPasses) {
  check(small_set());
  Dataset regression;
  regression.inputs = Array({3, 2}, ElementType::f32);
  regression.targets = Array({3, 1}, ElementType::f32);
  check(regression);
}

TEST(Dataset, WhatDoesNotFitIsNamed) {
  Dataset set = small_set();
  set.labels = Array({2}, ElementType::i32);
  EXPECT_EQ(message_of<ShapeError>([&] { check(set); }),
            "[data] labels are (2) for inputs of 3 rows; give one row for each sample");
  set = small_set();
  set.labels.as<std::int32_t>()[2] = 3;
  EXPECT_EQ(message_of<ArgumentError>([&] { check(set); }),
            "[data] label 3 of row 2 is none of the classes 0 to 2");
  set = small_set();
  set.inputs = set.inputs.to(ElementType::f64);
  EXPECT_EQ(message_of<ArgumentError>([&] { check(set); }),
            "[data] inputs are f64, not f32; convert with to()");
  set = small_set();
  set.classes = 0;
  EXPECT_EQ(message_of<ShapeError>([&] { check(set); }),
            "[data] targets are (0) for inputs of 3 rows; give one row for each sample");
  set = small_set();
  set.targets = Array({3, 1}, ElementType::f32);
  EXPECT_EQ(message_of<ArgumentError>([&] { check(set); }),
            "[data] a dataset of 3 classes has targets of shape (3, 1); give labels and classes, "
            "or targets");
  set = small_set();
  set.inputs = Array({3, 2}, ElementType::u8);
  set.scaling.deviation = 0;
  EXPECT_EQ(message_of<ArgumentError>([&] { check(set); }),
            "[data] inputs are scaled by mean 0.000000 and deviation 0.000000; the deviation must "
            "be above 0, both finite");
}

TEST(Dataset, ANumberThatIsNotFiniteIsFound) {
  Dataset set = small_set();
  check_finite(set);
  set.inputs.as<float>()[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(message_of<ArgumentError>([&] { check_finite(set); }),
            "[data] inputs row 1, column 1 is nan; every number must be finite; repair or remove "
            "that row");
  set = small_set();
  set.targets =
      Array::from({3, 1}, std::array{0.0F, 0.0F, -std::numeric_limits<float>::infinity()});
  EXPECT_EQ(message_of<ArgumentError>([&] { check_finite(set); }),
            "[data] targets row 2, column 0 is -inf; every number must be finite; repair or remove "
            "that row");
}

TEST(Dataset, ASliceKeepsRowsTogether) {
  const Dataset part = slice(small_set(), 1, 2);
  EXPECT_EQ(part.size(), 2);
  EXPECT_EQ(part.inputs.as<float>()[0], 3.0F);
  EXPECT_EQ(part.labels.as<std::int32_t>()[0], 2);
  check(part);
  EXPECT_EQ(slice(small_set(), 3, 0).size(), 0);
  EXPECT_EQ(message_of<std::out_of_range>([] { slice(small_set(), 2, 2); }),
            "[data] samples 2 to 3 of a dataset of 3");
}

TEST(Dataset, OneHotHasASingleOneInEachRow) {
  const Array array = one_hot(std::array{2, 0}, 3);
  const auto values = array.as<float>();
  EXPECT_EQ(array.shape(), Shape({2, 3}));
  EXPECT_EQ(std::vector<float>(values.begin(), values.end()),
            (std::vector<float>{0, 0, 1, 1, 0, 0}));
  EXPECT_EQ(message_of<ArgumentError>([] {
              one_hot(std::array{0, -1}, 3);
            }),
            "[data] label -1 of row 1 is none of the classes 0 to 2");
}

TEST(Dataset, ScaledBytesEqualTheFormulaToTheBit) {
  std::vector<std::uint8_t> bytes(256);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(i);
  }
  std::vector<float> numbers(256);
  for (const auto& [mean, deviation] : {std::pair{0.5F, 0.5F}, {0.0F, 1.0F}, {0.2860F, 0.25F}}) {
    scale_bytes(bytes, {mean, deviation}, numbers);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      ASSERT_EQ(numbers[i], (static_cast<float>(i) / 255 - mean) / deviation) << i;
    }
  }
  scale_bytes(bytes, {0.2860F, 0.3530F},
              numbers);  // 1 / deviation is rounded here: one more rounding of 2^-24
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    ASSERT_NEAR(numbers[i], (static_cast<double>(i) / 255 - 0.2860) / 0.3530, 4 * 0x1p-24 * 2.1);
  }
}

}  // namespace
}  // namespace pcxx

/// Array: zero-filled, aligned, deep copies, conversion between element types, and what it refuses.
#include "pcxx/core/array.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "pcxx/core/errors.h"
#include "support/message.h"

namespace pcxx {
namespace {

TEST(Array, BeginsAsZerosOnACacheLine) {
  const Array array(Shape{3, 5}, ElementType::f32);
  EXPECT_EQ(array.bytes(), 60U);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(array.data()) % 64, 0U);
  for (const float value : array.as<float>()) {
    EXPECT_EQ(value, 0);
  }
}

TEST(Array, CopiesAreDeep) {
  Array original = Array::from(Shape{2}, std::vector<float>{1, 2});
  const Array copy = original;
  original.as<float>()[0] = 9;
  EXPECT_EQ(copy.as<float>()[0], 1);
}

TEST(Array, MayBeEmpty) {
  const Array array(Shape{0, 4}, ElementType::f64);
  EXPECT_EQ(array.bytes(), 0U);
  EXPECT_TRUE(Array(array).as<double>().empty());
  EXPECT_TRUE(array.to(ElementType::f32).as<float>().empty());
}

TEST(Array, RefusesMoreElementsThanCanBe) {
  constexpr Size kMost = std::numeric_limits<Size>::max();
  EXPECT_EQ(test::message_of<ShapeError>([] { Shape({kMost, 2}); }),
            "[shape] (9223372036854775807, 2) has more elements than can be counted");
  EXPECT_EQ(test::message_of<ShapeError>([] { Shape({0, kMost, kMost}); }),
            "[shape] (0, 9223372036854775807, 9223372036854775807) has more elements than can be counted");
  EXPECT_EQ(test::message_of<ShapeError>([] { Array({kMost}, ElementType::f32); }),
            "[array] shape (9223372036854775807) has more elements than memory can hold");
}

TEST(Array, RefusesTheWrongNumberOfValues) {
  try {
    (void)Array::from(Shape{2, 2}, std::vector<float>{1, 2, 3});
    FAIL() << "three values filled a (2, 2) array";
  } catch (const ShapeError& error) {
    EXPECT_EQ(std::string(error.what()), "[array] 3 values for shape (2, 2), which has 4");
  }
}

TEST(Array, RefusesToShowElementsAsAnotherType) {
  const Array array(Shape{2}, ElementType::u8);
  try {
    (void)array.as<float>();
    FAIL() << "bytes were shown as floats";
  } catch (const ArgumentError& error) {
    EXPECT_EQ(std::string(error.what()), "[array] elements are u8, not f32; convert with to()");
  }
}

TEST(Array, ConvertsExactlyWhatBothTypesHold) {
  const Array values = Array::from(Shape{3}, std::vector<float>{0, 3, 200});
  for (const ElementType type : {ElementType::f64, ElementType::bf16, ElementType::i32,
                                 ElementType::i64, ElementType::u8}) {
    const Array back = values.to(type).to(ElementType::f32);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(back.as<float>()[i], values.as<float>()[i]) << to_string(type);
    }
  }
}

TEST(Array, RoundsToBf16ToNearestEven) {
  // bf16 has 8 significant bits: between 1 and 2 its step is 2^-7.
  const std::vector<float> values{1 + 0x1p-8F, 1 + 3 * 0x1p-8F, 1 + 0x1p-8F + 0x1p-20F, -1 - 0x1p-8F,
                                  std::numeric_limits<float>::infinity(),
                                  std::numeric_limits<float>::max(), std::nanf("")};
  const Array rounded =
      Array::from(Shape{7}, values).to(ElementType::bf16).to(ElementType::f32);
  const auto result = rounded.as<float>();
  EXPECT_EQ(result[0], 1);                 // a tie goes to the even neighbour
  EXPECT_EQ(result[1], 1 + 0x1p-6F);       // a tie again
  EXPECT_EQ(result[2], 1 + 0x1p-7F);       // above the tie
  EXPECT_EQ(result[3], -1);
  EXPECT_EQ(result[4], std::numeric_limits<float>::infinity());
  EXPECT_EQ(result[5], std::numeric_limits<float>::infinity());  // rounds past the largest bf16
  EXPECT_TRUE(std::isnan(result[6]));
}

TEST(Array, WhatWasMovedFromIsEmptyAndCanBeCopied) {
  Array from({2, 3}, ElementType::f32);
  const Array to = std::move(from);
  EXPECT_EQ(to.elements(), 6);
  EXPECT_EQ(from.elements(), 0);  // NOLINT(bugprone-use-after-move): that is the point
  EXPECT_EQ(Array(from).elements(), 0);
}

TEST(Array, IntegersTakeTheNearestValueTheyCanHold) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Array numbers = Array::from({5}, std::vector<double>{-1, 300, 2.9, nan, 1e30});
  const Array bytes = numbers.to(ElementType::u8), longs = numbers.to(ElementType::i64);
  EXPECT_EQ(std::vector<std::uint8_t>(bytes.as<std::uint8_t>().begin(), bytes.as<std::uint8_t>().end()),
            (std::vector<std::uint8_t>{0, 255, 2, 0, 255}));
  EXPECT_EQ(longs.as<std::int64_t>()[4], std::numeric_limits<std::int64_t>::max());
}

}  // namespace
}  // namespace pcxx

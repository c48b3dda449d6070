/// The small vocabularies: sizes of elements and names of precisions.
#include "pcxx/core/types.h"

#include <gtest/gtest.h>

#include <string>

#include "pcxx/core/errors.h"

namespace pcxx {
namespace {

TEST(Types, ElementsHaveTheirSizes) {
  EXPECT_EQ(size_of(ElementType::f32), 4U);
  EXPECT_EQ(size_of(ElementType::f64), 8U);
  EXPECT_EQ(size_of(ElementType::bf16), 2U);
  EXPECT_EQ(size_of(ElementType::i32), 4U);
  EXPECT_EQ(size_of(ElementType::i64), 8U);
  EXPECT_EQ(size_of(ElementType::u8), 1U);
}

TEST(Types, PrecisionsAreNamed) {
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::f64}) {
    EXPECT_EQ(precision_from(to_string(precision)), precision);
  }
  try {
    (void)precision_from("fp32");
    FAIL() << "an unknown name was taken";
  } catch (const NameError& error) {
    EXPECT_EQ(std::string(error.what()), "[precision] unknown name 'fp32'; known: bf16, f32, f64");
  }
}

}  // namespace
}  // namespace pcxx

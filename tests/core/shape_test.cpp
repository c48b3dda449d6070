/// Shape: extents, elements, axes from both ends, and what it refuses.
#include "pcxx/core/shape.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "pcxx/core/errors.h"

namespace pcxx {
namespace {

TEST(Shape, CountsElements) {
  EXPECT_EQ(Shape().elements(), 1);  // a scalar
  EXPECT_EQ(Shape({2, 3, 4}).elements(), 24);
  EXPECT_EQ(Shape({5, 0}).elements(), 0);
}

TEST(Shape, NamesAxesFromBothEnds) {
  const Shape shape{2, 3, 4};
  EXPECT_EQ(shape.rank(), 3);
  EXPECT_EQ(shape[0], 2);
  EXPECT_EQ(shape[-1], 4);
  EXPECT_THROW((void)shape[3], std::out_of_range);
  EXPECT_THROW((void)shape[-4], std::out_of_range);
}

TEST(Shape, Prints) {
  EXPECT_EQ(to_string(Shape{256, 128}), "(256, 128)");
  EXPECT_EQ(to_string(Shape()), "()");
}

TEST(Shape, RefusesNegativeExtents) {
  try {
    Shape shape{2, -3};
    FAIL() << "a negative extent was taken";
  } catch (const ShapeError& error) {
    EXPECT_EQ(std::string(error.what()), "[shape] (2, -3) has a negative extent");
  }
}

}  // namespace
}  // namespace pcxx

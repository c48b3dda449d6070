/// Tests of the nearest name.
#include "core/names.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pcxx {
namespace {

TEST(Nearest, FindsTheNameWithTheFewestEdits) {
  const std::vector<std::string> names{"name", "steps", "values"};
  EXPECT_EQ(nearest("stpes", names), "steps");
  EXPECT_EQ(nearest("vlaues", names), "values");
  EXPECT_EQ(nearest("nme", names), "name");
  EXPECT_EQ(nearest("", names), "name");
}

TEST(Nearest, CountsASwapOfNeighboursAsOneEdit) {
  EXPECT_EQ(nearest("gleu", std::vector<std::string>{"glou", "gelu"}), "glou");  // both one edit away: the first
  EXPECT_EQ(nearest("gleu", std::vector<std::string>{"elu", "gelu"}), "gelu");
}

TEST(Nearest, OfNothingIsEmpty) { EXPECT_EQ(nearest("steps", {}), ""); }

}  // namespace
}  // namespace pcxx

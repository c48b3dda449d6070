/// Tests of confusion matrices: counts, accuracy, and what they refuse.
#include "pcxx/run/confusion.h"

#include <gtest/gtest.h>

#include "pcxx/core/errors.h"
#include "support/message.h"

namespace pcxx {
namespace {

using test::message_of;

TEST(Confusion, CountsPairs) {
  ConfusionMatrix matrix;
  matrix.add(Array::from({3, 2}, std::vector<float>{1, 0, 0, 1, 3, 2}), std::vector<std::int32_t>{0, 1, 1});
  matrix.add(Array::from({1, 2}, std::vector<float>{5, 6}), std::vector<std::int32_t>{0});
  EXPECT_EQ(matrix.counts, (std::vector<Size>{1, 1, 1, 1}));
  EXPECT_EQ(matrix.at(1, 0), 1);
  EXPECT_EQ(matrix.samples(), 4);
  EXPECT_EQ(matrix.accuracy(), 0.5);
}

TEST(Confusion, RefusesWhatDoesNotFit) {
  ConfusionMatrix matrix;
  EXPECT_EQ(message_of<ArgumentError>([&] { (void)matrix.accuracy(); }), "[accuracy] there are no samples");
  const Array one = Array::from({1, 2}, std::vector<float>{1, 0});
  EXPECT_EQ(message_of<ArgumentError>([&] { matrix.add(one, std::vector<std::int32_t>{2}); }),
            "[confusion] label 2 of sample 0 is no class; expected 0 to 1");
  EXPECT_EQ(matrix, ConfusionMatrix{});
  EXPECT_EQ(message_of<ShapeError>([&] { matrix.add(one, std::vector<std::int32_t>{0, 1}); }),
            "[confusion] predictions are (1, 2) for 2 labels; expected (2, classes)");
  matrix.add(one, std::vector<std::int32_t>{0});
  EXPECT_THROW(matrix.add(Array::from({1, 3}, std::vector<float>{1, 0, 0}), std::vector<std::int32_t>{0}), ShapeError);
}

}  // namespace
}  // namespace pcxx

/// Transforms of samples: what they compute, against plain indexing; their draws; what they refuse.
#include "pcxx/data/transforms.h"

#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "pcxx/core/errors.h"
#include "support/message.h"

namespace pcxx {
namespace {

using test::message_of;
using Numbers = std::vector<float>;

Numbers counted(const Shape& shape) {
  Numbers numbers(static_cast<std::size_t>(shape.elements()));
  std::iota(numbers.begin(), numbers.end(), 1.0F);
  return numbers;
}

Numbers apply(const SampleTransform& transform, const Shape& shape, const Numbers& from, std::uint64_t stream = 0) {
  RandomStream random(7, stream);
  Numbers to(static_cast<std::size_t>(transform.shape(shape).elements()), -99.0F);
  transform.apply(from, shape, to, random);
  return to;
}

/// The pixel of a picture, 0 outside.
float pixel(const Numbers& numbers, const Shape& shape, Size channel, Size row, Size column) {
  if (row < 0 || column < 0 || row >= shape[1] || column >= shape[2]) {
    return 0;
  }
  return numbers[static_cast<std::size_t>((channel * shape[1] + row) * shape[2] + column)];
}

/// Whether `cut` is the window of `picture` at (top, left).
bool is_window(const Numbers& cut, const Shape& now, const Numbers& picture, const Shape& old, Size top, Size left) {
  for (Size c = 0; c < now[0]; ++c) {
    for (Size row = 0; row < now[1]; ++row) {
      for (Size column = 0; column < now[2]; ++column) {
        if (pixel(cut, now, c, row, column) != pixel(picture, old, c, row + top, column + left)) {
          return false;
        }
      }
    }
  }
  return true;
}

TEST(Transforms, NormaliseTakesEachChannelsOwnNumbers) {
  const Numbers result = apply(normalise({{1, 2}, {0.5F, 4}}), {2, 1, 2}, {1, 2, 2, 10});
  EXPECT_EQ(result, (Numbers{0, 2, 0, 2}));
  EXPECT_EQ(apply(normalise({{1}, {0.5F}}), {3}, {1, 2, 3}), (Numbers{0, 2, 4}));
}

TEST(Transforms, APictureFlipsLeftToRight) {
  EXPECT_EQ(apply(random_flip(1), {2, 1, 3}, {1, 2, 3, 4, 5, 6}), (Numbers{3, 2, 1, 6, 5, 4}));
  EXPECT_EQ(apply(random_flip(0), {1, 2, 2}, {1, 2, 3, 4}), (Numbers{1, 2, 3, 4}));
  int flipped = 0;
  for (std::uint64_t stream = 0; stream < 1000; ++stream) {
    flipped += apply(random_flip(0.3), {1, 1, 2}, {1, 2}, stream)[0] == 2 ? 1 : 0;
  }
  EXPECT_NEAR(flipped, 300, 60);  // four standard deviations
}

TEST(Transforms, PaddingPutsPixelsAround) {
  const Shape old{2, 2, 3};
  const Numbers picture = counted(old);
  EXPECT_TRUE(is_window(apply(pad_picture(2), old, picture), {2, 6, 7}, picture, old, -2, -2));
  const SampleTransform uneven = pad_picture({.top = 1, .right = 2, .value = 5});
  EXPECT_EQ(uneven.shape({1, 1, 1}), Shape({1, 2, 3}));
  EXPECT_EQ(apply(uneven, {1, 1, 1}, {9}), (Numbers{5, 5, 5, 9, 5, 5}));
}

TEST(Transforms, ARandomCropIsEveryWindowAtTimesAndNoOther) {
  const Shape old{2, 4, 5}, now{2, 3, 4};
  const Numbers picture = counted(old);
  std::set<std::pair<Size, Size>> seen;
  for (std::uint64_t stream = 0; stream < 600; ++stream) {
    const Numbers cut = apply(random_crop(3, 4, {.padding = 1}), old, picture, stream);
    std::size_t matches = 0;
    for (Size top = -1; top <= 2; ++top) {
      for (Size left = -1; left <= 2; ++left) {
        if (is_window(cut, now, picture, old, top, left)) {
          seen.emplace(top, left);
          ++matches;
        }
      }
    }
    ASSERT_EQ(matches, 1U) << stream;
  }
  EXPECT_EQ(seen.size(), 16U);
}

TEST(Transforms, ACentreCropIsTheMiddle) {
  const Shape old{1, 5, 6};
  EXPECT_TRUE(is_window(apply(centre_crop(2, 2), old, counted(old)), {1, 2, 2}, counted(old), old, 1, 2));
  EXPECT_EQ(apply(centre_crop(5, 6), old, counted(old)), counted(old));
}

TEST(Transforms, FlattenKeepsNumbersAndOneHotSpreadsThem) {
  EXPECT_EQ(flatten().shape({3, 2, 2}), Shape({12}));
  EXPECT_EQ(apply(flatten(), {3, 1, 2}, counted({3, 1, 2})), counted({6}));
  EXPECT_EQ(one_hot_samples(3).shape({2}), Shape({2, 3}));
  EXPECT_EQ(apply(one_hot_samples(3), {2}, {2, 0}), (Numbers{0, 0, 1, 1, 0, 0}));
}

TEST(Transforms, ShapesCompose) {
  EXPECT_EQ(transformed({1, 28, 28}, std::vector{pad_picture(2), random_crop(30, 30), flatten()}), Shape({900}));
}

TEST(Transforms, WhatDoesNotFitIsNamed) {
  EXPECT_EQ(message_of<ShapeError>([] { random_flip().shape({784}); }),
            "[random_flip] samples are (784); expected (channels, height, width): read the pictures without flattening "
            "them");
  EXPECT_EQ(message_of<ShapeError>([] { random_crop(32, 32, {.padding = 1}).shape({3, 29, 40}); }),
            "[random_crop] cannot cut 32 x 32 pixels out of a sample of (3, 29, 40) with a padding of 1");
  EXPECT_EQ(message_of<ShapeError>([] { normalise({{0, 0, 0}, {1, 1, 1}}).shape({1, 28, 28}); }),
            "[normalise] samples are (1, 28, 28), but there are means of 3 channels; expected (3, ...), or one mean for "
            "all");
  EXPECT_EQ(message_of<ArgumentError>([] { normalise({{0}, {0}}); }),
            "[normalise] channel 0 has mean 0.000000 and deviation 0.000000; the deviation must be above 0, both finite");
  EXPECT_EQ(message_of<ArgumentError>([] { normalise({{0, 1}, {1}}); }),
            "[normalise] 2 means and 1 deviations; expected one of both for each channel");
  EXPECT_EQ(message_of<ArgumentError>([] { random_flip(1.5); }),
            "[random_flip] probability is 1.500000; expected 0 to 1");
  EXPECT_EQ(message_of<ArgumentError>([] { centre_crop(0, 2); }),
            "[centre_crop] cuts out 0 x 2 pixels; expected at least 1 x 1");
  EXPECT_EQ(message_of<ArgumentError>([] { random_crop(2, 2, {.padding = -1}); }),
            "[random_crop] padding is -1; expected 0 or more");
  EXPECT_THROW(pad_picture(-1), ArgumentError);
  EXPECT_EQ(message_of<ArgumentError>([] { apply(one_hot_samples(3), {2}, {0, 3}); }),
            "[one_hot_samples] 3.000000 at place 1 of a sample is none of the whole numbers 0 to 2");
}

}  // namespace
}  // namespace pcxx

/// Text: vocabularies there and back, windows against slices of the text, and what is refused.
#include "pcxx/data/text.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "pcxx/core/errors.h"
#include "pcxx/data/loader.h"
#include "support/message.h"

namespace pcxx {
namespace {

using test::message_of;
using Numbers = std::vector<std::int32_t>;

TEST(Vocabulary, CharactersAreCodePointsInOrder) {
  const Vocabulary letters = Vocabulary::characters("héllo");
  EXPECT_EQ(letters.size(), 4);
  EXPECT_EQ(letters.encode("héllo"), (Numbers{0, 3, 1, 1, 2}));
  EXPECT_EQ(letters.piece(3), "é");
  EXPECT_EQ(letters.decode(Numbers{2, 3, 0}), "oéh");
}

TEST(Vocabulary, BytesTakeAnyText) {
  const Vocabulary bytes = Vocabulary::bytes();
  const std::string text("\x00\xFF\x80z", 4);
  EXPECT_EQ(bytes.encode(text), (Numbers{0, 255, 128, 'z'}));
  EXPECT_EQ(bytes.decode(bytes.encode(text)), text);
}

TEST(Vocabulary, WordsAreCountedAndRareOnesUnknown) {
  const std::string text = "b a\tc  a b\na d";
  const Vocabulary all = Vocabulary::words(text);
  EXPECT_EQ(all.size(), 5);
  EXPECT_EQ(all.piece(1), "a");
  EXPECT_EQ(all.piece(3), "c");  // before d, which is as frequent
  EXPECT_EQ(all.decode(all.encode(text)), "b a c a b a d");
  const Vocabulary two = Vocabulary::words(text, {.most = 2});
  EXPECT_EQ(two.encode("d b  a "), (Numbers{0, 2, 1}));
  EXPECT_EQ(two.decode(two.encode("d b")), "<unknown> b");
}

TEST(Vocabulary, WhatDoesNotFitIsNamed) {
  EXPECT_EQ(message_of<ArgumentError>([] { Vocabulary::characters("abc").encode("abéa"); }),
            "[vocabulary] character 2 of the text, 'é', is none of the 3 that there are; make the vocabulary from all "
            "texts");
  EXPECT_EQ(message_of<ArgumentError>([] { Vocabulary::characters("\xFF"); }),
            "[vocabulary] the text is not UTF-8; convert it, or take a vocabulary of bytes");
  EXPECT_EQ(message_of<std::out_of_range>([] { Vocabulary::bytes().decode(Numbers{256}); }),
            "[vocabulary] there is no piece 256; expected 0 to 255");
}

TEST(TextWindows, ASampleIsASliceAndItsLabelWhatFollows) {
  Numbers pieces;
  for (std::int32_t i = 0; i < 23; ++i) {
    pieces.push_back(i * 7 % 11);
  }
  for (const Size length : {1, 4, 22}) {
    for (const Size stride : {1, 3, 30}) {
      const Dataset set = text_windows(pieces, 11, {.length = length, .stride = stride});
      check(set);
      Size expected = 0;
      for (Size start = 0; start + length < 23; start += stride) {
        std::vector<float> window(static_cast<std::size_t>(length));
        set.source->read(expected, window);
        for (Size i = 0; i < length; ++i) {
          ASSERT_EQ(window[static_cast<std::size_t>(i)], static_cast<float>(pieces[static_cast<std::size_t>(start + i)]));
        }
        ASSERT_EQ(set.labels.as<std::int32_t>()[static_cast<std::size_t>(expected)],
                  pieces[static_cast<std::size_t>(start + length)]);
        ++expected;
      }
      ASSERT_EQ(set.size(), expected) << length << " by " << stride;
    }
  }
}

TEST(TextWindows, BatchesAreIndicesOrOneHot) {
  Dataset set = text_windows({2, 0, 1, 2}, 3, {.length = 2});
  const Loader plain(set, {.batch = 2, .shuffle = false, .prefetch = 1});
  Epoch epoch = plain.epoch(0);
  const Batch* batch = epoch.next();
  EXPECT_EQ(Numbers(batch->indices.begin(), batch->indices.end()), (Numbers{2, 0, 0, 1}));
  EXPECT_EQ(batch->labels[1], 2);
  set.transforms = {one_hot_samples(3)};
  const Loader spread(set, {.batch = 2, .shuffle = false});
  EXPECT_EQ(spread.input_shape(), Shape({2, 3}));
  Epoch again = spread.epoch(0);
  const Batch* hot = again.next();
  EXPECT_EQ(std::vector<float>(hot->inputs.begin(), hot->inputs.begin() + 6), (std::vector<float>{0, 0, 1, 1, 0, 0}));
  EXPECT_TRUE(hot->indices.empty());
}

TEST(TextWindows, WhatDoesNotFitIsNamed) {
  EXPECT_EQ(message_of<ArgumentError>([] { text_windows({1, 1}, 2, {.length = 2}); }),
            "[text_windows] 2 pieces give no window of 2 and the piece after it; give a longer text or a smaller length");
  EXPECT_EQ(message_of<ArgumentError>([] { text_windows({1, 2}, 2, {.length = 1}); }),
            "[text_windows] piece 1 is number 2, which is none of 0 to 1");
  EXPECT_EQ(message_of<ArgumentError>([] { text_windows({1, 1}, 2, {.length = 1, .stride = 0}); }),
            "[text_windows] length 1, stride 0; both must be at least 1");
}

}  // namespace
}  // namespace pcxx

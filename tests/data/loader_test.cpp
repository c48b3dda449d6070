/// Loader: every sample once, in an order of seed and epoch alone, resumable, with or without a
/// thread ahead.
#include "pcxx/data/loader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "pcxx/core/errors.h"
#include "pcxx/data/generators.h"
#include "support/message.h"

namespace pcxx {
namespace {

using test::message_of;

static_assert(!std::is_constructible_v<Loader, Dataset>,
              "a loader must not be made from a temporary dataset");

/// Sample i has inputs (i, -i) and label i % 3.
Dataset numbered(Size samples) {
  Dataset set;
  set.inputs = Array({samples, 2}, ElementType::f32);
  set.labels = Array({samples}, ElementType::i32);
  set.classes = 3;
  for (std::size_t i = 0; i < static_cast<std::size_t>(samples); ++i) {
    set.inputs.as<float>()[2 * i] = static_cast<float>(i);
    set.inputs.as<float>()[2 * i + 1] = -static_cast<float>(i);
    set.labels.as<std::int32_t>()[i] = static_cast<std::int32_t>(i % 3);
  }
  return set;
}

/// A batch with its own memory, for comparison.
struct Copy {
  Size index;
  std::vector<Size> samples;
  std::vector<float> inputs;
  std::vector<float> targets;
  std::vector<std::int32_t> labels;
  bool operator==(const Copy&) const = default;
};

std::vector<Copy> copies(Epoch epoch) {
  std::vector<Copy> all;
  for (const Batch& batch : epoch) {
    const auto list = [](auto span) { return std::vector(span.begin(), span.end()); };
    all.push_back({batch.index, list(batch.samples), list(batch.inputs), list(batch.targets),
                   list(batch.labels)});
    EXPECT_EQ(batch.size, static_cast<Size>(batch.samples.size()));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(batch.inputs.data()) % 64, 0U);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(batch.targets.data()) % 64, 0U);
  }
  return all;
}

TEST(Loader, EverySampleComesOnceWithItsLabel) {
  const Dataset set = numbered(103);
  const Loader loader(set, {.batch = 10, .seed = 5});
  std::vector<Size> seen;
  for (const Copy& batch : copies(loader.epoch(0))) {
    for (std::size_t i = 0; i < batch.samples.size(); ++i) {
      const Size sample = batch.samples[i];
      seen.push_back(sample);
      ASSERT_EQ(batch.inputs[2 * i], static_cast<float>(sample));
      ASSERT_EQ(batch.inputs[2 * i + 1], -static_cast<float>(sample));
      ASSERT_EQ(batch.labels[i], sample % 3);
      for (Size k = 0; k < 3; ++k) {
        ASSERT_EQ(batch.targets[3 * i + static_cast<std::size_t>(k)],
                  k == sample % 3 ? 1.0F : 0.0F);
      }
    }
  }
  std::sort(seen.begin(), seen.end());
  std::vector<Size> all(103);
  std::iota(all.begin(), all.end(), Size{0});
  EXPECT_EQ(seen, all);
}

TEST(Loader, TheLastBatchIsPartialOrDropped) {
  const Dataset set = numbered(25);
  const Loader partial(set, {.batch = 10});
  EXPECT_EQ(partial.batches(), 3);
  EXPECT_EQ(partial.samples(), 25);
  EXPECT_EQ(copies(partial.epoch(0)).back().inputs.size(), 10U);
  EXPECT_EQ(copies(partial.epoch(0)).back().targets.size(), 15U);
  const Loader dropped(set, {.batch = 10, .drop_last = true});
  EXPECT_EQ(dropped.batches(), 2);
  EXPECT_EQ(dropped.samples(), 20);
  EXPECT_EQ(copies(dropped.epoch(0)).size(), 2U);
  EXPECT_EQ(Loader(set, {.batch = 25}).batches(), 1);
  EXPECT_EQ(copies(Loader(set, {.batch = 100}).epoch(0)).front().samples.size(), 25U);
}

TEST(Loader, TheOrderDependsOnSeedAndEpochAlone) {
  const Dataset set = numbered(50);
  const Loader loader(set, {.batch = 8, .seed = 1});
  const auto third = copies(loader.epoch(3));
  (void)copies(loader.epoch(4));
  EXPECT_EQ(copies(loader.epoch(3)), third);
  EXPECT_EQ(copies(Loader(set, {.batch = 8, .seed = 1}).epoch(3)), third);
  EXPECT_NE(copies(loader.epoch(4)), third);
  EXPECT_NE(copies(Loader(set, {.batch = 8, .seed = 2}).epoch(3)), third);
  EXPECT_EQ(Loader(set, {.batch = 20, .seed = 1}).order(3), loader.order(3));
}

TEST(Loader, WithoutShufflingSamplesComeAsTheyLie) {
  const Dataset set = numbered(10);
  const auto batches = copies(Loader(set, {.batch = 4, .shuffle = false}).epoch(7));
  EXPECT_EQ(batches[1].samples, (std::vector<Size>{4, 5, 6, 7}));
}

TEST(Loader, AnEpochGoesOnWhereItStopped) {
  const Dataset set = numbered(47);
  for (const Size prefetch : {0, 3}) {
    const Loader loader(set, {.batch = 5, .seed = 3, .prefetch = prefetch});
    const auto whole = copies(loader.epoch(2));
    for (Size first = 0; first <= loader.batches(); ++first) {
      EXPECT_EQ(copies(loader.epoch(2, first)), std::vector(whole.begin() + first, whole.end()));
    }
  }
}

TEST(Loader, AThreadAheadChangesNothing) {
  const Dataset set = numbered(101);
  const auto expected = copies(Loader(set, {.batch = 7, .prefetch = 0}).epoch(1));
  for (const Size prefetch : {1, 2, 5, 100}) {
    const Loader loader(set, {.batch = 7, .prefetch = prefetch});
    for (int repeat = 0; repeat < 20; ++repeat) {
      ASSERT_EQ(copies(loader.epoch(1)), expected) << prefetch;
    }
  }
}

TEST(Loader, AnEpochMayBeLeftEarly) {
  const Dataset set = numbered(1000);
  const Loader loader(set, {.batch = 3, .prefetch = 2});
  for (int taken = 0; taken < 5; ++taken) {
    Epoch epoch = loader.epoch(0);
    for (int i = 0; i < taken; ++i) {
      ASSERT_NE(epoch.next(), nullptr);
    }
  }
  Epoch epoch = loader.epoch(0, loader.batches());
  EXPECT_EQ(epoch.next(), nullptr);
  EXPECT_EQ(epoch.next(), nullptr);
}

TEST(Loader, RegressionTargetsComeWithTheirInputs) {
  const LinearProblem problem = linear_regression(4, 2, {.samples = 30});
  const Loader loader(problem.data, {.batch = 8});
  EXPECT_EQ(loader.input_shape(), Shape({4}));
  EXPECT_EQ(loader.target_shape(), Shape({2}));
  for (const Copy& batch : copies(loader.epoch(0))) {
    EXPECT_TRUE(batch.labels.empty());
    for (std::size_t i = 0; i < batch.samples.size(); ++i) {
      const auto row = static_cast<std::size_t>(batch.samples[i]);
      ASSERT_EQ(batch.targets[2 * i + 1], problem.data.targets.as<float>()[2 * row + 1]);
      ASSERT_EQ(batch.inputs[4 * i + 3], problem.data.inputs.as<float>()[4 * row + 3]);
    }
  }
}

TEST(Loader, BytesGiveTheSameBatchesAsTheirNumbers) {
  Dataset bytes = numbered(40);
  bytes.inputs = Array({40, 3, 5}, ElementType::u8);
  bytes.scaling = {0.5F, 0.5F};
  for (std::size_t i = 0; i < 600; ++i) {
    bytes.inputs.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(i * 37);
  }
  Dataset numbers = bytes;
  numbers.inputs = scaled_inputs(bytes);
  EXPECT_EQ(Loader(bytes).input_shape(), Shape({3, 5}));
  EXPECT_EQ(copies(Loader(bytes, {.batch = 9}).epoch(0)),
            copies(Loader(numbers, {.batch = 9}).epoch(0)));
}

TEST(Loader, BadOptionsAreNamed) {
  const Dataset set = numbered(5);
  EXPECT_EQ(
      message_of<ArgumentError>([&] { Loader(set, {.batch = 0}); }),
      "[loader] batch 0, prefetch 0, threads 1; a batch has at least 1 sample, prefetch is 0 or more, and there is at "
            "least 1 thread");
  EXPECT_EQ(message_of<ArgumentError>([&] { Loader(set, {.batch = 8, .drop_last = true}); }),
            "[loader] 5 samples give no batch of 8 without a partial one; give more samples or a "
            "smaller batch");
  const Dataset none = numbered(0);
  EXPECT_EQ(message_of<ArgumentError>([&] { Loader(none, {.batch = 8}); }),
            "[loader] 0 samples give no batch of 8; give more samples");
  EXPECT_EQ(message_of<std::out_of_range>([&] { Loader(set, {.batch = 2}).epoch(1, 4); }),
            "[loader] epoch 1, batch 4; an epoch has 3 batches, both are counted from 0");
}

/// Pictures (1, 4, 5) of bytes that tell sample and pixel apart.
Dataset pictures(Size samples) {
  Dataset set = numbered(samples);
  set.inputs = Array({samples, 1, 4, 5}, ElementType::u8);
  for (std::size_t i = 0; i < set.inputs.bytes(); ++i) {
    set.inputs.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(i * 37 % 253);
  }
  set.transforms = {pad_picture(1), random_crop(4, 4, {.padding = 1}), random_flip(), normalise({{0.3F}, {0.7F}})};
  return set;
}

TEST(Loader, TransformedBatchesDoNotDependOnThreads) {
  const Dataset set = pictures(101);
  const auto expected = copies(Loader(set, {.batch = 8, .seed = 3}).epoch(2));
  ASSERT_EQ(expected.size(), 13U);
  for (const Size prefetch : {1, 3, 40}) {
    for (const Size threads : {1, 2, 5}) {
      const Loader loader(set, {.batch = 8, .seed = 3, .prefetch = prefetch, .threads = threads});
      ASSERT_EQ(copies(loader.epoch(2)), expected) << prefetch << " ahead, " << threads << " threads";
      auto resumed = copies(loader.epoch(2, 5));
      ASSERT_TRUE(std::equal(resumed.begin(), resumed.end(), expected.begin() + 5, expected.end()));
    }
  }
}

TEST(Loader, ASamplesDrawsDependOnSeedEpochAndSampleAlone) {
  const Dataset set = pictures(40);
  const auto rows = [&](const LoaderOptions& options, Size epoch) {
    std::vector<std::vector<float>> by_sample(40);
    for (const Copy& batch : copies(Loader(set, options).epoch(epoch))) {
      for (std::size_t i = 0; i < batch.samples.size(); ++i) {
        by_sample[static_cast<std::size_t>(batch.samples[i])] = {batch.inputs.begin() + static_cast<Size>(16 * i),
                                                                 batch.inputs.begin() + static_cast<Size>(16 * (i + 1))};
      }
    }
    return by_sample;
  };
  const auto one = rows({.batch = 7, .seed = 1}, 0);
  EXPECT_EQ(rows({.batch = 40, .seed = 1, .shuffle = false}, 0), one);
  EXPECT_NE(rows({.batch = 7, .seed = 1}, 1), one);
  EXPECT_NE(rows({.batch = 7, .seed = 2}, 0), one);
}

TEST(Loader, TransformsAreAppliedInOrder) {
  Dataset set = numbered(3);
  const auto step = [](float factor, float add) {
    return SampleTransform{"step", [](const Shape& shape) { return shape; },
                           [=](std::span<const float> from, const Shape&, std::span<float> to, RandomStream&) {
                             std::transform(from.begin(), from.end(), to.begin(),
                                            [=](float x) { return factor * x + add; });
                           }};
  };
  set.transforms = {step(2, 0), step(1, 5), step(10, 0), one_hot_samples(1000), flatten()};
  set.inputs.as<float>()[5] = 1;  // negative numbers are no places
  set.inputs.as<float>()[3] = 1;
  const auto all = copies(Loader(set, {.shuffle = false}).epoch(0));
  EXPECT_EQ(Loader(set).input_shape(), Shape({2000}));
  for (std::size_t row = 0; row < 3; ++row) {  // 10 (2 x + 5)
    EXPECT_EQ(all[0].inputs[2000 * row + static_cast<std::size_t>(10 * (2 * static_cast<int>(row) + 5))], 1);
  }
}

TEST(Loader, AThreadsErrorComesWithItsBatch) {
  Dataset set = numbered(10);
  set.transforms = {{"refusing", [](const Shape& shape) { return shape; },
                     [](std::span<const float> from, const Shape&, std::span<float> to, RandomStream&) {
                       if (from[0] == 5) {
                         throw FileError("sample 5");
                       }
                       std::copy(from.begin(), from.end(), to.begin());
                     }}};
  const Loader loader(set, {.batch = 2, .shuffle = false, .prefetch = 4, .threads = 3});
  Epoch epoch = loader.epoch(0);
  EXPECT_EQ(epoch.next()->index, 0);
  EXPECT_EQ(epoch.next()->index, 1);
  EXPECT_EQ(message_of<FileError>([&] { epoch.next(); }), "sample 5");
  EXPECT_EQ(message_of<FileError>([&] { epoch.next(); }), "sample 5");
}

TEST(Loader, TransformsThatDoNotFitAreRefusedAtOnce) {
  Dataset set = numbered(3);
  set.transforms = {random_flip()};
  EXPECT_THROW(Loader loader(set), ShapeError);
}

}  // namespace
}  // namespace pcxx

/// Tests of training runs: the same bits after any stop, good checkpoints kept, bad folders
/// refused.
#include "pcxx/run/training.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "pcxx/core/errors.h"
#include "pcxx/io/files.h"
#include "pcxx/run/tensorboard.h"
#include "support/message.h"
#include "support/random_arrays.h"
#include "support/temporary_folder.h"

namespace pcxx {
namespace {

using test::message_of;
using test::TemporaryFolder;

const std::string kRecipe = R"(
seed = 3
epochs = 3
[network]
widths = [2, 8, 8, 2]
activation = "tanh"
[rule]
steps = 3
[rule.values]
rate = 0.1
momentum = 0.5
[weights]
rate = { schedule = "warmup_cosine", first = 1e-3, peak = 1e-2 }
[data]
name = "moons"
train = 100
test = 40
batch = 16
)";

Recipe recipe_with(const std::vector<std::string>& overrides = {}) {
  return parse_recipe(kRecipe, "small.toml", overrides);
}

/// Stops after a number of batches, and keeps what it was told.
struct Watcher : TrainingObserver {
  explicit Watcher(Size limit = 1000) : stop_at(limit) {}
  void batch(const BatchReport& report) override { step = report.step; }
  void epoch(const EpochReport& report) override { epochs.push_back(report); }
  void notice(const std::string& text) override { notices.push_back(text); }
  bool stop() override { return step >= stop_at; }
  Size stop_at;
  Size step = 0;
  std::vector<EpochReport> epochs;
  std::vector<std::string> notices;
};

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Training, CarriesOutARecipe) {
  const TemporaryFolder folder;
  Watcher watcher;
  const TrainingSummary summary =
      train(recipe_with({"epochs=12"}), {.folder = folder / "run"}, watcher);
  EXPECT_TRUE(summary.finished);
  EXPECT_EQ(watcher.step, 12 * 7);  // 100 samples in batches of 16, the last one of 4
  ASSERT_EQ(watcher.epochs.size(), 12U);
  EXPECT_LT(watcher.epochs.back().energy, watcher.epochs.front().energy);
  EXPECT_EQ(summary.test_accuracy, watcher.epochs.back().test_accuracy);
  EXPECT_GT(summary.test_accuracy, 0.8);
  EXPECT_EQ(text_of(folder / "run/recipe.toml"), recipe_with({"epochs=12"}).text);
}

TEST(Training, NoEpochsTestWhatWasDrawn) {
  const TemporaryFolder folder;
  Watcher watcher;
  const TrainingSummary summary = train(recipe_with({"epochs=0"}), {.folder = folder / "run"}, watcher);
  EXPECT_TRUE(summary.finished);
  EXPECT_EQ(watcher.step, 0);
  EXPECT_GT(summary.test_accuracy, 0);
}

TEST(Training, StoppedAnywhereAndResumedGivesTheSameBits) {
  const TemporaryFolder folder;
  Watcher whole;
  const TrainingSummary expected = train(recipe_with(), {.folder = folder / "whole"}, whole);
  const Checkpoint uninterrupted = load_checkpoint(expected.checkpoint);
  for (Size stop_at = 1; stop_at <= 21; ++stop_at) {
    const std::filesystem::path run = folder / std::to_string(stop_at);
    Watcher first(stop_at), second;
    train(recipe_with(), {.folder = run}, first);
    const TrainingSummary summary = train(recipe_with(), {.folder = run, .resume = true}, second);
    EXPECT_TRUE(summary.finished);
    const Checkpoint resumed = load_checkpoint(summary.checkpoint);
    EXPECT_TRUE(test::same_bits(resumed.arrays, uninterrupted.arrays))
        << "stopped after batch " << stop_at;
    EXPECT_EQ(summary.test_accuracy, expected.test_accuracy);
    if (!second.epochs.empty()) {  // the means run over the whole epoch, not only over what came
                                   // after the stop
      EXPECT_EQ(second.epochs.back().energy, whole.epochs.back().energy);
    }
  }
}

TEST(Training, AnOldCheckpointGoesOnToTheSameBits) {
  const TemporaryFolder folder;
  Watcher watcher, again;
  const Recipe recipe = recipe_with({"checkpoint.every_batches=4"});
  const TrainingSummary summary = train(recipe, {.folder = folder / "run"}, watcher);
  const NamedArrays expected = load_checkpoint(summary.checkpoint).arrays;
  std::filesystem::rename(previous_checkpoint(summary.checkpoint),
                          summary.checkpoint);  // as if killed before the last was written
  train(recipe, {.folder = folder / "run", .resume = true}, again);
  EXPECT_LT(again.epochs.size(), watcher.epochs.size());
  EXPECT_TRUE(test::same_bits(load_checkpoint(summary.checkpoint).arrays, expected));
}

TEST(Training, TheLogHoldsEachEpochOnceAfterAResume) {
  const TemporaryFolder folder;
  Watcher first(10), second;
  train(recipe_with(), {.folder = folder / "run"}, first);
  train(recipe_with(), {.folder = folder / "run", .resume = true}, second);
  const std::string log = text_of(folder / "run/log.jsonl");
  for (const char* epoch : {"\"event\":\"epoch\",\"epoch\":1,", "\"event\":\"epoch\",\"epoch\":2,",
                            "\"event\":\"epoch\",\"epoch\":3,"}) {
    const std::size_t at = log.find(epoch);
    ASSERT_NE(at, std::string::npos) << log;
    EXPECT_EQ(log.find(epoch, at + 1), std::string::npos) << log;
  }
}

TEST(Training, ResumingAFinishedRunChangesNothing) {
  const TemporaryFolder folder;
  Watcher first, second;
  const TrainingSummary before = train(recipe_with(), {.folder = folder / "run"}, first);
  const std::string bytes = text_of(before.checkpoint);
  const TrainingSummary after =
      train(recipe_with(), {.folder = folder / "run", .resume = true}, second);
  EXPECT_TRUE(after.finished);
  EXPECT_EQ(after.test_accuracy, before.test_accuracy);
  EXPECT_EQ(text_of(before.checkpoint), bytes);
}

TEST(Training, ResumingNothingStartsFromTheBeginning) {
  const TemporaryFolder folder;
  Watcher watcher;
  EXPECT_TRUE(train(recipe_with(), {.folder = folder / "run", .resume = true}, watcher).finished);
  ASSERT_EQ(watcher.notices.size(), 1U);
  EXPECT_NE(watcher.notices[0].find("holds no checkpoint yet"), std::string::npos);
}

TEST(Training, RefusesAFolderThatHoldsARun) {
  const TemporaryFolder folder;
  Watcher watcher;
  const TrainingSummary summary = train(recipe_with(), {.folder = folder / "run"}, watcher);
  const std::string bytes = text_of(summary.checkpoint);
  const std::string message =
      message_of<FileError>([&] { train(recipe_with(), {.folder = folder / "run"}, watcher); });
  EXPECT_EQ(message, "[train] '" + (folder / "run").string() +
                         "' already holds a run; go on with --resume, replace it with --force, or "
                         "name another folder with --out");
  EXPECT_EQ(text_of(summary.checkpoint), bytes);
  EXPECT_TRUE(
      train(recipe_with({"seed=4"}), {.folder = folder / "run", .force = true}, watcher).finished);
}

TEST(Training, RefusesToGoOnWithAnotherRecipe) {
  const TemporaryFolder folder;
  Watcher first(5), second;
  train(recipe_with(), {.folder = folder / "run"}, first);
  const std::string message = message_of<ArgumentError>([&] {
    train(recipe_with({"rule.steps=4"}), {.folder = folder / "run", .resume = true}, second);
  });
  EXPECT_EQ(message, "[train] the run in '" + (folder / "run").string() +
                         "' was started with another recipe (rule.steps: 4, was 3); go on with its "
                         "own, or start anew with --force");
  EXPECT_TRUE(train(recipe_with({"threads=1"}), {.folder = folder / "run", .resume = true}, second)
                  .finished);
}

TEST(Training, GoesOnFromTheCheckpointBeforeADamagedOne) {
  const TemporaryFolder folder;
  Watcher first(10), second, third;
  const TrainingSummary stopped = train(recipe_with(), {.folder = folder / "run"}, first);
  std::filesystem::resize_file(stopped.checkpoint, 100);
  EXPECT_TRUE(train(recipe_with(), {.folder = folder / "run", .resume = true}, second).finished);
  ASSERT_EQ(second.notices.size(), 1U);
  EXPECT_NE(
      second.notices[0].find("going on from the one before it, 'checkpoint.previous.safetensors'"),
      std::string::npos)
      << second.notices[0];
}

TEST(Training, KeepsTheGoodCheckpointWhenEnergyDiverges) {
  const TemporaryFolder folder;
  Watcher watcher;
  const Recipe recipe = recipe_with({"weights.rate=1e30", "weights.optimiser=sgd", "rule.steps=1"});
  EXPECT_THROW(train(recipe, {.folder = folder / "run"}, watcher), DivergenceError);
  const Checkpoint checkpoint = load_checkpoint(folder / "run/checkpoint.safetensors");
  EXPECT_EQ(checkpoint.progress.step, 0);
}

TEST(Training, NetworkMustFitTheData) {
  const TemporaryFolder folder;
  Watcher watcher;
  EXPECT_EQ(message_of<RecipeError>([&] {
              train(recipe_with({"network.widths=[3, 8, 2]"}), {.folder = folder / "run"}, watcher);
            }),
            "[recipe] small: the network's input has 3 values, but moons has 2; correct [network]");
  EXPECT_EQ(message_of<RecipeError>([&] {
              train(recipe_with({"network.widths=[2, 8, 5]"}), {.folder = folder / "run"}, watcher);
            }),
            "[recipe] small: the network's label has 5 values, but moons has 2; correct [network]");
}

TEST(Training, EvaluatesACheckpoint) {
  const TemporaryFolder folder;
  Watcher watcher;
  const TrainingSummary summary = train(recipe_with(), {.folder = folder / "run"}, watcher);
  const Checkpoint checkpoint = load_checkpoint(summary.checkpoint);
  const Evaluation evaluation =
      evaluate(checkpoint, parse_recipe(checkpoint.recipe, checkpoint.recipe_name));
  EXPECT_EQ(evaluation.accuracy, summary.test_accuracy);
  EXPECT_EQ(evaluation.samples, 40);
  EXPECT_GT(evaluation.energy, 0);
  EXPECT_EQ(evaluation.nodes.size(), 3U);
}

TEST(CheckpointFile, SaysWhatIsWrongWithAFile) {
  const TemporaryFolder folder;
  Watcher watcher(3);
  const TrainingSummary summary = train(recipe_with(), {.folder = folder / "run"}, watcher);
  const std::string bytes = text_of(summary.checkpoint);
  write_file_atomically(folder / "cut.safetensors",
                        std::string_view(bytes).substr(0, bytes.size() / 2));
  EXPECT_NE(message_of<FileError>([&] {
              load_checkpoint(folder / "cut.safetensors");
            }).find("cut.safetensors"),
            std::string::npos);
  EXPECT_NE(message_of<FileError>([&] {
              load_checkpoint(folder / "none.safetensors");
            }).find("none.safetensors"),
            std::string::npos);
}

TEST(CheckpointFile, RefusesArraysThatAreNotFinite) {
  const TemporaryFolder folder;
  Checkpoint checkpoint{{{"w", Array::from({2}, std::vector<float>{1, 2})}}, {}, "", ""};
  save_checkpoint(folder / "a.safetensors", checkpoint);
  checkpoint.arrays.at("w").as<float>()[1] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(
      message_of<DivergenceError>([&] { save_checkpoint(folder / "a.safetensors", checkpoint); }),
      "[checkpoint] 'w' holds a NaN or an infinity after step 0; it was not saved; lower the rate "
      "of the weights");
  EXPECT_EQ(load_checkpoint(folder / "a.safetensors").arrays.at("w").as<float>()[1], 2);
}

/// An event file written in parts is the one that the whole log gives.
TEST(Training, WritesTheEventFileOfItsLog) {
  const TemporaryFolder folder;
  const Recipe recipe = recipe_with({"log.every_batches=1"});
  Watcher first(10), second;
  train(recipe, {.folder = folder / "run", .tensorboard = true}, first);
  train(recipe, {.folder = folder / "run", .resume = true, .tensorboard = true}, second);
  const auto event_file = [&] {
    std::string text;
    for (const auto& entry : std::filesystem::directory_iterator(folder / "run")) {
      if (entry.path().filename().string().starts_with("events.out.tfevents.")) {
        EXPECT_EQ(text, "");  // there is but one
        text = text_of(entry.path());
      }
    }
    return text;
  };
  const std::string written = event_file();
  EXPECT_NE(written.find("epoch/test_accuracy"), std::string::npos);
  EXPECT_NE(written.find("batch/energies/hidden1"), std::string::npos);
  write_event_file(folder / "run");
  EXPECT_EQ(event_file(), written);
}

/// What is tested is the average, in training as in a later evaluation of its checkpoint.
TEST(Training, TestsAverages) {
  const TemporaryFolder folder;
  Watcher watcher;
  const Recipe recipe = recipe_with({"weights.average=0.9", "weights.clip_norm=1.0"});
  const TrainingSummary summary = train(recipe, {.folder = folder / "run"}, watcher);
  const Checkpoint checkpoint = load_checkpoint(summary.checkpoint);
  EXPECT_TRUE(checkpoint.arrays.contains("weights/label.weight/average"));
  const Evaluation evaluation = evaluate(checkpoint, recipe);
  EXPECT_EQ(evaluation.accuracy, summary.test_accuracy);

  Checkpoint swapped = checkpoint;  // averages as parameters, and the other way round
  for (const char* name : {"hidden1.weight", "hidden1.bias", "hidden2.weight", "hidden2.bias", "label.weight", "label.bias"}) {
    std::swap(swapped.arrays.at(name), swapped.arrays.at("weights/" + std::string(name) + "/average"));
  }
  EXPECT_NE(evaluate(swapped, recipe).energy, evaluation.energy);
}

}  // namespace
}  // namespace pcxx

/// Tests of pcxx train and eval as processes: output, stopping, killing, resuming.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "cli/command.h"
#include "cli/idx_folder.h"
#include "pcxx/core/random.h"
#include "pcxx/run/checkpoint.h"
#include "support/random_arrays.h"
#include "support/temporary_folder.h"

namespace pcxx::test {
namespace {

const std::string kMoons = PCXX_SOURCE_DIR "/recipes/two_moons.toml";
const std::string kFashion = PCXX_SOURCE_DIR "/recipes/fashion_mnist_mlp.toml";

std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(nlohmann::json::parse(line));
  }
  return lines;
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Train, EndsWithTheTestAccuracy) {
  const TemporaryFolder folder;
  const CommandResult result = pcxx_command({"train", kMoons, "--out", folder / "run"});
  EXPECT_EQ(result.code, 0) << result.error;
  EXPECT_EQ(result.error, "");
  EXPECT_TRUE(std::regex_match(last_line(result.out), std::regex("test accuracy 0\\.\\d{4}")))
      << result.out;
  EXPECT_GT(std::stod(last_line(result.out).substr(14)), 0.95);
  EXPECT_EQ(result.out.find('\x1b'), std::string::npos);  // no terminal, no escape sequences
  EXPECT_NE(result.out.find("epoch 8/8  test accuracy 0."), std::string::npos) << result.out;
  for (const char* file : {"run/checkpoint.safetensors", "run/log.jsonl", "run/recipe.toml"}) {
    EXPECT_TRUE(std::filesystem::exists(folder / file)) << file;
  }
}

TEST(Train, ChoosesTheFolderByTheRecipe) {
  const TemporaryFolder folder;
  EXPECT_EQ(pcxx_command({"train", kMoons, "--set", "epochs=1"}, {.folder = folder.path()}).code,
            0);
  EXPECT_TRUE(std::filesystem::exists(folder / "runs/two_moons/checkpoint.safetensors"));
}

TEST(Train, SpeaksJson) {
  const TemporaryFolder folder;
  const CommandResult result =
      pcxx_command({"train", kMoons, "--out", folder / "run", "--json", "--set", "epochs=2"});
  const auto lines = json_lines(result.out);
  ASSERT_EQ(lines.size(), 4U) << result.out;
  EXPECT_EQ(lines[0]["event"], "start");
  EXPECT_EQ(lines[1]["event"], "epoch");
  EXPECT_EQ(lines[1]["epoch"], 1);
  EXPECT_TRUE(lines[1]["energies"].contains("label"));
  EXPECT_GT(lines[1]["seconds"], 0);
  EXPECT_EQ(lines[3]["event"], "end");
  EXPECT_EQ(lines[3]["test_accuracy"], lines[2]["test_accuracy"]);
  EXPECT_EQ(json_lines(text_of(folder / "run/log.jsonl")).back()["event"], "end");
}

TEST(Train, LearnsFromIdxFilesAndEvalAgrees) {
  const TemporaryFolder folder;
  write_idx_folder(folder.path());
  const CommandOptions options{.environment = {{"PCXX_DATA", folder.path()}}};
  const CommandResult trained =
      pcxx_command({"train", kFashion, "--out", folder / "run", "--set", "epochs=12", "--set",
                    "data.batch=16", "--set", "weights.rate=0.003"},
                   options);
  EXPECT_EQ(trained.code, 0) << trained.error;
  EXPECT_GT(std::stod(last_line(trained.out).substr(14)), 0.5) << trained.out;
  const CommandResult judged = pcxx_command({"eval", folder / "run"}, options);
  EXPECT_EQ(judged.code, 0) << judged.error;
  EXPECT_EQ(last_line(judged.out), last_line(trained.out));
  const auto json = json_lines(
      pcxx_command({"eval", folder / "run/checkpoint.safetensors", "--json"}, options).out);
  EXPECT_EQ(json.at(0)["samples"], 96);
  EXPECT_GT(json.at(0)["energies"]["label"], 0);
}

TEST(Train, TakesAnyIdxSet) {
  const TemporaryFolder folder;
  write_idx_folder(folder.path(), 6, 3);
  const CommandResult result =
      pcxx_command({"train", kFashion, "--out", folder / "run", "--set", "data.name=idx", "--set",
                    "epochs=1", "--set", "data.batch=32", "--set",
                    "data.folder=" + folder.path().string(), "--set", "network.widths=[36, 8, 3]"});
  EXPECT_EQ(result.code, 0) << result.error;
}

TEST(Train, TakesConvolutionalNetworks) {
  const TemporaryFolder folder;
  write_idx_folder(folder.path(), 12, 3);
  const std::string recipe = PCXX_SOURCE_DIR "/recipes/fashion_mnist_vgg5.toml";
  const CommandResult trained = pcxx_command(
      {"train", recipe, "--out", folder / "run", "--set", "epochs=1", "--set", "data.name=idx", "--set", "data.train=0", "--set",
       "data.folder=" + folder.path().string(), "--set", "network.input=[1, 16, 16]", "--set", "network.channels=2", "--set",
       "network.classes=3"});
  EXPECT_EQ(trained.code, 0) << trained.error;
  EXPECT_NE(trained.out.find("1x16x16 → 2 channels → 4 channels → 8 channels → 8 channels → 3, gelu"), std::string::npos)
      << trained.out;
  const CommandResult judged = pcxx_command({"eval", folder / "run"});
  EXPECT_EQ(judged.code, 0) << judged.error;
  EXPECT_EQ(last_line(judged.out), last_line(trained.out));
  const auto found = json_lines(pcxx_command({"inspect", folder / "run", "--json"}).out).at(0);
  EXPECT_EQ(found["nodes"].at(1)["prediction"], "convolution 3x3, 1 to 2, gelu, maximum pool 2");
}

TEST(Train, ThreadsChangeNoBit) {
  const TemporaryFolder folder;
  for (const char* threads : {"1", "2", "4"}) {
    EXPECT_EQ(pcxx_command({"train", kMoons, "--out", folder / threads, "--threads", threads,
                            "--set", "data.batch=200"})
                  .code,
              0);
  }
  const NamedArrays expected = load_checkpoint(folder / "1/checkpoint.safetensors").arrays;
  EXPECT_TRUE(same_bits(load_checkpoint(folder / "2/checkpoint.safetensors").arrays, expected));
  EXPECT_TRUE(same_bits(load_checkpoint(folder / "4/checkpoint.safetensors").arrays, expected));
}

TEST(Train, InterruptSavesAndSaysHowToGoOn) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const TemporaryFolder folder;
    Command command({"train", kMoons, "--out", folder / "run", "--set", "epochs=100000"});
    for (int i = 0;
         i < 500 && text_of(folder / "run/log.jsonl").find("\"epoch\":2,") == std::string::npos;
         ++i) {
      ::usleep(10000);
    }
    command.signal(signal);
    const CommandResult result = command.wait();
    EXPECT_EQ(result.code, 128 + signal);
    EXPECT_NE(result.out.find("everything is saved\ngo on with: "), std::string::npos)
        << result.out;
    EXPECT_TRUE(last_line(result.out).ends_with("--set epochs=100000 --resume")) << result.out;
    EXPECT_GT(load_checkpoint(folder / "run/checkpoint.safetensors").progress.step, 32);
  }
}

TEST(Train, KilledAtAnyTimeAndResumedGivesTheSameBits) {
  const TemporaryFolder folder;
  const std::vector<std::string> common{"train", kMoons,
                                        "--set", "epochs=150",
                                        "--set", "checkpoint.every_batches=7",
                                        "--set", "log.every_batches=5"};
  auto arguments = common;
  arguments.insert(arguments.end(), {"--out", folder / "whole"});
  ASSERT_EQ(pcxx_command(arguments).code, 0);
  arguments = common;
  arguments.insert(arguments.end(), {"--out", folder / "killed", "--resume"});
  RandomStream random(static_cast<std::uint64_t>(::getpid()));  // another place each time
  int kills = 0;
  for (bool finished = false; !finished; ++kills) {
    Command command(arguments);
    if (kills < 12) {
      ::usleep(static_cast<useconds_t>(10000 + random.below(150000)));
      command.signal(SIGKILL);
    }
    finished = command.wait().code == 0;
    ASSERT_LT(kills, 13);
  }
  const Checkpoint expected = load_checkpoint(folder / "whole/checkpoint.safetensors");
  const Checkpoint resumed = load_checkpoint(folder / "killed/checkpoint.safetensors");
  EXPECT_TRUE(same_bits(resumed.arrays, expected.arrays));
  EXPECT_EQ(resumed.progress.accuracy, expected.progress.accuracy);
  EXPECT_EQ(resumed.progress.best_epoch, expected.progress.best_epoch);
}

TEST(Train, OnATerminalKeepsWithinItsColumns) {
  for (const int columns : {30, 60, 80, 140}) {
    const TemporaryFolder folder;
    const CommandResult result = pcxx_in_terminal(
        {"train", kMoons, "--out", folder / "run", "--set", "epochs=400"}, columns);
    EXPECT_EQ(result.code, 0);
    std::string plain = std::regex_replace(result.out, std::regex("\x1b\\[[0-9;]*[A-Za-z]"), "\n");
    std::istringstream stream(std::regex_replace(plain, std::regex("\r"), "\n"));
    for (std::string line; std::getline(stream, line);) {
      const auto width = std::count_if(line.begin(), line.end(), [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
      });
      EXPECT_LT(width, columns) << line;
    }
    EXPECT_NE(result.out.find("test accuracy 0.9"), std::string::npos);
  }
}

TEST(Report, IsWrittenByTrainingAndAfterwards) {
  const TemporaryFolder folder;
  const CommandResult trained =
      pcxx_command({"train", kMoons, "--out", folder / "run", "--set", "epochs=2", "--tensorboard"});
  ASSERT_EQ(trained.code, 0) << trained.error;
  const std::string path = folder / "run/report.html";
  EXPECT_NE(trained.out.find("report " + path), std::string::npos) << trained.out;
  const std::string written = text_of(path);
  EXPECT_NE(written.find("two_moons"), std::string::npos);
  const auto event_files = [&] {
    return std::ranges::count_if(std::filesystem::directory_iterator(folder / "run"), [](const auto& entry) {
      return entry.path().filename().string().starts_with("events.out.tfevents.");
    });
  };
  EXPECT_EQ(event_files(), 1);
  std::filesystem::remove(path);
  const CommandResult again = pcxx_command({"report", folder / "run", "--tensorboard"});
  EXPECT_EQ(again.code, 0) << again.error;
  EXPECT_EQ(again.out, "report " + path + "\n");
  EXPECT_EQ(text_of(path), written);
  EXPECT_EQ(event_files(), 1);
  const CommandResult nowhere = pcxx_command({"report", folder / "none"});
  EXPECT_EQ(nowhere.code, 1);
  EXPECT_NE(nowhere.error.find("holds no log.jsonl"), std::string::npos) << nowhere.error;
}

TEST(Inspect, ShowsRecipesAndCheckpoints) {
  const CommandResult text = pcxx_command({"inspect", kFashion});
  EXPECT_EQ(text.code, 0) << text.error;
  for (const char* part :
       {"hidden1.weight", "(128, 784)", "134,794", "squared_error", "hoist", "MFLOP"}) {
    EXPECT_NE(text.out.find(part), std::string::npos) << part;
  }
  const auto json = json_lines(pcxx_command({"inspect", kFashion, "--json"}).out).at(0);
  EXPECT_EQ(json["parameter_count"], 134794);
  EXPECT_GT(json["flops"], 1e8);
  const TemporaryFolder folder;
  ASSERT_EQ(pcxx_command({"train", kMoons, "--out", folder / "run", "--set", "epochs=1"}).code, 0);
  const auto checkpoint = json_lines(pcxx_command({"inspect", folder / "run", "--json"}).out).at(0);
  EXPECT_EQ(checkpoint["progress"]["epoch"], 1);
}

TEST(Bench, PrintsOneJsonLine) {
  const auto lines = json_lines(pcxx_command({"bench", "moons", "--threads", "1"}).out);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["system"], "pcxx");
  EXPECT_EQ(lines[0]["work"], "moons");
  EXPECT_EQ(lines[0]["steps_timed"], 254);
  EXPECT_GT(lines[0]["median_ms"], 0);
  EXPECT_GE(lines[0]["median_ms"], lines[0]["min_ms"]);
  EXPECT_GT(lines[0]["first_step_s"], 0);
}

/// Shares of all kinds, and of what is between calls, make the whole.
TEST(Bench, PrintsWhatTheTimeGoesInto) {
  const CommandResult result = pcxx_command({"bench", "moons", "--profile"});
  EXPECT_EQ(result.code, 0) << result.error;
  EXPECT_NE(result.out.find("254 runs of 32 samples, f32, 1 thread: median "), std::string::npos) << result.out;
  EXPECT_NE(result.out.find(":= product (1, 32, 32) b' packed(hidden1, pack_t(hidden2.weight))"), std::string::npos) << result.out;
  std::istringstream kinds(result.out.substr(result.out.rfind("kind\n") + 5));
  double total = 0, last = 100;
  for (std::string line; std::getline(kinds, line);) {
    const double share = std::stod(line);
    EXPECT_TRUE(share <= last || line.find("between calls") != std::string::npos) << line;
    last = share;
    total += share;
  }
  EXPECT_NEAR(total, 100, 1);
  EXPECT_NE(pcxx_command({"bench", "moons", "--profile", "--device", "reference"}).error.find("[reference] has no profile"),
            std::string::npos);
}

TEST(Bench, ZerosAndHoistingChangeNoBit) {
  const auto on = json_lines(pcxx_command({"bench", "moons"}).out).at(0);
  const auto off =
      json_lines(pcxx_command({"bench", "moons", "--no-known-zeros", "--no-hoist"}).out).at(0);
  EXPECT_EQ(on["energy"], off["energy"]);
  EXPECT_LT(on["flops"], off["flops"]);
}

TEST(Replay, PassesAndFailsByExitCode) {
  const std::string file = PCXX_SOURCE_DIR "/tests/oracle/se_gelu.npz";
  const CommandResult good = pcxx_command({"replay", file});
  EXPECT_EQ(good.code, 0) << good.error;
  EXPECT_EQ(last_line(good.out), "53 passed, 0 failed");
  const CommandResult strict = pcxx_command({"replay", file, "--tolerance", "1e-12"});
  EXPECT_EQ(strict.code, 1);
  EXPECT_TRUE(std::regex_match(last_line(strict.out), std::regex("\\d+ passed, [1-9]\\d* failed")))
      << strict.out;
}

}  // namespace
}  // namespace pcxx::test

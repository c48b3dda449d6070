/// Tests of replay: frozen PCX runs are repeated, and a changed number is noticed.
#include "pcxx/run/replay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "pcxx/core/errors.h"
#include "pcxx/io/npz.h"
#include "support/message.h"
#include "support/temporary_folder.h"

namespace pcxx {
namespace {

using test::message_of;
using test::TemporaryFolder;
namespace fs = std::filesystem;

std::vector<std::string> cases() {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(PCXX_SOURCE_DIR "/tests/oracle")) {
    if (entry.path().extension() == ".npz") {
      files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

class Replay : public testing::TestWithParam<std::tuple<std::string, const char*>> {};

TEST_P(Replay, AgreesWithPcx) {
  const auto& [file, device] = GetParam();
  const ReplayReport report = replay(file, {.device = device});
  EXPECT_GT(report.passed, 10);
  EXPECT_EQ(report.failed, 0);
  for (const ReplayedGroup& group : report.groups) {
    EXPECT_LE(group.largest_error, 1e-4) << group.name << ", " << group.worst;
  }
}

INSTANTIATE_TEST_SUITE_P(Frozen, Replay,
                         testing::Combine(testing::ValuesIn(cases()),
                                          testing::Values("reference", "cpu")),
                         [](const auto& tested) {
                           return fs::path(std::get<0>(tested.param)).stem().string() + "_" +
                                  std::get<1>(tested.param);
                         });

TEST(ReplayErrors, NoticesOneChangedNumber) {
  const TemporaryFolder folder;
  NpzFile npz = load_npz(cases().front());
  npz.arrays.at("step1/vode0.h").as<float>()[3] += 0.01F;
  save_npz(folder / "changed.npz", npz.arrays, npz.texts);
  const ReplayReport report = replay(folder / "changed.npz", {.device = "reference"});
  EXPECT_EQ(report.failed, 1);
}

TEST(ReplayErrors, CountsANameWithoutMeaningAsFailed) {
  const TemporaryFolder folder;
  NpzFile npz = load_npz(cases().front());
  npz.arrays.emplace("step1/mystery", Array({3}, ElementType::f32));
  save_npz(folder / "more.npz", npz.arrays, npz.texts);
  EXPECT_EQ(replay(folder / "more.npz", {.device = "reference"}).failed, 1);
}

TEST(ReplayErrors, SaysWhatAFileLacks) {
  const TemporaryFolder folder;
  NpzFile npz = load_npz(cases().front());
  npz.arrays.erase("before/layer0.bias");
  save_npz(folder / "less.npz", npz.arrays, npz.texts);
  EXPECT_EQ(message_of<FileError>([&] { replay(folder / "less.npz"); }),
            "[replay] '" + (folder / "less.npz").string() +
                "' lacks the array 'before/layer0.bias'; expected a file that "
                "tools/freeze_oracle.py wrote");
  save_npz(folder / "no_meta.npz", npz.arrays);
  EXPECT_EQ(message_of<FileError>([&] { replay(folder / "no_meta.npz"); }),
            "[replay] '" + (folder / "no_meta.npz").string() +
                "' lacks 'meta'; expected a file that tools/freeze_oracle.py wrote");
}

}  // namespace
}  // namespace pcxx

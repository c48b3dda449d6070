/// Tests of what goes wrong: one line that names the thing and the remedy, the right exit code, no
/// damage.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "cli/command.h"
#include "cli/idx_folder.h"
#include "pcxx/io/npz.h"
#include "pcxx/run/checkpoint.h"
#include "support/temporary_folder.h"

namespace pcxx::test {
namespace {

const std::string kMoons = PCXX_SOURCE_DIR "/recipes/two_moons.toml";
const std::string kFashion = PCXX_SOURCE_DIR "/recipes/fashion_mnist_mlp.toml";

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path) << text;
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Runs a command that must fail; returns its one line on standard error.
std::string failure(int code, const std::vector<std::string>& arguments,
                    const CommandOptions& options = {}) {
  const CommandResult result = pcxx_command(arguments, options);
  EXPECT_EQ(result.code, code) << result.error << result.out;
  EXPECT_TRUE(result.error.starts_with("pcxx: ")) << result.error;
  EXPECT_EQ(result.error.find('\n'), result.error.size() - 1) << result.error;
  return result.error;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(BadInput, UnknownKeyInARecipe) {
  const TemporaryFolder folder;
  write(folder / "a.toml",
        "[network]\nwidths = [2, 2]\n[rule]\nstpes = 3\n[data]\nname = \"moons\"\n");
  EXPECT_EQ(
      failure(2, {"train", folder / "a.toml", "--out", folder / "run"}),
      "pcxx: [recipe] " + (folder / "a.toml").string() +
          ":4:1: unknown key 'rule.stpes'; nearest: 'rule.steps'; known: name, steps, values\n");
  EXPECT_FALSE(std::filesystem::exists(folder / "run"));
  EXPECT_TRUE(contains(failure(2, {"inspect", folder / "a.toml"}), "unknown key 'rule.stpes'"));
}

TEST(BadInput, UnknownKeyOnTheCommandLine) {
  EXPECT_EQ(failure(2, {"train", kMoons, "--set", "rule.stpes=3"}),
            "pcxx: [recipe] --set rule.stpes=3: unknown key 'rule.stpes'; nearest: 'rule.steps'; "
            "known: name, steps, values\n");
  EXPECT_TRUE(contains(failure(2, {"train", kMoons, "--device", "gpu"}), "known: cpu, reference"));
}

TEST(BadInput, MissingRecipe) {
  EXPECT_TRUE(contains(failure(1, {"train", "/nowhere/a.toml"}), "/nowhere/a.toml"));
}

TEST(BadInput, MissingDataSet) {
  const TemporaryFolder folder;
  const std::string message = failure(1, {"train", kFashion, "--out", folder / "run", "--set",
                                          "data.folder=" + folder.path().string()});
  EXPECT_TRUE(contains(message, folder.path().string())) << message;
  EXPECT_TRUE(contains(message, "PCXX_DATA")) << message;
}

TEST(BadInput, TruncatedDataSet) {
  const TemporaryFolder folder;
  write_idx_folder(folder.path());
  std::filesystem::resize_file(folder / "train-images-idx3-ubyte", 1000);
  const std::string message = failure(1, {"train", kFashion, "--out", folder / "run"},
                                      {.environment = {{"PCXX_DATA", folder.path()}}});
  EXPECT_TRUE(contains(message, "train-images-idx3-ubyte")) << message;
}

TEST(BadInput, UnwritableFolder) {
  EXPECT_TRUE(contains(failure(1, {"train", kMoons, "--out", "/proc/run"}), "'/proc/run'"));
  const TemporaryFolder folder;
  write(folder / "file", "");
  EXPECT_TRUE(contains(failure(1, {"train", kMoons, "--out", folder / "file/run"}),
                       "name another with --out"));
}

TEST(BadInput, FullDiskKeepsTheCheckpointThatWasThere) {
  const TemporaryFolder folder;
  ASSERT_EQ(pcxx_command({"train", kMoons, "--out", folder / "run", "--set", "epochs=3"}).code, 0);
  const std::string before = text_of(folder / "run/checkpoint.safetensors");
  const std::string message =
      failure(1, {"train", kMoons, "--out", folder / "run", "--resume", "--set", "epochs=6"},
              {.largest_file = static_cast<long>(before.size() / 2)});
  EXPECT_TRUE(contains(message, "checkpoint.safetensors")) << message;
  EXPECT_EQ(text_of(folder / "run/checkpoint.safetensors"), before);
  EXPECT_EQ(
      pcxx_command({"train", kMoons, "--out", folder / "run", "--resume", "--set", "epochs=6"})
          .code,
      0);
}

TEST(BadInput, FullStandardOutput) {
  const CommandResult result = pcxx_command({"replay", PCXX_SOURCE_DIR "/tests/oracle/se_gelu.npz"},
                                            {.output = "/dev/full"});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.error, "pcxx: standard output cannot be written\n");
}

TEST(BadInput, EnergyThatDiverges) {
  const TemporaryFolder folder;
  const std::string message =
      failure(1, {"train", kMoons, "--out", folder / "run", "--set", "rule.values.rate=1e20",
                  "--set", "network.energy=squared_error"});
  EXPECT_TRUE(contains(message, "[trainer] energy of node '")) << message;
  EXPECT_TRUE(contains(message, " at step ")) << message;
  EXPECT_EQ(load_checkpoint(folder / "run/checkpoint.safetensors").progress.step, 0);
}

TEST(BadInput, DamagedCheckpoint) {
  const TemporaryFolder folder;
  ASSERT_EQ(pcxx_command({"train", kMoons, "--out", folder / "run", "--set", "epochs=1"}).code, 0);
  std::filesystem::resize_file(folder / "run/checkpoint.safetensors", 500);
  const std::string message = failure(1, {"eval", folder / "run"});
  EXPECT_TRUE(contains(message, "checkpoint.safetensors")) << message;
  write(folder / "run/checkpoint.safetensors", "nonsense");
  EXPECT_TRUE(contains(failure(1, {"inspect", folder / "run"}), "checkpoint.safetensors"));
  EXPECT_TRUE(contains(failure(1, {"eval", folder / "none"}), "none"));
}

TEST(BadInput, FolderThatHoldsARun) {
  const TemporaryFolder folder;
  ASSERT_EQ(pcxx_command({"train", kMoons, "--out", folder / "run", "--set", "epochs=1"}).code, 0);
  const std::string before = text_of(folder / "run/checkpoint.safetensors");
  EXPECT_TRUE(contains(failure(1, {"train", kMoons, "--out", folder / "run"}), "--resume"));
  EXPECT_EQ(text_of(folder / "run/checkpoint.safetensors"), before);
  EXPECT_EQ(
      pcxx_command({"train", kMoons, "--out", folder / "run", "--set", "epochs=1", "--force"}).code,
      0);
}

TEST(BadInput, FrozenRunThatIsNone) {
  const TemporaryFolder folder;
  write(folder / "a.npz", "nonsense");
  EXPECT_TRUE(contains(failure(1, {"replay", folder / "a.npz"}), "a.npz"));
  NpzFile npz = load_npz(PCXX_SOURCE_DIR "/tests/oracle/se_gelu.npz");
  std::string& meta = npz.texts.at("meta");
  meta.replace(meta.find("gelu"), 4, "gelo");
  save_npz(folder / "b.npz", npz.arrays, npz.texts);
  EXPECT_TRUE(contains(failure(2, {"replay", folder / "b.npz"}), "'gelo'"));
}

}  // namespace
}  // namespace pcxx::test

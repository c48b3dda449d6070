/// Tests of pcxx import and export: what they print, leave behind and refuse.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "cli/command.h"
#include "pcxx/io/npz.h"
#include "support/temporary_folder.h"

namespace pcxx::test {
namespace {

const std::string kFile = std::string(PCXX_SOURCE_DIR) + "/tests/run/pcx/chain.npz";

class Exchange : public testing::Test {
 protected:
  Exchange() {
    std::ofstream(recipe_) << "[network]\nwidths = [3, 5, 5, 2]\nactivation = \"tanh\"\n[data]\nname = \"moons\"\n";
  }

  TemporaryFolder folder_;
  std::string recipe_ = folder_ / "a.toml";
  std::string run_ = folder_ / "run";
};

TEST_F(Exchange, ThereAndBackKeepsEveryNumber) {
  const CommandResult imported = pcxx_command({"import", recipe_, kFile, "--out", run_});
  EXPECT_EQ(imported.code, 0) << imported.error;
  EXPECT_NE(imported.out.find("hidden2.weight  .layers[1].nn.weight (5, 5)"), std::string::npos) << imported.out;
  EXPECT_TRUE(std::filesystem::exists(run_ + "/recipe.toml"));
  const std::string back = folder_ / "back.npz", ruled = folder_ / "ruled.npz";
  EXPECT_EQ(pcxx_command({"export", run_, back, "--like", kFile}).code, 0);
  EXPECT_EQ(pcxx_command({"export", run_, ruled, "--map", "hidden{i}.{what} = .layers[{i-1}].nn.{what}", "--map",
                         "label.{what} = .layers[2].nn.{what}"}).code, 0);
  for (const auto& [key, array] : load_npz(kFile).arrays) {
    for (const std::string& file : {back, ruled}) {
      const Array written = load_npz(file).arrays.at(key);
      EXPECT_TRUE(std::equal(array.as<float>().begin(), array.as<float>().end(), written.as<float>().begin())) << key;
    }
  }
}

TEST_F(Exchange, RefusalsChangeNothing) {
  EXPECT_EQ(pcxx_command({"import", recipe_, kFile, "--out", run_, "--map", "hidden1.bias = .layers[0].bias"}).code, 2);
  EXPECT_FALSE(std::filesystem::exists(run_ + "/checkpoint.safetensors"));
  EXPECT_EQ(pcxx_command({"import", recipe_, kFile, "--out", run_}).code, 0);
  EXPECT_EQ(pcxx_command({"import", recipe_, kFile, "--out", run_}).code, 1);
  const CommandResult nowhere = pcxx_command({"export", run_, folder_ / "b.npz"});
  EXPECT_EQ(nowhere.code, 2);
  EXPECT_NE(nowhere.error.find("[pcx] neither rules nor a file to be like"), std::string::npos) << nowhere.error;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "b.npz"));
}

}  // namespace
}  // namespace pcxx::test

/// Tests of reports: whole runs, stopped, damaged and strange ones; nothing from elsewhere, nothing unescaped.
#include "pcxx/report/report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <regex>

#include "pcxx/core/errors.h"
#include "pcxx/io/files.h"
#include "pcxx/run/training.h"
#include "report/chart.h"
#include "report/html.h"
#include "report/run_history.h"
#include "support/message.h"
#include "support/temporary_folder.h"

namespace pcxx {
namespace {

using test::message_of;
using test::TemporaryFolder;

const std::string kRecipe = R"(
epochs = 3
network = { widths = [2, 8, 2], activation = "tanh" }
rule = { steps = 2, values = { rate = 0.1 } }
weights = { rate = 0.01 }
data = { name = "moons", train = 100, test = 40, batch = 16 }
log = { every_batches = 1 }
)";

struct StopAfter : TrainingObserver {
  explicit StopAfter(Size batches) : limit(batches) {}
  void batch(const BatchReport& report) override { step = report.step; }
  bool stop() override { return step >= limit; }
  Size limit, step = 0;
};

void train_in(const std::filesystem::path& folder, Size stop_after = 1000, const std::vector<std::string>& overrides = {}) {
  StopAfter observer(stop_after);
  train(parse_recipe(kRecipe, "small.toml", overrides), {.folder = folder, .resume = true}, observer);
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

/// Every element of HTML that is opened is closed, in order; those of SVG close themselves.
void expect_well_formed(const std::string& html) {
  std::vector<std::string> open;
  const std::regex tag("<(/?)([a-zA-Z0-9]+)([^<>]*)>");
  const std::string body = html.substr(html.find("</style>"));
  for (std::sregex_iterator at(body.begin(), body.end(), tag), end; at != end; ++at) {
    const std::string name = (*at)[2], rest = (*at)[3];
    if (rest.ends_with("/") || name == "meta") {
      continue;
    }
    if ((*at)[1] == "") {
      open.push_back(name);
    } else if (name != "style" && name != "head" && name != "html") {
      ASSERT_FALSE(open.empty()) << name;
      ASSERT_EQ(open.back(), name);
      open.pop_back();
    }
  }
  EXPECT_TRUE(open.empty());
}

TEST(Report, ShowsARun) {
  const TemporaryFolder folder;
  train_in(folder.path());
  const std::string html = report_html(folder.path());
  expect_well_formed(html);
  for (const char* part : {"<h1>small</h1>", "finished", "Test accuracy", "Energy of each node", "hidden1", "Training energy of batches",
                           "Most confused", "compiling", "instructions", "every_batches = 1", "epoch 3"}) {
    EXPECT_NE(html.find(part), std::string::npos) << part;
  }
  for (const char* part : {"<script", "http", "url(", "@import", "nan", "inf\""}) {
    EXPECT_EQ(html.find(part), std::string::npos) << part;
  }
}

TEST(Report, OfAResumedRunCoversAllOfIt) {
  const TemporaryFolder folder;
  train_in(folder / "whole");
  train_in(folder / "parts", 4);
  EXPECT_NE(report_html(folder / "parts").find("stopped in epoch 1 after batch 4"), std::string::npos);
  train_in(folder / "parts", 14);
  EXPECT_NE(report_html(folder / "parts").find("stopped after epoch 2"), std::string::npos);
  train_in(folder / "parts");
  const report::RunHistory whole = report::read_history(folder / "whole"), parts = report::read_history(folder / "parts");
  EXPECT_EQ(parts.sessions.size(), 3U);
  EXPECT_EQ(parts.ending, report::Ending::finished);
  ASSERT_EQ(parts.epochs.size(), 3U);
  ASSERT_EQ(parts.steps.size(), 21U);
  for (std::size_t i = 0; i < whole.epochs.size(); ++i) {
    EXPECT_EQ(parts.epochs[i].energy, whole.epochs[i].energy);
    EXPECT_EQ(parts.epochs[i].accuracy, whole.epochs[i].accuracy);
    EXPECT_EQ(parts.epochs[i].nodes, whole.epochs[i].nodes);
  }
  EXPECT_EQ(parts.confusion, whole.confusion);
  EXPECT_EQ(parts.confusion.samples(), 40);
  EXPECT_EQ(parts.confusion.accuracy(), parts.epochs.back().accuracy);
}

TEST(Report, OfADivergedRunSaysWhere) {
  const TemporaryFolder folder;
  EXPECT_THROW(train_in(folder.path(), 1000, {"weights.rate=1e30", "weights.optimiser=sgd"}), DivergenceError);
  const std::string html = report_html(folder.path());
  expect_well_formed(html);
  EXPECT_NE(html.find("diverged in epoch 1"), std::string::npos);
  EXPECT_NE(html.find("lower the rate of the values or of the weights"), std::string::npos);
}

TEST(Report, OfNoEpochsAndOfRegression) {
  const TemporaryFolder folder;
  train_in(folder / "none", 1000, {"epochs=0"});
  expect_well_formed(report_html(folder / "none"));
  std::filesystem::create_directory(folder / "regression");
  write_file_atomically(folder / "regression/log.jsonl",
                        "{\"event\":\"start\",\"recipe\":\"r\",\"epochs\":2}\n"
                        "{\"event\":\"epoch\",\"epoch\":1,\"energy\":2.5,\"energies\":{\"y\":2.5},\"seconds\":1}\n"
                        "{\"event\":\"epoch\",\"epoch\":2,\"energy\":null,\"energies\":{\"y\":null},\"seconds\":1}\n{\"event\":\"ep");
  const std::string html = report_html(folder / "regression");
  expect_well_formed(html);
  EXPECT_EQ(html.find("Test accuracy"), std::string::npos);
  EXPECT_EQ(html.find("Confusion"), std::string::npos);
  EXPECT_NE(html.find("no end yet"), std::string::npos);
}

TEST(Report, EscapesWhatOthersNamed) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "log.jsonl",
                        "{\"event\":\"start\",\"recipe\":\"<script>alert(1)</script>\"}\n"
                        "{\"event\":\"epoch\",\"epoch\":1,\"energy\":1,\"energies\":{\"a<b\\\"&'\":1,\"c\":2},\"seconds\":1}\n"
                        "{\"event\":\"diverged\",\"message\":\"<b>\"}\n");
  write_file_atomically(folder / "recipe.toml", "# </pre><script>\n");
  const std::string html = report_html(folder.path());
  expect_well_formed(html);
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_NE(html.find("a&lt;b&quot;&amp;&#39;"), std::string::npos);
  EXPECT_EQ(report::escaped("a\x01" "b\n\xff"), "a\xEF\xBF\xBD" "b\n\xEF\xBF\xBD");
}

TEST(Report, SaysWhatIsWrongWithAFolder) {
  const TemporaryFolder folder;
  EXPECT_EQ(message_of<FileError>([&] { report_html(folder.path()); }),
            "[report] '" + folder.path().string() + "' holds no log.jsonl; name the folder of a run, e.g. runs/two_moons");
  const std::string log = folder / "log.jsonl";
  write_file_atomically(log, "{\"event\":\"start\"}\nnonsense\n");
  EXPECT_EQ(message_of<FileError>([&] { report_html(folder.path()); }),
            "[log] '" + log + "' line 2: no record of a run; expected a JSON object with an \"event\", as pcxx train writes");
  write_file_atomically(log, "{\"event\":\"epoch\",\"epoch\":\"one\"}\n");
  EXPECT_NE(message_of<FileError>([&] { report_html(folder.path()); }).find("line 1 is not as pcxx train writes it"),
            std::string::npos);
  write_file_atomically(log, "{\"event\":\"end\"}\n");
  EXPECT_NE(message_of<FileError>([&] { report_html(folder.path()); }).find("has no start of a run"), std::string::npos);
}

TEST(Chart, ThinsLongLinesAndLeavesGaps) {
  report::Line line{"energy", {}};
  for (int i = 1; i <= 100000; ++i) {
    line.points.push_back({static_cast<double>(i), i % 10 == 0 ? std::nan("") : 1.0 + i % 7});
  }
  const std::string svg = report::figure({.title = "t", .lines = {line}});
  EXPECT_LT(svg.size(), 40000U);
  EXPECT_NE(svg.find("class=\"range c0\""), std::string::npos);
  line.points = {{1, 1}, {2, std::nan("")}, {3, 1}, {4, 2}};
  EXPECT_EQ(count(report::figure({.title = "t", .lines = {line}}), "<circle"), 3U);
  EXPECT_NE(report::figure({.title = "t", .lines = {{"e", {{1, std::nan("")}}}}}).find("nothing was recorded"), std::string::npos);
}

}  // namespace
}  // namespace pcxx

/// Views without a terminal: plain lines and JSON.
#include "cli/training_view.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/describe.h"
#include "cli/live_view.h"
#include "cli/signals.h"
#include "cli/terminal.h"

namespace pcxx::cli {
namespace {

class PlainView : public TrainingView {
 public:
  PlainView(const Recipe& recipe, ViewOptions options)
      : recipe_(recipe), options_(std::move(options)) {}

  void started(const TrainingStart& start) override {
    Lines lines = describe(recipe_, start);
    lines.emplace_back("folder", options_.folder);
    print(fmt::format("{}\n{}", options_.recipe_path, aligned(lines, 0)));
    if (start.resumed) {
      print(fmt::format("going on from epoch {}, batch {}\n", start.progress.epoch + 1,
                        start.progress.batch));
    }
  }

  void epoch(const EpochReport& report) override {
    std::string nodes;
    for (const auto& [name, energy] : report.nodes) {
      nodes += fmt::format("{}{} {}", nodes.empty() ? "" : ", ", name, energy_text(energy));
    }
    seconds_ += report.seconds + report.evaluation_seconds;
    const double left = seconds_ / static_cast<double>(++epochs_) *
                        static_cast<double>(recipe_.epochs - report.epoch);
    print(fmt::format(
        "epoch {}/{}  test accuracy {:.4f}  energy {} ({})  {}{}\n", report.epoch, recipe_.epochs,
        report.test_accuracy, energy_text(report.energy), nodes, duration(report.seconds),
        report.epoch < recipe_.epochs ? fmt::format("  {} left", duration(left)) : ""));
  }

  void notice(const std::string& text) override { print(text + "\n"); }

  void finished(const TrainingSummary& summary) override {
    const RunProgress& progress = summary.progress;
    if (progress.epoch > 0) {
      print(fmt::format("trained {}, {} in {} ({} an epoch)\nbest {:.4f} after epoch {}\n",
                        counted(progress.epoch, "epoch"), counted(progress.step, "batch"),
                        duration(progress.seconds),
                        duration(progress.seconds / static_cast<double>(progress.epoch)),
                        progress.best_accuracy, progress.best_epoch));
    }
    print(fmt::format("saved {}\nreport {}\ntest accuracy {:.4f}\n", summary.checkpoint.string(),
                      report_path(options_.folder).string(), summary.test_accuracy));
  }

  void stopped(const TrainingSummary& summary, const std::string& command) override {
    print(fmt::format("stopped in epoch {} after {}; everything is saved\ngo on with: {}\n",
                      summary.progress.epoch + 1, counted(summary.progress.batch, "batch"),
                      command));
  }

 private:
  const Recipe& recipe_;
  ViewOptions options_;
  double seconds_ = 0;
  Size epochs_ = 0;
};

class JsonView : public TrainingView {
 public:
  JsonView(const Recipe& recipe, ViewOptions options)
      : recipe_(recipe), options_(std::move(options)) {}

  void started(const TrainingStart& start) override {
    show({{"event", start.resumed ? "resume" : "start"},
          {"work", recipe_.name},
          {"folder", options_.folder},
          {"seed", recipe_.seed},
          {"epochs", recipe_.epochs},
          {"batches", start.batches},
          {"epoch", start.progress.epoch},
          {"batch", start.progress.batch},
          {"train_samples", start.train_samples},
          {"test_samples", start.test_samples},
          {"parameters", start.parameters}});
  }

  void epoch(const EpochReport& report) override {
    Json nodes = Json::object();
    for (const auto& [name, energy] : report.nodes) {
      nodes[name] = energy;
    }
    show({{"event", "epoch"},
          {"work", recipe_.name},
          {"seed", recipe_.seed},
          {"epoch", report.epoch},
          {"test_accuracy", report.test_accuracy},
          {"seconds", report.seconds},
          {"evaluation_seconds", report.evaluation_seconds},
          {"energy", report.energy},
          {"energies", nodes}});
  }

  void notice(const std::string& text) override { show({{"event", "notice"}, {"text", text}}); }

  void finished(const TrainingSummary& summary) override { end("end", summary, {}); }
  void stopped(const TrainingSummary& summary, const std::string& command) override {
    end("stopped", summary, {{"go_on", command}});
  }

 private:
  using Json = nlohmann::ordered_json;

  static void show(Json event) {
    Json line{{"system", "pcxx"}};
    line.update(event);
    print(line.dump() + "\n");
  }

  void end(const char* event, const TrainingSummary& summary, const Json& more) {
    const RunProgress& progress = summary.progress;
    Json line{{"event", event},
              {"work", recipe_.name},
              {"seed", recipe_.seed},
              {"epoch", progress.epoch},
              {"batch", progress.batch},
              {"step", progress.step},
              {"seconds", progress.seconds},
              {"best_accuracy", progress.best_accuracy},
              {"best_epoch", progress.best_epoch},
              {"checkpoint", summary.checkpoint.string()},
              {"report", report_path(options_.folder).string()},
              {"test_accuracy", summary.test_accuracy}};
    if (!more.is_null()) {
      line.update(more);
    }
    show(line);
  }

  const Recipe& recipe_;
  ViewOptions options_;
};

}  // namespace

bool TrainingView::stop() { return stop_requested() != 0; }

std::unique_ptr<TrainingView> make_view(const Recipe& recipe, const ViewOptions& options) {
  if (options.json) {
    return std::make_unique<JsonView>(recipe, options);
  }
  if (is_terminal()) {
    return std::make_unique<LiveView>(recipe, options);
  }
  return std::make_unique<PlainView>(recipe, options);
}

}  // namespace pcxx::cli

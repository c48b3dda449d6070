/// The live table: one row an epoch, the running one filled in as it goes, a line of progress
/// below.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cli/training_view.h"

namespace pcxx::cli {

class LiveView : public TrainingView {
 public:
  LiveView(const Recipe& recipe, ViewOptions options)
      : recipe_(recipe), options_(std::move(options)) {}

  void started(const TrainingStart& start) override;
  void batch(const BatchReport& report) override;
  void epoch(const EpochReport& report) override;
  void notice(const std::string& text) override;
  void close() override;
  void finished(const TrainingSummary& summary) override;
  void stopped(const TrainingSummary& summary, const std::string& command) override;

 private:
  struct Row {
    std::string epoch, accuracy, energy;
    std::vector<std::string> nodes;
    std::string time;
  };
  void draw(const BatchReport& report);
  void erase();
  void print_heading(const std::vector<std::string>& nodes);
  std::string row(const Row& cells, int width) const;
  std::string progress(const BatchReport& report, int width) const;
  double seconds_left(const BatchReport& report) const;

  const Recipe& recipe_;
  ViewOptions options_;
  TrainingStart start_;
  bool heading_shown_ = false;
  bool live_ = false;              // two lines at the bottom are redrawn
  double evaluation_seconds_ = 0;  // of the last epoch's test
  std::optional<double> energy_;   // smoothed over batches
  std::vector<double> nodes_;
  std::chrono::steady_clock::time_point drawn_{};
};

}  // namespace pcxx::cli

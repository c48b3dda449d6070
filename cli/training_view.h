/// What a training run looks like: a live table on a terminal, plain lines elsewhere, or JSON.
#pragma once

#include <memory>

#include "pcxx/run/training.h"

namespace pcxx::cli {

/// How a view is told what to show besides the run itself.
struct ViewOptions {
  std::string recipe_path;
  std::string folder;
  bool json = false;
};

/// An observer that shows what it sees and passes on a request to stop.
class TrainingView : public TrainingObserver {
 public:
  bool stop() override;
  /// Leaves the terminal in order; called before anything else is printed.
  virtual void close() {}
  virtual void finished(const TrainingSummary& summary) = 0;
  /// `command` goes on with the run.
  virtual void stopped(const TrainingSummary& summary, const std::string& command) = 0;
};

std::unique_ptr<TrainingView> make_view(const Recipe& recipe, const ViewOptions& options);

}  // namespace pcxx::cli

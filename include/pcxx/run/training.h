/// A training run: a recipe carried out in a folder, with checkpoints, a log, and a way to go on.
///
/// The folder holds recipe.toml, log.jsonl, checkpoint.safetensors and the checkpoint before it; when asked, report.html
/// (pcxx/report/report.h) and event files for TensorBoard.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pcxx/run/checkpoint.h"
#include "pcxx/run/recipe.h"

namespace pcxx {

struct TrainingOptions {
  std::filesystem::path folder;
  bool resume = false;  // go on from the folder's checkpoint; a run that never was is started
  bool force = false;   // replace a run that is in the folder
  bool tensorboard = false;  // also write all that the log records as scalars into an event file in the folder
};

using NamedEnergies = std::vector<std::pair<std::string, double>>;

/// What a run is about to do, once the data is there.
struct TrainingStart {
  Size train_samples = 0;
  Size test_samples = 0;
  Size batches = 0;  // an epoch
  Size parameters = 0;
  RunProgress progress;  // where it goes on; all zero at the beginning
  bool resumed = false;
};

/// After a batch: energies are its means, at the states from which the weights learned.
struct BatchReport {
  Size epoch = 0;    // counted from 0
  Size batch = 0;    // batches of this epoch done
  Size batches = 0;  // of an epoch
  Size step = 0;     // batches in all
  double energy = 0;
  const NamedEnergies& nodes;
  double seconds = 0;  // of training in this epoch
  double seconds_in_all = 0;
};

/// After an epoch: energies are means over its samples.
struct EpochReport {
  Size epoch = 0;  // counted from 1
  Size step = 0;
  double energy = 0;
  NamedEnergies nodes;
  double test_accuracy = 0;
  double seconds = 0;             // of training
  double evaluation_seconds = 0;  // of the test after it
};

struct TrainingSummary {
  bool finished = false;  // false: stopped by request, with a checkpoint
  RunProgress progress;
  double test_accuracy = 0;  // of the parameters as they are now
  std::filesystem::path checkpoint;
};

/// Told what happens, as it happens, on the training thread.
class TrainingObserver {
 public:
  virtual ~TrainingObserver() = default;
  virtual void started(const TrainingStart&) {}
  virtual void batch(const BatchReport&) {}
  virtual void epoch(const EpochReport&) {}
  /// Something the user should know, in one sentence.
  virtual void notice(const std::string&) {}
  /// Asked after every batch: whether to save and stop.
  virtual bool stop() { return false; }
};

/// Carries out a recipe. A run that was stopped at any point and resumed gives the same bits as one
/// that never was. Throws what its parts throw; after a DivergenceError the last checkpoint in the
/// folder is a good one.
TrainingSummary train(const Recipe& recipe, const TrainingOptions& options,
                      TrainingObserver& observer);

/// Makes the folder of a run that has not begun: the recipe and a first checkpoint, with the parameters as `set` leaves
/// them. Training with `resume` goes on from it. Throws as train does for a folder that holds a run.
void begin_training(const Recipe& recipe, const TrainingOptions& options,
                    const std::function<void(const Network& network, State& state)>& set);

struct Evaluation {
  Size samples = 0;
  double accuracy = 0;
  double energy = 0;  // mean over the samples, after the recipe's relaxation with the label given
  NamedEnergies nodes;
  ConfusionMatrix confusion;
};

/// Judges a checkpoint on its recipe's test set; `recipe` is the checkpoint's own, with whatever is
/// to be overridden.
Evaluation evaluate(const Checkpoint& checkpoint, const Recipe& recipe);

/// Returns the path of a run's checkpoint: "folder/checkpoint.safetensors".
std::filesystem::path checkpoint_path(const std::filesystem::path& folder);
/// Returns the path of a run's log, one JSON object a line: "folder/log.jsonl".
std::filesystem::path log_path(const std::filesystem::path& folder);
/// Returns the path of a run's report: "folder/report.html".
std::filesystem::path report_path(const std::filesystem::path& folder);

}  // namespace pcxx

/// RunHistory: all that a run's folder tells about the run, from its log, its checkpoint and its recipe.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pcxx/core/types.h"
#include "pcxx/run/confusion.h"
#include "pcxx/run/training.h"

namespace pcxx::report {

/// One process that worked on the run: the one that began it, or one that went on.
struct Session {
  bool resumed = false;
  std::optional<double> time;  // when it began, seconds since 1970; like all that is optional, not in older logs
  Size epoch = 0, batch = 0;   // where it began
  std::string device, precision;
  std::optional<double> load_seconds, compile_seconds;
  std::vector<std::pair<std::string, std::string>> machine;  // what it ran on, by name
};

struct EpochRecord {
  Size epoch = 0;  // counted from 1
  Size step = 0;
  double energy = 0;  // NaN if it was not finite, or not recorded; the others likewise
  NamedEnergies nodes;
  double accuracy = 0;
  double seconds = 0, evaluation_seconds = 0;
};

struct BatchRecord {
  Size step = 0;
  double energy = 0;
};

enum class Ending { none, finished, stopped, diverged };  // none: it runs, or was killed

struct RunHistory {
  std::string name, recipe;  // recipe: its text as run
  std::uint64_t seed = 0;
  Size epochs_planned = 0, train_samples = 0, test_samples = 0, parameters = 0;
  Size batches = 0;  // an epoch; 0: not recorded
  std::vector<Session> sessions;
  std::vector<EpochRecord> epochs;
  std::vector<BatchRecord> steps;
  Ending ending = Ending::none;
  Size stopped_batch = 0;  // batches of the last epoch that were done
  std::string message;     // of a divergence
  double accuracy = 0;     // of the parameters as they are; NaN if never tested
  Size confusion_epoch = 0;
  ConfusionMatrix confusion;  // empty if not recorded
};

/// Throws FileError if the folder holds no log of a run, or the log is damaged.
RunHistory read_history(const std::filesystem::path& folder);

}  // namespace pcxx::report

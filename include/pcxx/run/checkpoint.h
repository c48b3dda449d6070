/// Checkpoint: all that a training run needs to go on as if it had never stopped, in one
/// safetensors file.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "pcxx/core/array.h"
#include "pcxx/run/confusion.h"

namespace pcxx {

/// Where a run stands. Random numbers need no state of their own: the order of the samples follows
/// from (seed, epoch), draws within steps from (seed, step).
struct RunProgress {
  Size epoch = 0;         // epochs completed
  Size batch = 0;         // batches of the current epoch that were learned from
  Size step = 0;          // batches in all
  Size samples = 0;       // of the current epoch so far, over which the sums run
  double energy_sum = 0;  // of the current epoch so far
  std::vector<std::pair<std::string, double>> node_sums;
  double epoch_seconds = 0;  // training time of the current epoch
  double seconds = 0;        // training time in all
  double accuracy = 0;       // on the test set after the last completed epoch
  double best_accuracy = 0;
  Size best_epoch = 0;
  ConfusionMatrix confusion = {};  // on the test set after the last completed epoch
  Size log_bytes = 0;  // length of the log when this was saved
};

struct Checkpoint {
  NamedArrays arrays;  // parameters and optimiser states, by the names that State gives them
  RunProgress progress;
  std::string recipe;  // its text
  std::string recipe_name;
};

/// Replaces the checkpoint at `path` atomically; the one that was there stays beside it as
/// previous_checkpoint(path). Throws FileError if it cannot be written, DivergenceError if an array
/// holds a NaN or infinity; then nothing changed.
void save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);

/// Throws FileError if the file is missing, damaged, no checkpoint or of a newer format.
Checkpoint load_checkpoint(const std::filesystem::path& path);

/// Returns "run/checkpoint.previous.safetensors" for "run/checkpoint.safetensors".
std::filesystem::path previous_checkpoint(const std::filesystem::path& path);

}  // namespace pcxx

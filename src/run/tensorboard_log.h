/// TensorBoardLog: what a run's log records, as scalars in an event file in the run's folder.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "io/event_file.h"

namespace pcxx {

/// Removes the event files in a run's folder.
void remove_event_files(const std::filesystem::path& folder);

class TensorBoardLog {
 public:
  /// Begins an event file with all that the folder's log holds so far, in place of earlier event files: so it never shows
  /// what a resumed run did not keep. Throws FileError.
  explicit TensorBoardLog(const std::filesystem::path& folder);

  /// Adds a record of the log, under tags like "epoch/test_accuracy" and "batch/energies/hidden1".
  void add(const nlohmann::ordered_json& record);

 private:
  std::optional<io::EventFile> file_;
};

}  // namespace pcxx

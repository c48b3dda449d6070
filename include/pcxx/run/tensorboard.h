/// Event files for TensorBoard from the log of a training run.
#pragma once

#include <filesystem>

namespace pcxx {

/// Writes an event file into a run's folder, in place of earlier ones there: every number that the log has for a batch or
/// an epoch, at the steps and times at which it was logged. Throws FileError if the log cannot be read or the file not be
/// written.
void write_event_file(const std::filesystem::path& folder);

}  // namespace pcxx

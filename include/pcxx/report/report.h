/// Reports of training runs: one HTML file that shows how a run went, from what it left in its folder.
#pragma once

#include <filesystem>
#include <string>

namespace pcxx {

/// Returns the report of the run in a folder as an HTML page: curves of energy and test accuracy, energies of nodes,
/// confusion matrix, timings, machine and recipe. It covers the whole run however often it was stopped, and a run that goes
/// on or failed as far as it got. The page is complete in itself: no script, nothing from elsewhere. Throws FileError if the
/// folder holds no run.
std::string report_html(const std::filesystem::path& folder);

/// Writes the report into the run's folder, at report_path(folder), in place of an earlier one. Throws FileError.
void write_report(const std::filesystem::path& folder);

}  // namespace pcxx

/// Where the files of a named data set may be.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace pcxx {

/// Returns the folders that are looked in for a set, in order: $PCXX_DATA/name, $PCXX_DATA, where Debian puts data sets,
/// and the user's cache.
std::vector<std::filesystem::path> dataset_folders(const std::string& name);

/// Returns "'a', 'b'", for messages that say where was looked.
std::string listed(const std::vector<std::filesystem::path>& folders);

/// Returns whether something is there; what cannot be looked at is not.
bool is_there(const std::filesystem::path& path);

/// Returns the file name.gz or name, whichever is in the folder; empty if neither is.
std::filesystem::path plain_or_gzipped(const std::filesystem::path& folder, const std::string& name);

}  // namespace pcxx

/// Whole files: read one into memory, replace one so that no reader ever sees half of it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace pcxx {

/// Returns the bytes of a regular file. Throws FileError naming the path, the cause and the remedy.
std::vector<std::byte> read_file(const std::filesystem::path& path);

/// Replaces or makes a file: either all of `bytes` is at `path` afterwards, or what was there
/// before.
///
/// The bytes go to a temporary file in the same folder, are synced to the disk and renamed into
/// place; then the folder is synced, so that the new file survives a power loss. Permissions of a
/// replaced file are kept, a symbolic link is followed. Temporaries left by a killed writer of the
/// same file are removed. Throws FileError naming the path, the cause and the remedy; the temporary
/// is gone then.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes);

/// The same for text.
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

}  // namespace pcxx

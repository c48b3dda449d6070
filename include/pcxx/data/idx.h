/// IDX: the file format of MNIST and its relatives, plain or gzipped.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "pcxx/core/array.h"

namespace pcxx {

/// Returns the bytes of an IDX file as a u8 array of its shape. Throws FileError if it is missing,
/// damaged, cut short, longer than it says, or holds anything but unsigned bytes.
Array load_idx(const std::filesystem::path& path);

/// Returns what a file's bytes hold; `name` stands for the file in messages. Memory stays within
/// what the bytes can unpack to, whatever the header claims. Throws FileError as load_idx does.
Array parse_idx(std::span<const std::byte> bytes, const std::string& name);

}  // namespace pcxx

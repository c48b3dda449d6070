/// Safetensors: named arrays and string metadata in one file that any framework can read.
///
/// Layout (https://github.com/huggingface/safetensors): 8 bytes little-endian header length, a JSON
/// header that gives every array its dtype, shape and place, then the raw little-endian numbers
/// without holes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "pcxx/core/array.h"

namespace pcxx {

using Metadata = std::map<std::string, std::string>;

struct SafetensorsFile {
  NamedArrays arrays;
  Metadata metadata;
};

/// Writes arrays and metadata atomically (see write_file_atomically); equal contents give equal
/// bytes. Throws NameError for a name or text that is not UTF-8 or is reserved, FileError if the
/// file cannot be written.
void save_safetensors(const std::filesystem::path& path, const NamedArrays& arrays,
                      const Metadata& metadata = {});

/// Returns what a file holds: dtypes F32, F64, BF16, I32, I64 and U8. Throws FileError if it is
/// missing or damaged.
SafetensorsFile load_safetensors(const std::filesystem::path& path);

/// Returns what a file's bytes hold; `name` stands for the file in messages. Memory stays within a
/// small multiple of the bytes given, whatever the header claims. Throws FileError if they are not
/// a sound safetensors file.
SafetensorsFile parse_safetensors(std::span<const std::byte> bytes, const std::string& name);

}  // namespace pcxx

/// The JSON header of a safetensors file: read strictly, without building a document.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pcxx::io {

/// What the header says about one array; nothing is checked against the data yet.
struct TensorEntry {
  std::string dtype;
  std::vector<std::uint64_t> extents;
  std::array<std::uint64_t, 2>
      offsets{};  // first byte and one past the last, counted from the end of the header
};

struct SafetensorsHeader {
  std::map<std::string, TensorEntry> tensors;
  std::map<std::string, std::string> metadata;
};

/// Returns what the header text says; throws FileError, with `who` first, if it is not a
/// safetensors header.
///
/// Exactly the documented keys are accepted, each once. Memory grows with the text and not beyond:
/// values are taken as they are met, so a header of a million brackets is refused at the second.
SafetensorsHeader parse_header(std::string_view text, const std::string& who);

}  // namespace pcxx::io

/// The header of a .npy file: a Python dictionary literal with exactly three keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pcxx::io {

struct NpyHeader {
  std::string descr;  // e.g. "<f4"
  bool fortran_order = false;
  std::vector<std::uint64_t> extents;
};

/// Returns what the text says, or nothing if it is not such a dictionary (a structured dtype is not
/// either).
std::optional<NpyHeader> parse_npy_header(std::string_view text);

}  // namespace pcxx::io

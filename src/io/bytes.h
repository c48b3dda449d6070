/// Little-endian numbers in byte buffers, and bounds that cannot overflow.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pcxx/core/errors.h"
#include "pcxx/core/types.h"

namespace pcxx::io {

static_assert(std::endian::native == std::endian::little,
              "pcxx reads and writes little-endian files in place");

using Bytes = std::span<const std::byte>;

/// Returns whether `length` bytes from `offset` lie inside `total` bytes.
constexpr bool fits(std::uint64_t total, std::uint64_t offset, std::uint64_t length) {
  return offset <= total && length <= total - offset;
}

/// Returns the number at an offset that the caller has checked.
template <class T>
T number_at(Bytes bytes, std::size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

template <class T>
void append_number(std::vector<std::byte>& bytes, T value) {
  bytes.resize(bytes.size() + sizeof(T));
  std::memcpy(bytes.data() + bytes.size() - sizeof(T), &value, sizeof(T));
}

inline void append(std::vector<std::byte>& bytes, Bytes more) {
  bytes.resize(bytes.size() + more.size());
  std::copy(more.begin(), more.end(), bytes.end() - static_cast<std::ptrdiff_t>(more.size()));
}

inline void append(std::vector<std::byte>& bytes, const std::string& text) {
  append(bytes, std::as_bytes(std::span(text)));
}

/// Returns the bytes of an array of these extents, or nothing if an extent is too large to be true:
/// the product of the extents that are not zero must be addressable, so that no later arithmetic on
/// the shape overflows.
inline std::optional<std::uint64_t> bytes_of(std::span<const std::uint64_t> extents,
                                             std::size_t element_size) {
  std::uint64_t product = element_size;
  bool empty = false;
  for (const std::uint64_t extent : extents) {
    empty = empty || extent == 0;
    if (extent > 0 && __builtin_mul_overflow(product, extent, &product)) {
      return std::nullopt;
    }
  }
  if (product > static_cast<std::uint64_t>(PTRDIFF_MAX)) {
    return std::nullopt;
  }
  return empty ? 0 : product;
}

}  // namespace pcxx::io

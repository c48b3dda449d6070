/// UTF-8 to and from code points.
#include "io/utf8.h"

#include <cstddef>

namespace pcxx::io {
namespace {

bool is_code_point(char32_t point) {
  return point < 0xD800 || (point > 0xDFFF && point <= 0x10FFFF);
}

std::size_t length_of(char32_t point) {
  return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

/// Returns the length that a first byte announces, 0 if it cannot be a first byte.
std::size_t length_from(unsigned char first) {
  return first < 0x80   ? 1
         : first < 0xC0 ? 0
         : first < 0xE0 ? 2
         : first < 0xF0 ? 3
         : first < 0xF8 ? 4
                        : 0;
}

}  // namespace

std::optional<std::u32string> utf32_from(std::string_view text) {
  std::u32string points;
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text[0]);
    const std::size_t length = length_from(first);
    if (length == 0 || length > text.size()) {
      return std::nullopt;
    }
    char32_t point = length == 1 ? first : first & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
      const auto next = static_cast<unsigned char>(text[i]);
      if ((next & 0xC0) != 0x80) {
        return std::nullopt;
      }
      point = point << 6 | (next & 0x3F);
    }
    if (!is_code_point(point) || length_of(point) != length) {
      return std::nullopt;
    }
    points.push_back(point);
    text.remove_prefix(length);
  }
  return points;
}

std::optional<std::string> utf8_from(std::u32string_view points) {
  constexpr unsigned kFirst[] = {0, 0, 0xC0, 0xE0, 0xF0};
  std::string text;
  for (const char32_t point : points) {
    if (!is_code_point(point)) {
      return std::nullopt;
    }
    const std::size_t length = length_of(point);
    unsigned shift = static_cast<unsigned>(6 * (length - 1));
    text.push_back(static_cast<char>(kFirst[length] | point >> shift));
    while (shift > 0) {
      shift -= 6;
      text.push_back(static_cast<char>(0x80 | (point >> shift & 0x3F)));
    }
  }
  return text;
}

}  // namespace pcxx::io

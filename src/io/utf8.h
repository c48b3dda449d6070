/// UTF-8 to and from code points, strictly: no surrogates, no overlong forms, nothing above
/// U+10FFFF.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pcxx::io {

/// Returns the code points of a text, or nothing if it is not UTF-8.
std::optional<std::u32string> utf32_from(std::string_view text);

/// Returns a text as UTF-8, or nothing if it holds something that is no code point.
std::optional<std::string> utf8_from(std::u32string_view points);

}  // namespace pcxx::io

/// Names that people type: what they may have meant.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace pcxx {

/// Returns the candidate with the fewest single-letter edits (insert, delete, replace, swap
/// neighbours) from `name`; the first of equally near ones, "" if there is none to choose from.
std::string nearest(std::string_view name, std::span<const std::string> candidates);

/// Returns "unknown name 'lwo'; nearest: low; known: high, low": what an error says of a name that
/// is not there.
std::string unknown_name(std::string_view name, std::span<const std::string> known);
inline std::string unknown_name(std::string_view name, std::initializer_list<std::string> known) {
  return unknown_name(name, std::span(known.begin(), known.size()));
}

}  // namespace pcxx

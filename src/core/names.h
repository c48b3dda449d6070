/// Names that people type: what they may have meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace pcxx {

/// Returns the candidate with the fewest single-letter edits (insert, delete, replace, swap neighbours) from `name`;
/// the first of equally near ones, "" if there is none to choose from.
std::string nearest(std::string_view name, std::span<const std::string> candidates);

}  // namespace pcxx

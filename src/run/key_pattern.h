/// Key patterns: names with places to fill, such as hidden{i}.{what} and .layers[{i-1}].nn.{what}.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pcxx/core/types.h"

namespace pcxx {

/// What the places of a pattern stand for.
struct KeyValues {
  std::map<std::string, Size> numbers;
  std::map<std::string, std::string> words;
};

/// {i} to {n} stand for a whole number, of which {i+1} and {i-1} are the neighbours; any other {word} stands for letters
/// without dots, brackets and quotes.
class KeyPattern {
 public:
  /// Throws ArgumentError for a place that is not closed or has no name.
  explicit KeyPattern(std::string text);

  /// Returns what the places must be for the pattern to be `name`; nothing if it cannot be.
  std::optional<KeyValues> match(std::string_view name) const;
  /// Returns the pattern with its places filled. Throws ArgumentError for a place without a value, or a number below 0.
  std::string filled(const KeyValues& values) const;

 private:
  struct Part {
    std::string text;  // as it is, or the name of a place
    bool place = false;
    bool number = false;
    Size offset = 0;
  };
  Part place_from(std::string_view inside) const;
  bool match(std::string_view name, std::size_t part, KeyValues& values) const;
  bool match_place(std::string_view name, std::size_t part, std::size_t length, KeyValues& values) const;

  std::string text_;
  std::vector<Part> parts_;
};

}  // namespace pcxx

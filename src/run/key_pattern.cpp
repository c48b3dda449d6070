/// Key patterns: reading, matching with going back, filling.
#include "run/key_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "pcxx/core/errors.h"

namespace pcxx {
namespace {

constexpr std::string_view kNumbers = "ijklmn";
constexpr std::string_view kBoundaries = ".[]'\"";

/// Returns a whole number, or nothing if the text is more or less than one.
std::optional<Size> number_from(std::string_view text) {
  Size number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

/// Returns how far a place may reach at the beginning of a text.
std::size_t reach(std::string_view text, bool number) {
  const auto ends = [number](char letter) {
    return number ? letter < '0' || letter > '9' : kBoundaries.find(letter) != std::string_view::npos;
  };
  return static_cast<std::size_t>(std::find_if(text.begin(), text.end(), ends) - text.begin());
}

}  // namespace

KeyPattern::KeyPattern(std::string text) : text_(std::move(text)) {
  std::string_view rest = text_;
  while (!rest.empty()) {
    const std::size_t open = rest.find('{');
    if (open > 0) {
      parts_.push_back({std::string(rest.substr(0, open))});
      rest.remove_prefix(std::min(open, rest.size()));
      continue;
    }
    const std::size_t close = rest.find('}');
    if (close == std::string_view::npos) {
      throw ArgumentError(fmt::format("[keys] '{}' has a {{ without its }}; expected a pattern such as hidden{{i}}.{{what}}", text_));
    }
    parts_.push_back(place_from(rest.substr(1, close - 1)));
    rest.remove_prefix(close + 1);
  }
}

KeyPattern::Part KeyPattern::place_from(std::string_view inside) const {
  const std::size_t sign = inside.find_first_of("+-");
  Part part{std::string(inside.substr(0, sign)), true};
  part.number = part.text.size() == 1 && kNumbers.find(part.text[0]) != std::string_view::npos;
  if (sign != std::string_view::npos) {
    const std::optional<Size> offset = number_from(inside.substr(sign + 1));
    if (!part.number || !offset) {
      throw ArgumentError(fmt::format("[keys] '{{{}}}' in '{}' is no place; expected {{i}}, {{i+1}}, {{i-1}} or {{word}}", inside, text_));
    }
    part.offset = inside[sign] == '-' ? -*offset : *offset;
  }
  if (part.text.empty()) {
    throw ArgumentError(fmt::format("[keys] '{{{}}}' in '{}' has no name; expected {{i}} or {{word}}", inside, text_));
  }
  return part;
}

std::optional<KeyValues> KeyPattern::match(std::string_view name) const {
  KeyValues values;
  return match(name, 0, values) ? std::optional(std::move(values)) : std::nullopt;
}

bool KeyPattern::match(std::string_view name, std::size_t part, KeyValues& values) const {
  if (part == parts_.size()) {
    return name.empty();
  }
  const Part& own = parts_[part];
  if (!own.place) {
    return name.starts_with(own.text) && match(name.substr(own.text.size()), part + 1, values);
  }
  for (std::size_t length = reach(name, own.number); length > 0; --length) {
    KeyValues tried = values;
    if (match_place(name, part, length, tried)) {
      values = std::move(tried);
      return true;
    }
  }
  return false;
}

bool KeyPattern::match_place(std::string_view name, std::size_t part, std::size_t length, KeyValues& values) const {
  const Part& own = parts_[part];
  const std::string_view taken = name.substr(0, length);
  if (own.number) {
    const std::optional<Size> number = number_from(taken);
    if (!number || values.numbers.try_emplace(own.text, *number - own.offset).first->second != *number - own.offset) {
      return false;
    }
  } else if (values.words.try_emplace(own.text, taken).first->second != taken) {
    return false;
  }
  return match(name.substr(length), part + 1, values);
}

std::string KeyPattern::filled(const KeyValues& values) const {
  std::string result;
  for (const Part& part : parts_) {
    const auto number = values.numbers.find(part.text);
    const auto word = values.words.find(part.text);
    if (!part.place) {
      result += part.text;
    } else if (part.number && number != values.numbers.end()) {
      if (number->second + part.offset < 0) {
        throw ArgumentError(fmt::format("[keys] '{}' is {} for {} = {}; expected no negative number", text_,
                                        number->second + part.offset, part.text, number->second));
      }
      result += std::to_string(number->second + part.offset);
    } else if (!part.number && word != values.words.end()) {
      result += word->second;
    } else {
      throw ArgumentError(fmt::format("[keys] '{{{}}}' in '{}' does not stand in the parameter's pattern; expected it there",
                                      part.text, text_));
    }
  }
  return result;
}

}  // namespace pcxx

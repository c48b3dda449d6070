/// A recipe as a TOML document: syntax, and overrides from the command line.
#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "pcxx/core/errors.h"
#include "run/recipe_table.h"

namespace pcxx {
namespace {

struct Override {
  std::vector<std::string> path;
  std::string text;   // as given
  std::string value;  // right of the first '='
};

[[noreturn]] void fail(const Override& change, const std::string& message) {
  throw RecipeError(fmt::format("[recipe] --set {}: {}", change.text, message));
}

Override split(const std::string& text) {
  Override change{{}, text, ""};
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    fail(change, "expected dotted.key=value, as in rule.steps=5");
  }
  change.value = text.substr(equals + 1);
  std::string_view rest = std::string_view(text).substr(0, equals);
  while (true) {
    const std::size_t dot = rest.find('.');
    change.path.emplace_back(rest.substr(0, dot));
    if (change.path.back().empty()) {
      fail(change, "a part of the key is empty; expected dotted.key=value, as in rule.steps=5");
    }
    if (dot == std::string_view::npos) {
      return change;
    }
    rest.remove_prefix(dot + 1);
  }
}

/// Returns a table that holds the override's value as "value"; a bare word is text. Its places say
/// "--set ...".
toml::table parse_value(const Override& change) {
  const std::string place = "--set " + change.text;
  try {
    return toml::parse("value = " + change.value, place);
  } catch (const toml::parse_error&) {
    std::string quoted;
    for (const char letter : change.value) {
      if (letter == '\n' || letter == '\'') {
        fail(change, "the value is neither a TOML value nor a plain word");
      }
      quoted += letter;
    }
    return toml::parse("value = '" + quoted + "'", place);
  }
}

/// Returns the place in an array that a part of a key names; throws if there is none.
std::size_t place_in(const toml::array& array, const std::string& part, const Override& change) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
  if (error != std::errc() || end != part.data() + part.size() || index >= array.size()) {
    fail(change, fmt::format("'{}' is not a place in an array of {}", part, array.size()));
  }
  return index;
}

void apply(toml::table& document, const Override& change) {
  toml::table holder = parse_value(change);
  toml::node* here = &document;
  for (std::size_t i = 0; i + 1 < change.path.size(); ++i) {
    if (toml::array* array = here->as_array()) {
      here = array->get(place_in(*array, change.path[i], change));
      continue;
    }
    toml::table* table = here->as_table();
    if (table == nullptr) {
      fail(change, fmt::format("'{}' is not a table", change.path[i - 1]));
    }
    here = &table->emplace(change.path[i], toml::table{}).first->second;
  }
  const std::string& last = change.path.back();
  holder.get("value")->visit([&](auto& value) {
    if (toml::table* table = here->as_table()) {
      table->insert_or_assign(last, std::move(value));
    } else if (toml::array* array = here->as_array()) {
      array->replace(array->cbegin() + static_cast<std::ptrdiff_t>(place_in(*array, last, change)),
                     std::move(value));
    } else {
      fail(change, fmt::format("'{}' is not a table", change.path[change.path.size() - 2]));
    }
  });
}

}  // namespace

toml::table parse_recipe_document(const std::string& text, const std::string& file,
                                  const std::vector<std::string>& overrides) {
  toml::table document;
  try {
    document = toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    throw RecipeError(fmt::format("[recipe] {}:{}:{}: not TOML: {}", file,
                                  error.source().begin.line, error.source().begin.column,
                                  error.description()));
  }
  for (const std::string& change : overrides) {
    apply(document, split(change));
  }
  return document;
}

}  // namespace pcxx

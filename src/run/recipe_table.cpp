/// Reading recipe tables: types, ranges, unknown keys, and where in the file they are.
#include "run/recipe_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "core/names.h"
#include "pcxx/core/errors.h"

namespace pcxx {
namespace {

/// Returns "recipe.toml:3:7", or "--set rule.steps=5" for an override.
std::string place(const std::string& file, const toml::source_region& source) {
  if (source.path && source.path->starts_with("--set")) {
    return *source.path;
  }
  return source.begin.line == 0
             ? file
             : fmt::format("{}:{}:{}", file, source.begin.line, source.begin.column);
}

std::string plain(const toml::node& node) {
  std::ostringstream out;
  out << toml::toml_formatter(node);
  return out.str();
}

/// Returns what a value is, as a person would say it.
std::string described(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string: return fmt::format("the text \"{}\"", **node.as_string());
    case toml::node_type::integer: return fmt::format("the integer {}", **node.as_integer());
    case toml::node_type::floating_point:
      return fmt::format("the number {}", **node.as_floating_point());
    case toml::node_type::boolean: return **node.as_boolean() ? "true" : "false";
    case toml::node_type::array: return "an array";
    case toml::node_type::table: return "a table";
    default: return fmt::format("the date or time {}", plain(node));
  }
}

/// Returns a finite number within [low, high], or nothing.
std::optional<double> number_within(const toml::node& node, double low, double high) {
  const std::optional<double> value = node.is_number() ? node.value<double>() : std::nullopt;
  return value && std::isfinite(*value) && *value >= low && *value <= high ? value : std::nullopt;
}

std::string range_text(double low, double high) {
  return std::isinf(high) ? fmt::format(" of at least {}", low) : fmt::format(" from {} to {}", low, high);
}

}  // namespace

RecipeTable::RecipeTable(std::string file, const toml::table& table, std::string path)
    : file_(std::move(file)), table_(table), path_(std::move(path)) {}

std::string RecipeTable::full(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

void RecipeTable::fail(std::string_view key, const std::string& message) const {
  const toml::node* node = table_.get(key);
  throw RecipeError(fmt::format("[recipe] {}: {}",
                                place(file_, node == nullptr ? table_.source() : node->source()),
                                message));
}

void RecipeTable::fail_type(std::string_view key, const toml::node& node,
                            const std::string& expected) const {
  fail(key, fmt::format("'{}' is {}; expected {}", full(key), described(node), expected));
}

void RecipeTable::expect_keys(std::span<const std::string> names) const {
  for (const auto& [key, node] : table_) {
    if (std::find(names.begin(), names.end(), key.str()) == names.end()) {
      // An override's key has no place of its own; its value has.
      const auto& source = key.source().begin.line == 0 ? node.source() : key.source();
      throw RecipeError(fmt::format("[recipe] {}: unknown key '{}'; nearest: '{}'; known: {}",
                                    place(file_, source), full(key.str()),
                                    full(nearest(key.str(), names)), fmt::join(names, ", ")));
    }
  }
}

const toml::node* RecipeTable::find(std::string_view key, bool needed,
                                    std::string_view expected) const {
  const toml::node* node = table_.get(key);
  if (node == nullptr && needed) {
    fail(key, fmt::format("'{}' is missing; expected {}", full(key), expected));
  }
  return node;
}

std::string RecipeTable::text(std::string_view key, std::optional<std::string> fallback) const {
  const toml::node* node = find(key, !fallback, "a text");
  if (node == nullptr) {
    return *fallback;
  }
  if (!node->is_string()) {
    fail_type(key, *node, "a text");
  }
  return **node->as_string();
}

std::string RecipeTable::choice(std::string_view key, std::span<const std::string> known,
                                std::optional<std::string> fallback) const {
  const std::string all = fmt::format("one of {}", fmt::join(known, ", "));
  const toml::node* node = find(key, !fallback, all);
  if (node == nullptr) {
    return *fallback;
  }
  if (!node->is_string()) {
    fail_type(key, *node, all);
  }
  const std::string value = **node->as_string();
  if (std::find(known.begin(), known.end(), value) == known.end()) {
    fail(key, fmt::format("'{}' is \"{}\"; nearest: \"{}\"; known: {}", full(key), value,
                          nearest(value, known), fmt::join(known, ", ")));
  }
  return value;
}

bool RecipeTable::flag(std::string_view key, bool fallback) const {
  const toml::node* node = find(key, false, "");
  if (node == nullptr) {
    return fallback;
  }
  if (!node->is_boolean()) {
    fail_type(key, *node, "true or false");
  }
  return **node->as_boolean();
}

Size RecipeTable::integer(std::string_view key, Size minimum, std::optional<Size> fallback) const {
  const std::string expected = fmt::format("an integer of at least {}", minimum);
  const toml::node* node = find(key, !fallback, expected);
  if (node == nullptr) {
    return *fallback;
  }
  if (!node->is_integer() || **node->as_integer() < minimum) {
    fail_type(key, *node, expected);
  }
  return **node->as_integer();
}

double RecipeTable::number(std::string_view key, double low, double high,
                           std::optional<double> fallback) const {
  const std::string expected = "a number" + range_text(low, high);
  const toml::node* node = find(key, !fallback, expected);
  if (node == nullptr) {
    return *fallback;
  }
  const std::optional<double> value = number_within(*node, low, high);
  if (!value) {
    fail_type(key, *node, expected);
  }
  return *value;
}

double RecipeTable::decay(std::string_view key, double fallback) const {
  const std::string expected = "a number from 0 to below 1";
  const toml::node* node = find(key, false, expected);
  if (node == nullptr) {
    return fallback;
  }
  const std::optional<double> value = node->is_number() ? node->value<double>() : std::nullopt;
  if (!value || !(*value >= 0 && *value < 1)) {
    fail_type(key, *node, expected);
  }
  return *value;
}

template <class Fine>
const toml::array& RecipeTable::elements(std::string_view key, const std::string& plural, const std::string& singular,
                                         const Fine& fine) const {
  const toml::node* node = find(key, true, plural);
  if (!node->is_array()) {
    fail_type(key, *node, plural);
  }
  std::size_t place_in_array = 0;
  for (const toml::node& element : *node->as_array()) {
    if (!fine(element)) {
      throw RecipeError(fmt::format("[recipe] {}: '{}[{}]' is {}; expected {}", place(file_, element.source()),
                                    full(key), place_in_array, described(element), singular));
    }
    ++place_in_array;
  }
  return *node->as_array();
}

std::vector<Size> RecipeTable::integers(std::string_view key, Size minimum) const {
  const auto fine = [&](const toml::node& element) { return element.is_integer() && **element.as_integer() >= minimum; };
  std::vector<Size> values;
  for (const toml::node& element : elements(key, fmt::format("an array of integers of at least {}", minimum),
                                            fmt::format("an integer of at least {}", minimum), fine)) {
    values.push_back(**element.as_integer());
  }
  return values;
}

std::vector<double> RecipeTable::numbers(std::string_view key, double low, double high) const {
  const toml::node* node = find(key, false, "");
  if (node == nullptr) {
    return {};
  }
  if (!node->is_array()) {
    return {number(key, low, high)};
  }
  const auto fine = [&](const toml::node& element) { return number_within(element, low, high).has_value(); };
  const std::string range = range_text(low, high);
  std::vector<double> values;
  for (const toml::node& element : elements(key, "an array of numbers" + range, "a number" + range, fine)) {
    values.push_back(*number_within(element, low, high));
  }
  return values;
}

RecipeTable RecipeTable::table(std::string_view key) const {
  static const toml::table kEmpty;
  const toml::node* node = find(key, false, "");
  if (node != nullptr && !node->is_table()) {
    fail_type(key, *node, fmt::format("a table, [{}]", full(key)));
  }
  return {file_, node == nullptr ? kEmpty : *node->as_table(), full(key)};
}

std::vector<RecipeTable> RecipeTable::tables(std::string_view key) const {
  std::vector<RecipeTable> result;
  const toml::node* node = find(key, false, "");
  if (node == nullptr) {
    return result;
  }
  if (!node->is_array_of_tables()) {
    fail_type(key, *node, fmt::format("tables, each begun by [[{}]]", full(key)));
  }
  for (const toml::node& element : *node->as_array()) {
    result.emplace_back(file_, *element.as_table(), fmt::format("{}.{}", full(key), result.size()));
  }
  return result;
}

}  // namespace pcxx

/// One table of a recipe, read key by key with a check of every name, type and range.
#pragma once

#include <toml++/toml.h>

#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pcxx/core/types.h"

namespace pcxx {

/// Keys and other names that a recipe may have.
using Names = std::vector<std::string>;

inline Names operator+(Names a, const Names& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// An upper end of the numbers that a key takes: none.
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

class RecipeTable {
 public:
  /// `file` is what locations begin with; `path` the dotted name of the table, "" for the whole
  /// recipe.
  RecipeTable(std::string file, const toml::table& table, std::string path);

  /// Throws RecipeError for a key that is not among `names`, with the nearest that is.
  void expect_keys(std::span<const std::string> names) const;

  bool has(std::string_view key) const { return table_.contains(key); }
  /// Whether the value of a key is a table, or an array.
  bool is_table(std::string_view key) const {
    return table_.get(key) != nullptr && table_.get(key)->is_table();
  }
  bool is_array(std::string_view key) const {
    return table_.get(key) != nullptr && table_.get(key)->is_array();
  }

  // Each returns the value of a key, or the fallback if there is none; without a fallback the key
  // must be there.
  std::string text(std::string_view key, std::optional<std::string> fallback = {}) const;
  std::string choice(std::string_view key, std::span<const std::string> known,
                     std::optional<std::string> fallback = {}) const;
  bool flag(std::string_view key, bool fallback) const;
  Size integer(std::string_view key, Size minimum, std::optional<Size> fallback = {}) const;
  /// Finite and within [low, high].
  double number(std::string_view key, double low, double high,
                std::optional<double> fallback = {}) const;
  /// From 0 to below 1.
  double decay(std::string_view key, double fallback) const;
  std::vector<Size> integers(std::string_view key, Size minimum) const;
  /// One number, or an array of them, each finite and within [low, high]; absent: none.
  std::vector<double> numbers(std::string_view key, double low, double high) const;
  /// An absent table is empty.
  RecipeTable table(std::string_view key) const;
  /// An array of tables; absent: none.
  std::vector<RecipeTable> tables(std::string_view key) const;

  /// Throws a RecipeError that begins with where the key, or else the table, is.
  [[noreturn]] void fail(std::string_view key, const std::string& message) const;
  /// Returns "rule.steps" for "steps".
  std::string full(std::string_view key) const;

 private:
  /// Returns the array of a key; throws RecipeError at the first element that is not `fine`.
  template <class Fine>
  const toml::array& elements(std::string_view key, const std::string& plural, const std::string& singular,
                              const Fine& fine) const;
  const toml::node* find(std::string_view key, bool needed, std::string_view expected) const;
  [[noreturn]] void fail_type(std::string_view key, const toml::node& node,
                              const std::string& expected) const;

  std::string file_;
  const toml::table& table_;
  std::string path_;
};

/// Returns the document of a recipe with overrides applied; throws RecipeError with the place of a
/// syntax error.
toml::table parse_recipe_document(const std::string& text, const std::string& file,
                                  const std::vector<std::string>& overrides);

}  // namespace pcxx

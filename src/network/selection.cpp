/// Selections and their combinations.
#include "pcxx/network/selection.h"

#include <string_view>

namespace pcxx {
namespace {

/// * stands for any letters, ? for one. Backtracks to the last *: an earlier one never has to take more.
bool matches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0, star = std::string_view::npos, taken = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace

Selection operator!(Selection a) {
  return Selection([a = std::move(a)](const Traits& traits) { return !a(traits); });
}

Selection operator&&(Selection a, Selection b) {
  return Selection([a = std::move(a), b = std::move(b)](const Traits& traits) { return a(traits) && b(traits); });
}

Selection operator||(Selection a, Selection b) {
  return Selection([a = std::move(a), b = std::move(b)](const Traits& traits) { return a(traits) || b(traits); });
}

Selection everything() {
  return Selection([](const Traits&) { return true; });
}

Selection named(std::string pattern) {
  return Selection([pattern = std::move(pattern)](const Traits& traits) { return matches(pattern, traits.name); });
}

Selection tagged(std::string tag) {
  return Selection([tag = std::move(tag)](const Traits& traits) { return traits.tags.contains(tag); });
}

}  // namespace pcxx

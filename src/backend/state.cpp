/// State: lookup by name, strict loading.
#include "pcxx/backend/state.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "pcxx/core/errors.h"

namespace pcxx {

NamedArrays State::arrays() const {
  NamedArrays result;
  for (const auto& [symbol, entry] : entries_) {
    result.emplace(entry.name, entry.array);
  }
  return result;
}

void State::load(const NamedArrays& arrays) {
  std::vector<std::string> missing, unexpected;
  std::map<std::string, Entry*> own;
  for (auto& [symbol, entry] : entries_) {
    own.emplace(entry.name, &entry);
    if (!arrays.contains(entry.name)) {
      missing.push_back(entry.name);
    }
  }
  for (const auto& [name, array] : arrays) {
    const auto found = own.find(name);
    if (found == own.end()) {
      unexpected.push_back(name);
    } else if (found->second->array.shape() != array.shape()) {
      throw ShapeError(fmt::format("[load] '{}' is {}; expected {}; nothing was changed", name, to_string(array.shape()),
                                   to_string(found->second->array.shape())));
    }
  }
  if (!missing.empty() || !unexpected.empty()) {
    throw NameError(fmt::format("[load] missing: {}; unexpected: {}; nothing was changed",
                                missing.empty() ? "nothing" : fmt::format("{}", fmt::join(missing, ", ")),
                                unexpected.empty() ? "nothing" : fmt::format("{}", fmt::join(unexpected, ", "))));
  }
  for (const auto& [name, entry] : own) {
    entry->array = arrays.at(name).to(entry->array.type());
  }
}

Array& State::at(const std::string& name) {
  std::vector<std::string> known;
  for (auto& [symbol, entry] : entries_) {
    if (entry.name == name) {
      return entry.array;
    }
    known.push_back(entry.name);
  }
  throw NameError(fmt::format("[state] unknown name '{}'; known: {}", name, fmt::join(known, ", ")));
}

const Array& State::at(const std::string& name) const { return const_cast<State*>(this)->at(name); }

}  // namespace pcxx

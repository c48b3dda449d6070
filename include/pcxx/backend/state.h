/// State: the arrays that live across runs: parameters, optimiser states and counters, by name.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "pcxx/core/array.h"

namespace pcxx {

/// Shared by all executors of one network. Whoever runs or changes it does so from one thread at a time.
class State {
 public:
  struct Entry {
    std::string name;
    Array array;
  };

  /// Returns all arrays by name (copies).
  NamedArrays arrays() const;
  /// Replaces arrays by name. Throws NameError if a name is missing or unexpected, ShapeError if a shape differs; then
  /// nothing was changed. Element types are converted.
  void load(const NamedArrays& arrays);

  /// Returns the array of a name; throws NameError with the known names.
  Array& at(const std::string& name);
  const Array& at(const std::string& name) const;

  // By symbol number, for backends.
  Array& at(std::int32_t symbol) { return entries_.at(symbol).array; }
  const Array& at(std::int32_t symbol) const { return entries_.at(symbol).array; }
  bool contains(std::int32_t symbol) const { return entries_.contains(symbol); }
  void set(std::int32_t symbol, std::string name, Array array) { entries_[symbol] = {std::move(name), std::move(array)}; }
  const std::map<std::int32_t, Entry>& entries() const { return entries_; }

 private:
  std::map<std::int32_t, Entry> entries_;
};

}  // namespace pcxx

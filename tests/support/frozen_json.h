/// Reading what scripts froze as JSON: numbers and arrays.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/runs.h"

namespace pcxx::test {

using Json = nlohmann::json;

/// Returns a file of the repository.
inline Json load_json(const std::string& path) {
  std::ifstream file(std::string(PCXX_SOURCE_DIR) + "/" + path);
  return Json::parse(file);
}

inline void add_numbers(const Json& value, Numbers& numbers) {
  if (value.is_array()) {
    for (const Json& each : value) {
      add_numbers(each, numbers);
    }
  } else {
    numbers.push_back(value.get<double>());
  }
}

/// Returns all numbers of nested lists, in order.
inline Numbers numbers_in(const Json& value) {
  Numbers result;
  add_numbers(value, result);
  return result;
}

/// Returns nested lists as an array.
inline Array array_in(const Json& value) {
  std::vector<Size> extents;
  for (const Json* at = &value; at->is_array(); at = &at->front()) {
    extents.push_back(static_cast<Size>(at->size()));
  }
  return numbers(Shape(extents), numbers_in(value));
}

}  // namespace pcxx::test

/// Running small programs in tests.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pcxx/network/executor.h"
#include "support/workbench.h"

namespace pcxx::test {

/// Returns an array of (samples, ...) or any other shape with these numbers.
inline Array numbers(const Shape& shape, const std::vector<double>& values) {
  return Array::from(shape, std::span<const double>(values));
}

/// Returns standard normal numbers, (samples, width).
inline Array random_rows(Size samples, Size width, std::uint64_t seed) {
  RandomStream random(seed);
  Array array({samples, width}, ElementType::f32);
  for (float& element : array.as<float>()) {
    element = static_cast<float>(random.normal());
  }
  return array;
}

/// Runs a program in f64 on the reference backend, or as the options say, and returns the executor.
inline Executor run_once(const Network& net, const std::vector<std::pair<Node, Array>>& data,
                         const std::function<void(Flow&)>& write, std::shared_ptr<State> state = nullptr,
                         ExecutorOptions options = {.device = "reference", .precision = Precision::f64}) {
  std::vector<Node> given;
  for (const auto& [node, array] : data) {
    given.push_back(node);
  }
  if (state == nullptr) {
    state = std::make_shared<State>(net.initialise(1, options.precision));
  }
  Executor executor(net, given, write, std::move(state), options);
  executor.run(data);
  return executor;
}

}  // namespace pcxx::test

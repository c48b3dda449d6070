/// The network of tools/freeze_pcx_semantics.py, and comparison with what it froze.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "pcxx/network/layers.h"
#include "support/frozen_json.h"

namespace pcxx::test {

using Data = std::vector<std::pair<Node, Array>>;

/// What the script froze.
inline const Json& frozen() {
  static const Json json = load_json("tests/pcx/semantics.json");
  return json;
}

/// To PCX's f32 over a handful of operations. What is shared here PCX has once for each sample.
inline void expect_frozen(const Array& actual, const Json& expected, const std::string& what, double factor = 1) {
  const Numbers a = numbers_of(actual), e = numbers_in(expected);
  ASSERT_EQ(e.size() % a.size(), 0U) << what;
  for (std::size_t i = 0; i < e.size(); ++i) {
    EXPECT_NEAR(factor * a[i % a.size()], e[i], 1e-5 * (1 + std::abs(e[i]))) << what << " at " << i;
  }
}

/// x -> a -> b, as in the script.
struct Chain : Network {
  explicit Chain(const Energy& of_a = squared_error(), const Energy& of_b = squared_error()) {
    predict(a, linear(x, 3), of_a);
    predict(b, linear(a, 2), of_b);
  }
  std::shared_ptr<State> state() const {
    auto result = std::make_shared<State>(initialise(0));
    const Json& numbers = frozen()["network"];
    for (const auto& [name, key] : {std::pair{"a.weight", "W1"}, {"a.bias", "b1"}, {"b.weight", "W2"}, {"b.bias", "b2"}}) {
      result->at(name) = array_in(numbers[key]).to(ElementType::f32);
    }
    return result;
  }
  Data data() const { return {{x, array_in(frozen()["network"]["x"])}, {b, array_in(frozen()["network"]["y"])}}; }

  Node x = node("x", {2}), a = node("a", {3}), b = node("b", {2}), moved = node("moved", {3});
};

}  // namespace pcxx::test

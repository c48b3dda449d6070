/// What must not change a bit on the CPU: threads, known zeros, hoisting, neighbours in the batch.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "pcxx/learn/rules.h"
#include "pcxx/network/executor.h"
#include "support/mlp.h"

namespace pcxx::test {
namespace {

struct Case {
  std::vector<Size> widths;
  std::string activation;
  Energy output;
  Size steps;
  SgdOptions values;
  Size samples;
};

std::vector<Case> cases() {
  return {{{784, 128, 128, 128, 10}, "gelu", squared_error(), 8, {.rate = 0.05}, 200},
          {{2, 32, 32, 2}, "leaky_relu", categorical(), 8, {.rate = 0.01, .momentum = 0.5, .nesterov = true}, 32},
          {{13, 40, 7, 33, 5}, "tanh", squared_error(), 3, {.rate = 0.1, .momentum = 0.9}, 131},
          {{30, 300, 17}, "relu", categorical(), 1, {.rate = 0.02}, 65}};
}

/// Returns the parameters, optimiser states and node values after three steps, as bytes.
std::vector<std::byte> trained(const Case& each, const ExecutorOptions& options, double* flops = nullptr) {
  const Mlp net(each.widths, {.activation = each.activation, .output = each.output});
  const LearningRule rule = PredictiveCoding{.steps = each.steps, .values = sgd(each.values)};
  const auto state = std::make_shared<State>(net.initialise(11));
  Executor executor(net, {net.x, net.target()}, rule.write, state, options);
  RandomStream random(4);
  std::vector<float> x(static_cast<std::size_t>(each.samples * each.widths.front()));
  std::generate(x.begin(), x.end(), [&] { return static_cast<float>(random.uniform(-1, 1)); });
  std::vector<float> y(static_cast<std::size_t>(each.samples * each.widths.back()));
  for (Size i = 0; i < each.samples; ++i) {
    y[static_cast<std::size_t>(i * each.widths.back() + random.below(each.widths.back()))] = 1;
  }
  for (int step = 0; step < 3; ++step) {
    executor.run(each.samples, {{net.x, x.data()}, {net.target(), y.data()}});
  }
  if (flops != nullptr) {
    *flops = executor.flops(each.samples);
  }
  std::vector<std::byte> bytes;
  const auto append = [&](const Array& array) { bytes.insert(bytes.end(), array.data(), array.data() + array.bytes()); };
  for (const auto& [symbol, entry] : state->entries()) {
    append(entry.array);
  }
  for (std::size_t i = 0; i + 1 < net.layers.size(); ++i) {
    append(executor.value(net.layers[i]));
  }
  return bytes;
}

TEST(Invariance, ThreadsChangeNoBit) {
  for (const Case& each : cases()) {
    for (const Precision precision : {Precision::f32, Precision::bf16}) {
      const auto one = trained(each, {.precision = precision, .threads = 1});
      for (const int threads : {2, 3, 4, 7}) {
        EXPECT_EQ(one, trained(each, {.precision = precision, .threads = threads})) << each.activation << ", " << threads << " threads";
      }
    }
  }
}

TEST(Invariance, KnownZerosAndHoistingChangeNoBitAndSaveWork) {
  for (const Case& each : cases()) {
    double full = 0, some = 0, least = 0;
    const auto plain = trained(each, {.known_zeros = false, .hoist = false}, &full);
    EXPECT_EQ(plain, trained(each, {.known_zeros = false, .hoist = true}, &some)) << each.activation;
    EXPECT_EQ(plain, trained(each, {.known_zeros = true, .hoist = false})) << each.activation;
    EXPECT_EQ(plain, trained(each, {}, &least)) << each.activation;
    EXPECT_LE(some, full);
    EXPECT_LT(least, full) << each.activation;
  }
}

TEST(Invariance, ASampleOwesNothingToItsNeighbours) {
  const Mlp net({9, 20, 14, 4}, {.activation = "gelu"});
  const auto state = std::make_shared<State>(net.initialise(2));
  const LearningRule rule = PredictiveCoding{.steps = 6, .weights = sgd({.rate = 0.0})};
  Executor executor(net, {net.x, net.target()}, rule.write, state);
  RandomStream random(8);
  const Size many = 150;
  std::vector<float> x(static_cast<std::size_t>(many * 9)), y(static_cast<std::size_t>(many * 4));
  std::generate(x.begin(), x.end(), [&] { return static_cast<float>(random.normal()); });
  std::generate(y.begin(), y.end(), [&] { return static_cast<float>(random.normal()); });
  executor.run(many, {{net.x, x.data()}, {net.target(), y.data()}});
  const Array together = executor.value(net.layers[1]);
  for (const Size first : {0, 63, 64, 100, 149}) {
    for (const Size count : {Size{1}, Size{2}, many - first}) {
      const Size fits = std::min(count, many - first);
      executor.run(fits, {{net.x, x.data() + first * 9}, {net.target(), y.data() + first * 4}});
      const Array alone = executor.value(net.layers[1]);
      EXPECT_EQ(std::memcmp(alone.data(), together.data() + first * 14 * 4, alone.bytes()), 0) << first << " " << fits;
    }
  }
}

}  // namespace
}  // namespace pcxx::test

/// Learning rules against what PCX's loops do to the same weights over batches (tools/freeze_pcx_rules.py).
#include <gtest/gtest.h>

#include <cmath>

#include "pcxx/learn/rules.h"
#include "pcxx/tensor/operations.h"
#include "support/devices.h"
#include "support/frozen_json.h"
#include "support/mlp.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

const Json& frozen() {
  static const Json json = load_json("tests/pcx/rules.json");
  return json;
}

class PcxRules : public testing::TestWithParam<std::string> {
 protected:
  std::shared_ptr<State> start() const {
    const auto state = std::make_shared<State>(net.initialise(0));
    for (const Parameter& parameter : net.parameters()) {
      state->at(parameter.name()) = array_in(frozen()["start"][parameter.name()]).to(ElementType::f32);
    }
    return state;
  }
  /// Trains on so many batches, the two in turn, and compares the weights to the f32 of two programs.
  void expect_frozen(const std::string& name, const LearningRule& rule, Size batches = 2) const {
    const auto state = start();
    Executor executor(net, {net.x, net.target()}, rule.write, state, {.device = GetParam()});
    for (Size i = 0; i < batches; ++i) {
      const auto batch = static_cast<std::size_t>(i % 2);
      executor.run({{net.x, array_in(frozen()["x"][batch])}, {net.target(), array_in(frozen()["y"][batch])}});
    }
    for (const auto& [parameter, expected] : frozen()[name].items()) {
      const Numbers actual = numbers_of(state->at(parameter)), numbers = numbers_in(expected);
      ASSERT_EQ(actual.size(), numbers.size());
      for (std::size_t i = 0; i < actual.size(); ++i) {
        EXPECT_NEAR(actual[i], numbers[i], 2e-5 * (1 + std::abs(numbers[i]))) << name << ": " << parameter << " at " << i;
      }
    }
  }
  Mlp net{{2, 4, 3, 2}, {.activation = "tanh"}};
};

const Optimiser kMomentum = sgd({.rate = 0.05, .momentum = 0.5}), kAdamw = adamw({.rate = 0.05, .weight_decay = 0.1});
const Optimiser kValues = sgd({.rate = 0.1, .momentum = 0.5, .nesterov = true});
const Optimiser kLevels = sgd({.rate = 0.2, .momentum = 0.9, .nesterov = true});

TEST_P(PcxRules, PredictiveCoding) { expect_frozen("pc", PredictiveCoding{.steps = 5, .values = kValues, .weights = kMomentum}); }

TEST_P(PcxRules, IncrementalPredictiveCoding) {
  expect_frozen("ipc", IncrementalPredictiveCoding{.steps = 5, .values = kValues, .weights = kMomentum});
  expect_frozen("ipc_adamw", IncrementalPredictiveCoding{.steps = 2, .values = kValues, .weights = kAdamw});
  expect_frozen("schedule_6_1_2", IncrementalPredictiveCoding{.steps = 6, .first_update = 1, .every = 2, .final_update = true,
                                                              .values = kValues, .weights = kMomentum});
  expect_frozen("schedule_5_2_0", IncrementalPredictiveCoding{.steps = 5, .first_update = 2, .final_update = true,
                                                              .values = kValues, .weights = kAdamw});
}

TEST_P(PcxRules, ZeroDivergence) {
  expect_frozen("zil", ZeroDivergence{.weights = kLevels});
  expect_frozen("hybrid", ZeroDivergence{.steps = 5, .later_rate = 0.1, .weights = kLevels});
}

TEST_P(PcxRules, Nudging) {
  const auto rule = [](const Schedule& beta, bool pcx = false) -> LearningRule {
    return TargetNudging{.beta = beta, .pcx = pcx, .steps = 4, .values = sgd({.rate = 0.1, .momentum = 0.5}), .weights = kMomentum};
  };
  expect_frozen("nudged", rule(0.3));
  expect_frozen("negative", rule(-0.4));
  expect_frozen("scheduled", rule(by_epoch(Schedule([](const Tensor& epoch) { return 0.5 + 0.25 * epoch; }), 2)), 6);
  expect_frozen("signed", rule(Schedule([](const Tensor& count) { return select(pcxx::abs(count - 1.5) < 1.0, -0.5, 0.5); })), 4);
  expect_frozen("flipped", rule(Schedule([](const Tensor& count) { return -0.5 - 0.25 * count; }), true), 4);
}

INSTANTIATE_TEST_SUITE_P(Devices, PcxRules, testing::ValuesIn(devices()), device_name);

}  // namespace
}  // namespace pcxx::test

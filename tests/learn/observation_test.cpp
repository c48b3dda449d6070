/// Observed rules: that they do what the rule does, to the bit, and say how it relaxes and what it teaches.
#include "pcxx/learn/observation.h"

#include <gtest/gtest.h>

#include "pcxx/core/errors.h"
#include "support/close.h"
#include "support/devices.h"
#include "support/message.h"
#include "support/mlp.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

class Observation : public testing::TestWithParam<std::string> {
 protected:
  /// Runs a rule three times, so that optimisers and counters have moved.
  Executor run(const LearningRule& rule, const std::shared_ptr<State>& state) const {
    Executor executor(net, {net.x, net.target()}, rule.write, state, {.device = GetParam(), .seed = 5});
    for (int i = 0; i < 3; ++i) {
      executor.run({{net.x, random_rows(70, 4, 1)}, {net.target(), random_rows(70, 3, 2)}});
    }
    return executor;
  }
  std::shared_ptr<State> fresh() const { return std::make_shared<State>(net.initialise(2)); }
  static std::vector<LearningRule> rules() {
    return {PredictiveCoding{.steps = 5}, IncrementalPredictiveCoding{.steps = 6, .first_update = 2, .every = 2},
            TargetNudging{.beta = 0.3, .centred = true, .steps = 4}, ZeroDivergence{.steps = 5}, ZeroDivergence{}, Backpropagation{}};
  }
  Mlp net{{4, 6, 5, 3}, {.activation = "tanh"}};
};

TEST_P(Observation, DoesWhatTheRuleDoesToTheBit) {
  for (const LearningRule& rule : rules()) {
    const auto plain = fresh();
    run(rule, plain);
    for (const LearningRule& observed : {with_relaxation(rule), with_weight_gradients(rule)}) {
      const auto watched = fresh();
      run(observed, watched);
      ASSERT_EQ(watched->arrays().size(), plain->arrays().size());
      for (const auto& [name, array] : plain->arrays()) {
        EXPECT_EQ(numbers_of(watched->at(name)), numbers_of(array)) << rule.name << " " << name;
      }
    }
  }
}

/// The energies of the last state are those from which the weights learn, which the rule reports.
TEST_P(Observation, EndsAtTheStateThatTeaches) {
  for (const LearningRule& rule : {LearningRule(PredictiveCoding{.steps = 5}), LearningRule(ZeroDivergence{.steps = 5})}) {
    const Executor after = run(with_relaxation(rule), fresh());
    for (const Node& node : net.layers) {
      const Numbers over_steps = numbers_of(after.output("loop1/energy/" + node.name()));
      EXPECT_EQ(over_steps.size(), numbers_of(after.output("loop1/states"))[0]);
      EXPECT_EQ(over_steps.back(), numbers_of(after.output("energy/" + node.name()))[0]) << rule.name << " " << node.name();
    }
  }
}

/// Z-IL and backpropagation teach backpropagation's gradient.
TEST_P(Observation, ComparesWithBackpropagation) {
  for (const LearningRule& rule : {LearningRule(ZeroDivergence{}), LearningRule(Backpropagation{})}) {
    const Executor after = run(with_weight_gradients(rule), fresh());
    for (const Parameter& parameter : net.parameters()) {
      const auto number = [&](const std::string& kind) { return numbers_of(after.output(kind + "/" + parameter.name()))[0]; };
      EXPECT_NEAR(number("cosine"), 1, 1e-5) << rule.name << " " << parameter.name();
      EXPECT_NEAR(number("taught") / number("backpropagation"), 1, 1e-5) << rule.name << " " << parameter.name();
    }
  }
}

/// Nudging away from the target divides by a negative strength: what is taught still is backpropagation's direction, roughly.
TEST_P(Observation, SeesWhatOptimisersAreGiven) {
  const Executor after = run(with_weight_gradients(TargetNudging{.beta = -0.1, .steps = 4}), fresh());
  for (const Parameter& parameter : net.parameters()) {
    EXPECT_GT(numbers_of(after.output("cosine/" + parameter.name()))[0], 0.5) << parameter.name();
    EXPECT_LT(numbers_of(after.output("loop1/cosine/" + parameter.name())).back(), -0.5) << parameter.name();
  }
}

TEST_P(Observation, NeedsATarget) {
  EXPECT_EQ(message_of<ArgumentError>([&] {
    run_once(net, {{net.x, random_rows(2, 4, 1)}}, with_weight_gradients(PredictiveCoding{}).write, nullptr, {.device = GetParam()});
  }), "[with_weight_gradients] no given node has an energy; expected a target that the network predicts");
}

INSTANTIATE_TEST_SUITE_P(Devices, Observation, testing::ValuesIn(devices()), device_name);

}  // namespace
}  // namespace pcxx::test

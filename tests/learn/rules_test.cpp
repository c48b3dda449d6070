/// Learning rules: what they output, groups of weights, backpropagation against its own definition.
#include "pcxx/learn/rules.h"

#include <gtest/gtest.h>

#include "pcxx/core/errors.h"
#include "support/close.h"
#include "support/devices.h"
#include "support/message.h"
#include "support/mlp.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

using Data = std::vector<std::pair<Node, Array>>;

class Rules : public testing::TestWithParam<std::string> {
 protected:
  std::shared_ptr<State> fresh() const { return std::make_shared<State>(net.initialise(2)); }
  Executor run(const LearningRule& rule, const std::shared_ptr<State>& state) const {
    return run_once(net, data, rule.write, state, {.device = GetParam()});
  }
  Mlp net{{4, 6, 5, 3}, {.activation = "tanh"}};
  Data data = {{net.x, random_rows(7, 4, 1)}, {net.target(), random_rows(7, 3, 2)}};
};

/// The energies are those from which the weights learn: at the relaxed states, before the weights move.
TEST_P(Rules, OutputEnergies) {
  const Executor after = run(PredictiveCoding{.steps = 3, .values = sgd({.rate = 0.1})}, fresh());
  EXPECT_EQ(after.outputs(), (std::vector<std::string>{"energy", "energy/node0", "energy/node1", "energy/node2"}));
  const Executor expected = run_once(net, data, [&](Flow& flow) {
    flow.enter("start");
    const OptimiserSteps values = flow.optimiser(sgd({.rate = 0.1}), flow.free_nodes());
    flow.repeat(3, [&](const Tensor&) { values.step(flow.gradient(net.energy(), flow.free_nodes())); });
    for (const Node& node : net.layers) {
      flow.output(node.name(), batch_mean(flow.seen(node.energy())));
    }
  }, fresh(), {.device = "reference"});
  double total = 0;
  for (const Node& node : net.layers) {
    const double energy = numbers_of(expected.output(node.name()))[0];
    EXPECT_NEAR(numbers_of(after.output("energy/" + node.name()))[0], energy, 1e-6 * energy + 1e-9);
    total += energy;
  }
  EXPECT_NEAR(numbers_of(after.output("energy"))[0], total, 1e-6 * total);
}

/// Two groups learn from the same state: as if each had been the only one.
TEST_P(Rules, GroupsLearnFromTheSameState) {
  const auto rule = [](const Optimisers& weights) -> LearningRule { return PredictiveCoding{.steps = 3, .weights = weights}; };
  const auto by_one = fresh(), by_two = fresh();
  run(rule(sgd({.rate = 0.5})), by_one);
  run(rule(std::vector<OptimiserGroup>{{named("layer1.*"), sgd({.rate = 0.5}), {}},
                                       {!named("layer1.*"), sgd({.rate = 0.5, .momentum = 0.9}), "others"}}),
      by_two);
  for (const Parameter& parameter : net.parameters()) {  // the first step of momentum is plain
    EXPECT_TRUE(close(numbers_of(by_two->at(parameter.name())), numbers_of(by_one->at(parameter.name())), 1e-6));
  }
  const NamedArrays arrays = by_two->arrays();
  EXPECT_TRUE(arrays.contains("weights0/count"));
  EXPECT_TRUE(arrays.contains("others/layer0.weight/trace"));
  EXPECT_FALSE(arrays.contains("others/layer1.weight/trace"));
}

TEST_P(Rules, GroupsMustCoverEveryParameterOnce) {
  const auto refusal = [&](const std::vector<OptimiserGroup>& groups) {
    return message_of<ArgumentError>([&] { run(PredictiveCoding{.weights = groups}, fresh()); });
  };
  EXPECT_EQ(refusal({{tagged("weight"), sgd({}), {}}}),
            "[optimisers] parameter 'layer0.bias' is in no group; expected exactly one group");
  EXPECT_EQ(refusal({{everything(), sgd({}), "all"}, {tagged("bias"), sgd({}), "biases"}}),
            "[optimisers] parameter 'layer0.bias' is in groups 'all' and 'biases'; expected exactly one group");
  EXPECT_EQ(refusal({{everything(), sgd({}), {}}, {named("conv*"), sgd({}), "convolutions"}}),
            "[optimisers] group 'convolutions' selects no parameter; expected at least one");
}

/// Backpropagation is the gradient of the output's energy with predictions substituted for values.
TEST_P(Rules, BackpropagationIsTheGradientOfTheForwardPass) {
  const auto state = fresh();
  const State before = *state;
  const Executor after = run(Backpropagation{.weights = sgd({.rate = 1})}, state);
  EXPECT_EQ(after.outputs(), (std::vector<std::string>{"energy", "energy/node2"}));

  Network whole;  // the same function as one prediction
  const Node x = whole.node("x", {4});
  Tensor u = x;
  for (int l = 0; l < 3; ++l) {
    const Tensor a = linear(u, net.layers[static_cast<std::size_t>(l)].shape()[0], {.name = "layer" + std::to_string(l)});
    u = l < 2 ? tanh(a) : a;
  }
  const Node y = whole.node("y", {3}, u);
  const auto copy = std::make_shared<State>(whole.initialise(0));
  copy->load(before.arrays());
  const Executor plain = run_once(whole, {{x, data[0].second}, {y, data[1].second}}, [&](Flow& flow) {
    flow.enter("start");
    flow.output("loss", batch_mean(flow.seen(whole.energy())));
    flow.optimiser(sgd({.rate = 1}), whole.parameters()).step(flow.gradient(whole.energy(), whole.parameters()));
  }, copy, {.device = "reference"});
  EXPECT_NEAR(numbers_of(after.output("energy"))[0], numbers_of(plain.output("loss"))[0], 1e-5);
  for (const Parameter& parameter : net.parameters()) {
    EXPECT_TRUE(close(numbers_of(state->at(parameter.name())), numbers_of(copy->at(parameter.name())), 1e-5));
  }
}

/// With no steps only the last layer has an error, and learns what backpropagation would teach it.
TEST_P(Rules, PredictiveCodingWithoutStepsTeachesTheLastLayer) {
  const auto by_pc = fresh(), by_bp = fresh(), before = fresh();
  run(PredictiveCoding{.steps = 0, .weights = sgd({.rate = 1})}, by_pc);
  run(Backpropagation{.weights = sgd({.rate = 1})}, by_bp);
  EXPECT_TRUE(close(numbers_of(by_pc->at("layer2.weight")), numbers_of(by_bp->at("layer2.weight")), 1e-6));
  EXPECT_EQ(numbers_of(by_pc->at("layer0.weight")), numbers_of(before->at("layer0.weight")));
}

TEST_P(Rules, LearnTheLinearMapOfTheirData) {
  for (const LearningRule& rule : {LearningRule(PredictiveCoding{.steps = 20, .values = sgd({.rate = 0.2}), .weights = adam({.rate = 0.02})}),
                                   LearningRule(Backpropagation{.weights = adam({.rate = 0.02})})}) {
    const auto state = fresh();
    Executor executor(net, {net.x, net.target()}, rule.write, state, {.device = GetParam()});
    executor.run(data);
    const double first = numbers_of(executor.output("energy"))[0];
    for (int i = 0; i < 500; ++i) {
      executor.run(data);
    }
    EXPECT_LT(numbers_of(executor.output("energy"))[0], 0.02 * first) << rule.name;
  }
}

/// Known zeros and hoisting change no bit, nor do threads.
TEST_P(Rules, PassesChangeNoBit) {
  const LearningRule rule = PredictiveCoding{.steps = 6, .values = sgd({.rate = 0.1, .momentum = 0.5})};
  std::vector<NamedArrays> results;
  for (const bool known_zeros : {true, false}) {
    for (const bool hoist : {true, false}) {
      const auto state = fresh();
      Executor executor(net, {net.x, net.target()}, rule.write, state,
                        {.device = GetParam(), .threads = hoist ? 1 : 2, .known_zeros = known_zeros, .hoist = hoist});
      for (int i = 0; i < 3; ++i) {
        executor.run(data);
      }
      results.push_back(state->arrays());
    }
  }
  for (const auto& [name, array] : results[0]) {
    for (const NamedArrays& other : results) {
      EXPECT_EQ(numbers_of(other.at(name)), numbers_of(array)) << name;
    }
  }
}

TEST_P(Rules, RefuseWhatMakesNoSense) {
  EXPECT_EQ(message_of<ArgumentError>([&] { run(PredictiveCoding{.steps = -1}, fresh()); }),
            "[predictive_coding] -1 steps; expected at least 0");
  EXPECT_EQ(message_of<ArgumentError>([&] {
              run_once(net, {data[0]}, LearningRule(Backpropagation{}).write, fresh(), {.device = GetParam()});
            }),
            "[backpropagation] no given node has an energy; expected a target that the network predicts");
  const Mlp surprised({4, 3}, {.output = categorical()});
  EXPECT_EQ(message_of<ArgumentError>([&] {
              run_once(surprised, {{surprised.x, data[0].second}}, LearningRule(PredictiveCoding{}).write, nullptr,
                       {.device = GetParam()});
            }),
            "[gradient] node 'node0' is free but its energy 'categorical' has no minimum in it; expected it to be given as "
            "data or clamped");
}

INSTANTIATE_TEST_SUITE_P(Devices, Rules, testing::ValuesIn(devices()), device_name);

}  // namespace
}  // namespace pcxx::test

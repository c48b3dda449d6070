/// Incremental predictive coding: PCX's schedule, and weights that no error has reached.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "pcxx/core/errors.h"
#include "pcxx/learn/parameter_groups.h"
#include "pcxx/learn/rules.h"
#include "support/close.h"
#include "support/devices.h"
#include "support/message.h"
#include "support/mlp.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

using Data = std::vector<std::pair<Node, Array>>;

class Incremental : public testing::TestWithParam<std::string> {
 protected:
  std::shared_ptr<State> trained(const std::function<void(Flow&)>& write) const {
    const auto state = std::make_shared<State>(net.initialise(1));
    run_once(net, data, write, state, {.device = GetParam()});
    return state;
  }
  void expect_same(const std::shared_ptr<State>& a, const std::shared_ptr<State>& b) const {
    for (const Parameter& parameter : net.parameters()) {
      expect_same_of(parameter.name(), a, b);
    }
  }
  static void expect_same_of(const std::string& name, const std::shared_ptr<State>& a, const std::shared_ptr<State>& b) {
    EXPECT_TRUE(close(numbers_of(a->at(name)), numbers_of(b->at(name)), 1e-6)) << name;
  }
  /// PCX's tutorial 4, step by step: (T, T0, Ti) and a last update.
  std::function<void(Flow&)> by_hand(Size steps, Size first, Size every, bool last) const {
    return [=, this](Flow& flow) {
      flow.enter("start");
      const std::vector<Node> nodes = flow.free_nodes();
      const auto values = flow.optimiser(sgd({.rate = 0.3, .momentum = 0.5, .nesterov = true}), nodes);
      const auto weights = flow.optimiser(adam({.rate = 1e-2}), net.parameters());
      for (Size i = 0; i < steps; ++i) {
        flow.together([&] {
          values.step(flow.gradient(net.energy(), nodes));
          if (i >= first && (every == 0 || (i - first) % every == 0)) {
            weights.step(flow.gradient(net.energy(), net.parameters()));
          }
        });
      }
      if (last) {
        weights.step(flow.gradient(net.energy(), net.parameters()));
      }
    };
  }
  LearningRule rule(Size steps, Size first, Size every, bool last) const {
    return IncrementalPredictiveCoding{.steps = steps, .first_update = first, .every = every, .final_update = last,
                                       .values = sgd({.rate = 0.3, .momentum = 0.5, .nesterov = true}), .weights = adam({.rate = 1e-2})};
  }
  Mlp net{{4, 6, 5, 3}, {.activation = "tanh"}};
  Data data = {{net.x, random_rows(5, 4, 1)}, {net.target(), random_rows(5, 3, 3)}};
};

TEST_P(Incremental, MovesValuesAndWeightsTogether) { expect_same(trained(rule(6, 0, 1, false).write), trained(by_hand(6, 0, 0, false))); }

TEST_P(Incremental, TutorialFour) {
  for (const auto& [steps, first, every] : {std::tuple<Size, Size, Size>{7, 1, 0}, {7, 2, 2}, {7, 0, 3}, {7, 5, 1}, {3, 3, 1}, {4, 0, 4}}) {
    expect_same(trained(rule(steps, first, std::max<Size>(every, 1), true).write), trained(by_hand(steps, first, every, true)));
  }
}

TEST_P(Incremental, WithoutUpdatesInTheLoopItIsPredictiveCoding) {
  const LearningRule pc = PredictiveCoding{.steps = 6, .values = sgd({.rate = 0.3, .momentum = 0.5, .nesterov = true}),
                                           .weights = adam({.rate = 1e-2})};
  expect_same(trained(rule(6, 6, 1, true).write), trained(pc.write));
}

/// After so many steps an error has reached as many layers from the top. The others' gradients are zero, and they are as if
/// there had been no step: weights, moments, counts.
TEST_P(Incremental, WeightsThatNoErrorHasReachedStay) {
  const auto start = std::make_shared<State>(net.initialise(1));
  for (const bool final_update : {false, true}) {
    for (const Size steps : {1, 2}) {
      const auto rule = [&](const Optimiser& weights) -> LearningRule {
        return IncrementalPredictiveCoding{.steps = steps, .final_update = final_update, .values = sgd({.rate = 0.3}), .weights = weights};
      };
      const Optimiser adam_with_decay = adamw({.rate = 1e-2, .weight_decay = 0.1});
      const auto skipped = trained(rule(skipping_zeros(adam_with_decay)).write), all = trained(rule(adam_with_decay).write);
      const Size updates = steps + (final_update ? 1 : 0);
      for (Size layer = 0; layer < 3; ++layer) {
        const Size moved = std::max<Size>(updates - (2 - layer), 0);
        for (const char* role : {".weight", ".bias"}) {
          const std::string name = "layer" + std::to_string(layer) + role;
          EXPECT_EQ(numbers_of(skipped->at("weights/" + name + "/count")), Numbers{static_cast<double>(moved)}) << name;
          EXPECT_EQ(numbers_of(skipped->at(name)) == numbers_of(start->at(name)), moved == 0) << name;
          EXPECT_NE(numbers_of(all->at(name)), numbers_of(start->at(name))) << name;
        }
      }
      if (updates == 1) {  // later ones differ, as predictions of other layers do
        expect_same_of("layer2.weight", skipped, all);
      }
    }
  }
}

/// Nothing else changes where no gradient is zero; a step that is not due moves nothing either way.
TEST_P(Incremental, SkippingChangesNothingElse) {
  const auto rule = [](const Optimiser& weights) -> LearningRule { return PredictiveCoding{.steps = 4, .values = sgd({.rate = 0.2}), .weights = weights}; };
  for (const Optimiser& optimiser : {adamw({.rate = 1e-2}), averaged(clipped_by_norm(decayed(sgd({.rate = 0.1, .momentum = 0.5}), 0.1), 0.1), 0.5)}) {
    const auto plain = trained(rule(optimiser).write), skipping = trained(rule(skipping_zeros(optimiser)).write);
    expect_same(plain, skipping);
    for (const Parameter& parameter : net.parameters()) {
      EXPECT_EQ(numbers_of(skipping->at("weights/" + parameter.name() + "/count")), numbers_of(plain->at("weights/count")));
    }
  }
  const auto conditional = [&](bool due) {
    return trained([&](Flow& flow) {
      const auto groups = parameter_groups(flow, skipping_zeros(adam({.rate = 1e-2})));
      flow.enter("start");
      groups[0].step_if(batch_size(net.x.value()) > (due ? 0.0 : 100.0), flow, net.energy());
    });
  };
  const auto start = std::make_shared<State>(net.initialise(1));
  EXPECT_EQ(numbers_of(conditional(false)->at("layer2.weight")), numbers_of(start->at("layer2.weight")));
  EXPECT_NE(numbers_of(conditional(true)->at("layer2.weight")), numbers_of(start->at("layer2.weight")));
  EXPECT_EQ(numbers_of(conditional(true)->at("layer1.weight")), numbers_of(start->at("layer1.weight")));
}

/// Evaluation takes the averages of what has been stepped, and the others as they are.
TEST_P(Incremental, AveragesOfWhatWasSkipped) {
  const auto state = trained(LearningRule(PredictiveCoding{.steps = 1, .weights = skipping_zeros(averaged(sgd({.rate = 0.1}), 0.5))}).write);
  const State shown = with_averages(net, *state);
  EXPECT_EQ(numbers_of(shown.at("layer0.weight")), numbers_of(state->at("layer0.weight")));
  EXPECT_EQ(numbers_of(shown.at("layer2.weight")), numbers_of(state->at("weights/layer2.weight/average")));
}

/// A NaN is not zero: it must reach the weights, and through them the trainer's watch.
TEST_P(Incremental, NotANumberIsNotSkipped) {
  Data broken = data;
  broken[1].second.as<float>()[0] = std::numeric_limits<float>::quiet_NaN();
  const auto state = std::make_shared<State>(net.initialise(1));
  run_once(net, broken, LearningRule(PredictiveCoding{.steps = 0, .weights = skipping_zeros(sgd({.rate = 0.1}))}).write, state, {.device = GetParam()});
  EXPECT_TRUE(std::isnan(numbers_of(state->at("layer2.weight"))[0]));
}

/// Known zeros leave out the steps that are skipped, which changes no bit.
TEST_P(Incremental, PassesChangeNoBit) {
  std::vector<NamedArrays> results;
  for (const bool passes : {true, false}) {
    const auto state = std::make_shared<State>(net.initialise(1));
    Executor executor(net, {net.x, net.target()}, LearningRule(IncrementalPredictiveCoding{.steps = 5}).write, state,
                      {.device = GetParam(), .threads = passes ? 2 : 1, .known_zeros = passes, .hoist = passes});
    for (int i = 0; i < 3; ++i) {
      executor.run(data);
    }
    results.push_back(state->arrays());
  }
  for (const auto& [name, array] : results[0]) {
    EXPECT_EQ(numbers_of(results[1].at(name)), numbers_of(array)) << name;
  }
}

TEST_P(Incremental, SayWhatTheyCannotDo) {
  EXPECT_EQ(message_of<ArgumentError>([] { LearningRule(IncrementalPredictiveCoding{.every = 0}); }),
            "[incremental] weights move from step 0 every 0 steps; expected at least 0 and 1");
  EXPECT_EQ(message_of<ArgumentError>([&] { trained(LearningRule(PredictiveCoding{.values = skipping_zeros(sgd({}))}).write); }),
            "[optimiser] 'sgd' skips zeros and is for node values, which move even so; expected skipping_zeros() for parameters only");
}

INSTANTIATE_TEST_SUITE_P(Devices, Incremental, testing::ValuesIn(devices()), device_name);

}  // namespace
}  // namespace pcxx::test

/// Parameter groups: a state of their own, moved only by their own steps.
#include "pcxx/learn/parameter_groups.h"

#include <gtest/gtest.h>

#include "pcxx/core/errors.h"
#include "pcxx/learn/rules.h"
#include "pcxx/network/executor.h"
#include "pcxx/tensor/operations.h"
#include "support/close.h"
#include "support/devices.h"
#include "support/message.h"
#include "support/mlp.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

/// An optimiser whose every part would show an undue step: moments, bias correction, a schedule, an average.
Optimiser telling() {
  return averaged(adamw({.rate = exponential_decay({.first = 0.05, .factor = 0.8, .updates = 1}), .weight_decay = 0.1}), 0.9);
}

class Groups : public testing::TestWithParam<std::string> {
 protected:
  Groups() : net({3, 5, 4, 2}) {}

  std::shared_ptr<State> fresh() const { return std::make_shared<State>(net.initialise(3, precision())); }
  Precision precision() const { return GetParam() == "reference" ? Precision::f64 : Precision::f32; }
  ExecutorOptions options() const { return {.device = GetParam(), .precision = precision()}; }

  /// Runs once on the same random data and returns the state.
  NamedArrays after(const std::function<void(Flow&)>& write) const {
    const auto state = fresh();
    Executor executor(net, {net.x, net.target()}, write, state, options());
    executor.run({{net.x, random_rows(6, 3, 5)}, {net.target(), random_rows(6, 2, 6)}});
    return state->arrays();
  }

  /// `gated` says how a group makes a step where a condition holds.
  using Gated = std::function<void(Flow&, const ParameterGroup&, const Tensor& condition, const Tensor& energy)>;
  NamedArrays after_loop(const Gated& gated) const {
    return after([&](Flow& flow) {
      const std::vector<ParameterGroup> groups = parameter_groups(flow, per_layer(net, telling()));
      flow.enter("start");
      flow.repeat(7, [&](const Tensor& t) {
        gated(flow, groups[0], equal(t, 5.0), net.energy());
        gated(flow, groups[2], t < 3.0, net.energy());
      });
    });
  }

  Mlp net;
};

/// The same program with its loop written out, and a step only where there is one.
TEST_P(Groups, StepsInALoopAreThoseOfALoopWrittenOut) {
  const NamedArrays expected = after([&](Flow& flow) {
    const std::vector<ParameterGroup> groups = parameter_groups(flow, per_layer(net, telling()));
    flow.enter("start");
    for (int t = 0; t < 7; ++t) {
      if (t == 5) {
        groups[0].step(flow, net.energy());
      }
      if (t < 3) {
        groups[2].step(flow, net.energy());
      }
    }
  });
  const std::vector<Gated> ways = {
      [](Flow& flow, const ParameterGroup& group, const Tensor& condition, const Tensor& energy) {
        flow.branch(condition, [&] { group.step(flow, energy); });
      },
      [](Flow& flow, const ParameterGroup& group, const Tensor& condition, const Tensor& energy) {
        group.step_if(condition, flow, energy);
      },
  };
  for (const Gated& way : ways) {
    const NamedArrays actual = after_loop(way);
    for (const auto& [name, array] : expected) {
      EXPECT_TRUE(close(numbers_of(actual.at(name)), numbers_of(array), GetParam() == "cpu" ? 1e-6 : 1e-15)) << name;
    }
    EXPECT_EQ(numbers_of(actual.at("weights.layer0/count"))[0], 1);
    EXPECT_EQ(numbers_of(actual.at("weights.layer2/count"))[0], 3);
  }
}

/// A group that is not stepped keeps values, slots and count to the bit.
TEST_P(Groups, WhatIsNotSteppedStays) {
  const NamedArrays before = fresh()->arrays();
  const NamedArrays later = after_loop([](Flow& flow, const ParameterGroup& group, const Tensor& condition, const Tensor& energy) {
    group.step_if(condition, flow, energy);
  });
  for (const char* name : {"layer1.weight", "layer1.bias"}) {
    EXPECT_EQ(numbers_of(later.at(name)), numbers_of(before.at(name))) << name;
  }
  for (const char* name : {"layer0.weight", "layer2.bias"}) {
    EXPECT_NE(numbers_of(later.at(name)), numbers_of(before.at(name))) << name;
  }
  EXPECT_FALSE(later.contains("weights.layer1/count"));  // a program holds only what it uses
}

/// All groups in one statement read the state before it; the gate is another way to leave one out.
TEST_P(Groups, StepTogetherFromTheStateBefore) {
  const NamedArrays gated = after([&](Flow& flow) {
    const std::vector<ParameterGroup> groups = parameter_groups(flow, per_layer(net, telling()));
    flow.enter("start");
    flow.repeat(2, [&](const Tensor& t) {
      flow.together([&] {
        groups[0].step_if(t < 1.0, flow, net.energy());
        groups[2].step(flow, net.energy());
      });
    });
  });
  const NamedArrays expected = after([&](Flow& flow) {
    const std::vector<ParameterGroup> groups = parameter_groups(flow, per_layer(net, telling()));
    flow.enter("start");
    flow.together([&] {
      groups[0].step(flow, net.energy());
      groups[2].step(flow, net.energy());
    });
    groups[2].step(flow, net.energy());
  });
  for (const auto& [name, array] : expected) {
    EXPECT_TRUE(close(numbers_of(gated.at(name)), numbers_of(array), GetParam() == "cpu" ? 1e-6 : 1e-15)) << name;
  }
}

/// A gradient that is not a number does not reach a group whose condition does not hold.
TEST_P(Groups, AClosedGateKeepsOutWhatIsNotFinite) {
  const NamedArrays later = after([&](Flow& flow) {
    const std::vector<ParameterGroup> groups = parameter_groups(flow, per_layer(net, telling()));
    flow.enter("start");
    flow.repeat(2, [&](const Tensor& t) { groups[1].step_if(t > 5.0, flow, net.energy() * log(t - 9.0)); });
  });
  const NamedArrays before = fresh()->arrays();
  EXPECT_EQ(numbers_of(later.at("layer1.weight")), numbers_of(before.at("layer1.weight")));
  EXPECT_EQ(numbers_of(later.at("weights.layer1/count"))[0], 0);
}

/// Values of nodes are clipped by each sample's own norm: a sample owes nothing to its neighbours.
TEST_P(Groups, NormsOfNodeGradientsAreEachSamplesOwn) {
  Network two;
  const Node a = two.node("a", {2}), b = two.node("b", {}), given = two.node("given", {3});
  const Executor executor = run_once(two, {{given, numbers({2, 3}, {3, 0, 4, 0.3, 0, 0.4})}}, [&](Flow& flow) {
    flow.assign(a, 0.0);
    flow.assign(b, 0.0);
    const auto steps = flow.optimiser(clipped_by_norm(sgd({.rate = 1}), 1), std::vector<Node>{a, b});
    steps.step({slice(given, {0}, {2}), reshape(slice(given, {2}, {3}), {})});
  }, std::make_shared<State>(two.initialise(0, precision())), options());
  EXPECT_TRUE(close(numbers_of(executor.value(a)), {-0.6, 0, -0.3, 0}, 1e-6));
  EXPECT_TRUE(close(numbers_of(executor.value(b)), {-0.8, -0.4}, 1e-6));
}

/// A wavefront: the layer that the error has just reached learns, the others wait.
TEST_P(Groups, OfAWavefrontMoveOnceEach) {
  const NamedArrays later = after([&](Flow& flow) {
    // [some_steps]
    const std::vector<ParameterGroup> layers = parameter_groups(flow, per_layer(flow.network(), adamw({})));
    const Tensor energy = flow.network().energy();
    flow.enter("start");
    flow.repeat(3, [&](const Tensor& t) {
      for (std::size_t i = 0; i < layers.size(); ++i) {
        const double reached = static_cast<double>(layers.size() - 1 - i);
        flow.branch(equal(t, reached), [&] { layers[i].step(flow, energy); });
      }
    });
    // [/some_steps]
  });
  for (const char* name : {"weights.layer0/count", "weights.layer1/count", "weights.layer2/count"}) {
    EXPECT_EQ(numbers_of(later.at(name))[0], 1) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, Groups, testing::ValuesIn(devices()), device_name);

/// The norm of a group is a sum over many tensors: in the same order for any number of threads.
TEST(Norms, DoNotDependOnThreads) {
  const Mlp net({70, 90, 110, 5}, {.activation = "tanh"});
  NamedArrays first;
  for (const int threads : {1, 2, 3}) {
    const auto state = std::make_shared<State>(net.initialise(1));
    const Optimiser optimiser = averaged(clipped_by_norm(lion({.decays = tagged("weight")}), 0.01), 0.9);
    const LearningRule rule = PredictiveCoding{.steps = 4, .weights = optimiser};
    Executor executor(net, {net.x, net.target()}, rule.write, state, {.threads = threads});
    for (int step = 0; step < 3; ++step) {
      executor.run({{net.x, random_rows(150, 70, 7)}, {net.target(), random_rows(150, 5, 8)}});
    }
    first = threads == 1 ? state->arrays() : first;
    for (const auto& [name, array] : state->arrays()) {
      EXPECT_EQ(numbers_of(array), numbers_of(first.at(name))) << name << " with " << threads << " threads";
    }
  }
}

TEST(PerLayer, NamesGroupsAfterLayers) {
  const Mlp net({2, 3, 1});
  std::vector<std::string> names;
  const Optimisers layers = per_layer(net, sgd({}));
  for (const OptimiserGroup& group : layers.groups()) {
    names.push_back(group.name);
    EXPECT_EQ(net.parameters(group.parameters).size(), 2U) << group.name;
  }
  EXPECT_EQ(names, (std::vector<std::string>{"weights.layer0", "weights.layer1"}));
}

TEST(GroupErrors, SayWhatIsWrong) {
  const Mlp net({2, 3, 1});
  EXPECT_EQ(message_of<ArgumentError>([&] { with_averages(net, net.initialise(0)); }),
            "[with_averages] no parameter has an average; expected an optimiser made with averaged()");
  EXPECT_EQ(message_of<ArgumentError>([] { averaged(averaged(sgd({}))); }),
            "[averaged] 'sgd' keeps an average already; expected one");
  EXPECT_EQ(message_of<ArgumentError>([] { averaged(sgd({}), 1); }), "[averaged] decay is 1; expected 0 to below 1");
  EXPECT_EQ(message_of<ArgumentError>([] { clipped_by_norm(sgd({}), 0); }),
            "[clipped_by_norm] largest is 0; expected a number above 0");
  EXPECT_EQ(message_of<ArgumentError>([] { clipped_by_value(sgd({}), -1); }),
            "[clipped_by_value] limit is -1; expected a number above 0");
  EXPECT_EQ(message_of<ArgumentError>([] { lion({.first_decay = 1}); }), "[lion] first_decay is 1; expected 0 to below 1");
  EXPECT_EQ(message_of<ArgumentError>([] { rmsprop({.decay = 2}); }), "[rmsprop] decay is 2; expected 0 to below 1");
  EXPECT_EQ(message_of<ArgumentError>([] { joined({0.1, 0.2}, {}); }),
            "[joined] 2 schedules and 0 boundaries; expected one boundary between each two");
  EXPECT_EQ(message_of<ArgumentError>([] { joined({0.1, 0.2, 0.3}, {5, 5}); }),
            "[joined] changes at updates 5, 5; expected rising numbers above 0");
  EXPECT_EQ(message_of<ArgumentError>([] { cosine_restarts({}); }), "[cosine_restarts] no cycle; expected at least one");
  EXPECT_EQ(message_of<ArgumentError>([] { exponential_decay({.first = 1, .factor = 0, .updates = 5}); }),
            "[exponential_decay] factor 0 from update 0; expected a factor above 0, and no negative update");
  EXPECT_EQ(message_of<ShapeError>([&] {
              run_once(net, {{net.x, numbers({1, 2}, {1, 2})}}, [&](Flow& flow) {
                flow.optimiser(sgd({}), {net.parameters()[0]}).step_if(sum(net.x) > 0.0, {0.0 * net.parameters()[0]});
              });
            }),
            "[step_if] the condition is boolean, per_sample and of shape (); expected a comparison of shared scalars");
}

}  // namespace
}  // namespace pcxx::test

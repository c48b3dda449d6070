/// T7: Z-IL's weights move exactly as backpropagation's: chains, skips, shared parameters; and its hybrid.
#include <gtest/gtest.h>

#include "pcxx/core/errors.h"
#include "pcxx/learn/rules.h"
#include "support/close.h"
#include "support/devices.h"
#include "support/message.h"
#include "support/mlp.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

using Data = std::vector<std::pair<Node, Array>>;

Array rows(Size samples, const Shape& shape, std::uint64_t seed) {
  RandomStream random(seed);
  std::vector<Size> extents = shape.extents();
  extents.insert(extents.begin(), samples);
  Array array(Shape(extents), ElementType::f32);
  for (float& element : array.as<float>()) {
    element = static_cast<float>(random.normal());
  }
  return array;
}

Array labels(Size samples, Size classes) {
  Array array({samples, classes}, ElementType::f32);
  for (Size i = 0; i < samples; ++i) {
    array.as<float>()[static_cast<std::size_t>(i * classes + i % classes)] = 1;
  }
  return array;
}

class ZeroDivergences : public testing::TestWithParam<std::string> {
 protected:
  /// Trains by both rules for some batches; the weights must agree to 1e-5 after each.
  void expect_backpropagation(const Network& net, const Node& x, const Node& y, bool classes, const Optimiser& weights) const {
    const auto by_levels = std::make_shared<State>(net.initialise(5)), by_bp = std::make_shared<State>(net.initialise(5));
    const ExecutorOptions options{.device = GetParam()};
    Executor levels(net, {x, y}, LearningRule(ZeroDivergence{.weights = weights}).write, by_levels, options);
    Executor bp(net, {x, y}, LearningRule(Backpropagation{.weights = weights}).write, by_bp, options);
    const State before = *by_bp;
    for (std::uint64_t batch = 0; batch < 3; ++batch) {
      const Data data = {{x, rows(9, x.shape(), 2 * batch)},
                         {y, classes ? labels(9, y.shape()[0]) : rows(9, y.shape(), 2 * batch + 1)}};
      levels.run(data);
      bp.run(data);
      EXPECT_NEAR(numbers_of(levels.output("energy"))[0], numbers_of(bp.output("energy"))[0], 1e-5);
      for (const Parameter& parameter : net.parameters()) {
        EXPECT_TRUE(close(numbers_of(by_levels->at(parameter.name())), numbers_of(by_bp->at(parameter.name())), 1e-5))
            << parameter.name() << " after batch " << batch;
        EXPECT_NE(numbers_of(by_bp->at(parameter.name())), numbers_of(before.at(parameter.name()))) << parameter.name();
      }
    }
  }
  void expect_backpropagation(const Network& net, const Node& x, const Node& y, bool classes = false) const {
    expect_backpropagation(net, x, y, classes, sgd({.rate = 0.1, .momentum = 0.9, .nesterov = true}));
    expect_backpropagation(net, x, y, classes, adamw({.rate = 1e-2}));
  }
};

TEST_P(ZeroDivergences, EqualBackpropagationOnChains) {
  const Mlp squared({4, 6, 5, 7, 3}, {.activation = "tanh"});
  expect_backpropagation(squared, squared.x, squared.target());
  const Mlp classes({4, 6, 5, 3}, {.activation = "gelu", .output = categorical()});
  expect_backpropagation(classes, classes.x, classes.target(), true);
}

/// Node c reads a past b, and through a product, so that its Jacobian depends on both.
TEST_P(ZeroDivergences, EqualBackpropagationWithSkips) {
  Network net;
  const Node x = net.node("x", {4});
  const Node a = net.node("a", {5}, tanh(linear(x, 5)));
  const Node b = net.node("b", {5}, gelu(linear(a, 5)));
  const Node c = net.node("c", {5}, tanh(linear(Tensor(b) * Tensor(a), 5)) + Tensor(a));
  const Node y = net.node("y", {3}, linear(concat({c, a, x}, 0), 3));
  expect_backpropagation(net, x, y);
}

/// A convolution, a pool, and a residual block of convolutions.
TEST_P(ZeroDivergences, EqualBackpropagationOnConvolutions) {
  Network net;
  const Node x = net.node("x", {2, 6, 6});
  const Node a = net.node("a", {4, 3, 3}, max_pool2d(gelu(conv2d(x, 4, 3, {.padding = 1})), 2));
  const Node b = net.node("b", {4, 3, 3}, tanh(conv2d(a, 4, 3, {.padding = 1})));
  const Node c = net.node("c", {4, 3, 3}, gelu(conv2d(b, 4, 3, {.padding = 1})) + Tensor(a));
  const Node y = net.node("y", {3}, linear(reshape(c, {36}), 3), categorical());
  expect_backpropagation(net, x, y, true);
}

TEST_P(ZeroDivergences, EqualBackpropagationWithSharedParameters) {
  Network net;
  const Parameter weight = net.parameter("weight", {4, 4}, fan_in_uniform());
  const Node x = net.node("x", {4});
  const Node a = net.node("a", {4}, tanh(matmul(weight, x)));
  const Node b = net.node("b", {4}, tanh(matmul(weight, a)));
  const Node y = net.node("y", {2}, linear(b, 2));
  expect_backpropagation(net, x, y);
}

/// Two targets at different depths, one of them in the middle of the network.
TEST_P(ZeroDivergences, EqualBackpropagationWithSeveralTargets) {
  const Mlp net({4, 6, 5, 3}, {.activation = "tanh"});
  const auto state_of = [&](const LearningRule& rule) {
    const auto state = std::make_shared<State>(net.initialise(1));
    run_once(net, {{net.x, rows(5, {4}, 1)}, {net.layers[1], rows(5, {5}, 2)}, {net.target(), rows(5, {3}, 3)}}, rule.write, state,
             {.device = GetParam()});
    return state;
  };
  const auto levels = state_of(ZeroDivergence{.weights = sgd({.rate = 0.5})}), bp = state_of(Backpropagation{.weights = sgd({.rate = 0.5})});
  for (const Parameter& parameter : net.parameters()) {
    EXPECT_TRUE(close(numbers_of(levels->at(parameter.name())), numbers_of(bp->at(parameter.name())), 1e-5)) << parameter.name();
  }
}

/// Optimisers of levels are stepped once a batch each.
TEST_P(ZeroDivergences, EveryLevelHasItsOptimiser) {
  const Mlp net({4, 6, 5, 3}, {.activation = "tanh"});
  const auto state = std::make_shared<State>(net.initialise(1));
  run_once(net, {{net.x, rows(5, {4}, 1)}, {net.target(), rows(5, {3}, 3)}}, LearningRule(ZeroDivergence{.weights = adam({})}).write, state,
           {.device = GetParam()});
  for (int level = 0; level < 3; ++level) {
    const std::string name = "weights.level" + std::to_string(level);
    EXPECT_EQ(numbers_of(state->at(name + "/count")), Numbers{1});
    EXPECT_TRUE(state->arrays().contains(name + "/layer" + std::to_string(2 - level) + ".weight/first_moment"));
  }
}

/// The hybrid, written out for two hidden layers.
TEST_P(ZeroDivergences, HybridGoesOnMoving) {
  const Mlp net({4, 6, 5, 3}, {.activation = "tanh"});
  const Data data = {{net.x, rows(5, {4}, 1)}, {net.target(), rows(5, {3}, 3)}};
  const auto actual = std::make_shared<State>(net.initialise(1)), expected = std::make_shared<State>(net.initialise(1));
  const ExecutorOptions options{.device = GetParam()};
  const Executor by_rule = run_once(net, data, LearningRule(ZeroDivergence{.steps = 5, .later_rate = 0.1, .weights = sgd({.rate = 0.2})}).write,
                                    actual, options);
  const Executor by_hand = run_once(net, data, [&](Flow& flow) {
    flow.enter("start");
    const std::vector<Parameter> p = net.parameters();
    const Node a = net.layers[0], b = net.layers[1];
    const auto down = [&](const Node& node, double rate) { flow.assign(node, node.value() - rate * flow.gradient(net.energy(), {node})[0]); };
    const auto learn = [&](std::size_t layer) {
      for (const std::size_t i : {2 * layer, 2 * layer + 1}) {
        flow.assign(p[i], Tensor(p[i]) - 0.2 * flow.gradient(net.energy(), {p[i]})[0]);
      }
    };
    flow.together([&] { down(b, 1); learn(2); });
    flow.together([&] { down(a, 1); down(b, 0.1); learn(1); });
    for (int i = 0; i < 3; ++i) {
      flow.together([&] {
        down(a, 0.1);
        down(b, 0.1);
        if (i == 0) {
          learn(0);
        }
      });
    }
    flow.together([&] {
      flow.output("energy", batch_mean(flow.seen(net.energy())));
      for (const std::size_t layer : {0U, 1U, 2U}) {
        learn(layer);
      }
    });
  }, expected, options);
  EXPECT_NEAR(numbers_of(by_rule.output("energy"))[0], numbers_of(by_hand.output("energy"))[0], 1e-6);
  for (const Parameter& parameter : net.parameters()) {
    EXPECT_TRUE(close(numbers_of(actual->at(parameter.name())), numbers_of(expected->at(parameter.name())), 1e-6)) << parameter.name();
  }
}

TEST_P(ZeroDivergences, SayWhatTheyCannotDo) {
  const auto refusal = [&](const Network& net, const Data& data, const ZeroDivergence& rule) {
    return message_of<ArgumentError>([&] { run_once(net, data, LearningRule(rule).write, nullptr, {.device = GetParam()}); });
  };
  const Mlp net({4, 6, 5, 3}, {.activation = "tanh"});
  EXPECT_EQ(refusal(net, {{net.x, rows(5, {4}, 1)}}, {}),
            "[zero_divergence] no given node has an energy; expected a target that the network predicts");
  EXPECT_EQ(refusal(net, {{net.x, rows(5, {4}, 1)}, {net.target(), rows(5, {3}, 3)}}, {.steps = 2}),
            "[zero_divergence] 2 steps for 3 levels; expected at least as many");
  Network none;
  const Node x = none.node("x", {2});
  const Node a = none.node("a", {2}, linear(x, 2), no_energy());
  const Node y = none.node("y", {2}, linear(a, 2));
  EXPECT_EQ(refusal(none, {{x, rows(5, {2}, 1)}, {y, rows(5, {2}, 3)}}, {}),
            "[zero_divergence] node 'a' is predicted but has no energy; expected the squared error, so that its error can go on");
}

INSTANTIATE_TEST_SUITE_P(Devices, ZeroDivergences, testing::ValuesIn(devices()), device_name);

}  // namespace
}  // namespace pcxx::test

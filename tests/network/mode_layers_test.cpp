/// Layers that differ by mode, hold state or look up: dropout, batch normalisation, embedding, attention; helpers.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "pcxx/core/errors.h"
#include "pcxx/learn/rules.h"
#include "pcxx/network/layers.h"
#include "pcxx/tensor/operations.h"
#include "support/close.h"
#include "support/devices.h"
#include "support/message.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

using Names = std::vector<std::string>;

Array rows(const Shape& shape, std::uint64_t seed) {
  RandomStream random(seed);
  std::vector<double> values(static_cast<std::size_t>(shape.elements()));
  random.uniform(values, -1, 2);
  return numbers(shape, values);
}

class ModeLayers : public testing::TestWithParam<std::string> {
 protected:
  ExecutorOptions options(std::uint64_t seed = 0) const { return {.device = GetParam(), .seed = seed}; }
};

struct Dropped : Network {
  Node x = node("x", {50});
  Node y = node("y", {50}, dropout(x, 0.25));
};

TEST_P(ModeLayers, DropoutKeepsTheMeanAndIsNothingInEvaluation) {
  Dropped net;
  const Array ones = numbers({200, 50}, std::vector<double>(200 * 50, 1.0));
  const auto train = [&](Flow& flow) { flow.output("y", flow.seen(net.y.prediction())); };
  const auto evaluate = [&](Flow& flow) {
    flow.mode(Mode::evaluation);
    train(flow);
  };
  const Numbers kept = numbers_of(run_once(net, {{net.x, ones}}, train, nullptr, options()).output("y"));
  const auto zeros = std::count(kept.begin(), kept.end(), 0.0);
  EXPECT_NEAR(static_cast<double>(zeros), 2500, 4 * std::sqrt(1e4 * 0.25 * 0.75));  // four standard errors
  for (const double each : kept) {
    EXPECT_TRUE(each == 0 || std::abs(each - 1 / 0.75) < 1e-6);
  }
  EXPECT_EQ(numbers_of(run_once(net, {{net.x, ones}}, evaluate, nullptr, options()).output("y")), numbers_of(ones));
  EXPECT_NE(kept, numbers_of(run_once(net, {{net.x, ones}}, train, nullptr, options(1)).output("y")));
  EXPECT_EQ(message_of<ArgumentError>([&] { dropout(net.x, 1); }),
            "[dropout] probability 1; expected at least 0 and below 1");
}

/// One mask for a run and sample, whatever the turn of a loop; another in the next run, and for another use.
TEST_P(ModeLayers, AMaskStandsStillDuringARun) {
  Dropped net;
  const Tensor other = dropout(net.x, 0.25);
  const Array ones = numbers({4, 50}, std::vector<double>(4 * 50, 1.0));
  const auto state = std::make_shared<State>(net.initialise(0));
  Executor executor(net, {net.x}, [&](Flow& flow) {
    const Tensor moved = flow.variable("moved", 0.0 * flow.seen(net.x));
    flow.repeat(3, [&](const Tensor&) { flow.assign({{moved, moved + abs(flow.seen(net.y.prediction()))}}); });
    flow.output("sum", moved);
    flow.output("once", flow.seen(net.y.prediction()));
    flow.output("other", flow.seen(other));
  }, state, options());
  std::vector<Numbers> masks;
  for (int run = 0; run < 2; ++run) {
    executor.run({{net.x, ones}});
    masks.push_back(numbers_of(executor.output("once")));
    Numbers tripled = masks.back();
    std::transform(tripled.begin(), tripled.end(), tripled.begin(), [](double each) { return 3 * each; });
    EXPECT_TRUE(close(numbers_of(executor.output("sum")), tripled, 1e-6));
    EXPECT_NE(masks.back(), numbers_of(executor.output("other")));
  }
  EXPECT_NE(masks[0], masks[1]);
}

struct Normalised : Network {
  Node x = node("x", {2, 3});
  Node h = node("h", {2, 3}, conv1d(x, 2, 1, {.name = "conv"}));
  Node y = node("y", {2, 3}, tanh(batch_norm(h, {.momentum = 0.5, .name = "norm"})));
};

/// Statistics move once, not in every step of relaxation, towards those from which the weights learn; and are not trained.
TEST_P(ModeLayers, BatchStatisticsMoveOnceInATrainingStep) {
  Normalised net;
  std::vector<std::string> names;
  for (const Parameter& each : net.parameters()) {
    names.push_back(each.name());
  }
  EXPECT_EQ(names, (Names{"conv.weight", "conv.bias", "norm.weight", "norm.bias"}));
  const LearningRule rule = PredictiveCoding{.steps = 4, .values = sgd({.rate = 0.2}), .weights = sgd({.rate = 0.1})};
  const auto state = std::make_shared<State>(net.initialise(3));
  const Array x = rows({5, 2, 3}, 1), y = rows({5, 2, 3}, 2);
  const Executor after = run_once(net, {{net.x, x}, {net.y, y}}, rule.write, state, options());
  const Numbers h = numbers_of(after.value(net.h)), means = numbers_of(state->at("norm.running_mean")),
                variances = numbers_of(state->at("norm.running_var"));
  for (std::size_t channel = 0; channel < 2; ++channel) {
    double mean = 0, squares = 0;
    for (std::size_t sample = 0; sample < 5; ++sample) {
      for (std::size_t i = 0; i < 3; ++i) {
        const double each = h[(sample * 2 + channel) * 3 + i];
        mean += each / 15;
        squares += each * each / 15;
      }
    }
    EXPECT_NEAR(means[channel], 0.5 * mean, 1e-5);
    EXPECT_NEAR(variances[channel], 0.5 + 0.5 * (squares - mean * mean) * 15 / 14, 1e-5);
  }
}

/// A prediction uses what was gathered, is each sample's own, and moves nothing.
TEST_P(ModeLayers, EvaluationUsesTheRunningStatistics) {
  Normalised net;
  const auto state = std::make_shared<State>(net.initialise(3));
  state->at("norm.running_mean") = numbers({2}, {0.5, -1}).to(ElementType::f32);
  state->at("norm.running_var") = numbers({2}, {4, 0.25}).to(ElementType::f32);
  const NamedArrays before = state->arrays();
  const auto predict = [&](const Array& x) {
    return numbers_of(run_once(net, {{net.x, x}}, prediction_of(net.y), state, options()).output("prediction"));
  };
  const Numbers two = predict(numbers({2, 2, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
  const Numbers one = predict(numbers({1, 2, 3}, {1, 2, 3, 4, 5, 6}));
  EXPECT_TRUE(close(one, {two.begin(), two.begin() + 6}, 1e-6));
  for (const auto& [name, array] : state->arrays()) {
    EXPECT_EQ(numbers_of(array), numbers_of(before.at(name))) << name;
  }
}

/// PCX's way: the first batch's statistics whole, then the old ones weigh `momentum`; training uses the result.
TEST_P(ModeLayers, PcxNormalisesByWhatTheStatisticsBecome) {
  Network net;
  const Node x = net.node("x", {1});
  const Node y = net.node("y", {1}, batch_norm(x, {.epsilon = 0, .momentum = 0.25, .pcx = true, .name = "norm"}));
  const auto state = std::make_shared<State>(net.initialise(0));
  Executor executor(net, {x}, [&](Flow& flow) {
    flow.output("y", flow.seen(y.prediction()));
    flow.optimiser(sgd({.rate = 0.0}), net.parameters()).step(flow.gradient(sum(y.prediction()), net.parameters()));
  }, state, options());
  executor.run({{x, numbers({2, 1}, {1, 3})}});  // mean 2, variance 1
  EXPECT_TRUE(close(numbers_of(executor.output("y")), {-1, 1}, 1e-6));
  executor.run({{x, numbers({2, 1}, {4, 8})}});  // mean 6, variance 4: they become 5 and 3.25
  EXPECT_TRUE(close(numbers_of(executor.output("y")), {-1 / std::sqrt(3.25), 3 / std::sqrt(3.25)}, 1e-6));
  EXPECT_NEAR(numbers_of(state->at("norm.running_mean"))[0], 5, 1e-6);
  EXPECT_NEAR(numbers_of(state->at("norm.running_var"))[0], 3.25, 1e-6);
  EXPECT_EQ(net.layer_state().size(), 3U);
}

TEST_P(ModeLayers, RunningStatisticsMayNormaliseTraining) {
  Network net;
  const Node x = net.node("x", {3});
  const Node y = net.node("y", {3}, batch_norm(x, {.epsilon = 0, .affine = false, .training = Statistics::running}));
  const Array data = rows({4, 3}, 1);
  const Executor after = run_once(net, {{x, data}}, [&](Flow& flow) { flow.output("y", flow.seen(y.prediction())); }, nullptr, options());
  EXPECT_TRUE(close(numbers_of(after.output("y")), numbers_of(data), 1e-6));  // mean 0, variance 1
}

TEST_P(ModeLayers, AnEmbeddingLooksUpRows) {
  Network net;
  const Node words = net.node("words", {3}, DType::index);
  const Node vectors = net.node("vectors", {3, 2}, embedding(words, 4, 2));
  const auto state = std::make_shared<State>(net.initialise(0));
  state->at("vectors.weight") = numbers({4, 2}, {0, 1, 10, 11, 20, 21, 30, 31}).to(ElementType::f32);
  const Array index = numbers({1, 3}, {3, 0, 3});
  const Executor after = run_once(net, {{words, index}}, [&](Flow& flow) {
    flow.enter("start");
    flow.output("slope", flow.gradient(sum(vectors.prediction()), net.parameters())[0]);
  }, state, options());
  EXPECT_EQ(numbers_of(after.value(vectors)), (Numbers{30, 31, 0, 1, 30, 31}));
  EXPECT_EQ(numbers_of(after.output("slope")), (Numbers{1, 1, 0, 0, 0, 0, 2, 2}));
}

/// A mask of what causality allows says the same as the option.
TEST_P(ModeLayers, AttentionTakesAMask) {
  Network net;
  const Node x = net.node("x", {3, 4}), mask = net.node("mask", {3, 3});
  const auto parameter = [&](const std::string& name) { return net.parameter(name, {4, 4}, xavier_uniform()); };
  AttentionOptions shared = {.bias = false, .query = parameter("q"), .key = parameter("k"), .value = parameter("v"), .output = parameter("o")};
  AttentionOptions masked = shared, causal = shared;
  masked.mask = mask;
  causal.causal = true;
  const Tensor a = self_attention(x, 2, masked), b = self_attention(x, 2, causal);
  const Executor after = run_once(net, {{x, rows({2, 3, 4}, 1)}, {mask, numbers({2, 3, 3}, {1, 0, 0, 1, 1, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 1, 1, 1})}},
                                  [&](Flow& flow) {
    flow.output("a", flow.seen(a));
    flow.output("b", flow.seen(b));
  }, nullptr, options());
  EXPECT_TRUE(close(numbers_of(after.output("a")), numbers_of(after.output("b")), 1e-6));
}

/// Where a mask allows nothing the result is the mean over all keys, in f32 as well.
TEST_P(ModeLayers, AQueryThatMayLookNowhereLooksEverywhereAlike) {
  Network net;
  const Node x = net.node("x", {3, 1}), mask = net.node("mask", {3, 3});
  const auto one = [&](const std::string& name) { return net.parameter(name, {1, 1}, constant(1)); };
  AttentionOptions options_of = {.mask = mask, .causal = true, .bias = false, .query = one("q"), .key = one("k"), .value = one("v"), .output = one("o")};
  const Tensor y = self_attention(x, 1, options_of);
  const Executor after = run_once(net, {{x, numbers({1, 3, 1}, {1, 2, 6})}, {mask, numbers({1, 3, 3}, {0, 1, 1, 0, 1, 0, 0, 0, 0})}},
                                  [&](Flow& flow) { flow.output("y", flow.seen(y)); }, nullptr, options());
  EXPECT_TRUE(close(numbers_of(after.output("y")), {3, 2, 3}, 1e-6));  // the first may see later keys only, so none
}

INSTANTIATE_TEST_SUITE_P(Devices, ModeLayers, testing::ValuesIn(devices()), device_name);

TEST(Helpers, SequentialAndResidual) {
  Network net;
  const Node x = net.node("x", {2, 4, 4});
  const Tensor y = sequential(x, {[](const Tensor& each) { return conv2d(each, 3, 3, {.padding = 1}); }, gelu, flatten});
  EXPECT_EQ(y.shape(), (Shape{48}));
  const Layer widen = [](const Tensor& each) { return conv2d(each, 3, 1); };
  EXPECT_EQ(residual(x, widen, widen).shape(), (Shape{3, 4, 4}));
  EXPECT_EQ(message_of<ShapeError>([&] { residual(x, widen); }),
            "[residual] the layer makes (3, 4, 4) of (2, 4, 4) but the shortcut (2, 4, 4); expected the same: give a shortcut that projects");
}

/// A module used twice has one set of parameters, whose gradients add up.
TEST(Helpers, AModuleCanBeShared) {
  Network net;
  const Node x = net.node("x", {3});
  const Layer module = shared([](const Tensor& each) { return linear(gelu(linear(each, 4)), 3, {.bias = false}); });
  const Node y = net.node("y", {3}, module(x)), z = net.node("z", {3}, module(y));
  std::vector<std::string> names;
  for (const Parameter& each : net.parameters()) {
    names.push_back(each.name());
  }
  EXPECT_EQ(names, (Names{"y.linear1.weight", "y.linear1.bias", "y.linear2.weight"}));
  const Executor after = run_once(net, {{x, rows({2, 3}, 1)}}, [&](Flow& flow) {
    flow.enter("start");
    const Tensor first = sum(y.prediction()), second = sum(z.prediction());
    flow.output("both", flow.gradient(first + second, net.parameters())[0]);
    flow.output("sum", flow.gradient(first, net.parameters())[0] + flow.gradient(second, net.parameters())[0]);
  });
  EXPECT_TRUE(close(numbers_of(after.output("both")), numbers_of(after.output("sum")), 1e-12));
  const Node wide = net.node("wide", {5});
  EXPECT_EQ(message_of<ShapeError>([&] { module(wide); }), "[linear] the shared weight is (4, 3); expected (4, 5), one for all samples");
  const Layer normal = shared([](const Tensor& each) { return batch_norm(each); });
  EXPECT_EQ(message_of<ArgumentError>([&] { normal(x); }),
            "[batch_norm] keeps state, which uses of a shared layer would move apart; expected it outside of shared()");
}

TEST(ModeLayersMessages, SayWhatIsWrong) {
  Network net;
  const Node x = net.node("x", {4, 3}), index = net.node("index", {3}, DType::index);
  EXPECT_EQ(message_of<ShapeError>([&] { layer_norm(x, 3); }),
            "[layer_norm] over the last 3 axes of (4, 3); expected 1 to 2, or 0 for all, none of them empty");
  EXPECT_EQ(message_of<ArgumentError>([&] { layer_norm(x, 1, {.epsilon = -1}); }), "[layer_norm] epsilon -1; expected at least 0");
  EXPECT_EQ(message_of<ShapeError>([&] { group_norm(x, 3); }), "[group_norm] 3 groups of 4 channels; expected groups that divide them");
  EXPECT_EQ(message_of<ArgumentError>([&] { batch_norm(x, {.momentum = 2}); }), "[batch_norm] momentum 2; expected 0 to 1");
  EXPECT_EQ(message_of<ShapeError>([&] { embedding(x, 3, 2); }),
            "[embedding] the input is real; expected an index, e.g. a node of dtype index");
  EXPECT_EQ(message_of<ArgumentError>([&] { embedding(index, 0, 2); }),
            "[embedding] a table of 0 rows of width 2; expected at least 1 of each");
  EXPECT_EQ(message_of<ShapeError>([&] { self_attention(x, 2); }),
            "[multi_head_attention] 2 heads for a width of 3; expected heads that divide it");
  EXPECT_EQ(message_of<ShapeError>([&] { by_mode(x, sum(x)); }),
            "[by_mode] real (4, 3) when training but real () when evaluating; expected the same shape and dtype");
}

}  // namespace
}  // namespace pcxx::test

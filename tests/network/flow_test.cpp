/// Flows: statements, loops, branches, variables, gradients, optimisers, draws.
#include "pcxx/network/flow.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "pcxx/learn/optimisers.h"
#include "pcxx/tensor/operations.h"
#include "support/devices.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

double number(const Array& array) { return numbers_of(array).at(0); }

struct Pair : Network {
  Node x = node("x", {2});
  Node h = node("h", {2}, 2.0 * Tensor(x));
  Parameter w = parameter("w", {2}, constant(1));
};

class Flows : public testing::TestWithParam<std::string> {
 protected:
  Executor run(const std::function<void(Flow&)>& write, std::shared_ptr<State> state = nullptr) const {
    return run_once(net, {{net.x, data}}, write, std::move(state), {.device = GetParam()});
  }
  Pair net;
  const Array data = numbers({3, 2}, {1, 2, 3, 4, 5, 6});
};

TEST_P(Flows, AssignAllAtOnce) {
  const Executor after = run([&](Flow& flow) {
    const Tensor a = flow.variable("a", 1.0), b = flow.variable("b", 2.0);
    flow.assign({{a, b}, {b, a}});  // a swap
    flow.output("a", a);
    flow.output("b", b);
    flow.together([&] {
      flow.assign({{a, b + 10.0}});
      flow.assign({{b, a + 20.0}});
    });
    flow.output("then a", a);
    flow.output("then b", b);
  });
  EXPECT_EQ(number(after.output("a")), 2);
  EXPECT_EQ(number(after.output("b")), 1);
  EXPECT_EQ(number(after.output("then a")), 11);
  EXPECT_EQ(number(after.output("then b")), 22);
}

TEST_P(Flows, AssignNodesAndParameters) {
  const auto state = std::make_shared<State>(net.initialise(0));
  const Executor after = run([&](Flow& flow) {
    flow.enter("start");
    flow.assign(net.h, net.h.value() + net.w);
    flow.assign({{net.h, 10.0 * net.h.value()}});
    flow.assign(net.w, batch_mean(net.h.value()));
  }, state);
  EXPECT_EQ(numbers_of(after.value(net.h)), (Numbers{30, 50, 70, 90, 110, 130}));
  EXPECT_EQ(numbers_of(state->at("w")), (Numbers{70, 90}));
}

TEST_P(Flows, RepeatWithAnIndex) {
  const Executor after = run([&](Flow& flow) {
    const Tensor total = flow.variable("total", 0.0);
    flow.repeat(4, [&](const Tensor& outer) {
      flow.repeat(3, [&](const Tensor& inner) { flow.assign({{total, total + 10.0 * outer + inner}}); });
    });
    flow.repeat(0, [&](const Tensor&) { flow.assign({{total, 0.0}}); });
    flow.output("total", total);
  });
  EXPECT_EQ(number(after.output("total")), 3 * 60 + 4 * 3);
}

TEST_P(Flows, RepeatWhileAConditionHolds) {
  const Executor after = run([&](Flow& flow) {
    const Tensor a = flow.variable("a", 1.0), b = flow.variable("b", 1.0);
    flow.repeat_while([&] { return a < 100.0; }, [&] { flow.assign({{a, 2.0 * a}}); }, 50);
    flow.repeat_while([&] { return b < 100.0; }, [&] { flow.assign({{b, 2.0 * b}}); }, 3);
    flow.output("a", a);
    flow.output("b", b);
  });
  EXPECT_EQ(number(after.output("a")), 128);
  EXPECT_EQ(number(after.output("b")), 8);
}

TEST_P(Flows, Branch) {
  const Executor after = run([&](Flow& flow) {
    const Tensor a = flow.variable("a", 0.0);
    flow.repeat(5, [&](const Tensor& t) {
      flow.branch(t >= 3.0, [&] { flow.assign({{a, a + 100.0}}); }, [&] { flow.assign({{a, a + 1.0}}); });
      flow.branch(equal(t, 4.0), [&] { flow.assign({{a, a + 1000.0}}); });
    });
    flow.output("a", a);
  });
  EXPECT_EQ(number(after.output("a")), 1203);
}

/// d (sum h h w) / d h = 2 h w for each sample; / d w = mean(h h).
TEST_P(Flows, GradientsOfNodesArePerSampleAndOfParametersMeans) {
  const Executor after = run([&](Flow& flow) {
    flow.enter("start");
    const Tensor energy = sum(square(net.h.value()) * net.w);
    flow.output("h", flow.gradient(energy, {net.h})[0]);
    flow.output("w", flow.gradient(energy, {net.w})[0]);
    flow.output("x", flow.gradient(sum(square(Tensor(net.x))), {net.x})[0]);
  });
  EXPECT_EQ(numbers_of(after.output("h")), (Numbers{4, 8, 12, 16, 20, 24}));
  EXPECT_FLOAT_EQ(static_cast<float>(numbers_of(after.output("w"))[0]), 140.0F / 3);
  EXPECT_FLOAT_EQ(static_cast<float>(numbers_of(after.output("w"))[1]), 224.0F / 3);
  EXPECT_EQ(numbers_of(after.output("x")), (Numbers{2, 4, 6, 8, 10, 12}));
}

/// A shared energy counts once for each sample: its mean over the batch is itself.
TEST_P(Flows, SharedEnergiesCountForEachSample) {
  const Executor after = run([&](Flow& flow) {
    flow.enter("start");
    flow.output("shared", flow.gradient(sum(net.w * net.w), {net.w})[0]);
    flow.output("mixed", flow.gradient(sum(net.w * net.w) + sum(net.h.value()), {net.w})[0]);
    flow.output("node", flow.gradient(sum(batch_mean(net.h.value())), {net.h})[0]);
  });
  EXPECT_EQ(numbers_of(after.output("shared")), (Numbers{2, 2}));
  for (const char* name : {"mixed", "node"}) {
    for (const double each : numbers_of(after.output(name))) {
      EXPECT_FLOAT_EQ(static_cast<float>(each), name == std::string("mixed") ? 2 : 1) << name;
    }
  }
}

/// Node optimisers start afresh in every run; those of parameters go on, and a second program shares their states.
TEST_P(Flows, OptimisersKeepWhatTheyShould) {
  const Optimiser momentum = sgd({.rate = 1, .momentum = 0.5});
  const auto write = [&](Flow& flow) {
    flow.enter("start");
    const OptimiserSteps values = flow.optimiser(momentum, {net.h});
    const OptimiserSteps weights = flow.optimiser(momentum, {net.w});
    flow.repeat(2, [&](const Tensor&) { values.step({Tensor(net.h) * 0.0 + 1.0}); });
    weights.step({net.w * 0.0 + 1.0});
  };
  const auto state = std::make_shared<State>(net.initialise(0));
  const ExecutorOptions options{.device = GetParam()};
  Executor first(net, {net.x}, write, state, options), second(net, {net.x}, write, state, options);
  EXPECT_TRUE(state->arrays().contains("weights/w/trace"));
  EXPECT_TRUE(state->arrays().contains("weights/count"));
  EXPECT_EQ(state->arrays().size(), 3U);
  for (Executor* executor : {&first, &second, &first}) {
    executor->run({{net.x, data}});
    EXPECT_EQ(numbers_of(executor->value(net.h))[0], 2 - 1 - 1.5);
  }
  EXPECT_EQ(number(state->at("weights/count")), 3);
  EXPECT_EQ(number(state->at("weights/w/trace")), 1.75);  // 1, 1.5, 1.75
  EXPECT_EQ(number(state->at("w")), 1 - 1 - 1.5 - 1.75);
}

/// Several draws in all kinds of loops, as outputs.
void draw_everything(Flow& flow) {
  flow.output("normal", flow.random_normal({2}));
  flow.output("other", flow.random_normal({2}));
  flow.output("shared", flow.random_uniform({4}, Span::shared));
  flow.output("coin", flow.random_bernoulli(0.5, {2}));
  const Tensor turn = flow.variable("turn", 0.0);
  const Tensor drawn = flow.variable("drawn", 0.0 * flow.random_normal({2}));
  const Tensor looped = flow.variable("looped", drawn);
  const auto with_digit = [&](const Tensor& number) { return 1024.0 * number + floor(1024.0 * flow.random_uniform({2})); };
  flow.repeat_while([&] { return turn < 2.0; }, [&] {
    flow.assign({{drawn, with_digit(drawn)}, {turn, turn + 1.0}});
  }, 5);
  flow.repeat(2, [&](const Tensor&) { flow.assign({{looped, with_digit(looped)}}); });
  flow.output("while", drawn);
  flow.output("repeat", looped);
}

TEST_P(Flows, DrawsDifferInRunsStepsSamplesAndStreams) {
  const auto state = std::make_shared<State>(net.initialise(0));
  Executor executor(net, {net.x}, draw_everything, state, {.device = GetParam(), .seed = 5});
  std::map<std::string, Numbers> before;
  for (int run = 0; run < 2; ++run) {
    executor.run({{net.x, data}});
    for (const char* name : {"normal", "other", "shared", "while", "repeat"}) {
      const Numbers drawn = numbers_of(executor.output(name));
      EXPECT_NE(before[name], drawn) << name;
      before[name] = drawn;
    }
    EXPECT_NE(before["normal"], before["other"]);
    EXPECT_NE(before["normal"][0], before["normal"][2]);  // another sample
    for (const char* name : {"while", "repeat"}) {        // the digits of two turns
      const double number = before[name][0];
      EXPECT_NE(std::floor(number / 1024), number - 1024 * std::floor(number / 1024)) << name;
    }
    for (const double coin : numbers_of(executor.output("coin"))) {
      EXPECT_TRUE(coin == 0 || coin == 1);
    }
  }
  EXPECT_EQ(number(state->at("random/run")), 2);
}

/// From the same state and seed come the same draws, in another executor as well; another seed gives others.
TEST_P(Flows, DrawsDependOnSeedAndState) {
  const auto drawn = [&](std::uint64_t seed) {
    Executor executor(net, {net.x}, draw_everything, std::make_shared<State>(net.initialise(0)),
                      {.device = GetParam(), .seed = seed});
    executor.run({{net.x, data}});
    return numbers_of(executor.output("normal"));
  };
  EXPECT_EQ(drawn(5), drawn(5));
  EXPECT_NE(drawn(5), drawn(6));
}

/// f32 counts to 2^24; a second number goes on from there.
TEST_P(Flows, RunsAreCountedBeyondF32) {
  const auto state = std::make_shared<State>(net.initialise(0));
  Executor executor(net, {net.x}, draw_everything, state, {.device = GetParam()});
  state->at("random/run").as<float>()[0] = 16777215;
  executor.run({{net.x, data}});
  EXPECT_EQ(number(state->at("random/run")), 0);
  EXPECT_EQ(number(state->at("random/turn")), 1);
}

/// A running mean over batches, in two programs over one state.
TEST_P(Flows, LastingVariablesLiveAcrossRunsAndPrograms) {
  const auto state = std::make_shared<State>(net.initialise(0));
  const auto add = [&](Flow& flow) {
    const Tensor sum = flow.lasting_variable("sum", net.x.shape()), count = flow.lasting_variable("count");
    flow.assign({{sum, sum + batch_mean(Tensor(net.x))}, {count, count + 1.0}});
    flow.output("mean", sum / count);
  };
  const auto batch = [](double first) { return numbers({2, 2}, {first, 1, first + 2, 3}); };
  Executor one(net, {net.x}, add, state, {.device = GetParam()}), two(net, {net.x}, add, state, {.device = GetParam()});
  one.run({{net.x, batch(1)}});
  EXPECT_EQ(numbers_of(one.output("mean")), (Numbers{2, 2}));
  two.run({{net.x, batch(3)}});
  EXPECT_EQ(numbers_of(two.output("mean")), (Numbers{3, 2}));
  one.run({{net.x, batch(8)}});
  EXPECT_EQ(numbers_of(one.output("mean")), (Numbers{5, 2}));
  EXPECT_EQ(numbers_of(state->at("lasting/count")), Numbers{3});
}

INSTANTIATE_TEST_SUITE_P(Devices, Flows, testing::ValuesIn(devices()), device_name);

}  // namespace
}  // namespace pcxx::test

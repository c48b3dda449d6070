/// Nudged targets: towards what values relax, how strength and sign come about over batches, epochs and seeds.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "pcxx/core/errors.h"
#include "pcxx/learn/rules.h"
#include "pcxx/tensor/operations.h"
#include "support/close.h"
#include "support/devices.h"
#include "support/message.h"
#include "support/mlp.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

using Data = std::vector<std::pair<Node, Array>>;

class Nudging : public testing::TestWithParam<std::string> {
 protected:
  static PredictiveCoding pc(double rate) { return {.steps = 4, .values = sgd({.rate = 0.2}), .weights = sgd({.rate = rate})}; }
  static TargetNudging nudged(const Schedule& beta) { return {.beta = beta, .steps = 4, .values = sgd({.rate = 0.2}), .weights = sgd({.rate = 0.1})}; }
  std::shared_ptr<State> fresh() const { return std::make_shared<State>(net.initialise(1)); }
  std::shared_ptr<State> trained(const LearningRule& rule) const {
    const auto state = fresh();
    run_once(net, data, rule.write, state, {.device = GetParam()});
    return state;
  }
  /// Returns beta of each of so many batches.
  Numbers betas(const LearningRule& rule, Size batches, std::uint64_t seed, const std::shared_ptr<State>& state) const {
    Executor executor(net, {net.x, net.target()}, rule.write, state, {.device = GetParam(), .seed = seed});
    Numbers result;
    for (Size i = 0; i < batches; ++i) {
      executor.run(data);
      result.push_back(numbers_of(executor.output("beta"))[0]);
    }
    return result;
  }
  Numbers betas(const LearningRule& rule, Size batches, std::uint64_t seed = 0) const { return betas(rule, batches, seed, fresh()); }
  void expect_same(const std::shared_ptr<State>& a, const std::shared_ptr<State>& b) const {
    for (const Parameter& parameter : net.parameters()) {
      EXPECT_TRUE(close(numbers_of(a->at(parameter.name())), numbers_of(b->at(parameter.name())), 1e-6)) << parameter.name();
    }
  }
  Mlp net{{4, 6, 5, 3}, {.activation = "tanh"}};
  Data data = {{net.x, random_rows(5, 4, 1)}, {net.target(), random_rows(5, 3, 3)}};
};

/// beta = 1 clamps the target itself; another one is predictive coding towards (1 - beta) u + beta y.
TEST_P(Nudging, IsPredictiveCodingTowardsAFixedTarget) {
  expect_same(trained(nudged(1)), trained(pc(0.1)));
  for (const double beta : {0.5, -1.0, -0.25}) {
    const Executor forward = run_once(net, {data[0]}, prediction_of(net.target()), fresh(), {.device = GetParam()});
    Array target = forward.output("prediction");
    const Numbers y = numbers_of(data[1].second);
    for (std::size_t i = 0; i < y.size(); ++i) {
      float& u = target.as<float>()[i];
      u = static_cast<float>((1 - beta) * static_cast<double>(u) + beta * y[i]);
    }
    const auto expected = fresh();
    run_once(net, {data[0], {net.target(), target}}, LearningRule(pc(0.1 / beta)).write, expected, {.device = GetParam()});
    expect_same(trained(nudged(beta)), expected);
  }
}

/// beta_0 + beta_ir e by epochs e of three batches, clamped: each batch is one of that fixed strength.
TEST_P(Nudging, StrengthFollowsASchedule) {
  for (const double sign : {1.0, -1.0}) {
    const TargetNudging rule = nudged(by_epoch(Schedule([sign](const Tensor& epoch) { return sign * (0.25 + 0.5 * epoch); }), 3));
    EXPECT_EQ(betas(rule, 8), (Numbers{sign * 0.25, sign * 0.25, sign * 0.25, sign * 0.75, sign * 0.75, sign * 0.75, sign, sign}));
    const auto scheduled = fresh(), fixed = fresh();
    betas(rule, 8, 0, scheduled);
    for (const double beta : {0.25, 0.25, 0.25, 0.75, 0.75, 0.75, 1.0, 1.0}) {
      betas(nudged(sign * beta), 1, 0, fixed);
    }
    expect_same(scheduled, fixed);
  }
}

/// PCX's benchmark takes 1 for a beta of -1 and below (science: defects, NN): predictive coding.
TEST_P(Nudging, PcxFlipsNegativeNudgingAtItsEnd) {
  const Schedule falling([](const Tensor& count) { return -0.5 - 0.25 * count; });
  TargetNudging rule = nudged(falling);
  EXPECT_EQ(betas(rule, 4), (Numbers{-0.5, -0.75, -1, -1}));
  rule.pcx = true;
  EXPECT_EQ(betas(rule, 4), (Numbers{-0.5, -0.75, 1, 1}));
  rule.beta = Schedule([](const Tensor& count) { return -1.0 - count; });
  expect_same(trained(rule), trained(pc(0.1)));
}

/// Signs are drawn from the seed for each batch or for several in a row; there is no list that could be too short (science:
/// defects, CN).
TEST_P(Nudging, CentredDrawsSigns) {
  TargetNudging rule = nudged(0.25);
  rule.centred = true;
  constexpr Size kBatches = 400;
  const Numbers each = betas(rule, kBatches, 1);
  EXPECT_EQ(each, betas(rule, kBatches, 1));
  EXPECT_NE(each, betas(rule, kBatches, 2));
  const auto positive = std::count(each.begin(), each.end(), 0.25), negative = std::count(each.begin(), each.end(), -0.25);
  EXPECT_EQ(positive + negative, kBatches);
  EXPECT_NEAR(static_cast<double>(positive), 200, 50);  // five standard deviations
  std::array<int, 4> pairs{};  // neighbours owe nothing to each other
  for (std::size_t i = 1; i < each.size(); ++i) {
    ++pairs[(each[i - 1] > 0 ? 2U : 0U) + (each[i] > 0 ? 1U : 0U)];
  }
  EXPECT_GT(*std::min_element(pairs.begin(), pairs.end()), 50);
  rule.sign_batches = 4;
  const Numbers by_epoch = betas(rule, 80, 1);
  int changes = 0;
  for (std::size_t i = 1; i < by_epoch.size(); ++i) {
    const bool changed = by_epoch[i] != by_epoch[i - 1];
    EXPECT_TRUE(!changed || i % 4 == 0) << i;
    changes += changed ? 1 : 0;
  }
  EXPECT_GT(changes, 2);
  const auto centred = fresh(), fixed = fresh();
  for (const double beta : betas(rule, 8, 1, centred)) {
    betas(nudged(beta), 1, 1, fixed);
  }
  expect_same(centred, fixed);
}

/// Strength and sign go on from a checkpoint, in the middle of an epoch.
TEST_P(Nudging, GoesOnFromACheckpoint) {
  TargetNudging rule = nudged(by_epoch(Schedule([](const Tensor& epoch) { return 0.1 + 0.1 * epoch; }), 3));
  rule.centred = true;
  rule.sign_batches = 5;
  const auto whole = fresh(), part = fresh(), resumed = std::make_shared<State>(net.initialise(9));
  Numbers expected = betas(rule, 20, 3, whole), actual = betas(rule, 7, 3, part);
  betas(rule, 1, 3, resumed);  // has the states now, with other numbers
  resumed->load(part->arrays());
  const Numbers rest = betas(rule, 13, 3, resumed);
  actual.insert(actual.end(), rest.begin(), rest.end());
  EXPECT_EQ(actual, expected);
  for (const auto& [name, array] : whole->arrays()) {
    EXPECT_EQ(numbers_of(resumed->at(name)), numbers_of(array)) << name;
  }
}

/// A schedule may begin at zero: no nudge, no gradient, nothing moves, nothing is divided by it.
TEST_P(Nudging, ZeroTeachesNothing) {
  const auto state = fresh(), before = fresh();
  EXPECT_EQ(betas(nudged(linear_schedule(0, 1, 4)), 1, 0, state), Numbers{0});
  for (const Parameter& parameter : net.parameters()) {
    EXPECT_EQ(numbers_of(state->at(parameter.name())), numbers_of(before->at(parameter.name())));
  }
}

TEST_P(Nudging, SaysWhatIsWrong) {
  EXPECT_EQ(message_of<ArgumentError>([] { LearningRule(TargetNudging{.beta = -1.5}); }),
            "[target_nudging] beta is -1.5; expected -1 to 1, but not 0");
  EXPECT_EQ(message_of<ArgumentError>([] { LearningRule(TargetNudging{.beta = 0}); }),
            "[target_nudging] beta is 0; expected -1 to 1, but not 0");
  EXPECT_EQ(message_of<ArgumentError>([] { LearningRule(TargetNudging{.centred = true, .sign_batches = 0}); }),
            "[target_nudging] a sign for 0 batches; expected at least 1");
  EXPECT_EQ(message_of<ArgumentError>([] { by_epoch(0.1, 0); }), "[by_epoch] over 0 updates; expected at least 1");
  EXPECT_EQ(message_of<ArgumentError>([&] { run_once(net, {data[0]}, LearningRule(TargetNudging{}).write, fresh(), {.device = GetParam()}); }),
            "[target_nudging] no given node has an energy; expected a target that the network predicts");
}

INSTANTIATE_TEST_SUITE_P(Devices, Nudging, testing::ValuesIn(devices()), device_name);

}  // namespace
}  // namespace pcxx::test

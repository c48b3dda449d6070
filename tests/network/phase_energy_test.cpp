/// Phases in full: weights of energies per phase and step, other energies, noise, values that are never set.
#include <gtest/gtest.h>

#include <cmath>

#include "pcxx/core/errors.h"
#include "pcxx/learn/rules.h"
#include "pcxx/tensor/operations.h"
#include "support/devices.h"
#include "support/message.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

using Data = std::vector<std::pair<Node, Array>>;

double number(const Array& array) { return numbers_of(array).at(0); }

/// x -> a = 2 x -> y = 5 a, and a further term.
struct Chain : Network {
  Node x = node("x", {1});
  Node a = node("a", {1}, 2.0 * Tensor(x));
  Node y = node("y", {1}, 5.0 * Tensor(a));
  Chain() { energy_term(sum(Tensor(a)), "term"); }
};

class PhaseEnergies : public testing::TestWithParam<std::string> {
 protected:
  Executor run(const std::function<void(Flow&)>& write, std::uint64_t seed = 0) const {
    return run_once(net, data, write, nullptr, {.device = GetParam(), .seed = seed});
  }
  /// Energies where a = 3 is 1 above its prediction, and y = 7 is 8 below its own: 1/2, 32, 3.
  void at_three(Flow& flow, const std::string& phase, const std::string& name) const {
    flow.enter("start");
    flow.assign(net.a, 3.0);
    flow.enter(phase);
    flow.output(name, net.energy());
  }
  Chain net;
  Data data = {{net.x, numbers({1, 1}, {1})}, {net.y, numbers({1, 1}, {7})}};
};

TEST_P(PhaseEnergies, AreWeightedAndSwitchedOff) {
  net.phase("weighted").weight(named("a"), 10.0).weight(named("term"), 0.5);
  net.phase("without").weight(everything(), 0.0).weight(named("y"), 1.0);
  const Executor after = run([&](Flow& flow) {
    at_three(flow, "relax", "plain");
    at_three(flow, "weighted", "weighted");
    flow.output("part", net.a.energy());
    flow.output("gradient", flow.gradient(net.energy(), {net.a})[0]);
    at_three(flow, "without", "without");
  });
  EXPECT_EQ(number(after.output("plain")), 35.5);
  EXPECT_EQ(number(after.output("weighted")), 38.5);
  EXPECT_EQ(number(after.output("part")), 5);
  EXPECT_EQ(number(after.output("gradient")), 10 + 40 + 0.5);  // 10 (3 - 2) - 5 (7 - 15) + 1/2
  EXPECT_EQ(number(after.output("without")), 32);
}

TEST_P(PhaseEnergies, AnEnergyThatIsOffHasNoMinimumToLack) {
  Network surprised;
  const Node x = surprised.node("x", {2}), y = surprised.node("y", {2}, 2.0 * Tensor(x), categorical());
  surprised.phase("off").weight(named("y"), 0.0);
  surprised.phase("other").energy(named("y"), squared_error());
  const auto slope = [&](const char* phase) {
    const Executor after = run_once(surprised, {{x, numbers({1, 2}, {1, 2})}}, [&](Flow& flow) {
      flow.enter("start");
      flow.assign(y, 1.0);
      flow.enter(phase);
      flow.output("slope", flow.gradient(surprised.energy(), {y})[0]);
    }, nullptr, {.device = GetParam()});
    return numbers_of(after.output("slope"));
  };
  EXPECT_EQ(slope("off"), (Numbers{0, 0}));
  EXPECT_EQ(slope("other"), (Numbers{-1, -3}));
  EXPECT_EQ(message_of<ArgumentError>([&] { slope("relax"); }),
            "[gradient] node 'y' is free but its energy 'categorical' has no minimum in it; expected it to be given as data or "
            "clamped");
}

/// A schedule of precision: 0.1 at step 0, 1.1 at step 1, ...; behind the loop the number of its turns.
TEST_P(PhaseEnergies, WeightsMayFollowTheStep) {
  net.phase("scheduled").weight(named("a"), [](const Tensor& step) { return step + 0.1; }).weight(named("term") || named("y"), 0.0);
  const Executor after = run([&](Flow& flow) {
    at_three(flow, "scheduled", "before");
    const Tensor seen = flow.variable("seen", 0.0), count = flow.variable("count", 0.0);
    flow.repeat(3, [&](const Tensor& step) {
      flow.assign({{seen, seen + power(10.0, step) * batch_sum(flow.seen(2.0 * net.a.energy()))}});
      flow.repeat(2, [&](const Tensor&) { flow.assign({{count, count + batch_sum(flow.seen(2.0 * net.a.energy()))}}); });
    });
    flow.output("seen", seen);
    flow.output("count", count);
    flow.output("behind", net.energy());
    flow.repeat_while([&] { return count < 9.0; }, [&] { flow.assign({{count, count + batch_sum(flow.seen(2.0 * net.a.energy()))}}); }, 50);
    flow.output("searched", count);
    flow.output("behind the search", net.energy());
    flow.enter("scheduled");
    flow.output("anew", net.energy());
  });
  EXPECT_NEAR(number(after.output("before")), 0.05, 1e-6);
  EXPECT_NEAR(number(after.output("seen")), 0.1 + 11 + 210, 1e-4);
  EXPECT_NEAR(number(after.output("count")), 3 * (0.1 + 1.1), 1e-5);
  EXPECT_NEAR(number(after.output("behind")), 1.55, 1e-6);
  EXPECT_NEAR(number(after.output("searched")), 3.6 + 0.1 + 1.1 + 2.1 + 3.1, 1e-4);
  EXPECT_NEAR(number(after.output("behind the search")), 0.5 * 4.1, 1e-5);
  EXPECT_NEAR(number(after.output("anew")), 0.05, 1e-6);
}

/// The schedule that DeepPCNs call spiking, in a library rule: a relax phase of its own is all that it needs.
TEST_P(PhaseEnergies, RulesFollowSchedules) {
  net.phase("start").weight(named("y"), [](const Tensor& step) { return select(equal(step, 0.0), 1.0, 0.25); }).weight(named("term"), 0.0);
  const LearningRule rule = PredictiveCoding{.steps = 2, .values = sgd({.rate = 0.1}), .weights = sgd({})};
  const Executor after = run(rule.write);
  const double a1 = 2 - 0.1 * -5 * (7 - 10.0), a2 = a1 - 0.1 * ((a1 - 2) - 0.25 * 5 * (7 - 5 * a1));
  EXPECT_NEAR(number(after.value(net.a)), a2, 1e-5);
  EXPECT_NEAR(number(after.output("energy/y")), 0.25 * 0.5 * (7 - 5 * a2) * (7 - 5 * a2), 1e-5);
}

TEST_P(PhaseEnergies, WeightsMayBeLearned) {
  Network learned;
  const Parameter precision = learned.parameter("precision", {}, constant(3));
  const Node x = learned.node("x", {1}), a = learned.node("a", {1}, Tensor(x));
  learned.phase("relax").weight(named("a"), [precision](const Tensor&) { return Tensor(precision); });
  const Executor after = run_once(learned, {{x, numbers({2, 1}, {1, 2})}, {a, numbers({2, 1}, {3, 6})}}, [&](Flow& flow) {
    flow.output("slope", flow.gradient(learned.energy(), {precision})[0]);
  }, nullptr, {.device = GetParam()});
  EXPECT_EQ(number(after.output("slope")), (2 + 8) / 2.0);
}

// --- noise

TEST_P(PhaseEnergies, NoiseIsDrawnOnceForEachEntering) {
  const Size samples = 500;
  std::vector<double> ones(static_cast<std::size_t>(samples), 1);
  data = {{net.x, numbers({samples, 1}, ones)}};
  net.phase("noisy").follow(named("a"), add_noise(0.5));
  net.phase("shaken").show_value(named("a"), add_noise(2));
  net.phase("random").follow(named("a"), to_noise(3, 10));
  const auto write = [&](Flow& flow) {
    flow.enter("noisy");
    flow.output("first", net.a.value());
    flow.enter("noisy");
    flow.output("second", net.a.value());
    flow.enter("shaken");
    flow.output("one look", Tensor(net.a));
    const Tensor again = flow.variable("again", 0.0 * net.a.value());
    flow.repeat(3, [&](const Tensor&) { flow.assign({{again, Tensor(net.a)}}); });
    flow.output("another look", again);
    flow.enter("random");
    flow.output("random", net.a.value());
    flow.repeat(2, [&](const Tensor&) { flow.enter("random"); });
    flow.output("last", net.a.value());
  };
  const Executor after = run(write), same = run(write), other = run(write, 1);
  const auto moments = [&](const Numbers& draws) {
    double mean = 0, square = 0;
    for (const double each : draws) {
      mean += each / static_cast<double>(draws.size());
      square += each * each / static_cast<double>(draws.size());
    }
    return std::pair{mean, std::sqrt(square - mean * mean)};
  };
  EXPECT_NEAR(moments(numbers_of(after.output("first"))).first, 2, 0.1);
  EXPECT_NEAR(moments(numbers_of(after.output("first"))).second, 0.5, 0.06);
  EXPECT_NEAR(moments(numbers_of(after.output("random"))).first, 10, 0.5);
  EXPECT_NEAR(moments(numbers_of(after.output("random"))).second, 3, 0.4);
  EXPECT_NE(numbers_of(after.output("first")), numbers_of(after.output("second")));
  EXPECT_EQ(numbers_of(after.output("one look")), numbers_of(after.output("another look")));
  EXPECT_NE(numbers_of(after.output("random")), numbers_of(after.output("last")));
  for (const std::string& name : after.outputs()) {
    EXPECT_EQ(numbers_of(after.output(name)), numbers_of(same.output(name)));
    EXPECT_NE(numbers_of(after.output(name)), numbers_of(other.output(name)));
  }
}

TEST_P(PhaseEnergies, AFollowerMayReadItsOwnValueAndItsData) {
  net.phase("half").follow(named("a"), [a = net.a](const Tensor& u) { return 0.5 * (u + a.value()); });
  net.phase("nudge").release(named("y")).follow(named("y"), [y = net.y](const Tensor& u) { return 0.9 * u + 0.1 * y.value(); });
  const Executor after = run([&](Flow& flow) {
    flow.enter("start");
    flow.assign(net.a, 8.0);
    flow.enter("half");
    flow.enter("nudge");
  });
  EXPECT_EQ(number(after.value(net.a)), 5);
  EXPECT_NEAR(number(after.value(net.y)), 0.9 * 25 + 0.7, 1e-5);
}

TEST_P(PhaseEnergies, PhasesOfARulesOwn) {
  const Executor after = run([&](Flow& flow) {
    flow.enter(Phase("mine", Role::following).follow(named("a"), to_constant(4)));
    flow.output("a", net.a);
  });
  EXPECT_EQ(number(after.output("a")), 4);
}

INSTANTIATE_TEST_SUITE_P(Devices, PhaseEnergies, testing::ValuesIn(devices()), device_name);

// --- errors

TEST(PhaseEnergyErrors, NameTheNode) {
  Chain net;
  net.phase("wide").weight(named("a"), [x = net.x](const Tensor&) { return Tensor(x); });
  net.phase("replaced").energy(named("x"), squared_error());
  net.phase("vector").energy(named("a"), {"vector", [](const Tensor& h, const Tensor& u) { return square(h - u); }});
  const auto refusal = [&](const char* phase, auto error) {
    return message_of<decltype(error)>([&] { run_once(net, {}, [&](Flow& flow) { flow.enter(phase); }); });
  };
  EXPECT_EQ(refusal("wide", ShapeError("")), "[enter] phase 'wide': the weight of 'a' is (1); expected a scalar");
  EXPECT_EQ(refusal("replaced", ArgumentError("")),
            "[enter] phase 'replaced' gives node 'x' the energy 'squared_error', but it has none to replace; expected a node with an "
            "energy, whose weight is 0 elsewhere");
  EXPECT_EQ(refusal("vector", ShapeError("")),
            "[enter] phase 'vector': energy 'vector' of node 'a' is (1); expected a scalar for each sample: sum it");
}

/// A phase, a loop or a branch that leaves a node without a value is found when the program is written.
TEST(PhaseEnergyErrors, ValuesThatAreNeverSet) {
  const Chain net;
  const Data data = {{net.x, numbers({1, 1}, {1})}, {net.y, numbers({1, 1}, {7})}};
  const auto refusal = [&](const std::function<void(Flow&)>& write) {
    return message_of<ArgumentError>([&] { run_once(net, data, write); });
  };
  const std::string expected = "[flow] node 'a' is read before it has a value; expected it to be given as data, to follow in a phase "
                               "that is entered before, e.g. \"start\", or to be assigned";
  const auto set = [&](Flow& flow) { flow.assign(net.a, 1.0); };
  EXPECT_EQ(refusal([&](Flow& flow) { flow.output("energy", net.energy()); }), expected);
  EXPECT_EQ(refusal([&](Flow& flow) {
              flow.branch(batch_size(net.x.value()) > 1.0, [&] { set(flow); });
              flow.output("a", net.a);
            }), expected);
  EXPECT_EQ(refusal([&](Flow& flow) {
              flow.repeat_while([&] { return batch_size(net.x.value()) > 1.0; }, [&] { set(flow); }, 3);
              flow.output("a", net.a);
            }), expected);
  run_once(net, data, [&](Flow& flow) {
    flow.branch(batch_size(net.x.value()) > 1.0, [&] { set(flow); }, [&] { set(flow); });
    flow.output("a", net.a);
  });
  run_once(net, data, [&](Flow& flow) {
    flow.repeat(1, [&](const Tensor&) { set(flow); });
    flow.output("a", net.a);
  });
}

}  // namespace
}  // namespace pcxx::test

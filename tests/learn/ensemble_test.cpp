/// Ensembles: every copy becomes to the bit what it would have become alone.
#include "pcxx/network/ensemble.h"

#include <gtest/gtest.h>

#include "pcxx/core/errors.h"
#include "pcxx/learn/rules.h"
#include "support/devices.h"
#include "support/message.h"
#include "support/mlp.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

using Data = std::vector<std::pair<Node, Array>>;

class Ensembles : public testing::TestWithParam<std::string> {
 protected:
  static Array rows(Size samples, Size width, std::uint64_t seed) {
    RandomStream random(seed);
    Array array({samples, width}, ElementType::f32);
    for (float& element : array.as<float>()) {
      element = static_cast<float>(random.normal());
    }
    return array;
  }
  Data batch(std::uint64_t seed) const { return {{net.x, rows(70, 4, seed)}, {net.target(), rows(70, 3, seed + 100)}}; }
  ExecutorOptions options(std::uint64_t seed = 0) const { return {.device = GetParam(), .seed = seed}; }

  void expect_separate_runs(const std::vector<EnsembleMember>& members, int batches = 3) const {
    Ensemble all(net, {net.x, net.target()}, members, options());
    ASSERT_EQ(all.size(), static_cast<Size>(members.size()));
    for (int i = 0; i < batches; ++i) {
      all.run(batch(static_cast<std::uint64_t>(i)));
    }
    for (std::size_t m = 0; m < members.size(); ++m) {
      const auto state = std::make_shared<State>(net.initialise(members[m].seed));
      Executor alone(net, {net.x, net.target()}, members[m].write, state, options(members[m].seed));
      for (int i = 0; i < batches; ++i) {
        alone.run(batch(static_cast<std::uint64_t>(i)));
      }
      const auto member = static_cast<Size>(m);
      const NamedArrays actual = all.state(member).arrays(), expected = state->arrays();
      ASSERT_EQ(actual.size(), expected.size()) << m;
      for (const auto& [name, array] : expected) {
        EXPECT_EQ(numbers_of(actual.at(name)), numbers_of(array)) << name << " of member " << m;
      }
      for (const std::string& output : alone.outputs()) {
        EXPECT_EQ(numbers_of(all.output(member, output)), numbers_of(alone.output(output))) << output << " of member " << m;
      }
      EXPECT_EQ(numbers_of(all.value(member, net.layers[0])), numbers_of(alone.value(net.layers[0]))) << m;
    }
  }
  static EnsembleMember member(const LearningRule& rule, std::uint64_t seed) { return {rule.write, seed}; }
  static LearningRule rule(Size steps, double rate) {
    return PredictiveCoding{.steps = steps, .values = sgd({.rate = 0.1, .momentum = 0.5}), .weights = adamw({.rate = rate})};
  }

  Mlp net{{4, 6, 5, 3}, {.activation = "tanh"}};
};

TEST_P(Ensembles, OfSeeds) { expect_separate_runs({member(rule(5, 1e-2), 1), member(rule(5, 1e-2), 2), member(rule(5, 1e-2), 7)}); }

TEST_P(Ensembles, OfDifferentConfigurations) {
  expect_separate_runs({member(rule(5, 1e-2), 1), member(rule(5, 1e-3), 1), member(rule(3, 1e-2), 1),
                        member(IncrementalPredictiveCoding{.steps = 3}, 2), member(ZeroDivergence{}, 3)});
}

/// Draws are a member's own: those that its seed would give it alone.
TEST_P(Ensembles, DrawAsAlone) {
  net.phase("start").follow(named("node0"), add_noise(0.3));
  expect_separate_runs({member(rule(4, 1e-2), 5), member(rule(4, 1e-2), 6), member(rule(4, 1e-2), 1ULL << 63U)});
}

/// Loops and branches that depend on a member's own values.
TEST_P(Ensembles, MayTakeTheirOwnTime) {
  const auto write = [this](Flow& flow) {
    flow.enter("start");
    const Tensor turns = flow.variable("turns", 0.0);
    const Tensor energy = flow.variable("energy", batch_mean(flow.seen(net.energy())));
    flow.repeat_while([&] { return energy > 0.5 * batch_mean(sum(square(net.target().value()))); }, [&] {
      const auto slopes = flow.gradient(net.energy(), {net.layers[0], net.layers[1]});
      flow.assign({{net.layers[0], net.layers[0].value() - 0.1 * slopes[0]}, {net.layers[1], net.layers[1].value() - 0.1 * slopes[1]}});
      flow.assign({{energy, batch_mean(flow.seen(net.energy()))}, {turns, turns + 1.0}});
    }, 20);
    flow.repeat(3, [&](const Tensor& step) {
      flow.branch(step > 1.0, [&] { flow.assign({{turns, 2.0 * turns}}); });
      flow.branch(turns > 5.0, [&] { flow.assign({{energy, 3.0 * energy}}); }, [&] { flow.assign({{energy, -energy}}); });
    });
    flow.output("turns", turns);
    flow.output("energy", energy);
  };
  expect_separate_runs({{write, 1}, {write, 2}, {write, 3}});
}

TEST_P(Ensembles, SaveAndLoadEachCopy) {
  const std::vector<EnsembleMember> members = {member(rule(5, 1e-2), 1), member(rule(5, 1e-2), 2)};
  Ensemble first(net, {net.x, net.target()}, members, options()), second(net, {net.x, net.target()}, members, options());
  first.run(batch(0));
  for (const Size m : {0, 1}) {
    second.load(m, first.state(m).arrays());
  }
  first.run(batch(1));
  second.run(batch(1));
  for (const Size m : {0, 1}) {
    for (const auto& [name, array] : first.state(m).arrays()) {
      EXPECT_EQ(numbers_of(second.state(m).arrays().at(name)), numbers_of(array)) << name;
    }
  }
  EXPECT_NE(numbers_of(first.state(0).at("layer0.weight")), numbers_of(first.state(1).at("layer0.weight")));
}

TEST_P(Ensembles, NameWhatIsWrong) {
  EXPECT_EQ(message_of<ArgumentError>([&] { Ensemble(net, {net.x}, {}, options()); }),
            "[ensemble] no members; expected at least one");
  Ensemble all(net, {net.x, net.target()}, {member(rule(1, 1e-2), 1)}, options());
  EXPECT_EQ(message_of<ArgumentError>([&] { all.state(1); }), "[ensemble] member 1 of 1; expected 0 to 0");
  EXPECT_THROW(all.load(0, {}), NameError);
  EXPECT_THROW(all.value(0, net.x), ArgumentError);
}

INSTANTIATE_TEST_SUITE_P(Devices, Ensembles, testing::ValuesIn(devices()), device_name);

}  // namespace
}  // namespace pcxx::test

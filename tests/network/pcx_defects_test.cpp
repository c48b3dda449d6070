/// What PCX gets wrong and what happens here instead, for phases, flow, parameters, energies and gradients.
#include <gtest/gtest.h>

#include <stdexcept>

#include "pcxx/core/errors.h"
#include "pcxx/learn/rules.h"
#include "pcxx/network/layers.h"
#include "pcxx/tensor/operations.h"
#include "support/devices.h"
#include "support/message.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

using Data = std::vector<std::pair<Node, Array>>;

struct Chain : Network {
  Node x = node("x", {2});
  Node a = node("a", {3}, linear(x, 3));
  Node y = node("y", {2}, linear(a, 2));
};

class Defects : public testing::TestWithParam<std::string> {
 protected:
  ExecutorOptions options() const { return {.device = GetParam()}; }
  Chain net;
  Data data = {{net.x, numbers({3, 2}, {1, 2, 3, 4, 5, 6})}, {net.y, numbers({3, 2}, {1, 0, 0, 1, 1, 0})}};
};

/// PCX: the shape of energy() is guessed from how u was set; a zero energy has shape (1).
TEST_P(Defects, EnergiesArePerSampleAndTotalsScalars) {
  Network none;
  const Node x = none.node("x", {1}), free = none.node("free", {1}, Tensor(x), no_energy());
  EXPECT_EQ(net.energy().shape(), Shape());
  EXPECT_EQ(net.a.energy().shape(), Shape());
  EXPECT_EQ(free.energy().shape(), Shape());
  for (const Size samples : {1, 3}) {
    const Executor after = run_once(net, {{net.x, numbers({samples, 2}, Numbers(static_cast<std::size_t>(2 * samples), 1.0))}}, [&](Flow& flow) {
      flow.enter("start");
      flow.output("each", flow.seen(net.energy()));
      flow.output("total", batch_sum(flow.seen(net.energy())));
    }, nullptr, options());
    EXPECT_EQ(after.output("each").shape(), Shape({samples}));
    EXPECT_EQ(after.output("total").shape(), Shape());
  }
}

/// PCX: a cleared cache raises on reading; so does energy() of a fresh node.
TEST_P(Defects, AFreshNodeHasATypedErrorThatNamesIt) {
  EXPECT_EQ(message_of<ArgumentError>([&] {
              run_once(net, data, [&](Flow& flow) { flow.output("energy", net.a.energy()); }, nullptr, options());
            }).substr(0, 48),
            "[flow] node 'a' is read before it has a value; e");
}

/// PCX: step() leaves status and caches dirty after an exception, and does not nest.
TEST_P(Defects, PhasesEndWithTheirRegionEvenByAnException) {
  net.phase("shaken").show_value(named("a"), [](const Tensor& a) { return a + 100.0; });
  const auto in_vain = [&](Flow& flow, const auto& region) {
    EXPECT_THROW(region([&] {
      flow.enter("shaken");
      flow.assign(net.a, 1e6);
      throw std::runtime_error("in the middle");
    }), std::runtime_error);
  };
  const auto expected = [&](Flow& flow) {
    flow.enter("start");
    flow.output("y", net.y.prediction());
  };
  const Executor plain = run_once(net, data, expected, nullptr, options());
  const Executor after = run_once(net, data, [&](Flow& flow) {
    flow.enter("start");
    in_vain(flow, [&](const auto& body) { flow.repeat(3, [&](const Tensor&) { body(); }); });
    in_vain(flow, [&](const auto& body) { flow.repeat_while([&] { return batch_size(net.x.value()) > 0.0; }, body, 3); });
    in_vain(flow, [&](const auto& body) { flow.branch(batch_size(net.x.value()) > 0.0, body); });
    in_vain(flow, [&](const auto& body) { flow.branch(batch_size(net.x.value()) > 0.0, [] {}, body); });
    in_vain(flow, [&](const auto& body) { flow.repeat(2, [&](const Tensor&) { flow.repeat(2, [&](const Tensor&) { body(); }); }); });
    flow.output("y", net.y.prediction());
    flow.output("draw", flow.random_normal({1}));  // mixes in the loops around it: none
  }, nullptr, options());
  EXPECT_EQ(numbers_of(after.output("y")), numbers_of(plain.output("y")));
}

/// PCX: a shared parameter is saved as None, shapes are not checked, extra keys are ignored.
TEST_P(Defects, SharedParametersAreSavedOnceAndLoadingIsStrict) {
  Network shared;
  const Parameter weight = shared.parameter("weight", {2, 2}, fan_in_uniform());
  const Node x = shared.node("x", {2}), a = shared.node("a", {2}, matmul(weight, x));
  shared.node("b", {2}, matmul(weight, a));
  State state = shared.initialise(1);
  const NamedArrays saved = state.arrays();
  ASSERT_EQ(saved.size(), 1U);
  EXPECT_EQ(saved.at("weight").shape(), Shape({2, 2}));
  NamedArrays more = saved, wrong;
  more.emplace("other", saved.at("weight"));
  wrong.emplace("weight", numbers({4}, {1, 2, 3, 4}));
  EXPECT_THROW(state.load(more), NameError);
  EXPECT_THROW(state.load({}), NameError);
  EXPECT_THROW(state.load(wrong), ShapeError);
  EXPECT_EQ(numbers_of(state.at("weight")), numbers_of(saved.at("weight")));
}

/// PCX: the negation of a mask selects placeholders of duplicates; keys of rules are raw regular expressions; of several
/// output rules the first counts, with a print-out.
TEST_P(Defects, SelectionsAreExactAndLaterRulesOverride) {
  Network shared;
  const Parameter weight = shared.parameter("weight", {2, 2}, fan_in_uniform()), bias = shared.parameter("bias", {2}, zeros());
  const Node x = shared.node("x", {2}), a = shared.node("a", {2}, matmul(weight, x) + bias);
  shared.node("b", {2}, matmul(weight, a));
  EXPECT_EQ(shared.parameters(!named("bias")), (std::vector<Parameter>{weight}));
  EXPECT_EQ(shared.parameters(!named("weight")), (std::vector<Parameter>{bias}));
  Network dotted;
  const Node first = dotted.node("a.b", {1}), second = dotted.node("axb", {1});
  EXPECT_EQ(dotted.nodes(named("a.b")), (std::vector<Node>{first}));
  EXPECT_EQ(dotted.nodes(named("a?b")), (std::vector<Node>{first, second}));
  net.phase("two").show_prediction(named("a")).show_value(named("a"), to_zero());
  const Executor after = run_once(net, data, [&](Flow& flow) {
    flow.enter("start");
    flow.enter("two");
    flow.output("a", Tensor(net.a));
  }, nullptr, options());
  EXPECT_EQ(numbers_of(after.output("a")), Numbers(3, 0.0));  // the same for every sample: shared
}

/// PCX: a user's "init" rule drops storing u; a module reached twice counts its energy twice.
TEST_P(Defects, PredictionsStayAndEnergiesCountOnce) {
  net.phase("start").follow(named("a"), to_zero());
  const Executor after = run_once(net, data, [&](Flow& flow) {
    flow.enter("start");
    flow.output("u", net.a.prediction());
    flow.output("energy", flow.seen(net.a.energy()));
  }, nullptr, options());
  const Numbers u = numbers_of(after.output("u")), energy = numbers_of(after.output("energy"));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(energy[i], 0.5 * (u[3 * i] * u[3 * i] + u[3 * i + 1] * u[3 * i + 1] + u[3 * i + 2] * u[3 * i + 2]), 1e-4);
  }
  EXPECT_THROW(net.predict(net.a, Tensor(net.a)), ArgumentError);
  EXPECT_THROW(net.node("a", {3}), NameError);
  EXPECT_EQ(net.energies().size(), 2U);
}

/// PCX: gradients may be written back into positional arguments; the state's gradient forgets the batch in some scripts.
TEST_P(Defects, GradientsLeaveInputsAloneAndDoNotDependOnTheBatch) {
  const auto state = std::make_shared<State>(net.initialise(1));
  const auto slope = [&](const Data& given) {
    const Executor after = run_once(net, given, [&](Flow& flow) {
      flow.enter("start");
      const auto slopes = flow.gradients(net.energy(), {net.x, net.a});
      flow.output("x", slopes[0]);
      flow.output("a", slopes[1]);
    }, state, options());
    return std::pair{numbers_of(after.output("x")), numbers_of(after.output("a"))};
  };
  const Numbers x = numbers_of(data[0].second);
  const auto [all_x, all_a] = slope(data);
  EXPECT_EQ(numbers_of(data[0].second), x);
  const auto [one_x, one_a] = slope({{net.x, numbers({1, 2}, {1, 2})}, {net.y, numbers({1, 2}, {1, 0})}});
  for (std::size_t i = 0; i < one_x.size(); ++i) {
    EXPECT_NEAR(one_x[i], all_x[i], 1e-6);
  }
  for (std::size_t i = 0; i < one_a.size(); ++i) {
    EXPECT_NEAR(one_a[i], all_a[i], 1e-6);
  }
  EXPECT_THROW(run_once(net, data, [&](Flow& flow) { flow.gradients(Tensor(net.a), {net.x}); }, state, options()), ShapeError);
}

INSTANTIATE_TEST_SUITE_P(Devices, Defects, testing::ValuesIn(devices()), device_name);

}  // namespace
}  // namespace pcxx::test

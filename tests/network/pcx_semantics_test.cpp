/// PCX's concepts in pcxx's spelling, against what tools/freeze_pcx_semantics.py froze: docs/porting_from_pcx.md, row by row.
#include <gtest/gtest.h>

#include "pcxx/network/layers.h"
#include "pcxx/learn/optimisers.h"
#include "pcxx/tensor/operations.h"
#include "support/devices.h"
#include "support/pcx_chain.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

class PcxSemantics : public testing::TestWithParam<std::string> {
 protected:
  ExecutorOptions options() const { return {.device = GetParam()}; }

  /// The script's phases(): after the start, then with a's value moved, in a second phase.
  void expect_phases(const std::string& name, const Chain& net, const std::string& second, bool relaxes = true) const {
    const Json& expected = frozen()[name];
    Data data = net.data();
    data.emplace_back(net.moved, array_in(frozen()["network"]["moved"]));
    const Executor after = run_once(net, data, [&](Flow& flow) {
      flow.enter("start");
      flow.output("start/a", net.a.value());
      flow.output("start/b prediction", net.b.prediction());
      flow.assign(net.a, net.moved.value());
      flow.enter(second);
      if (relaxes) {
        flow.output("then/gradient a", flow.gradient(net.energy(), {net.a})[0]);
        flow.output("then/gradient W1", flow.gradients(net.energy(), {net.parameters(named("a.weight"))[0]})[0]);
      }
      flow.output("then/energy", batch_sum(flow.seen(net.energy())));
      flow.output("then/energy a", net.a.energy());
      flow.output("then/energy b", net.b.energy());
      flow.output("then/b prediction", net.b.prediction());
      flow.output("then/a", net.a.value());
    }, net.state(), options());
    for (const std::string& output : after.outputs()) {
      const Size batch = output == "then/gradient W1" ? 3 : 1;  // PCX sums over the batch
      expect_frozen(after.output(output), expected.at(output), name + ": " + output, static_cast<double>(batch));
    }
  }
};

const Selection kA = named("a");
const Transform kDouble = [](const Tensor& u) { return 2.0 * u; }, kPlusOne = [](const Tensor& u) { return u + 1.0; };

TEST_P(PcxSemantics, DefaultRuleset) { expect_phases("default", Chain(), "relax"); }

TEST_P(PcxSemantics, ZeroStartOfValueAndPrediction) {
  Chain net;
  net.phase("start").follow(kA, to_zero()).transform_prediction(kA, to_zero());
  expect_phases("zero_start", net, "relax");
}

TEST_P(PcxSemantics, StartOfTheValueAlone) {
  Chain zero, constant, chained;
  zero.phase("start").follow(kA, to_zero());
  expect_phases("value_only", zero, "relax");
  constant.phase("start").follow(kA, to_constant(0.5));
  expect_phases("constant_start", constant, "relax");
  chained.phase("start").follow(kA, kDouble.then(kPlusOne));
  expect_phases("chained_start", chained, "relax");
}

/// Cache entries: whatever else is to be kept is a variable, or a node of its own.
TEST_P(PcxSemantics, SeveralTargets) {
  Chain net;
  net.phase("start").follow(kA, kDouble);
  expect_phases("several_targets", net, "relax");
  const Executor after = run_once(net, net.data(), [&](Flow& flow) {
    flow.enter("start");
    const Tensor first = flow.variable("first", net.a.prediction() + 1.0);
    flow.assign(net.a, 0.0);
    flow.output("first", first);
  }, net.state(), options());
  expect_frozen(after.output("first"), frozen()["several_targets"]["start/first"], "first");
}

TEST_P(PcxSemantics, ForwardStatus) {
  Chain net;
  net.phase("forward").show_prediction(kA).weight(kA, 0.0);  // PCX's energy sees the prediction as well: u - u
  expect_phases("forward", net, "forward");
}

TEST_P(PcxSemantics, SeenThroughATransform) {
  Chain net;
  const Transform squash = [](const Tensor& h) { return tanh(h); };
  net.phase("start").show_value(kA, squash);
  net.phase("relax").show_value(kA, squash);
  expect_phases("seen_transform", net, "relax");
}

TEST_P(PcxSemantics, SeenThroughAChain) {
  Chain net;
  const Energy seen = {"seen", [](const Tensor&, const Tensor& u) { return 0.5 * sum(square((2.0 * u + 1.0) - u)); }};
  net.phase("forward").show_prediction(kA, kDouble.then(kPlusOne)).energy(kA, seen);  // PCX's energy sees what readers see
  expect_phases("seen_chain", net, "forward");
}

TEST_P(PcxSemantics, PredictionThroughATransform) {
  Chain net;
  net.phase("train").transform_prediction(kA, kDouble);
  expect_phases("prediction_transform", net, "train");
}

TEST_P(PcxSemantics, TransformsOfTheOwnValue) {
  Chain net;
  net.phase("mix").follow(kA, [a = net.a](const Tensor& u) { return 0.5 * (a.value() + u); });
  expect_phases("own_value", net, "mix", false);
}

TEST_P(PcxSemantics, OneRuleForSeveralStatuses) {
  for (const char* phase : {"train", "test"}) {
    Chain net;
    for (const char* each : {"train", "test"}) {
      net.phase(each).show_prediction(kA).weight(kA, 0.0);
    }
    expect_phases("several_statuses", net, phase);
  }
}

TEST_P(PcxSemantics, Energies) {
  const Energy precise = {"precise", [](const Tensor& h, const Tensor& u) { return 1.25 * sum(square(h - u)); }};
  const Chain zero(no_energy()), categorical_last(squared_error(), categorical()), own(precise);
  for (const auto& [name, net] : {std::pair{"energy_zero", &zero}, {"energy_categorical", &categorical_last}, {"energy_own", &own}}) {
    Data data = net->data();
    data.emplace_back(net->moved, array_in(frozen()["network"]["moved"]));
    const Executor after = run_once(*net, data, [&](Flow& flow) {
      flow.enter("start");
      flow.assign(net->a, net->moved.value());
      flow.output("energy", batch_sum(flow.seen(net->energy())));
      flow.output("gradient a", flow.gradient(net->energy(), {net->a})[0]);
    }, net->state(), options());
    for (const char* output : {"energy", "gradient a"}) {
      expect_frozen(after.output(output), frozen()[name][output], std::string(name) + ": " + output);
    }
  }
}

TEST_P(PcxSemantics, GradientsOfAnyMixtureWithAnAuxiliaryResult) {
  const Chain net;
  Data data = net.data();
  data.emplace_back(net.moved, array_in(frozen()["network"]["moved"]));
  const Executor after = run_once(net, data, [&](Flow& flow) {
    flow.enter("start");
    flow.assign(net.a, net.moved.value());
    flow.together([&] {
      const auto slopes = flow.gradients(net.energy(), {net.x, net.parameters(named("b.weight"))[0]});
      flow.output("x", slopes[0]);
      flow.output("W2", slopes[1]);
      flow.output("energy", batch_sum(flow.seen(net.energy())));
      flow.output("auxiliary", net.b.prediction());
    });
  }, net.state(), options());
  for (const std::string& output : after.outputs()) {
    expect_frozen(after.output(output), frozen()["gradients"][output], output, output == "W2" ? 3 : 1);
  }
}

/// PCX's paths name attributes, pcxx's names name nodes: .first.nn belongs to a, .second.nn to b.
TEST(PcxSemanticsOfSelections, Masks) {
  Chain net;
  net.tag(net.b, "frozen");
  net.tag(net.parameters(named("a.bias"))[0], "frozen");
  const std::map<std::string, std::string> names = {{".first.nn.bias", "a.bias"}, {".first.nn.weight", "a.weight"},
                                                    {".second.nn.bias", "b.bias"}, {".second.nn.weight", "b.weight"},
                                                    {".a.h", "a"}, {".b.h", "b"}};
  const auto expect = [&](const std::string& mask, const auto&... selected) {
    std::set<std::string> actual, expected;
    (std::transform(selected.begin(), selected.end(), std::inserter(actual, actual.end()), [](const auto& each) { return each.name(); }), ...);
    for (const Json& path : frozen()["masks"][mask]) {
      expected.insert(names.at(path.get<std::string>()));
    }
    EXPECT_EQ(actual, expected) << mask;
  };
  const Selection hidden = !named("x") && !named("moved");  // data are nodes here
  expect("weights", net.parameters());
  expect("values", net.nodes(hidden));
  expect("free values", net.nodes(hidden && !tagged("frozen")));
  expect("frozen", net.nodes(tagged("frozen")), net.parameters(tagged("frozen")));
  expect("thawed weights", net.parameters(!tagged("frozen")));
  expect("either", net.parameters(tagged("frozen") || named("none")), net.nodes(tagged("frozen")));
}

TEST_P(PcxSemantics, Flow) {
  const Chain net;
  const Json& expected = frozen()["flow"];
  const Array rows = array_in(frozen()["network"]["x"]);
  const auto state = net.state();
  Network sequence;
  const Node x = sequence.node("x", {3, 2});
  const Executor after = run_once(sequence, {{x, numbers({1, 3, 2}, numbers_of(rows))}}, [&](Flow& flow) {
    const Tensor carried = flow.variable("carried", 0.0 * row(x, 0.0));
    flow.output("scan/stacked", flow.scan({x}, [&](const std::vector<Tensor>& at) {
      flow.assign({{carried, 0.5 * carried + at[0]}});
      return std::vector<Tensor>{2.0 * carried};
    })[0]);
    flow.output("scan/last", carried);
    const Tensor doubled = flow.variable("doubled", 1.0);
    flow.repeat_while([&] { return doubled < 100.0; }, [&] { flow.assign({{doubled, 2.0 * doubled}}); }, 100);
    flow.output("while", doubled);
    const auto switched = [&](const Tensor& v, const Tensor& index) {
      flow.choose(index, {[&] { flow.assign({{v, v + 1.0}}); }, [&] { flow.assign({{v, v * 10.0}}); },
                          [&] { flow.assign({{v, v - 5.0}}); }});
    };
    for (const auto& [name, index] : {std::pair{"below", -3.0}, {"first", 0.0}, {"middle", 1.0}, {"last", 2.0}, {"above", 9.0}}) {
      const Tensor v = flow.variable(name, 4.0), at = flow.variable("index", index);
      switched(v, at);
      flow.output(std::string("switch/") + name, v);
    }
    for (const auto& [name, number] : {std::pair{"yes", 1.0}, {"no", 0.0}}) {
      const Tensor v = flow.variable(name, 4.0), condition = flow.variable("condition", number);
      flow.branch(condition > 0.5, [&] { flow.assign({{v, v + 1.0}}); }, [&] { flow.assign({{v, v - 1.0}}); });
      flow.output(std::string("cond/") + name, v);
    }
    const Tensor total = flow.variable("total", 0.0), shared = flow.variable("shared", batch_mean(Tensor(x)));
    flow.output("nested/stacked", flow.scan({shared}, [&](const std::vector<Tensor>& at) {
      flow.branch(row(at[0], 0.0) > 0.0, [&] { flow.assign({{total, total + sum(at[0])}}); },
                  [&] { flow.assign({{total, total - sum(at[0])}}); });
      flow.repeat_while([&] { return total > 1.0; }, [&] { flow.assign({{total, 0.5 * total}}); }, 100);
      const Tensor before = flow.variable("before", total);
      switched(total, floor(total) + 1.0);
      return std::vector<Tensor>{before};
    })[0]);
    flow.output("nested/last", total);
  }, nullptr, options());
  for (const std::string& output : after.outputs()) {
    expect_frozen(after.output(output), expected.at(output), output);
  }
  EXPECT_EQ(after.outputs().size(), expected.size());
}

/// OptimTree: an optimiser for each group; one that is not stepped keeps its state.
TEST_P(PcxSemantics, OptimisersOfGroups) {
  const Chain net;
  const auto state = net.state();
  run_once(net, {}, [&](Flow& flow) {
    const auto group = [&](const char* name) {
      return flow.optimiser(sgd({.rate = 0.1, .momentum = 0.5}), net.parameters(named(std::string(name) + ".*")), name);
    };
    const OptimiserSteps first = group("a"), second = group("b");
    const auto half = [&](const Parameter& like) { return 0.0 * Tensor(like) + 0.5; };  // a gradient of ones, scaled
    const std::vector<Parameter> all = net.parameters();
    for (const bool both : {true, false, true}) {
      first.step({half(all[0]), half(all[1])});
      if (both) {
        second.step({half(all[2]), half(all[3])});
      }
    }
  }, state, options());
  expect_frozen(state->at("a.bias"), frozen()["optimisers"]["first"], "first");
  expect_frozen(state->at("b.bias"), frozen()["optimisers"]["second"], "second");
}

TEST_P(PcxSemantics, Randomness) {
  const Json& expected = frozen()["randomness"];
  const Chain net;
  EXPECT_EQ(numbers_of(net.initialise(3).at("a.weight")) == numbers_of(net.initialise(3).at("a.weight")),
            expected["same seed, same model"].get<bool>());
  EXPECT_NE(numbers_of(net.initialise(3).at("a.weight")), numbers_of(net.initialise(4).at("a.weight")));
  const Executor after = run_once(net, net.data(), [&](Flow& flow) {
    flow.output("split", flow.random_normal({2}));
    flow.output("unsplit", flow.random_normal({2}, Span::shared) + 0.0 * Tensor(net.x));
  }, net.state(), options());
  const Numbers split = numbers_of(after.output("split")), unsplit = numbers_of(after.output("unsplit"));
  EXPECT_EQ(split[0] != split[2] && split[1] != split[3], expected["split draws differ"].get<bool>());
  EXPECT_EQ(unsplit[0] == unsplit[2] && unsplit[1] == unsplit[3], expected["unsplit draws agree"].get<bool>());
}

TEST_P(PcxSemantics, SharedLayers) {
  Network net;
  const Node x = net.node("x", {2}), a = net.node("a", {2}), b = net.node("b", {2}), moved = net.node("moved", {2});
  const Parameter weight = net.parameter("W", {2, 2}, zeros()), bias = net.parameter("bias", {2}, zeros());
  const auto layer = [&](const Tensor& input) { return matmul(weight, input) + bias; };
  net.predict(a, layer(x));
  net.predict(b, layer(a));
  const Json& given = frozen()["network"];
  const auto state = std::make_shared<State>(net.initialise(0));
  state->at("W") = array_in(Json::array({given["W1"][0], given["W1"][1]})).to(ElementType::f32);
  state->at("bias") = array_in(given["b2"]).to(ElementType::f32);
  Numbers first;
  for (const Json& row : given["moved"]) {
    first.insert(first.end(), {row[0].get<double>(), row[1].get<double>()});
  }
  const Executor after = run_once(net, {{x, array_in(given["x"])}, {b, array_in(given["y"])}, {moved, numbers({3, 2}, first)}},
                                  [&](Flow& flow) {
    flow.enter("start");
    flow.assign(a, moved.value());
    flow.output("W", flow.gradient(net.energy(), {weight})[0]);
  }, state, options());
  expect_frozen(after.output("W"), frozen()["sharing"]["W"], "W", 3);
}

/// Names and shapes of a file: pcxx's are those of the nodes that a layer predicts, in the same shapes.
TEST(PcxSemanticsOfFiles, NamesAndShapes) {
  const Chain net;
  const NamedArrays arrays = net.state()->arrays();
  EXPECT_EQ(arrays.size(), frozen()["saving"].size());
  for (const auto& [path, name] : {std::pair{".first.nn.weight", "a.weight"}, {".first.nn.bias", "a.bias"},
                                   {".second.nn.weight", "b.weight"}, {".second.nn.bias", "b.bias"}}) {
    EXPECT_EQ(arrays.at(name).shape().extents(), frozen()["saving"][path].get<std::vector<Size>>()) << path;
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, PcxSemantics, testing::ValuesIn(devices()), device_name);

}  // namespace
}  // namespace pcxx::test

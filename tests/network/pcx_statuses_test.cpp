/// Noise, weights of energies, statuses, compiled steps and batch normalisation against PCX: docs/porting_from_pcx.md.
#include <gtest/gtest.h>

#include "pcxx/core/errors.h"
#include "pcxx/learn/optimisers.h"
#include "pcxx/tensor/operations.h"
#include "support/devices.h"
#include "support/pcx_chain.h"

namespace pcxx::test {
namespace {

class PcxStatuses : public testing::TestWithParam<std::string> {
 protected:
  ExecutorOptions options() const { return {.device = GetParam()}; }
  static Data with_moved(const Chain& net) {
    Data data = net.data();
    data.emplace_back(net.moved, array_in(frozen()["network"]["moved"]));
    return data;
  }
};

double correlation(const Numbers& a, const Numbers& b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return ab / std::sqrt(aa * bb);
}

/// Draws differ, so their moments are compared: PCX's and ours are those of N(0, 0.5^2) within four and a half standard
/// errors, and neither elements, samples nor runs have anything in common.
TEST_P(PcxStatuses, NoiseHasTheSameMoments) {
  const Json& expected = frozen()["noise"];
  const auto samples = expected["samples"].get<Size>();
  Chain net;
  net.phase("start").follow(named("a"), add_noise(0.5));
  Executor executor(net, {net.x}, [&](Flow& flow) {
    flow.enter("start");
    flow.output("added", net.a.value() - net.a.prediction());
  }, net.state(), options());
  const Array x({samples, 2}, ElementType::f32);
  std::vector<Numbers> runs;
  for (int run = 0; run < 2; ++run) {
    executor.run({{net.x, x}});
    runs.push_back(numbers_of(executor.output("added")));
  }
  Numbers first, second, later, next;
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < runs[0].size(); i += 3) {
    first.push_back(runs[0][i]);
    second.push_back(runs[0][i + 1]);
    later.push_back(runs[1][i]);
    next.push_back(runs[0][(i + 3) % runs[0].size()]);
    for (std::size_t k = 0; k < 3; ++k) {
      sum += runs[0][i + k];
      squares += runs[0][i + k] * runs[0][i + k];
    }
  }
  const double draws = 3 * static_cast<double>(samples), mean = sum / draws, deviation = std::sqrt(squares / draws - mean * mean);
  for (const auto& [who, m, d] : {std::tuple{"pcxx", mean, deviation},
                                  {"PCX", expected["mean"].get<double>(), expected["deviation"].get<double>()}}) {
    EXPECT_NEAR(m, 0, 4.5 * 0.5 / std::sqrt(draws)) << who;
    EXPECT_NEAR(d, 0.5, 4.5 * 0.5 / std::sqrt(2 * draws)) << who;
  }
  const double limit = 4.5 / std::sqrt(static_cast<double>(samples));
  for (const auto& [name, ours] : {std::pair{"correlation of elements", correlation(first, second)},
                                   {"correlation of samples", correlation(first, next)},
                                   {"correlation of runs", correlation(first, later)}}) {
    EXPECT_NEAR(ours, 0, limit) << name;
    EXPECT_NEAR(expected[name].get<double>(), 0, limit) << name << " of PCX";
  }
}

/// PCX's energy function reads a number that the loop sets; here the weight is a function of the step.
TEST_P(PcxStatuses, WeightsThatFollowTheStep) {
  Chain net;
  net.phase("relax").weight(named("a"), [](const Tensor& step) { return power(0.5, step); });
  const Executor after = run_once(net, with_moved(net), [&](Flow& flow) {
    flow.enter("start");
    flow.assign(net.a, net.moved.value());
    flow.enter("relax");
    const Tensor energies = flow.scan(3, [&](const Tensor&) {
      const Tensor energy = flow.variable("energy", batch_sum(flow.seen(net.energy())));
      flow.assign(net.a, net.a.value() - 0.1 * flow.gradient(net.energy(), {net.a})[0]);
      return std::vector<Tensor>{energy};
    })[0];
    for (int t = 0; t < 3; ++t) {
      flow.output("energy " + std::to_string(t), row(energies, static_cast<double>(t)));
    }
    flow.output("energy 3", batch_sum(flow.seen(net.energy())));  // behind the loop the step goes on
    flow.output("gradient W1", flow.gradients(net.energy(), {net.parameters(named("a.weight"))[0]})[0]);
    flow.output("a", net.a.value());
  }, net.state(), options());
  for (const auto& [name, expected] : frozen()["weighted_by_step"].items()) {
    expect_frozen(after.output(name), expected, name, name == "gradient W1" ? 3 : 1);
  }
}

/// PCX's energy function asks for the status; here a phase weights the energy.
TEST_P(PcxStatuses, WeightsThatFollowTheStatus) {
  Chain net;
  net.phase("late").weight(named("a"), 3.0);
  const Executor after = run_once(net, with_moved(net), [&](Flow& flow) {
    flow.enter("start");
    flow.assign(net.a, net.moved.value());
    for (int t = 0; t < 4; ++t) {
      flow.enter(t < 2 ? "relax" : "late");
      flow.output("energy " + std::to_string(t), batch_sum(flow.seen(net.energy())));
      if (t < 3) {
        flow.assign(net.a, net.a.value() - 0.1 * flow.gradient(net.energy(), {net.a})[0]);
      }
    }
    flow.output("gradient W1", flow.gradients(net.energy(), {net.parameters(named("a.weight"))[0]})[0]);
    flow.output("a", net.a.value());
  }, net.state(), options());
  for (const auto& [name, expected] : frozen()["weighted_by_status"].items()) {
    expect_frozen(after.output(name), expected, name, name == "gradient W1" ? 3 : 1);
  }
}

/// A status stays until the next one. What PCX caches stays until it is cleared; here there is no cache to go stale.
TEST_P(PcxStatuses, StayAndNothingIsToBeCleared) {
  Chain net;
  net.phase("forward").show_prediction(named("a")).weight(named("a"), 0.0);
  const Json& expected = frozen()["statuses"];
  const Executor after = run_once(net, with_moved(net), [&](Flow& flow) {
    const auto energy_of = [&](const std::string& name) { flow.output(name, batch_sum(flow.seen(net.energy()))); };
    flow.enter("start");
    flow.assign(net.a, net.moved.value());
    energy_of("none");
    flow.enter("forward");
    energy_of("forward");
    energy_of("kept");
    flow.enter("relax");
    energy_of("again");
    flow.output("a", batch_sum(net.a.energy()));
    flow.assign(net.a, 2.0 * net.moved.value());
    energy_of("moved");
    flow.output("moved a", batch_sum(net.a.energy()));
  }, net.state(), options());
  for (const char* name : {"none", "forward", "kept", "again", "moved"}) {
    expect_frozen(after.output(name), expected[name], name);
  }
  expect_frozen(after.output("a"), expected["stale a"], "a before");  // which PCX still says after the value has moved
  EXPECT_GT(numbers_of(after.output("moved a"))[0], expected["stale a"].get<double>() + 1);
}

/// One executor, called like a jitted function: with other weights, and with another number of samples.
TEST_P(PcxStatuses, CompiledStepsReadTheWeightsOfEachCall) {
  const Chain net;
  const auto state = net.state();
  Executor executor(net, {net.x, net.b}, [&](Flow& flow) {
    flow.enter("start");
    const OptimiserSteps values = flow.optimiser(sgd({.rate = 0.1}), std::vector<Node>{net.a});
    flow.repeat(3, [&](const Tensor&) { values.step(flow.gradient(net.energy(), {net.a})); });
    flow.output("energy", batch_sum(flow.seen(net.energy())));
  }, state, options());
  const auto expect = [&](const char* name, Size samples) {
    Data data;
    for (const auto& [node, rows] : net.data()) {
      const Numbers all = numbers_of(rows);
      data.emplace_back(node, numbers({samples, 2}, {all.begin(), all.begin() + 2 * samples}));
    }
    executor.run(data);
    expect_frozen(executor.output("energy"), frozen()["compiled"][name], name);
  };
  expect("first", 3);
  for (float& weight : state->at("b.weight").as<float>()) {
    weight *= 2;
  }
  expect("doubled", 3);
  expect("part", 2);
}

/// PCX's convention: momentum weighs the old statistics, which normalise training once they have moved; the first batch's
/// are taken whole. In PCX they move at each call, here at each step of the weights: the script calls once.
TEST_P(PcxStatuses, BatchNormInPcxConvention) {
  const Json& expected = frozen()["batch_norm"];
  Network net;
  const Node x = net.node("x", {2, 3}), y = net.node("y", {2, 3}, batch_norm(x, {.momentum = 0.25, .pcx = true, .name = "norm"}));
  const auto state = std::make_shared<State>(net.initialise(0));
  state->at("norm.weight") = array_in(expected["weight"]).to(ElementType::f32);
  state->at("norm.bias") = array_in(expected["bias"]).to(ElementType::f32);
  Executor executor(net, {x}, [&, predicted = y.prediction()](Flow& flow) {
    const std::vector<Parameter> parameters = net.parameters();
    const auto slopes = flow.gradients(sum(sin(predicted)), {x, parameters[0]});
    flow.output("y", flow.seen(predicted));
    flow.output("dx", slopes[0]);
    flow.output("dweight", slopes[1]);
    flow.optimiser(sgd({.rate = 0.0}), parameters).step(flow.gradient(sum(predicted), parameters));
  }, state, options());
  for (const char* batch : {"batch 0", "batch 1"}) {
    executor.run({{x, array_in(expected[batch]["x"])}});
    for (const auto& [name, factor] : {std::pair{"y", 1.0}, {"dx", 1.0}, {"dweight", 4.0}}) {  // PCX sums over the samples
      expect_frozen(executor.output(name), expected[batch][name], std::string(batch) + " " + name, factor);
    }
    for (const char* name : {"running_mean", "running_var"}) {
      expect_frozen(state->at(std::string("norm.") + name), expected[batch][name], std::string(batch) + " " + name);
    }
  }
  const Executor evaluated = run_once(net, {{x, array_in(expected["evaluation"]["x"])}}, [&](Flow& flow) {
    flow.mode(Mode::evaluation);
    flow.output("y", flow.seen(y.prediction()));
  }, state, options());
  expect_frozen(evaluated.output("y"), expected["evaluation"]["y"], "evaluation");
}

/// What PCX writes of a shared parameter it cannot read; a file with the numbers under both keys it can: what pcxx exports
/// (tests/run/pcx_params_test.cpp). A state of pcxx has the parameter once.
TEST(PcxFiles, OfSharedParameters) {
  const Json& expected = frozen()["saving_shared"];
  EXPECT_EQ(expected["none"], (Json{".two.nn.bias", ".two.nn.weight"}));
  EXPECT_EQ(expected["as written"], "ValueError");
  EXPECT_EQ(expected["once"], "KeyError");
  EXPECT_EQ(expected["repeated"], "read");
  Network net;
  const Node x = net.node("x", {2});
  const Layer layer = shared([](const Tensor& each) { return linear(each, 2, {.name = "one"}); });
  const Node a = net.node("a", {2}, layer(x)), b = net.node("b", {2}, layer(a));
  EXPECT_EQ(net.initialise(0).arrays().size(), expected["numbers"].size());
}

INSTANTIATE_TEST_SUITE_P(Devices, PcxStatuses, testing::ValuesIn(devices()), device_name);

}  // namespace
}  // namespace pcxx::test

/// The C++ of docs/concepts.md, and that what the page says is true; its blocks are slices of this file.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include <pcxx/pcxx.h>

namespace pcxx {
namespace {

// [network]
struct Chain : Network {
  Node point = node("point", {2});
  Node low = node("low", {16}, tanh(linear(point, 16)));
  Node high = node("high", {16}, tanh(linear(low, 16)));
  Node label = node("label", {2}, linear(high, 2));
};
// [/network]

// [relaxation]
std::function<void(Flow&)> relaxation(Size steps, double rate) {
  return [=](Flow& flow) {
    const Network& net = flow.network();
    const std::vector<Node> free = flow.free_nodes();
    flow.enter("start");
    const OptimiserSteps values = flow.optimiser(sgd({.rate = rate}), free);
    flow.repeat(steps, [&](const Tensor&) { values.step(flow.gradient(net.energy(), free)); });
    for (const auto& [name, energy] : net.energies()) {
      flow.output(name, batch_mean(energy));
    }
  };
}
// [/relaxation]

class Concepts : public testing::Test {
 protected:
  /// Returns the mean energy of a node after some steps of relaxation.
  static double energy_of(const std::string& node, const Chain& net, Size steps) {
    const Dataset data = two_moons({.samples = 32, .noise = 0.2, .seed = 42});
    Executor executor(net, {net.point, net.label}, relaxation(steps, 0.1), std::make_shared<State>(net.initialise(0)));
    executor.run({{net.point, data.inputs}, {net.label, one_hot(data.labels.as<std::int32_t>(), data.classes)}});
    return executor.output(node).as<float>()[0];
  }
};

TEST_F(Concepts, AnEnergyIsHalfTheSquaredError) {
  const Chain net;
  // [error]
  const Tensor error = net.high.value() - net.high.prediction();
  const Tensor energy = 0.5 * sum(square(error));  // what net.high.energy() is
  // [/error]
  const Dataset data = two_moons({.samples = 32, .noise = 0.2, .seed = 42});
  Executor executor(net, {net.point}, [&](Flow& flow) {
    flow.enter("start");
    flow.assign(net.high, 2.0 * net.high.value());
    flow.output("written", batch_sum(energy));
    flow.output("own", batch_sum(net.high.energy()));
  }, std::make_shared<State>(net.initialise(0)));
  executor.run({{net.point, data.inputs}});
  EXPECT_EQ(executor.output("written").as<float>()[0], executor.output("own").as<float>()[0]);
  EXPECT_GT(executor.output("own").as<float>()[0], 0.0f);
}

TEST_F(Concepts, ErrorsArriveOneLayerAStep) {
  EXPECT_GT(energy_of("label", Chain(), 0), 0.0);
  EXPECT_EQ(energy_of("high", Chain(), 0), 0.0);
  EXPECT_GT(energy_of("high", Chain(), 1), 0.0);
  EXPECT_EQ(energy_of("low", Chain(), 1), 0.0);
  EXPECT_GT(energy_of("low", Chain(), 2), 0.0);
}

TEST_F(Concepts, APhaseAndAPrecisionMeanWhatThePageSays) {
  {
    Chain net;
    // [phase]
    net.phase("start").follow(named("high"), to_zero());
    // [/phase]
    EXPECT_GT(energy_of("high", net, 0), 0.0);
  }
  Chain net;
  const double plain = energy_of("high", Chain(), 16);
  // [precision]
  net.phase("start").weight(named("high"), 10.0);
  // [/precision]
  EXPECT_LT(energy_of("high", net, 16), plain);
}

TEST_F(Concepts, ARuleLearnsAndShowsItsPlan) {
  const Dataset data = two_moons({.samples = 32, .noise = 0.2, .seed = 42});
  const Array targets = one_hot(data.labels.as<std::int32_t>(), data.classes);
  const Chain net;
  // [rule]
  const PredictiveCoding rule{.steps = 8, .values = sgd({.rate = 0.1}), .weights = adamw({.rate = 1e-2})};
  Trainer trainer(net, rule, {.seed = 0});
  // [/rule]
  std::vector<double> energies;
  for (Size step = 0; step < 50; ++step) {
    energies.push_back(trainer.step({{net.point, data.inputs}, {net.label, targets}}).energy);
  }
  EXPECT_LT(energies.back(), 0.5 * energies.front());
  // [plan]
  const std::string plan = trainer.executor({net.point, net.label}).explain();
  // [/plan]
  EXPECT_NE(plan.find("known zeros"), std::string::npos);
}

}  // namespace
}  // namespace pcxx

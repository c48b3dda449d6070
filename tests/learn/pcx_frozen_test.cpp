/// Predictive coding against states frozen from PCX: every array of every step, on every device.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "pcxx/io/npz.h"
#include "pcxx/learn/rules.h"
#include "pcxx/network/executor.h"
#include "support/devices.h"
#include "support/mlp.h"

namespace pcxx::test {
namespace {

constexpr double kTolerance = 1e-4;  // of the array's scale: two programs' f32 over a dozen steps

double scale_of(const Array& array) {
  double scale = 0;
  for (const float element : array.as<float>()) {
    scale = std::max(scale, std::abs(static_cast<double>(element)));
  }
  return scale;
}

/// A frozen run and the network that repeats it.
class Frozen {
 public:
  explicit Frozen(const std::string& name)
      : file_(load_npz(std::filesystem::path(PCXX_SOURCE_DIR) / "tests/oracle" / (name + ".npz"))),
        meta(nlohmann::json::parse(file_.texts.at("meta"))),
        net(meta["widths"].get<std::vector<Size>>(),
            {.activation = meta["activation"], .output = meta["energy"] == "ce_energy" ? categorical() : squared_error()}),
        state(std::make_shared<State>(net.initialise(0))) {
    for (const Parameter& parameter : net.parameters()) {
      state->at(parameter.name()) = array("before/" + parameter.name());
    }
  }

  const Array& array(const std::string& name) const { return file_.arrays.at(name); }
  Size steps() const { return meta["T"].get<Size>(); }
  Size batch() const { return meta["batch"].get<Size>(); }
  std::vector<std::pair<Node, Array>> data() const { return {{net.x, array("x")}, {net.target(), array("y")}}; }
  std::vector<Node> hidden() const { return {net.layers.begin(), net.layers.end() - 1}; }
  /// Returns the largest gradient of a node over all steps. The first ones to arrive are small differences of large
  /// numbers, PCX's own as well, so rounding is measured against this.
  double gradient_scale(const std::string& node) const {
    double scale = 0;
    for (Size t = 0; t < steps(); ++t) {
      scale = std::max(scale, scale_of(array("step" + std::to_string(t) + "/grad" + node)));
    }
    return scale;
  }
  Optimiser values() const {
    const auto& how = meta["h_optimiser"];
    return sgd({.rate = how["lr"].get<double>(),
                .momentum = how["momentum"].is_null() ? 0.0 : how["momentum"].get<double>(),
                .nesterov = how["nesterov"].get<bool>()});
  }

 private:
  NpzFile file_;

 public:
  nlohmann::json meta;
  Mlp net;
  std::shared_ptr<State> state;
};

void expect_near(const Array& actual, const Array& expected, const std::string& what, double factor = 1, double scale = 0) {
  ASSERT_EQ(actual.elements(), expected.elements()) << what;
  const auto a = actual.as<float>(), e = expected.as<float>();
  scale = std::max(scale, scale_of(expected));
  double worst = 0;
  for (std::size_t i = 0; i < e.size(); ++i) {
    worst = std::max(worst, std::abs(factor * a[i] - static_cast<double>(e[i])));
  }
  EXPECT_LE(worst, kTolerance * scale + 1e-12) << what;
}

class PcxFrozen : public testing::TestWithParam<std::tuple<std::string, std::string>> {
 protected:
  Frozen frozen{std::get<0>(GetParam())};
  ExecutorOptions options{.device = std::get<1>(GetParam())};
};

/// The states after `steps` updates, and the energy and the gradients there, before the next.
TEST_P(PcxFrozen, RelaxesAsPcxDoes) {
  const Mlp& net = frozen.net;
  for (Size steps = 0; steps <= frozen.steps(); ++steps) {
    Executor executor(net, {net.x, net.target()}, [&](Flow& flow) {
      flow.enter("start");
      const OptimiserSteps values = flow.optimiser(frozen.values(), flow.free_nodes());
      flow.repeat(steps, [&](const Tensor&) { values.step(flow.gradient(net.energy(), flow.free_nodes())); });
      const std::vector<Tensor> gradients = flow.gradient(net.energy(), frozen.hidden());
      for (std::size_t i = 0; i < gradients.size(); ++i) {
        flow.output("grad" + std::to_string(i), gradients[i]);
      }
      flow.output("energy", batch_sum(flow.seen(net.energy())));
    }, frozen.state, options);
    executor.run(frozen.data());
    const std::string after = steps == 0 ? "init" : "step" + std::to_string(steps - 1);
    const bool last = steps == frozen.steps();
    const std::string before = last ? "final" : "step" + std::to_string(steps);
    expect_near(executor.output("energy"), frozen.array(before + "/energy"), before + " energy");
    for (std::size_t i = 0; i < frozen.hidden().size(); ++i) {
      const std::string number = std::to_string(i);
      expect_near(executor.value(net.layers[i]), frozen.array(after + "/vode" + number + ".h"), after + " vode " + number);
      if (!last) {
        expect_near(executor.output("grad" + number), frozen.array(before + "/grad" + number), before + " grad " + number, 1,
                    frozen.gradient_scale(number));
      }
    }
  }
}

TEST_P(PcxFrozen, LearnsAsPcxDoes) {
  const Mlp& net = frozen.net;
  const LearningRule rule = PredictiveCoding{
      .steps = frozen.steps(), .values = frozen.values(), .weights = adamw({.rate = 1e-3, .weight_decay = 1e-4})};
  const auto with_gradients = [&](Flow& flow) {
    // The rule's own program up to its weight step, with the gradients as outputs.
    flow.enter("start");
    const OptimiserSteps values = flow.optimiser(frozen.values(), flow.free_nodes());
    flow.repeat(frozen.steps(), [&](const Tensor&) { values.step(flow.gradient(net.energy(), flow.free_nodes())); });
    const auto gradients = flow.gradient(net.energy(), net.parameters());
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      flow.output(net.parameters()[i].name(), gradients[i]);
    }
    flow.output("output", net.target().prediction());
  };
  Executor gradients(net, {net.x, net.target()}, with_gradients, frozen.state, options);
  gradients.run(frozen.data());
  expect_near(gradients.output("output"), frozen.array("final/output"), "output");
  Executor executor(net, {net.x, net.target()}, rule.write, frozen.state, options);
  executor.run(frozen.data());
  const auto batch = static_cast<double>(frozen.batch());
  expect_near(executor.output("energy"), frozen.array("final/energy"), "energy", batch);
  for (const Parameter& parameter : net.parameters()) {
    expect_near(gradients.output(parameter.name()), frozen.array("final/d" + parameter.name()), "d " + parameter.name(), batch);
    expect_near(frozen.state->at(parameter.name()), frozen.array("after/" + parameter.name()), "after " + parameter.name());
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, PcxFrozen,
                         testing::Combine(testing::Values("se_gelu", "ce_leaky_momentum", "se_tanh_deep"),
                                          testing::ValuesIn(devices())),
                         [](const auto& test) { return std::get<0>(test.param) + "_" + std::get<1>(test.param); });

}  // namespace
}  // namespace pcxx::test

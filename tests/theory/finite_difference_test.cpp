/// T1 for whole networks: every activation, energy and placement against central differences, for states and weights.
#include <gtest/gtest.h>

#include "theory/theory.h"

#include "pcxx/tensor/operations.h"

namespace pcxx::test {
namespace {

constexpr double kStep = 1e-6;       // truncation costs its square, rounding 1e-16 over it
constexpr double kTolerance = 1e-7;  // of the larger of 1 and the gradient's scale

struct Setting {
  std::string activation;
  std::string output;
  Placement placement;
};

void PrintTo(const Setting& setting, std::ostream* stream) {
  *stream << setting.activation << " " << setting.output << (setting.placement == Placement::after_activation ? " A" : " B");
}

/// A network of which every node is data, so that the energy is a function of data and weights.
class Differences : public testing::TestWithParam<Setting> {
 protected:
  Differences()
      : net({3, 4, 3, 2}, {.activation = GetParam().activation, .output = energy_from(GetParam().output),
                           .placement = GetParam().placement}),
        state(std::make_shared<State>(net.initialise(5, Precision::f64))) {
    net.energy_term(0.1 * sum(square(Tensor(net.layers[0]))) * sum(Tensor(net.layers[1])), "coupling");
    std::uint64_t seed = 0;
    for (const Node& node : net.nodes()) {
      data.emplace_back(node, normal_data({2, node.shape()[0]}, ++seed));
      given.push_back(node);
    }
    executor = std::make_unique<Executor>(net, given, [&](Flow& flow) { write(flow); }, state,
                                          ExecutorOptions{.device = "reference", .precision = Precision::f64});
  }

  void write(Flow& flow) const {
    flow.output("energy", batch_sum(flow.seen(net.energy())));
    for (const Node& node : given) {
      flow.output("d " + node.name(), flow.gradient(net.energy(), {node})[0]);
    }
    for (const Parameter& parameter : net.parameters()) {
      flow.output("d " + parameter.name(), flow.gradient(net.energy(), {parameter})[0]);
    }
  }

  double energy() {
    executor->run(data);
    return numbers_of(executor->output("energy"))[0];
  }

  /// Compares a gradient, times `factor`, with differences of the energy in the elements of an array.
  void check(Array& array, const std::string& name, double factor) {
    energy();
    const Numbers gradient = numbers_of(executor->output("d " + name));
    const double scale = std::max(1.0, largest(Matrix(1, static_cast<Size>(gradient.size()), gradient)));
    ASSERT_EQ(static_cast<Size>(gradient.size()), array.elements()) << name;
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      double& element = array.as<double>()[i];
      const double before = element;
      element = before + kStep;
      const double above = energy();
      element = before - kStep;
      const double below = energy();
      element = before;
      EXPECT_NEAR(factor * gradient[i], (above - below) / (2 * kStep), kTolerance * scale * factor) << name << " " << i;
    }
  }

  Mlp net;
  std::shared_ptr<State> state;
  std::vector<std::pair<Node, Array>> data;
  std::vector<Node> given;
  std::unique_ptr<Executor> executor;
};

TEST_P(Differences, OfStatesAndWeights) {
  for (auto& [node, array] : data) {
    check(array, node.name(), 1);
  }
  for (const Parameter& parameter : net.parameters()) {
    check(state->at(parameter.name()), parameter.name(), 2);  // the mean of two samples
  }
}

std::vector<Setting> settings() {
  std::vector<Setting> all;
  for (const std::string_view activation : activation_names()) {
    for (const char* output : {"squared_error", "categorical"}) {
      for (const Placement placement : {Placement::after_activation, Placement::before_activation}) {
        all.push_back({std::string(activation), output, placement});
      }
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(T1, Differences, testing::ValuesIn(settings()), [](const auto& test) {
  return test.param.activation + "_" + test.param.output +
         (test.param.placement == Placement::after_activation ? "_A" : "_B");
});

}  // namespace
}  // namespace pcxx::test

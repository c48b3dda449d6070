/// Optimisers and schedules against trajectories frozen from optax, step by step (tools/freeze_optax.py).
#include <gtest/gtest.h>

#include <filesystem>

#include "pcxx/io/npz.h"
#include "pcxx/learn/parameter_groups.h"
#include "pcxx/network/executor.h"
#include "pcxx/tensor/operations.h"
#include "support/close.h"
#include "support/devices.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

/// What each case of tools/freeze_optax.py is here.
std::map<std::string, Optimiser> optimisers() {
  const Schedule falling = linear_schedule(0.1, 0.01, 8);
  const Selection weight = named("weight");
  return {
      {"sgd", sgd({.rate = 0.1})},
      {"sgd_momentum", sgd({.rate = 0.1, .momentum = 0.9})},
      {"sgd_nesterov", sgd({.rate = falling, .momentum = 0.5, .nesterov = true})},
      {"sgd_decayed", decayed(sgd({.rate = 0.1, .momentum = 0.9}), 0.2)},
      {"sgd_decayed_masked", decayed(sgd({.rate = 0.1}), 0.2, weight)},
      {"adam", adam({.rate = 0.1})},
      {"adamw", adamw({.rate = 0.1})},
      {"adamw_masked", adamw({.rate = falling, .weight_decay = 0.3, .decays = weight})},
      {"lion", lion({.rate = 0.05})},
      {"lion_options", lion({.rate = falling, .weight_decay = 0.2, .first_decay = 0.7, .second_decay = 0.8})},
      {"lion_masked", lion({.rate = 0.05, .weight_decay = 0.4, .decays = !named("bias")})},
      {"rmsprop", rmsprop({.rate = 0.05})},
      {"rmsprop_options", rmsprop({.rate = falling, .decay = 0.7, .epsilon = 1e-3})},
      {"rmsprop_outside", rmsprop({.rate = 0.05, .epsilon = 1e-2, .epsilon_in_root = false})},
      {"rmsprop_initial", rmsprop({.rate = 0.05, .initial = 1})},
      {"rmsprop_momentum", rmsprop({.rate = falling, .momentum = 0.8})},
      {"rmsprop_nesterov", rmsprop({.rate = 0.05, .momentum = 0.8, .nesterov = true})},
      {"rmsprop_centred", rmsprop({.rate = 0.05, .epsilon = 1e-4, .centred = true})},
      {"rmsprop_all", rmsprop({.rate = falling, .decay = 0.8, .epsilon = 1e-4, .centred = true, .momentum = 0.5,
                               .nesterov = true, .initial = 0.5})},
      {"scaled", scaled(sgd({.rate = 0.1, .momentum = 0.9}), 0.25)},
      {"clipped_by_value", clipped_by_value(sgd({.rate = 0.1, .momentum = 0.9}), 0.5)},
      {"clipped_by_norm", clipped_by_norm(sgd({.rate = 0.1, .momentum = 0.9}), 2)},
      {"clipped_by_norm_adamw", clipped_by_norm(adamw({.rate = 0.1, .weight_decay = 0.1}), 2)},
      {"clipped_by_both", clipped_by_value(clipped_by_norm(sgd({.rate = 0.1}), 2), 1)},
      {"clipped_after_decay", decayed(clipped_by_norm(sgd({.rate = 0.1}), 2), 0.5)},
      {"clipped_before_decay", clipped_by_norm(decayed(sgd({.rate = 0.1}), 0.5), 2)},
      {"averaged", averaged(sgd({.rate = 0.1}), 0.9)},
      {"averaged_clipped", clipped_by_value(averaged(adam({.rate = 0.1}), 0.5), 0.5)},
      {"joined", adam({.rate = joined({linear_schedule(0, 0.1, 4),
                                       exponential_decay({.first = 0.1, .factor = 0.5, .updates = 3})}, {4})})},
      {"frozen", frozen()},
  };
}

std::map<std::string, Schedule> schedules() {
  const WarmupCosine cycle{.first = 0.1, .peak = 1, .warmup = 4, .updates = 10, .last = 0.05};
  WarmupCosine lower = cycle, longer = cycle;
  lower.peak = 0.5;
  longer.updates = 20;
  return {
      {"linear", linear_schedule(1, 0.1, 10)},
      {"warmup_cosine", warmup_cosine(cycle)},
      {"cosine", cosine_schedule(0.8, 0.2, 20)},
      {"cosine_restarts", cosine_restarts({cycle, lower, longer})},
      {"exponential", exponential_decay({.first = 0.7, .factor = 0.5, .updates = 10})},
      {"exponential_late", exponential_decay({.first = 0.7, .factor = 0.5, .updates = 10, .begin = 5})},
      {"exponential_stairs",
       exponential_decay({.first = 0.7, .factor = 0.8, .updates = 5, .staircase = true, .last = 0.3})},
      {"exponential_rising", exponential_decay({.first = 0.1, .factor = 1.5, .updates = 10, .last = 0.4})},
      {"piecewise_constant", piecewise_constant(1, {{5, 0.5}, {15, 0.1}, {40, 2}})},
      {"joined", joined({0.3, linear_schedule(1, 0, 10), exponential_decay({.first = 0.5, .factor = 0.9, .updates = 10})},
                        {5, 16})},
  };
}

struct Machine {
  std::string device;
  Precision precision;
  double tolerance;  // of twelve steps; RMSprop's roots of small squares lose a few digits more
};

std::vector<Machine> machines() {
  std::vector<Machine> all = {{"reference", Precision::f64, 1e-12}};
  for (const std::string& device : devices()) {
    all.push_back({device, Precision::f32, 2e-5});
  }
  return all;
}

class Optax : public testing::TestWithParam<Machine> {
 protected:
  Optax() : frozen_run(load_npz(std::filesystem::path(PCXX_SOURCE_DIR) / "tests/learn/optax.npz").arrays) {}

  const Array& array(const std::string& name) const { return frozen_run.at(name); }
  ExecutorOptions options() const { return {.device = GetParam().device, .precision = GetParam().precision}; }
  /// Returns a step of what stands for each step.
  Array at(const std::string& name, Size step, const Shape& shape) const {
    const auto size = static_cast<std::size_t>(shape.elements());
    return Array::from(shape, array(name).as<double>().subspan(static_cast<std::size_t>(step) * size, size));
  }

  NamedArrays frozen_run;
};

TEST_P(Optax, OptimisersMoveAlike) {
  Network net;
  const std::vector<Parameter> parameters = {net.parameter("weight", {3, 4}, zeros()), net.parameter("bias", {4}, zeros())};
  const std::vector<Node> gradients = {net.node("weight gradient", {3, 4}), net.node("bias gradient", {4})};
  const Size steps = array("gradients/bias").shape()[0];
  for (const auto& [name, optimiser] : optimisers()) {
    const auto state = std::make_shared<State>(net.initialise(0, GetParam().precision));
    for (const Parameter& parameter : parameters) {
      state->at(parameter.name()) = array("start/" + parameter.name()).to(state->at(parameter.name()).type());
    }
    const auto write = [&, each = optimiser](Flow& flow) {
      flow.optimiser(each, parameters).step({batch_mean(gradients[0]), batch_mean(gradients[1])});
    };
    Executor executor(net, gradients, write, state, options());
    const bool average = name.starts_with("averaged");
    for (Size step = 0; step < steps; ++step) {
      executor.run({{gradients[0], at("gradients/weight", step, {1, 3, 4})}, {gradients[1], at("gradients/bias", step, {1, 4})}});
      const State shown = average ? with_averages(net, *state) : *state;
      for (const Parameter& parameter : parameters) {
        EXPECT_TRUE(close(numbers_of(shown.at(parameter.name())),
                          numbers_of(at(name + "/" + parameter.name(), step, parameter.shape())), GetParam().tolerance))
            << name << ", " << parameter.name() << " after step " << step;
      }
    }
  }
}

TEST_P(Optax, SchedulesAgree) {
  for (const auto& [name, schedule] : schedules()) {
    Network net;
    const Node node = net.node("count", {});
    const auto write = [&, each = schedule](Flow& flow) { flow.output("rate", each(batch_mean(node))); };
    Executor executor(net, {node}, write, std::make_shared<State>(net.initialise(0, GetParam().precision)), options());
    const Numbers counts = numbers_of(array("counts")), rates = numbers_of(array("schedule/" + name));
    for (std::size_t i = 0; i < counts.size(); ++i) {
      executor.run({{node, numbers({1}, {counts[i]})}});
      EXPECT_NEAR(numbers_of(executor.output("rate"))[0], rates[i], GetParam().precision == Precision::f64 ? 1e-14 : 1e-6)
          << name << " after " << counts[i] << " updates";
    }
  }
}

/// Every frozen case is replayed: a case added to the script is not forgotten here.
TEST(OptaxCases, AreAllHere) {
  const NamedArrays arrays = load_npz(std::filesystem::path(PCXX_SOURCE_DIR) / "tests/learn/optax.npz").arrays;
  for (const auto& [name, values] : arrays) {
    const std::string owner = name.substr(0, name.find('/'));
    if (owner == "schedule") {
      EXPECT_TRUE(schedules().contains(name.substr(name.find('/') + 1))) << name;
    } else if (owner != "start" && owner != "gradients" && owner != "counts") {
      EXPECT_TRUE(optimisers().contains(owner)) << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Machines, Optax, testing::ValuesIn(machines()), [](const auto& test) {
  return test.param.device + "_" + std::string(to_string(test.param.precision));
});

}  // namespace
}  // namespace pcxx::test

/// Optimisers against plain loops, for nodes and for parameters; schedules against closed forms.
#include "pcxx/learn/optimisers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"
#include "support/close.h"
#include "support/devices.h"
#include "support/message.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

/// One number that moves along the gradient g(v) = v - 3 + .1 v^2.
double slope(double v) { return v - 3 + 0.1 * v * v; }

struct Case {
  std::string name;
  Optimiser optimiser;
  std::function<std::vector<double>(double start, int steps)> by_hand;  // the number after each step
};

std::vector<double> sgd_by_hand(double v, int steps, double rate, double m, bool nesterov) {
  std::vector<double> values;
  double trace = 0;
  for (int i = 0; i < steps; ++i) {
    const double g = slope(v);
    trace = g + m * trace;
    v -= rate * (nesterov ? g + m * trace : trace);
    values.push_back(v);
  }
  return values;
}

/// As in the paper, with the biased moments divided by 1 - beta^t; decay is decoupled (Loshchilov & Hutter).
std::vector<double> adam_by_hand(double p, int steps, const std::function<double(int)>& rate, double decay, double b1,
                                 double b2, double epsilon) {
  std::vector<double> values;
  double m = 0, v = 0;
  for (int t = 1; t <= steps; ++t) {
    const double g = slope(p);
    m = b1 * m + (1 - b1) * g;
    v = b2 * v + (1 - b2) * g * g;
    const double step = m / (1 - std::pow(b1, t)) / (std::sqrt(v / (1 - std::pow(b2, t))) + epsilon);
    p -= rate(t - 1) * (step + decay * p);
    values.push_back(p);
  }
  return values;
}

std::vector<Case> cases() {
  const auto fixed = [](double rate) { return [rate](int) { return rate; }; };
  const auto falling = [](int updates) { return 0.5 - 0.04 * std::min(updates, 10); };
  return {
      {"sgd", sgd({.rate = 0.1}), [](double v, int n) { return sgd_by_hand(v, n, 0.1, 0, false); }},
      {"momentum", sgd({.rate = 0.1, .momentum = 0.9}), [](double v, int n) { return sgd_by_hand(v, n, 0.1, 0.9, false); }},
      {"nesterov", sgd({.rate = 0.1, .momentum = 0.5, .nesterov = true}),
       [](double v, int n) { return sgd_by_hand(v, n, 0.1, 0.5, true); }},
      {"adam", adam({.rate = 0.2}), [=](double v, int n) { return adam_by_hand(v, n, fixed(0.2), 0, 0.9, 0.999, 1e-8); }},
      {"adam_scheduled", adam({.rate = linear_schedule(0.5, 0.1, 10)}),
       [=](double v, int n) { return adam_by_hand(v, n, falling, 0, 0.9, 0.999, 1e-8); }},
      {"adamw", adamw({.rate = 0.2, .weight_decay = 0.05, .first_decay = 0.8, .second_decay = 0.9, .epsilon = 0.01}),
       [=](double v, int n) { return adam_by_hand(v, n, fixed(0.2), 0.05, 0.8, 0.9, 0.01); }},
      {"adamw_defaults", adamw({}), [=](double v, int n) { return adam_by_hand(v, n, fixed(1e-3), 1e-4, 0.9, 0.999, 1e-8); }},
  };
}

struct Machine {
  std::string device;
  Precision precision;
  double tolerance;  // of forty steps that contract: a few roundings of numbers of size 3
};

std::vector<Machine> machines() {
  std::vector<Machine> all = {{"reference", Precision::f64, 1e-14}};
  for (const std::string& device : devices()) {
    all.push_back({device, Precision::f32, 3e-6});
  }
  return all;
}

class Optimisation : public testing::TestWithParam<Machine> {
 protected:
  Optimisation() : net(), h(net.node("h", {1})), w(net.parameter("w", {1}, constant(5))) {}

  Tensor gradient_of(const Tensor& v) const { return v - 3.0 + 0.1 * square(v); }
  ExecutorOptions options() const { return {.device = GetParam().device, .precision = GetParam().precision}; }

  Network net;
  Node h;
  Parameter w;
};

/// A parameter moves once a run; its slots and the count of updates live on.
TEST_P(Optimisation, OfParametersFollowsTheLoop) {
  for (const Case& c : cases()) {
    const auto state = std::make_shared<State>(net.initialise(0, GetParam().precision));
    Executor executor(net, {}, [&](Flow& flow) {
      flow.optimiser(c.optimiser, {w}, c.name).step({gradient_of(w)});
    }, state, options());
    const std::vector<double> expected = c.by_hand(5, 40);
    for (int step = 0; step < 40; ++step) {
      executor.run(std::vector<std::pair<Node, Array>>{});
      EXPECT_NEAR(numbers_of(state->at("w"))[0], expected[static_cast<std::size_t>(step)], GetParam().tolerance * 5)
          << c.name << " step " << step;
    }
    EXPECT_EQ(numbers_of(state->at(c.name + "/count"))[0], 40);
  }
}

/// A node moves in a loop within a run; everything starts anew with each run.
TEST_P(Optimisation, OfNodesFollowsTheLoop) {
  for (const Case& c : cases()) {
    for (const int steps : {1, 2, 12}) {
      Executor executor(net, {}, [&](Flow& flow) {
        flow.assign(h, 5.0);
        const OptimiserSteps values = flow.optimiser(c.optimiser, {h});
        flow.repeat(steps, [&](const Tensor&) { values.step({gradient_of(h.value())}); });
      }, std::make_shared<State>(net.initialise(0, GetParam().precision)), options());
      for (int run = 0; run < 2; ++run) {
        executor.run(std::vector<std::pair<Node, Array>>{});
        EXPECT_NEAR(numbers_of(executor.value(h))[0], c.by_hand(5, steps).back(), GetParam().tolerance * 5) << c.name;
      }
    }
  }
}

/// The count of a long run: 1 - beta^t must not lose its digits for small t, nor overflow for large ones.
TEST_P(Optimisation, BiasCorrectionHoldsForAnyCount) {
  for (const double t : {0.0, 1.0, 30.0, 49.0, 50.0, 51.0, 1000.0, 1e6, 16777216.0}) {
    const auto state = std::make_shared<State>(net.initialise(0, GetParam().precision));
    Executor executor(net, {}, [&](Flow& flow) {
      flow.optimiser(adam({.rate = 1, .epsilon = 0}), {w}).step({2.0 + 0.0 * w});
    }, state, options());
    const auto fill = [&](const char* name, double value) {
      const std::vector<double> one = {value};
      state->at(name) = Array::from(state->at(name).shape(), std::span(one)).to(state->at(name).type());
    };
    // Moments as they are after t equal gradients: corrected, every step is one rate.
    fill("weights/count", t);
    fill("weights/w/first_moment", 2 * -std::expm1(t * std::log(0.9)));
    fill("weights/w/second_moment", 4 * -std::expm1(t * std::log(0.999)));
    executor.run(std::vector<std::pair<Node, Array>>{});
    EXPECT_NEAR(numbers_of(state->at("w"))[0], 4, GetParam().precision == Precision::f64 ? 1e-8 : 2e-6) << t;
  }
}

/// What a schedule says after `count` updates.
double rate_at(const Schedule& schedule, double count, const Machine& machine) {
  Network net;
  const Node n = net.node("n", {});
  const Executor after = run_once(net, {{n, numbers({1}, {count})}}, [&](Flow& flow) {
    const Tensor shared = flow.variable("count", batch_mean(Tensor(n)));
    flow.output("rate", schedule(shared) + 0.0 * shared);
  }, nullptr, {.device = machine.device, .precision = machine.precision});
  return numbers_of(after.output("rate"))[0];
}

TEST_P(Optimisation, SchedulesFollowTheirClosedForms) {
  const double pi = std::numbers::pi;
  const auto cosine = [&](double s) {  // warm-up 10 of 110 updates, from .1 to 1 to .2
    const double along = std::min((s - 10) / 100, 1.0);
    return s < 10 ? 0.1 + 0.9 * s / 10 : (1 - 0.2) * 0.5 * (1 + std::cos(pi * along)) + 0.2;
  };
  const Schedule warm = warmup_cosine({.first = 0.1, .peak = 1, .warmup = 10, .updates = 110, .last = 0.2});
  const Schedule cold = warmup_cosine({.first = 9, .peak = 1, .warmup = 0, .updates = 100});
  for (const double s : {0.0, 1.0, 5.0, 9.0, 10.0, 11.0, 60.0, 109.0, 110.0, 500.0}) {
    const double tolerance = 1e-6, hundredth = std::min(s / 100, 1.0);
    EXPECT_NEAR(rate_at(0.3, s, GetParam()), 0.3, tolerance);
    EXPECT_NEAR(rate_at(warm, s, GetParam()), cosine(s), tolerance) << s;
    EXPECT_NEAR(rate_at(cold, s, GetParam()), 0.5 * (1 + std::cos(pi * hundredth)), tolerance) << s;
    EXPECT_NEAR(rate_at(linear_schedule(2, 1, 10), s, GetParam()), 2 - std::min(s / 10, 1.0), tolerance) << s;
    EXPECT_NEAR(rate_at(step_schedule(2, 0.5, 5), s, GetParam()), 2 * std::pow(0.5, std::floor(s / 5)), tolerance) << s;
  }
}

INSTANTIATE_TEST_SUITE_P(Machines, Optimisation, testing::ValuesIn(machines()), [](const auto& test) {
  return test.param.device + "_" + std::string(to_string(test.param.precision));
});

TEST(OptimiserErrors, NameTheOption) {
  EXPECT_EQ(message_of<ArgumentError>([] { sgd({.momentum = 1}); }), "[sgd] momentum is 1; expected 0 to below 1");
  EXPECT_EQ(message_of<ArgumentError>([] { adam({.second_decay = 1.5}); }), "[adam] second_decay is 1.5; expected 0 to below 1");
  EXPECT_EQ(message_of<ArgumentError>([] { adamw({.first_decay = -1}); }), "[adamw] first_decay is -1; expected 0 to below 1");
  EXPECT_EQ(message_of<ArgumentError>([] { linear_schedule(1, 0, 0); }),
            "[linear_schedule] over 0 updates; expected at least 1");
  EXPECT_EQ(message_of<ArgumentError>([] { warmup_cosine({.first = 0, .peak = 1, .warmup = 5, .updates = 5}); }),
            "[warmup_cosine] 5 updates of which 5 warm up; expected more in all than to warm up, and no negative number");
}

}  // namespace
}  // namespace pcxx::test

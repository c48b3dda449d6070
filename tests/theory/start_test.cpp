/// T2, T3, T4, T5, T6: what the first steps from the forward pass do, exactly.
#include "theory/theory.h"

#include "pcxx/tensor/operations.h"

namespace pcxx::test {
namespace {

constexpr Size kBatch = 5;

class Start : public Theory {
 protected:
  void SetUp() override {
    RandomStream random(8);
    for (Size sample = 0; sample < kBatch; ++sample) {
      one_hot_y.as<double>()[static_cast<std::size_t>(sample * 3 + random.below(3))] = 1;
    }
  }

  Array x = normal_data({kBatch, 4}, 1), y = normal_data({kBatch, 3}, 2);
  Array one_hot_y{{kBatch, 3}, ElementType::f64};
  const std::vector<Size> widths = {4, 6, 5, 6, 3};  // L = 4
};

bool all_zero(const Array& array) { return largest(Matrix(1, array.elements(), numbers_of(array))) == 0; }

/// T2: after the forward start every hidden energy is exactly 0, in f32 too; the total is the loss of the output.
TEST_P(Start, T2HiddenEnergiesAreExactlyZero) {
  for (const std::string activation : {"gelu", "relu", "leaky_relu", "tanh", "sigmoid", "hard_tanh"}) {
    const Mlp net(widths, {.activation = activation});
    const Executor after = run(net, state_for(net), {{net.x, x}, {net.target(), y}}, [&](Flow& flow) {
      flow.enter("start");
      for (const auto& [name, energy] : net.energies()) {
        flow.output(name, energy);
      }
      flow.output("total", net.energy());
    });
    for (const Node& node : net.layers) {
      EXPECT_EQ(all_zero(after.output(node.name())), node != net.target()) << activation << " " << node.name();
    }
    EXPECT_EQ(numbers_of(after.output("total")), numbers_of(after.output(net.target().name()))) << activation;
  }
}

/// T2: evaluation is a plain forward network, and its loss the energy of the start.
TEST_P(Start, T2EvaluationIsTheForwardPass) {
  const Mlp net(widths, {.activation = "tanh"});
  const auto state = state_for(net);
  const Executor evaluation = run(net, state, {{net.x, x}}, prediction_of(net.target()));
  const Executor start = run(net, state, {{net.x, x}, {net.target(), y}}, [&](Flow& flow) {
    flow.enter("start");
    flow.output("energy", net.energy());
  });
  Chain chain(*state, 4, tanh_of, tanh_slope_of);
  for (Size sample = 0; sample < kBatch; ++sample) {
    chain.forward(sample_of(x, sample));
    expect_near(sample_of(evaluation.output("prediction"), sample), chain.output(), "output");
    const Vector r = sample_of(y, sample) - chain.output();
    expect_near(numbers_of(start.output("energy"))[static_cast<std::size_t>(sample)], 0.5 * dot(r, r), "loss");
  }
}

/// T3: after t updates e_l = 0 exactly for l < L - t, and so is dF/dW_l; for l >= L - t neither is.
TEST_P(Start, T3TheWavefrontMovesOneLayerAStep) {
  const Size last = 4;
  for (const Optimiser& optimiser : {sgd({.rate = 0.05}), sgd({.rate = 0.05, .momentum = 0.9}),
                                     sgd({.rate = 0.05, .momentum = 0.5, .nesterov = true}), adam({.rate = 0.01})}) {
    const Mlp net(widths, {.activation = "gelu"});
    for (Size t = 0; t <= last; ++t) {
      const Executor after = run(net, state_for(net), {{net.x, x}, {net.target(), y}}, [&](Flow& flow) {
        relax(flow, net, optimiser, t);
        output_errors(flow, net);
        const std::vector<Tensor> gradients = flow.gradient(net.energy(), net.parameters(tagged("weight")));
        for (std::size_t l = 0; l < gradients.size(); ++l) {
          flow.output("gradient" + std::to_string(l), gradients[l]);
        }
      });
      for (Size l = 1; l <= last; ++l) {
        const std::string number = std::to_string(l - 1);
        EXPECT_EQ(all_zero(after.output("error" + number)), l < last - t) << optimiser.name << " t " << t << " l " << l;
        EXPECT_EQ(all_zero(after.output("gradient" + number)), l < last - t) << optimiser.name << " t " << t << " l " << l;
      }
    }
  }
}

/// T3 does not hold from other starts: every layer has an error at once.
TEST_P(Start, T3NeedsTheForwardStart) {
  Mlp net(widths, {.activation = "gelu"});
  net.phase("start").follow(named("node*"), to_zero());
  const Executor after = run(net, state_for(net), {{net.x, x}, {net.target(), y}}, [&](Flow& flow) {
    flow.enter("start");
    output_errors(flow, net);
  });
  EXPECT_FALSE(all_zero(after.output("error0")));
}

struct FirstArrival {
  double momentum;
  bool nesterov;
  double gain;  // of each layer crossed, without its precision
  std::vector<double> precisions;
};

/// T4: e_{L-t}(t) = gain^t J_{L-t+1}^T ... J_L^T e_L(0); gain is eta for gradient descent and plain momentum,
/// eta (1 + m) for Nesterov; each layer crossed multiplies by its precision.
TEST_P(Start, T4FirstArrival) {
  const double eta = 0.125, m = 0.5;
  const std::vector<FirstArrival> cases = {
      {0, false, eta, {}}, {m, false, eta, {}}, {m, true, eta * (1 + m), {}}, {0, false, eta, {0.5, 2, 0.25, 4}}};
  for (const FirstArrival& c : cases) {
    const Mlp net(widths, {.activation = "tanh", .precisions = c.precisions});
    const auto state = state_for(net);
    for (Size t = 1; t <= 3; ++t) {
      const Executor after = run(net, state, {{net.x, x}, {net.target(), y}}, [&](Flow& flow) {
        relax(flow, net, sgd({.rate = eta, .momentum = c.momentum, .nesterov = c.nesterov}), t);
        output_errors(flow, net);
      });
      const Array error = after.output("error" + std::to_string(3 - t));
      Chain chain(*state, 4, tanh_of, tanh_slope_of);
      for (Size sample = 0; sample < kBatch; ++sample) {
        chain.forward(sample_of(x, sample));
        Vector expected = sample_of(y, sample) - chain.output();
        for (Size l = 4; l > 4 - t; --l) {
          const double precision = c.precisions.empty() ? 1 : c.precisions[static_cast<std::size_t>(l - 1)];
          expected = (c.gain * precision) * (chain.jacobian(l).transposed() * expected);
        }
        // f32 takes the error as a difference of numbers of size 1.
        EXPECT_LE(largest(sample_of(error, sample) - expected), f64() ? 1e-10 * largest(expected) : 1e-6) << "t " << t;
      }
    }
  }
}

/// T5, linear, gradient descent: e_{L-k}(t) = C(t, k) eta^k A_{L-k}^T r + O(eta^{k+1}); so neighbours differ by
/// eta (t - k) / (k + 1).
TEST_P(Start, T5TheDiffusionLaw) {
  if (!f64()) {
    GTEST_SKIP() << "f32 takes an error as a difference of numbers of size 1; the law is about small ones";
  }
  const double eta = 1e-4, binomial[] = {1, 8, 28, 56};
  const Mlp net(widths, {.bias = false});
  const auto state = state_for(net);
  const Executor after = run(net, state, {{net.x, x}, {net.target(), y}}, [&](Flow& flow) {
    relax(flow, net, sgd({.rate = eta}), 8);
    output_errors(flow, net);
  });
  Chain chain(*state, 4, identity_of, one_of);
  for (Size sample = 0; sample < kBatch; ++sample) {
    chain.forward(sample_of(x, sample));
    const Vector r = sample_of(y, sample) - chain.output();
    for (Size k = 0; k <= 3; ++k) {
      const Vector expected = (binomial[k] * std::pow(eta, static_cast<double>(k))) * (chain.to_output(4 - k).transposed() * r);
      const Vector error = sample_of(after.output("error" + std::to_string(3 - k)), sample);
      EXPECT_LE(largest(error - expected), 100 * eta * largest(expected)) << "k " << k;
    }
  }
}

/// T6: one sweep from the output down with step 1 sets e_l = delta_l, backpropagation's credit, measured before the
/// layer below moves; with forward presynaptic states the weights' gradient is backpropagation's.
TEST_P(Start, T6OneSweepIsBackpropagation) {
  for (const bool categorical_output : {false, true}) {
    Mlp net(widths, {.activation = "tanh", .output = categorical_output ? categorical() : squared_error()});
    // Readers see the forward pass; the weights' gradient stays within each layer.
    net.phase("forward").show_prediction(everything(), [](const Tensor& u) { return stop_gradient(u); });
    const auto state = state_for(net);
    const Array& target = categorical_output ? one_hot_y : y;
    const std::vector<std::pair<Node, Array>> data = {{net.x, x}, {net.target(), target}};
    const auto output_gradients = [&](Flow& flow, const Tensor& energy) {
      const std::vector<Tensor> gradients = flow.gradient(energy, net.parameters());
      for (std::size_t i = 0; i < gradients.size(); ++i) {
        flow.output(net.parameters()[i].name(), gradients[i]);
      }
    };
    const Executor sweep = run(net, state, data, [&](Flow& flow) {
      flow.enter("start");
      for (std::size_t l = net.layers.size() - 1; l-- > 0;) {
        flow.assign(net.layers[l], net.layers[l].value() - flow.gradient(net.energy(), {net.layers[l]})[0]);
      }
      flow.enter("forward");
      output_errors(flow, net);
      output_gradients(flow, net.energy());
    });
    const Executor backpropagation = run(net, state, data, [&](Flow& flow) {
      flow.enter("predict");
      output_gradients(flow, net.target().energy());
    });
    for (const Parameter& parameter : net.parameters()) {
      const Array expected = backpropagation.output(parameter.name());
      const Matrix gradient(1, expected.elements(), numbers_of(expected));
      expect_near(Matrix(1, expected.elements(), numbers_of(sweep.output(parameter.name()))), gradient, parameter.name());
    }
    Chain chain(*state, 4, tanh_of, tanh_slope_of);
    for (Size sample = 0; sample < kBatch; ++sample) {
      chain.forward(sample_of(x, sample));
      Vector credit = sample_of(target, sample) - chain.output();
      if (categorical_output) {  // y - softmax
        const Vector e = elementwise(chain.output(), [](double a) { return std::exp(a); });
        credit = sample_of(target, sample) - (1 / dot(e, elementwise(e, one_of))) * e;
      }
      for (Size l = 3; l >= 1; --l) {
        credit = chain.jacobian(l + 1).transposed() * credit;
        expect_near(sample_of(sweep.output("error" + std::to_string(l - 1)), sample), credit, "credit", 10);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Machines, Start, testing::ValuesIn(machines()), machine_name);

}  // namespace
}  // namespace pcxx::test

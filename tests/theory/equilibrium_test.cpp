/// T9, T10, T11: where linear networks settle, with what energy, and what the weights then learn.
#include "theory/theory.h"

#include <algorithm>

#include "pcxx/tensor/operations.h"

namespace pcxx::test {
namespace {

constexpr Size kBatch = 3, kLayers = 4, kSettled = 4000;

class Equilibrium : public Theory {
 protected:
  Array x = normal_data({kBatch, 3}, 1), y = normal_data({kBatch, 2}, 2);

  /// Returns the energies at equilibrium, the weights' gradients and the errors.
  Executor settle(const Mlp& net, const std::shared_ptr<State>& state) const {
    return run(net, state, {{net.x, x}, {net.target(), y}}, [&](Flow& flow) {
      relax(flow, net, sgd({.rate = 0.2, .momentum = 0.5}), kSettled);
      output_errors(flow, net);
      flow.output("energy", net.energy());
      const std::vector<Parameter> weights = net.parameters(tagged("weight"));
      const std::vector<Tensor> gradients = flow.gradient(net.energy(), weights);
      for (std::size_t i = 0; i < gradients.size(); ++i) {
        flow.output(weights[i].name(), gradients[i]);
      }
    });
  }
};

/// T9: e_l* = A_l^T S^-1 r for l < L and precision e_L* = S^-1 r.
TEST_P(Equilibrium, T9ErrorsOfALinearNetwork) {
  for (const double precision : {1.0, 0.25}) {
    const Mlp net({3, 4, 5, 4, 2}, {.bias = false, .precisions = {1, 1, 1, precision}});
    const auto state = state_for(net);
    const Executor settled = settle(net, state);
    Chain chain(*state, kLayers, identity_of, one_of);
    for (Size sample = 0; sample < kBatch; ++sample) {
      chain.forward(sample_of(x, sample));
      const Vector u = solve(chain.s_matrix(precision), sample_of(y, sample) - chain.output());
      for (Size l = 1; l <= kLayers; ++l) {
        const Vector expected = l == kLayers ? (1 / precision) * u : chain.to_output(l).transposed() * u;
        expect_near(sample_of(settled.output("error" + std::to_string(l - 1)), sample), expected, "error", 10);
      }
    }
  }
}

/// T9: h* = H^-1 b, b = [W_1 x, 0, ..., precision W_L^T y]; H is block tridiagonal with I + W_{l+1}^T W_{l+1} (the last
/// one: I + precision W_L^T W_L) on the diagonal and -W_{l+1}^T above it.
TEST_P(Equilibrium, T9ValuesSolveTheBlockTridiagonalSystem) {
  const double precision = 0.5;
  const Mlp net({3, 4, 5, 4, 2}, {.bias = false, .precisions = {1, 1, 1, precision}});
  const auto state = state_for(net);
  const Executor settled = settle(net, state);
  const Chain chain(*state, kLayers, identity_of, one_of);
  const Size offsets[] = {0, 4, 9, 13};
  Matrix h(13, 13);
  for (Size l = 1; l < kLayers; ++l) {
    const Matrix& above = chain.weights[static_cast<std::size_t>(l)];
    const double weight = l == kLayers - 1 ? precision : 1;
    h.place(offsets[l - 1], offsets[l - 1], Matrix::identity(above.columns()) + weight * (above.transposed() * above));
    if (l < kLayers - 1) {
      h.place(offsets[l - 1], offsets[l], -1.0 * above.transposed());
      h.place(offsets[l], offsets[l - 1], -1.0 * above);
    }
  }
  for (Size sample = 0; sample < kBatch; ++sample) {
    Vector b(13, 1);
    b.place(0, 0, chain.weights[0] * sample_of(x, sample));
    b.place(9, 0, precision * (chain.weights[3].transposed() * sample_of(y, sample)));
    const Vector expected = solve(h, b);
    for (Size l = 1; l < kLayers; ++l) {
      expect_near(sample_of(settled.value(net.layers[static_cast<std::size_t>(l - 1)]), sample),
                  expected.rows_from(offsets[l - 1], offsets[l] - offsets[l - 1]), "value", 10);
    }
  }
}

/// T9 and T10 with identity skips u = h + a W h: blocks 2 I + a^2 W^T W + a (W + W^T) and -a W^T - I, and
/// A_l = W_L (I + a W_{L-1}) ... (I + a W_{l+1}).
TEST_P(Equilibrium, T9IdentitySkips) {
  const Mlp net({3, 4, 4, 4, 2}, {.bias = false, .skip = 1});
  const auto state = state_for(net);
  const Executor settled = settle(net, state);
  const Chain chain(*state, kLayers, identity_of, one_of);
  const Matrix one = Matrix::identity(4);
  const Matrix &w2 = chain.weights[1], &w3 = chain.weights[2], &w4 = chain.weights[3];
  const auto interior = [&](const Matrix& w) { return 2.0 * one + w.transposed() * w + (w + w.transposed()); };
  Matrix h(12, 12);
  h.place(0, 0, interior(w2));
  h.place(4, 4, interior(w3));
  h.place(8, 8, one + w4.transposed() * w4);
  for (const auto& [offset, w] : {std::pair(Size{0}, w2), std::pair(Size{4}, w3)}) {
    h.place(offset, offset + 4, -1.0 * w.transposed() - one);
    h.place(offset + 4, offset, -1.0 * w - one);
  }
  const Matrix a3 = w4, a2 = w4 * (one + w3), a1 = a2 * (one + w2);
  const Matrix s = Matrix::identity(2) + a1 * a1.transposed() + a2 * a2.transposed() + a3 * a3.transposed();
  for (Size sample = 0; sample < kBatch; ++sample) {
    const Vector first = chain.weights[0] * sample_of(x, sample);
    Vector b(12, 1);
    b.place(0, 0, first);
    b.place(8, 0, w4.transposed() * sample_of(y, sample));
    const Vector expected = solve(h, b);
    for (Size l = 0; l < 3; ++l) {
      expect_near(sample_of(settled.value(net.layers[static_cast<std::size_t>(l)]), sample), expected.rows_from(4 * l, 4),
                  "value", 10);
    }
    const Vector r = sample_of(y, sample) - a1 * first;
    expect_near(numbers_of(settled.output("energy"))[static_cast<std::size_t>(sample)], 0.5 * dot(r, solve(s, r)), "energy");
  }
}

/// T10: F* = r^T S^-1 r / 2.
TEST_P(Equilibrium, T10TheEnergyThatIsLeft) {
  const Mlp net({3, 4, 5, 4, 2}, {.bias = false});
  const auto state = state_for(net);
  const Executor settled = settle(net, state);
  Chain chain(*state, kLayers, identity_of, one_of);
  for (Size sample = 0; sample < kBatch; ++sample) {
    chain.forward(sample_of(x, sample));
    const Vector r = sample_of(y, sample) - chain.output();
    expect_near(numbers_of(settled.output("energy"))[static_cast<std::size_t>(sample)],
                0.5 * dot(r, solve(chain.s_matrix(), r)), "energy");
  }
}

/// T10, numbers to check by hand: x = 1, W_1 = 2, W_2 = 3, y = 1 give r = -5, S = 10, h* = .5, e = -1.5 and -.5, F* = 1.25.
TEST_P(Equilibrium, T10AScalarChain) {
  const Mlp net({1, 1, 1}, {.bias = false});
  const auto state = state_for(net);
  const ElementType type = f64() ? ElementType::f64 : ElementType::f32;
  const std::vector<double> one = {1}, two = {2}, three = {3};
  state->at("layer0.weight") = Array::from({1, 1}, std::span(two)).to(type);
  state->at("layer1.weight") = Array::from({1, 1}, std::span(three)).to(type);
  const Array number = Array::from({1, 1}, std::span(one));
  const Executor settled = run(net, state, {{net.x, number}, {net.target(), number}}, [&](Flow& flow) {
    relax(flow, net, sgd({.rate = 0.15}), 200);
    output_errors(flow, net);
    flow.output("energy", net.energy());
  });
  expect_near(numbers_of(settled.value(net.layers[0]))[0], 0.5, "h");
  expect_near(numbers_of(settled.output("error0"))[0], -1.5, "hidden error");
  expect_near(numbers_of(settled.output("error1"))[0], -0.5, "output error");
  expect_near(numbers_of(settled.output("energy"))[0], 1.25, "energy");
}

/// F* of the whole batch, divided by its size, for the closed form of T10.
double mean_energy_left(Chain& chain, const Array& x, const Array& y) {
  double sum = 0;
  for (Size sample = 0; sample < kBatch; ++sample) {
    chain.forward(sample_of(x, sample));
    const Vector r = sample_of(y, sample) - chain.output();
    sum += 0.5 * dot(r, solve(chain.s_matrix(), r));
  }
  return sum / kBatch;
}

/// T11: at equilibrium the update is the gradient of F*: the total derivative equals the partial one.
TEST_P(Equilibrium, T11TheEnvelope) {
  const Mlp net({3, 4, 5, 4, 2}, {.bias = false});
  const auto state = state_for(net);
  const Executor settled = settle(net, state);
  Chain chain(*state, kLayers, identity_of, one_of);
  const double step = 1e-4;  // of a fourth-order difference: truncation 1e-16, rounding 1e-12
  for (Size l = 0; l < kLayers; ++l) {
    const Array gradient = settled.output("layer" + std::to_string(l) + ".weight");
    Matrix& w = chain.weights[static_cast<std::size_t>(l)];
    Matrix expected(w.rows(), w.columns());
    for (Size i = 0; i < w.rows() * w.columns(); ++i) {
      const double before = w[i];
      const auto at = [&](double offset) {
        w[i] = before + offset * step;
        return mean_energy_left(chain, x, y);
      };
      expected[i] = (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * step);
      w[i] = before;
    }
    EXPECT_LE(largest(matrix_of(gradient) - expected), std::max(tolerance(), 1e-9) * 10 * largest(expected)) << "layer " << l;
  }
}

/// T11: before equilibrium the update is the gradient of no function: its Jacobian is not symmetric.
TEST_P(Equilibrium, T11NoFunctionBeforeEquilibrium) {
  if (!f64()) {
    GTEST_SKIP() << "differences of gradients need f64";
  }
  const Mlp net({1, 1, 1, 1}, {.bias = false});
  const std::vector<double> one = {1}, two = {2};
  const auto asymmetry = [&](Size steps) {
    const auto state = state_for(net);
    const auto gradient = [&](Size moved, Size asked, double offset) {
      const std::string name = "layer" + std::to_string(moved) + ".weight";
      const double before = state->at(name).as<double>()[0];
      state->at(name).as<double>()[0] += offset;
      const Executor after = run(net, state, {{net.x, Array::from({1, 1}, std::span(one))}, {net.target(), Array::from({1, 1}, std::span(two))}},
                                 [&](Flow& flow) {
                                   relax(flow, net, sgd({.rate = 0.1}), steps);
                                   flow.output("g", flow.gradient(net.energy(), {net.parameters()[static_cast<std::size_t>(asked)]})[0]);
                                 });
      state->at(name).as<double>()[0] = before;
      return numbers_of(after.output("g"))[0];
    };
    const double step = 1e-5;
    const auto slope = [&](Size moved, Size asked) {
      return (gradient(moved, asked, step) - gradient(moved, asked, -step)) / (2 * step);
    };
    return std::abs(slope(0, 2) - slope(2, 0));
  };
  EXPECT_GT(asymmetry(3), 1e-3);
  EXPECT_LT(asymmetry(2000), 1e-8);
}

INSTANTIATE_TEST_SUITE_P(Machines, Equilibrium, testing::ValuesIn(machines()), machine_name);

}  // namespace
}  // namespace pcxx::test

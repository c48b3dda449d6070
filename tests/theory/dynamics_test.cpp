/// T12, T13: how fast linear chains settle, and from which step size on they do not.
#include "theory/theory.h"

#include <algorithm>
#include <numbers>

#include "pcxx/tensor/operations.h"

namespace pcxx::test {
namespace {

class Dynamics : public Theory {
 protected:
  /// Returns the Hessian of the energy in all hidden values: gradients at unit vectors, one a sample, less those at 0.
  Matrix hessian(const Mlp& net, const std::shared_ptr<State>& state) const {
    const std::vector<Node> hidden(net.layers.begin(), net.layers.end() - 1);
    Size size = 0;
    for (const Node& node : hidden) {
      size += node.shape()[0];
    }
    std::vector<std::pair<Node, Array>> data = {{net.x, Array({size, net.x.shape()[0]}, ElementType::f64)},
                                                {net.target(), Array({size, net.target().shape()[0]}, ElementType::f64)}};
    Size offset = 0;
    for (const Node& node : hidden) {
      Array units({size, node.shape()[0]}, ElementType::f64);
      for (Size i = 0; i < node.shape()[0]; ++i) {
        units.as<double>()[static_cast<std::size_t>((offset + i) * node.shape()[0] + i)] = 1;
      }
      offset += node.shape()[0];
      data.emplace_back(node, std::move(units));
    }
    const Executor after = run(net, state, data, [&](Flow& flow) {
      const std::vector<Tensor> gradients = flow.gradient(net.energy(), hidden);
      flow.output("gradient", concat(gradients, 0));
    });
    return matrix_of(after.output("gradient"));  // without biases and data the gradient at 0 is 0
  }

  /// Returns how much of the distance from equilibrium is left after some steps.
  double left_after(const Mlp& net, const std::shared_ptr<State>& state, const Optimiser& optimiser, Size steps) const {
    const Array x = normal_data({2, net.x.shape()[0]}, 1), y = normal_data({2, net.target().shape()[0]}, 2);
    const Executor after = run(net, state, {{net.x, x}, {net.target(), y}}, [&](Flow& flow) {
      flow.enter("start");
      const auto squared_gradient = [&] {
        Tensor sum_of_squares = 0.0;
        for (const Tensor& gradient : flow.gradient(net.energy(), flow.free_nodes())) {
          sum_of_squares = sum_of_squares + batch_sum(sum(square(gradient)));
        }
        return sum_of_squares;
      };
      flow.output("before", squared_gradient());
      relax(flow, net, optimiser, steps);
      flow.output("after", squared_gradient());
    });
    return std::sqrt(numbers_of(after.output("after"))[0] / numbers_of(after.output("before"))[0]);
  }

  Mlp orthogonal_chain(Size hidden, Size width, Size outputs, double gain = 1) const {
    std::vector<Size> widths(static_cast<std::size_t>(hidden + 1), width);
    widths.push_back(outputs);
    return Mlp(widths, {.bias = false, .weight = orthogonal(gain)});
  }
};

/// T12: with orthogonal square weights the eigenvalues are 4 sin^2(j pi / (2 (H + 1))), each as often as nodes are wide;
/// directions that the last weights do not see have 4 sin^2((2 j - 1) pi / (2 (2 H + 1))).
TEST_P(Dynamics, T12TheSpectrumOfAnOrthogonalChain) {
  constexpr Size kWidth = 4;
  for (const Size hidden : {1, 2, 5}) {
    for (const Size outputs : {4, 3}) {
      const Mlp net = orthogonal_chain(hidden, kWidth, outputs);
      const Matrix h = hessian(net, state_for(net));
      std::vector<double> expected;
      for (Size j = 1; j <= hidden; ++j) {
        const double seen = std::sin(static_cast<double>(j) * std::numbers::pi / static_cast<double>(2 * (hidden + 1)));
        const double unseen = std::sin(static_cast<double>(2 * j - 1) * std::numbers::pi / static_cast<double>(2 * (2 * hidden + 1)));
        for (Size i = 0; i < kWidth; ++i) {
          expected.push_back(i < outputs ? 4 * seen * seen : 4 * unseen * unseen);
        }
      }
      std::sort(expected.begin(), expected.end());
      const auto size = static_cast<Size>(expected.size());
      expect_near(Matrix(1, size, symmetric_eigenvalues(h)), Matrix(1, size, expected), "eigenvalues");
    }
  }
}

/// T12: so the condition number grows as .41 (H + 1)^2, and gradient descent at 1 / lambda_max needs steps in proportion.
TEST_P(Dynamics, T12ConditionGrowsWithDepthSquared) {
  const Mlp net = orthogonal_chain(20, 2, 2);
  const std::vector<double> values = symmetric_eigenvalues(hessian(net, state_for(net)));
  EXPECT_NEAR(values.back() / values.front(), 0.41 * 21 * 21, 0.02 * 0.41 * 21 * 21);
}

/// T13: just below its bound a solver settles, just above it diverges: 2 / lambda for gradient descent,
/// 2 (1 + m) / lambda with momentum, 2 (1 + m) / ((1 + 2 m) lambda) with Nesterov's.
TEST_P(Dynamics, T13StepBounds) {
  const Mlp net({3, 4, 5, 4, 2}, {.bias = false, .weight = xavier_normal()});
  const auto state = state_for(net);
  const double lambda = symmetric_eigenvalues(hessian(net, state)).back();
  const double m = 0.6;
  const auto with = [&](double bound, double momentum, bool nesterov, double factor) {
    return left_after(net, state, sgd({.rate = factor * bound / lambda, .momentum = momentum, .nesterov = nesterov}), 1500);
  };
  for (const auto& [bound, momentum, nesterov] : {std::tuple(2.0, 0.0, false), std::tuple(2 * (1 + m), m, false),
                                                  std::tuple(2 * (1 + m) / (1 + 2 * m), m, true)}) {
    EXPECT_LT(with(bound, momentum, nesterov, 0.98), 1e-3) << bound;
    EXPECT_FALSE(with(bound, momentum, nesterov, 1.02) < 1e3) << bound;  // or no number any more
  }
}

/// T13, sweeps from the output down: they settle for alpha < 2 / (1 + max ||J_{l+1}||^2). On an orthogonal chain with
/// gain g the bound is 2 / (1 + g^2); a step of 1 is within it for g < 1 only, and diverges for g well above.
TEST_P(Dynamics, T13SweepBound) {
  const auto left = [&](double gain, double alpha) {
    const Mlp net = orthogonal_chain(6, 3, 3, gain);
    const Array x = normal_data({2, 3}, 1), y = normal_data({2, 3}, 2);
    const Executor after = run(net, state_for(net), {{net.x, x}, {net.target(), y}}, [&](Flow& flow) {
      flow.enter("start");
      flow.repeat(600, [&](const Tensor&) {
        for (std::size_t l = net.layers.size() - 1; l-- > 0;) {
          flow.assign(net.layers[l], net.layers[l].value() - alpha * flow.gradient(net.energy(), {net.layers[l]})[0]);
        }
      });
      Tensor squares = 0.0;
      for (const Tensor& gradient : flow.gradient(net.energy(), flow.free_nodes())) {
        squares = squares + batch_sum(sum(square(gradient)));
      }
      flow.output("left", squares);
    });
    return std::sqrt(numbers_of(after.output("left"))[0]);
  };
  for (const double gain : {0.6, 1.0, 1.1}) {
    EXPECT_LT(left(gain, 1.9 / (1 + gain * gain)), 1e-3) << gain;
  }
  EXPECT_LT(left(0.6, 1), 1e-3);
  EXPECT_FALSE(left(1.1, 1) < 1e3);  // or no number any more
}

INSTANTIATE_TEST_SUITE_P(Machines, Dynamics, testing::ValuesIn(machines()), machine_name);

}  // namespace
}  // namespace pcxx::test

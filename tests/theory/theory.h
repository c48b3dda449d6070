/// What the tests of theory share: where they run, data, and a chain of dense layers computed by hand.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "pcxx/core/random.h"
#include "pcxx/learn/rules.h"
#include "pcxx/network/executor.h"
#include "support/devices.h"
#include "support/matrix.h"
#include "support/mlp.h"
#include "support/workbench.h"

namespace pcxx::test {

/// A device and a precision, and how near closed forms are expected: relative to the largest number compared.
struct Machine {
  std::string device;
  Precision precision;
  double tolerance;
};

inline void PrintTo(const Machine& machine, std::ostream* stream) {
  *stream << machine.device << " " << to_string(machine.precision);
}

inline std::vector<Machine> machines() {
  std::vector<Machine> all = {{"reference", Precision::f64, 1e-10}};
  for (const std::string& device : devices()) {
    all.push_back({device, Precision::f32, 1e-5});
  }
  return all;
}

inline std::string machine_name(const testing::TestParamInfo<Machine>& test) {
  return test.param.device + "_" + std::string(to_string(test.param.precision));
}

/// Returns standard normal data that f32 holds exactly.
inline Array normal_data(const Shape& shape, std::uint64_t seed) {
  RandomStream random(seed);
  Array array(shape, ElementType::f64);
  for (double& element : array.as<double>()) {
    element = static_cast<float>(random.normal());
  }
  return array;
}

/// Returns (rows, columns) for an array of rank 2, a column for one of rank 1.
inline Matrix matrix_of(const Array& array) {
  const Size rows = array.shape()[0];
  return {rows, array.shape().rank() == 2 ? array.shape()[1] : 1, numbers_of(array)};
}

/// Returns one sample's row as a column.
inline Vector sample_of(const Array& rows, Size sample) {
  const Matrix all = matrix_of(rows);
  return all.rows_from(sample, 1).transposed();
}

/// A chain a_l = W_l h_{l-1} + b_l, u_l = phi(a_l) but for the last, evaluated by hand for one sample. Numbers as in the
/// papers: h[0] is the data, layer l is predicted from layer l - 1, L is the last.
class Chain {
 public:
  /// `derivative` and `activation` are of the hidden layers.
  Chain(const State& state, Size layers, double (*activation)(double), double (*derivative)(double))
      : activation_(activation), derivative_(derivative) {
    for (Size l = 0; l < layers; ++l) {
      const std::string name = "layer" + std::to_string(l);
      weights.push_back(matrix_of(state.at(name + ".weight")));
      const auto& entries = state.arrays();
      const auto bias = entries.find(name + ".bias");
      biases.push_back(bias == entries.end() ? Matrix(weights.back().rows(), 1) : matrix_of(bias->second));
    }
  }

  Size layers() const { return static_cast<Size>(weights.size()); }

  /// Runs the forward pass and keeps h and the Jacobians J_l = d u_l / d h_{l-1} there.
  void forward(const Vector& x) {
    h = {x};
    jacobians = {Matrix(0, 0)};
    slopes = {Matrix(0, 0)};
    for (Size l = 1; l <= layers(); ++l) {
      const Matrix& w = weights[static_cast<std::size_t>(l - 1)];
      const Vector a = w * h.back() + biases[static_cast<std::size_t>(l - 1)];
      const bool last = l == layers();
      const Vector slope = elementwise(a, [&](double z) { return last ? 1.0 : derivative_(z); });
      Matrix jacobian = w;
      for (Size i = 0; i < w.rows(); ++i) {
        for (Size j = 0; j < w.columns(); ++j) {
          jacobian(i, j) *= slope[i];
        }
      }
      h.push_back(last ? a : elementwise(a, activation_));
      jacobians.push_back(jacobian);
      slopes.push_back(slope);
    }
  }

  const Vector& output() const { return h.back(); }
  const Matrix& jacobian(Size l) const { return jacobians[static_cast<std::size_t>(l)]; }

  /// Returns A_l = J_L ... J_{l+1} = d output / d h_l.
  Matrix to_output(Size l) const {
    Matrix a = Matrix::identity(output().rows());
    for (Size k = layers(); k > l; --k) {
      a = a * jacobian(k);
    }
    return a;
  }

  /// Returns S = I / precision + sum over l < L of A_l A_l^T.
  Matrix s_matrix(double precision = 1) const {
    Matrix s = (1 / precision) * Matrix::identity(output().rows());
    for (Size l = 1; l < layers(); ++l) {
      s = s + to_output(l) * to_output(l).transposed();
    }
    return s;
  }

  std::vector<Matrix> weights, biases, h, jacobians, slopes;

 private:
  double (*activation_)(double);
  double (*derivative_)(double);
};

inline double identity_of(double x) { return x; }
inline double one_of(double) { return 1; }
inline double tanh_of(double x) { return std::tanh(x); }
inline double tanh_slope_of(double x) { return 1 - std::tanh(x) * std::tanh(x); }

class Theory : public testing::TestWithParam<Machine> {
 protected:
  double tolerance() const { return GetParam().tolerance; }
  bool f64() const { return GetParam().precision == Precision::f64; }

  std::shared_ptr<State> state_for(const Network& net, std::uint64_t seed = 3) const {
    return std::make_shared<State>(net.initialise(seed, GetParam().precision));
  }

  /// Returns what is left after a run of a program on some data.
  Executor run(const Network& net, const std::shared_ptr<State>& state, const std::vector<std::pair<Node, Array>>& data,
               const std::function<void(Flow&)>& write) const {
    std::vector<Node> given;
    for (const auto& [node, array] : data) {
      given.push_back(node);
    }
    Executor executor(net, given, write, state, {.device = GetParam().device, .precision = GetParam().precision});
    executor.run(data);
    return executor;
  }

  void expect_near(const Matrix& actual, const Matrix& expected, const std::string& what, double slack = 1) const {
    ASSERT_EQ(actual.rows(), expected.rows()) << what;
    ASSERT_EQ(actual.columns(), expected.columns()) << what;
    EXPECT_LE(largest(actual - expected), slack * tolerance() * std::max(largest(expected), 1e-6)) << what;
  }
  void expect_near(double actual, double expected, const std::string& what) const {
    expect_near(Matrix(1, 1, {actual}), Matrix(1, 1, {expected}), what);
  }
};

/// Writes the relaxation of all free nodes from the forward pass.
inline void relax(Flow& flow, const Network& net, const Optimiser& optimiser, Size steps) {
  flow.enter("start");
  const OptimiserSteps values = flow.optimiser(optimiser, flow.free_nodes());
  flow.repeat(steps, [&](const Tensor&) { values.step(flow.gradient(net.energy(), flow.free_nodes())); });
}

/// Writes the errors h - u of all nodes as outputs "error0", ...
inline void output_errors(Flow& flow, const Mlp& net) {
  for (std::size_t l = 0; l < net.layers.size(); ++l) {
    flow.output("error" + std::to_string(l), net.layers[l].value() - net.layers[l].prediction());
  }
}

}  // namespace pcxx::test

/// Learning rules: library functions that write a training program. A user's own is one more such function.
#pragma once

#include <functional>
#include <string>

#include "pcxx/learn/optimisers.h"
#include "pcxx/network/flow.h"

namespace pcxx {

/// Writes one training step into a flow. A rule outputs "energy/<node>" (mean over the batch, at the states from which
/// the weights learn) for every node with an energy, and "energy".
struct LearningRule {
  std::string name;
  std::function<void(Flow&)> write;
};

/// Predictive coding (inference learning; science: Rao & Ballard 1999, Whittington & Bogacz 2017): start from the forward
/// pass, clamp the data, relax the free nodes for `steps` steps on the summed energy, then one step of the weights along
/// the batch mean of the energy's gradient at the relaxed values.
struct PredictiveCoding {
  Size steps = 8;                                  // T; fewer than the hidden nodes leaves the first ones untaught
  Optimiser values = sgd({.rate = 0.05});
  Optimisers weights = adamw({.rate = 1e-3});
  operator LearningRule() const;
};

/// Backpropagation of the same network: one forward pass, gradient of the energies of the clamped nodes.
struct Backpropagation {
  Optimisers weights = adamw({.rate = 1e-3});
  operator LearningRule() const;
};

/// Returns a program for evaluation: the forward pass from what is given to what predicts `node`, as output "prediction".
/// Nothing is relaxed.
std::function<void(Flow&)> prediction_of(const Node& node);

}  // namespace pcxx

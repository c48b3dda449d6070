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

/// Incremental predictive coding (Salvatori et al. 2024): values and weights move together, along gradients of one energy
/// at one point, at the steps first_update, first_update + every, ... PCX's schedule (T, T0, Ti) is {.steps = T,
/// .first_update = T0, .every = Ti, or 1 for Ti = 0, .final_update = true}. Energies are those after the last step. Weights
/// of a layer that no error has reached yet stay as they are, moments included; PCX moves them: .weights = adamw(...).
struct IncrementalPredictiveCoding {
  Size steps = 8;
  Size first_update = 0;      // the step at which weights begin to move; from `steps` on they do not move in the loop
  Size every = 1;
  bool final_update = false;  // one more step of the weights behind the loop
  Optimiser values = sgd({.rate = 0.05});
  Optimisers weights = skipping_zeros(adamw({.rate = 1e-3}));
  operator LearningRule() const;
};

/// Predictive coding towards a nudged target, set once: h := u - beta (u - y), and weights along the gradient divided by
/// beta. PCX's positive nudging for beta > 0, negative for beta < 0, centred for a sign that is drawn. For squared errors
/// of the targets. Outputs "beta"; the count of batches and the sign are in checkpoints.
struct TargetNudging {
  Schedule beta = 0.1;    // of the batches before, clamped to -1 to 1; 1 is predictive coding, 0 teaches nothing
  bool centred = false;   // each sign of beta with probability one half, drawn from the seed
  Size sign_batches = 1;  // batches in a row that share a sign: 1, or those of an epoch, as in PCX
  bool pcx = false;       // as PCX's benchmark: beta is 1 from -1 downwards, too, which is predictive coding
  Size steps = 8;
  Optimiser values = sgd({.rate = 0.05});
  Optimisers weights = adamw({.rate = 1e-3});
  operator LearningRule() const;
};

/// Z-IL (Song et al. 2020; Salvatori et al. 2022): values move once, at rate 1, from the outputs down, each level together
/// with the weights that predict the level above; the weights move exactly as in backpropagation if every free node has
/// the squared error and every given one any energy. A level is the longest way from a given node with an energy. What is
/// read by several levels (skips, shared parameters) waits for the last, while gradients are taken at the forward pass.
/// Weights have one optimiser for each group and level, "weights.level0", ...; energies are those of the forward pass.
///
/// With `steps` it is the hybrid of PCX's tutorial 6: values go on moving after their first step, at `later_rate`, and all
/// weights take one more step at the end, from which energies are reported.
struct ZeroDivergence {
  Size steps = 0;           // 0: Z-IL; else the hybrid with so many steps, at least one for each level
  double later_rate = 0.1;  // of the hybrid
  Optimisers weights = sgd({.rate = 0.2});
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

/// Optimisers, as optax defines them.
#pragma once

#include "pcxx/learn/schedule.h"
#include "pcxx/network/selection.h"
#include "pcxx/program/optimiser.h"

namespace pcxx {

struct SgdOptions {
  Schedule rate = 0.01;
  double momentum = 0;     // 0 keeps no trace
  bool nesterov = false;
};
/// trace t <- g + m t; value <- value - rate t, or with nesterov - rate (g + m t). No dampening.
Optimiser sgd(const SgdOptions& options);

struct AdamOptions {
  Schedule rate = 1e-3;
  double first_decay = 0.9;     // beta 1
  double second_decay = 0.999;  // beta 2
  double epsilon = 1e-8;        // outside the root
};
/// Adam with bias correction (Kingma & Ba 2015).
Optimiser adam(const AdamOptions& options);

struct AdamwOptions {
  Schedule rate = 1e-3;
  double weight_decay = 1e-4;   // value <- value - rate weight_decay value, decoupled; optax's default, biases included
  double first_decay = 0.9;
  double second_decay = 0.999;
  double epsilon = 1e-8;
  Selection decays = everything();  // what decays, e.g. tagged("weight") or !named("*.bias"); optax's mask
};
/// AdamW (Loshchilov & Hutter 2019).
Optimiser adamw(const AdamwOptions& options);

struct LionOptions {
  Schedule rate = 1e-3;         // the authors advise a third to a tenth of AdamW's
  double weight_decay = 1e-3;   // decoupled, as AdamW's
  double first_decay = 0.9;
  double second_decay = 0.99;
  Selection decays = everything();
};
/// value <- value - rate (sign(b1 m + (1 - b1) g) + weight_decay value); m <- b2 m + (1 - b2) g (Chen et al. 2023).
Optimiser lion(const LionOptions& options);

struct RmspropOptions {
  Schedule rate = 1e-3;
  double decay = 0.9;           // of the mean square v <- d v + (1 - d) g^2
  double epsilon = 1e-8;        // inside the root: g / sqrt(v + epsilon)
  bool centred = false;         // divides by the deviation, sqrt(v - mean^2 + epsilon)
  double momentum = 0;          // of the scaled step, rate included; 0 keeps no trace
  bool nesterov = false;
  double initial = 0;           // v before the first update; a larger one makes the first steps smaller
  bool epsilon_in_root = true;  // false: g / (sqrt(v) + epsilon), PyTorch's form
};
/// RMSprop (Tieleman & Hinton 2012), without bias correction.
Optimiser rmsprop(const RmspropOptions& options);

/// Leaves its variables as they are: parameters that a program has, but does not train.
Optimiser frozen();

// --- parts, put around an optimiser as in optax.chain: the outermost sees the gradients first. Names of states stay.

/// Multiplies the gradients.
Optimiser scaled(Optimiser optimiser, Schedule factor);

/// Limits every element of the gradients to [-limit, limit] (optax.clip).
Optimiser clipped_by_value(Optimiser optimiser, double limit);

/// Scales the gradients of all variables of the group down to the norm `largest`, if theirs together is larger
/// (optax.clip_by_global_norm). Of node values: each sample's own norm, since samples owe nothing to each other.
Optimiser clipped_by_norm(Optimiser optimiser, double largest);

/// Adds `amount` value to the gradients of what decays (optax.add_decayed_weights before the optimiser; PyTorch's
/// weight_decay of SGD). Unlike AdamW's decay it goes through momentum and scaling.
Optimiser decayed(Optimiser optimiser, double amount, Selection decays = everything());

/// Keeps an exponential moving average of the values after each update: a <- d a + (1 - d) value, corrected for its start
/// at zero (optax.ema of the parameters). States and checkpoints have it as "average"; with_averages() evaluates with it.
Optimiser averaged(Optimiser optimiser, double decay = 0.999);

/// Leaves a parameter whose gradient is zero in every element as it is: its value, its moments and its count, which is its
/// own. Before an error has reached a layer its gradient is exactly zero, and AdamW would decay its weights and age its
/// moments all the same (what counts is the gradient before any other part). For parameters, not for node values.
Optimiser skipping_zeros(Optimiser optimiser);

/// One optimiser for the parameters that a selection picks.
struct OptimiserGroup {
  Selection parameters = everything();
  Optimiser optimiser;
  std::string name = {};  // of its states; empty: "weights" for one group, "weights0", "weights1", ... for several
};

/// Optimisers over disjoint groups; one optimiser converts to a group of everything.
class Optimisers {
 public:
  Optimisers(Optimiser optimiser) : groups_{{everything(), std::move(optimiser), {}}} {}  // implicit: one for all reads well
  Optimisers(std::vector<OptimiserGroup> groups) : groups_(std::move(groups)) {}
  const std::vector<OptimiserGroup>& groups() const noexcept { return groups_; }

 private:
  std::vector<OptimiserGroup> groups_;
};

}  // namespace pcxx

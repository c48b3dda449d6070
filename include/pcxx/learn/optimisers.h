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
};
/// AdamW (Loshchilov & Hutter 2019).
Optimiser adamw(const AdamwOptions& options);

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

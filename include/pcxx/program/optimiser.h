/// Optimiser: how a value follows its gradient, as traced expressions; the same for node values and for parameters.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "pcxx/tensor/tensor.h"

namespace pcxx {

/// What an update may read. All per-variable tensors have the variable's shape and span.
struct OptimiserInput {
  Tensor value;
  Tensor gradient;
  std::vector<Tensor> slots;  // the optimiser's memory of this variable, in the order of Optimiser::slots; starts at 0
  Tensor count;               // updates made before this one; shared scalar
  std::string name;           // the variable's
  std::set<std::string> tags; // the variable's, if it is a parameter
};

struct OptimiserOutput {
  Tensor value;
  std::vector<Tensor> slots;
};

/// A description, without state: the program that uses it owns the slots and the count.
struct Optimiser {
  std::string name;                // "sgd", "adamw", ...
  std::vector<std::string> slots;  // e.g. {"first_moment", "second_moment"}
  std::function<OptimiserOutput(const OptimiserInput&)> update;
  /// What comes before the updates: the gradients of all variables of one step from those that were given, e.g. clipped
  /// by the norm of all of them. Empty: they are taken as they are.
  std::function<std::vector<Tensor>(const std::vector<OptimiserInput>&)> prepare = {};
  /// Whether a parameter whose whole gradient is zero stays as it is: value, slots and its count, which is then its own.
  bool skips_zeros = false;
};

}  // namespace pcxx

/// Energies: how much a node's value and its prediction disagree, per sample, in nats where they are likelihoods.
#pragma once

#include <functional>
#include <string>

#include "pcxx/tensor/tensor.h"

namespace pcxx {

struct Energy {
  std::string name;
  std::function<Tensor(const Tensor& value, const Tensor& prediction)> of;  // a scalar per sample
  bool needs_clamp = false;  // unbounded below in the value: relaxing such a node is an error
};

/// E = sum((h - u)^2) / 2.
Energy squared_error();
/// E = -sum_k h_k log softmax(u)_k over the last axis; u are logits, h a distribution (a one-hot label). Clamped only.
Energy categorical();
/// E = 0: the node is not predicted by an energy.
Energy no_energy();
/// Returns the energy called "squared_error", "categorical" or "none"; throws NameError with the known names.
Energy energy_from(const std::string& name);

}  // namespace pcxx

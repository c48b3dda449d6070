/// The fully connected layer.
#pragma once

#include <string>

#include "pcxx/network/layer_parameter.h"
#include "pcxx/tensor/tensor.h"

namespace pcxx {

struct LinearOptions {
  bool bias = true;
  std::string name = {};  // of its parameters: name.weight, name.bias; empty: the name of the node that it predicts
  LayerParameter weight = fan_in_uniform();
  LayerParameter bias_initialiser = fan_in_uniform();
};

/// Returns W x + b over the last axis of x: (..., in) to (..., out); makes weight (out, in), tagged "weight", and bias
/// (out), tagged "bias".
Tensor linear(const Tensor& x, Size out, const LinearOptions& options = {});

}  // namespace pcxx

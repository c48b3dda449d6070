/// Plain f64 loops of what a fused kernel means: its specification.
#pragma once

#include <vector>

#include "program/fused_kernel.h"

namespace pcxx::cpu {

using Doubles = std::vector<double>;

/// f(x) and f'(x) of an activation.
double activation(Activation kind, double x);
double activation_derivative(Activation kind, double x);

/// One elementwise operation.
double elementwise(Op op, Activation kind, double x, double y, double z);

/// Returns the outputs for inputs laid out as their accesses say.
std::vector<Doubles> run_reference(const FusedKernel& kernel, Size rows, const std::vector<Doubles>& inputs);

}  // namespace pcxx::cpu

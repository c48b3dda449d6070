/// Normalisation: of one sample over its elements or groups of channels, and over the batch.
#pragma once

#include <string>

#include "pcxx/network/layer_parameter.h"
#include "pcxx/tensor/tensor.h"

namespace pcxx {

struct NormalisationOptions {
  double epsilon = 1e-5;  // added to the variance
  bool affine = true;     // whether a weight multiplies the result and a bias is added
  std::string name = {};  // of its parameters: name.weight, name.bias; empty: the name of the node that it predicts
  LayerParameter weight = constant(1);
  LayerParameter bias_initialiser = zeros();
};

/// Returns (x - mean) / sqrt(variance + epsilon) over the last `axes` axes of x, or over all of them (0, as in PCX); the
/// variance divides by the number of elements. Weight and bias have the shape of those axes. Ba, Kiros & Hinton 2016.
Tensor layer_norm(const Tensor& x, Size axes = 0, const NormalisationOptions& options = {});

/// Returns the same over each of so many groups of neighbouring channels of x (channels, d1, ..., dn); weight and bias are
/// (channels). Throws ShapeError if the groups do not divide the channels. Wu & He 2018.
Tensor group_norm(const Tensor& x, Size groups, const NormalisationOptions& options = {});

/// Whose statistics normalise while a program trains.
enum class Statistics : std::uint8_t {
  batch,    // the batch's own, of the values at hand, through which gradients flow
  running,  // those gathered so far, so that no sample depends on another, neither at rest nor while relaxing
};

struct BatchNormOptions {
  double epsilon = 1e-5;
  bool affine = true;
  double momentum = 0.1;  // weight of the new statistics in the running ones; with `pcx`, of the old ones
  bool pcx = false;       // as PCX: training normalises by what the running statistics become, divided by all elements
  Statistics training = Statistics::batch;
  std::string name = {};
  LayerParameter weight = constant(1);
  LayerParameter bias_initialiser = zeros();
};

/// Returns (x - mean) / sqrt(variance + epsilon) for each channel of x (channels, d1, ..., dn), over the samples and the
/// other axes. A program that trains takes the statistics that the options say, one that evaluates the running ones
/// (Flow::mode). Running mean and variance (by the number of elements less one) are layer state, name.running_mean and
/// name.running_var: not trained, but saved. They stand still during relaxation and move once with each step of the
/// weights, towards the statistics of the values from which the weights learn. Ioffe & Szegedy 2015.
Tensor batch_norm(const Tensor& x, const BatchNormOptions& options = {});

}  // namespace pcxx

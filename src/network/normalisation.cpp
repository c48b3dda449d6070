/// Normalisation: means, variances, and what a layer's weight and bias make of the result.
#include "pcxx/network/normalisation.h"

#include <fmt/format.h>

#include <numeric>

#include "network/layer_parameters.h"
#include "pcxx/core/errors.h"
#include "pcxx/network/mode.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {
namespace {

void require_epsilon(const char* who, double epsilon) {
  if (!(epsilon >= 0)) {
    throw ArgumentError(fmt::format("[{}] epsilon {}; expected at least 0", who, epsilon));
  }
}

/// Returns numbers for each channel, (channels) to (channels, 1, ..., 1), as many axes as x.
Tensor for_channels(const Tensor& numbers, const Tensor& x) {
  std::vector<Size> extents(static_cast<std::size_t>(x.shape().rank()), 1);
  extents[0] = x.shape()[0];
  return reshape(numbers, Shape(extents));
}

std::vector<Size> axes_from(const Tensor& x, Size first) {
  std::vector<Size> axes(static_cast<std::size_t>(x.shape().rank() - first));
  std::iota(axes.begin(), axes.end(), first);
  return axes;
}

/// Returns rows (rows, elements), each with mean 0 and variance 1.
Tensor normalised(const Tensor& rows, double epsilon) {
  const Shape column = {rows.shape()[0], 1};
  const Tensor centred = rows - reshape(mean(rows, {1}), column);
  return centred / sqrt(reshape(mean(square(centred), {1}), column) + epsilon);
}

void require_channels(const char* who, const Tensor& x) {
  if (x.shape().rank() < 1 || x.shape().elements() == 0) {
    throw ShapeError(fmt::format("[{}] the input is {}; expected (channels, d1, ..., dn), none of them empty", who, to_string(x.shape())));
  }
}

/// Returns weight * x + bias with parameters of one shape, spread over x by `spread`.
template <class Options, class Spread>
Tensor transformed(const LayerParameters& parameters, const Tensor& x, const Shape& shape, const Options& options, const Spread& spread) {
  const Tensor weight = parameters.make("weight", shape, options.weight, {1, 1}, "scale");
  return x * spread(weight) + spread(parameters.make("bias", shape, options.bias_initialiser, {1, 1}));
}

}  // namespace

Tensor layer_norm(const Tensor& x, Size axes, const NormalisationOptions& options) {
  model_of(x, "layer_norm");
  require_epsilon("layer_norm", options.epsilon);
  const Size rank = x.shape().rank();
  if (axes < 0 || axes > rank || rank == 0 || x.shape().elements() == 0) {
    throw ShapeError(fmt::format("[layer_norm] over the last {} axes of {}; expected 1 to {}, or 0 for all, none of them empty", axes,
                                 to_string(x.shape()), rank));
  }
  const Shape inner(std::vector<Size>(x.shape().end() - (axes == 0 ? rank : axes), x.shape().end()));
  const Tensor rows = reshape(x, {x.shape().elements() / inner.elements(), inner.elements()});
  const Tensor result = reshape(normalised(rows, options.epsilon), x.shape());
  if (!options.affine) {
    return result;
  }
  const LayerParameters parameters("layer_norm", x, options.name);
  return transformed(parameters, result, inner, options, [](const Tensor& each) { return each; });
}

Tensor group_norm(const Tensor& x, Size groups, const NormalisationOptions& options) {
  model_of(x, "group_norm");
  require_epsilon("group_norm", options.epsilon);
  require_channels("group_norm", x);
  const Size channels = x.shape()[0];
  if (groups < 1 || channels % groups != 0) {
    throw ShapeError(fmt::format("[group_norm] {} groups of {} channels; expected groups that divide them", groups, channels));
  }
  const Tensor rows = reshape(x, {groups, x.shape().elements() / groups});
  const Tensor result = reshape(normalised(rows, options.epsilon), x.shape());
  if (!options.affine) {
    return result;
  }
  const LayerParameters parameters("group_norm", x, options.name);
  return transformed(parameters, result, {channels}, options, [&](const Tensor& each) { return for_channels(each, x); });
}

Tensor batch_norm(const Tensor& x, const BatchNormOptions& options) {
  model_of(x, "batch_norm");
  require_epsilon("batch_norm", options.epsilon);
  require_channels("batch_norm", x);
  if (!(options.momentum >= 0 && options.momentum <= 1)) {
    throw ArgumentError(fmt::format("[batch_norm] momentum {}; expected 0 to 1", options.momentum));
  }
  const Shape shape = {x.shape()[0]};
  const LayerParameters parameters("batch_norm", x, options.name);
  const Tensor running_mean = parameters.make_state("running_mean", shape, zeros());
  const Tensor running_variance = parameters.make_state("running_var", shape, constant(1));

  const auto over_batch = [&](const Tensor& values) { return batch_mean(mean(values, axes_from(x, 1))); };
  const Tensor own_mean = over_batch(x);
  const Tensor own_variance = over_batch(square(x - for_channels(own_mean, x)));
  const double elements = static_cast<double>(x.shape().elements() / x.shape()[0]);
  const Tensor count = elements * batch_size(x);
  const Tensor unbiased = own_variance * (count / maximum(count - 1.0, 1.0));  // of one number it stays 0
  const double fresh = options.pcx ? 1 - options.momentum : options.momentum;
  Tensor next_mean = (1 - fresh) * running_mean + fresh * own_mean;
  Tensor next_variance = (1 - fresh) * running_variance + fresh * (options.pcx ? own_variance : unbiased);
  if (options.pcx) {  // the first batch's statistics are taken whole
    const Tensor batches = parameters.make_state("batches", {}, zeros());
    const Tensor first = equal(batches, 0.0);
    next_mean = select(first, own_mean, next_mean);
    next_variance = select(first, own_variance, next_variance);
    parameters.update_state(batches, minimum(batches + 1.0, 1.0));
  }
  parameters.update_state(running_mean, next_mean);
  parameters.update_state(running_variance, next_variance);

  const auto normalised_by = [&](const Tensor& mean, const Tensor& variance) {
    return (x - for_channels(mean, x)) / for_channels(sqrt(variance + options.epsilon), x);
  };
  const Tensor evaluated = normalised_by(running_mean, running_variance);
  const Tensor trained = options.pcx ? normalised_by(next_mean, next_variance) : normalised_by(own_mean, own_variance);
  const Tensor result = options.training == Statistics::running ? evaluated : by_mode(trained, evaluated);
  return options.affine ? transformed(parameters, result, shape, options, [&](const Tensor& each) { return for_channels(each, x); })
                        : result;
}

}  // namespace pcxx

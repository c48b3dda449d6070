/// Gradients as expressions: written in operations, so that they can be differentiated again.
#pragma once

#include <vector>

#include "pcxx/tensor/tensor.h"

namespace pcxx {

/// Returns d total / d v for each v of `variables`, in the shape of v; zeros where v has no influence. It is shared for a
/// shared v; for a per-sample v it may be shared too, where it is the same for each sample.
///
/// `output` must be a scalar. If it is per sample, the total is its sum over the batch; so the gradient of a per-sample
/// variable is that sample's own, and the gradient of a shared one sums over the samples.
/// Throws ShapeError if the output is no scalar, ArgumentError if it runs through an operation without a gradient.
std::vector<Tensor> gradient(const Tensor& output, const std::vector<Tensor>& variables);

}  // namespace pcxx

/// Helpers that put layers together.
#pragma once

#include <functional>
#include <vector>

#include "pcxx/tensor/tensor.h"

namespace pcxx {

/// Anything from one expression to another: a lambda around a layer, an activation, a whole module.
using Layer = std::function<Tensor(const Tensor&)>;

/// Returns layers one after the other: the last of ... of the first of x.
Tensor sequential(const Tensor& x, const std::vector<Layer>& layers);

/// Returns x + layer(x). Throws ShapeError if the two differ in shape: add a layer that projects x then.
Tensor residual(const Tensor& x, const Layer& layer);

/// Returns shortcut(x) + layer(x), e.g. with a 1x1 convolution as shortcut.
Tensor residual(const Tensor& x, const Layer& layer, const Layer& shortcut);

/// Returns x as one row.
Tensor flatten(const Tensor& x);

}  // namespace pcxx

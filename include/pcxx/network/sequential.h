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

/// Returns a layer that makes its parameters when it is first used, and uses them again afterwards: a module that several
/// places of a network share. Every use must make the same parameters in the same order: throws ShapeError, or
/// ArgumentError, if one makes others. Draws, as of dropout, are each use's own; so is layer state, of which a layer that
/// is shared may have none: throws ArgumentError.
Layer shared(Layer layer);

/// Returns x as one row.
Tensor flatten(const Tensor& x);

}  // namespace pcxx

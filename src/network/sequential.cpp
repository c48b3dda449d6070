/// Helpers that put layers together.
#include "pcxx/network/sequential.h"

#include <fmt/format.h>

#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {

Tensor sequential(const Tensor& x, const std::vector<Layer>& layers) {
  Tensor result = x;
  for (const Layer& layer : layers) {
    result = layer(result);
  }
  return result;
}

Tensor residual(const Tensor& x, const Layer& layer) {
  return residual(x, layer, [](const Tensor& same) { return same; });
}

Tensor residual(const Tensor& x, const Layer& layer, const Layer& shortcut) {
  const Tensor around = shortcut(x), through = layer(x);
  if (around.shape() != through.shape()) {
    throw ShapeError(fmt::format("[residual] the layer makes {} of {} but the shortcut {}; expected the same: give a shortcut that "
                                 "projects", to_string(through.shape()), to_string(x.shape()), to_string(around.shape())));
  }
  return around + through;
}

Tensor flatten(const Tensor& x) { return reshape(x, {x.shape().elements()}); }

}  // namespace pcxx

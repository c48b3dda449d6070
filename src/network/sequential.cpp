/// Helpers that put layers together.
#include "pcxx/network/sequential.h"

#include <fmt/format.h>

#include "network/layer_parameters.h"
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

Layer shared(Layer layer) {
  return [layer = std::move(layer), with = std::make_shared<SharedParameters>()](const Tensor& x) {
    const auto model = model_of(x, "shared");
    const Sharing sharing(*model, *with);
    with->next = 0;
    if (!with->complete) {
      with->made.clear();  // of a first use that failed
    }
    const Tensor result = layer(x);
    if (with->complete && with->next != with->made.size()) {
      throw ArgumentError(fmt::format("[shared] a later use takes {} of {} parameters; expected the same layers at every use",
                                      with->next, with->made.size()));
    }
    with->complete = true;
    return result;
  };
}

Tensor flatten(const Tensor& x) { return reshape(x, {x.shape().elements()}); }

}  // namespace pcxx

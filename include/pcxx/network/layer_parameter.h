/// LayerParameter: where a parameter of a layer comes from: drawn anew, or shared with others.
#pragma once

#include <optional>
#include <utility>

#include "pcxx/network/initialiser.h"
#include "pcxx/network/network.h"

namespace pcxx {

/// Converts from what a layer's option is set to: an initialiser makes a parameter of the layer's own; a parameter, or
/// any shared expression such as transpose(weight), is used as it is, and its gradients add up.
class LayerParameter {
 public:
  LayerParameter(Initialiser initialiser) : initialiser_(std::move(initialiser)) {}
  LayerParameter(const Parameter& parameter) : shared_(Tensor(parameter)) {}
  LayerParameter(const Tensor& parameter) : shared_(parameter) {}

  const std::optional<Tensor>& shared() const noexcept { return shared_; }
  const Initialiser& initialiser() const noexcept { return initialiser_; }

 private:
  Initialiser initialiser_;
  std::optional<Tensor> shared_;
};

}  // namespace pcxx

/// Options that layers share: where their parameters come from.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "bindings.h"

namespace pcxx::python {

/// An initialiser of a parameter of the layer's own, or a tensor to use as it is; nothing leaves the layer's default.
using Source = std::optional<std::variant<Initialiser, Tensor>>;

void set(LayerParameter& option, const Source& source);

/// Returns the text on a layer and what all layers' options mean.
std::string doc(const std::string& text);

}  // namespace pcxx::python

/// The energies that nodes may choose by name.
#include "pcxx/network/energy.h"

#include "core/names.h"
#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {

// [squared_error]
Energy squared_error() {
  return {"squared_error", [](const Tensor& value, const Tensor& prediction) {
            return 0.5 * sum(square(value - prediction));
          }};
}
// [/squared_error]

// [categorical]
Energy categorical() {
  return {"categorical", [](const Tensor& value, const Tensor& logits) { return -sum(value * log_softmax(logits)); },
          true};
}
// [/categorical]

Energy no_energy() {
  return {"none", [](const Tensor&, const Tensor&) { return Tensor(0.0); }};
}

Energy energy_from(const std::string& name) {
  for (const Energy& energy : {squared_error(), categorical(), no_energy()}) {
    if (energy.name == name) {
      return energy;
    }
  }
  throw NameError("[energy] " + unknown_name(name, {"squared_error", "categorical", "none"}));
}

}  // namespace pcxx

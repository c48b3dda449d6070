/// The list of backends.
#include "backend/backend.h"

#include "pcxx/core/errors.h"

namespace pcxx {

std::shared_ptr<const Backend> backend(const std::string& name) {
  if (name == "cpu") {
    return cpu_backend();
  }
  if (name == "reference") {
    return reference_backend();
  }
  throw NameError("[device] unknown name '" + name + "'; known: cpu, reference");
}

}  // namespace pcxx

/// The cpu backend where it is not built: says so. Goes when backend/cpu/ defines cpu_backend().
#include "backend/backend.h"
#include "pcxx/core/errors.h"

namespace pcxx {

std::shared_ptr<const Backend> cpu_backend() {
  throw DeviceError("[device] 'cpu' is not part of this build; expected 'reference'");
}

}  // namespace pcxx

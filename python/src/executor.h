/// BoundExecutor: an executor as Python has it, its own or one of a trainer's.
#pragma once

#include <memory>

#include "bindings.h"

namespace pcxx::python {

struct BoundExecutor {
  std::shared_ptr<const Executor> shown;
  std::shared_ptr<Executor> runs;  // null for a trainer's, which the trainer alone runs
  BoundState state;
  Locks locks;
  bool wide;  // takes f64 numbers
};

}  // namespace pcxx::python

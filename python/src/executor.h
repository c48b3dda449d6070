/// BoundExecutor: an executor as Python has it, its own or one of a trainer's.
#pragma once

#include <fmt/format.h>

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

/// Calls run(arrays), or run(samples, rows), with what {node: array} holds, or with so many samples without data; returns what
/// it returns.
template <class Run>
auto run_on(const Locks& locks, bool wide, const std::optional<nb::dict>& data, std::optional<Size> samples, const Run& run) {
  const Feed feed(data ? *data : nb::dict(), "run", wide);
  if (feed.empty() && !samples) {
    throw ArgumentError("[run] there are no data that say how many samples there are; expected run(samples=...)");
  }
  if (!feed.empty() && samples && *samples != feed.samples()) {
    throw ShapeError(fmt::format("[run] data of {} samples but samples={}", feed.samples(), *samples));
  }
  if (wide && !feed.empty()) {
    const BatchArrays arrays = feed.arrays();
    return locks.run([&] { return run(arrays); });
  }
  return locks.run([&] { return run(samples ? *samples : feed.samples(), feed.rows()); });
}

}  // namespace pcxx::python

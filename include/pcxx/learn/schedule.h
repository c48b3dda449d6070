/// Schedules: a rate as a function of the number of updates made before, traced, so that it costs nothing to change.
#pragma once

#include <functional>

#include "pcxx/tensor/tensor.h"

namespace pcxx {

/// A number converts to a constant schedule.
class Schedule {
 public:
  Schedule(double rate) : rate_([rate](const Tensor&) { return Tensor(rate); }) {}  // implicit: {.rate = 0.1} must read well
  explicit Schedule(std::function<Tensor(const Tensor& count)> rate) : rate_(std::move(rate)) {}
  Tensor operator()(const Tensor& count) const { return rate_(count); }

 private:
  std::function<Tensor(const Tensor&)> rate_;
};

/// From `first` to `last` in a straight line over `updates`, then constant.
Schedule linear_schedule(double first, double last, Size updates);

struct WarmupCosine {
  double first;   // rate of update 0
  double peak;
  Size warmup;    // updates from first to peak, in a straight line
  Size updates;   // in all; then constant at last
  double last = 0;
};
/// With s updates made: peak ((1 - a) (1 + cos(pi (s - warmup) / (updates - warmup))) / 2 + a), a = last / peak (optax).
Schedule warmup_cosine(const WarmupCosine& options);

/// Multiplies the rate by `factor` every `every` updates.
Schedule step_schedule(double first, double factor, Size every);

}  // namespace pcxx

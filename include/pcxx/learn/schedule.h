/// Schedules: a rate as a function of the number of updates made before, traced, so that it costs nothing to change.
#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "pcxx/tensor/tensor.h"

namespace pcxx {

/// A number converts to a constant schedule.
class Schedule {
 public:
  Schedule(double rate)  // implicit: {.rate = 0.1} must read well
      : rate_([rate](const Tensor&) { return Tensor(rate); }), constant_(rate) {}
  explicit Schedule(std::function<Tensor(const Tensor& count)> rate) : rate_(std::move(rate)) {}
  Tensor operator()(const Tensor& count) const { return rate_(count); }
  /// Returns the number of a schedule that was made from one.
  const std::optional<double>& constant() const noexcept { return constant_; }

 private:
  std::function<Tensor(const Tensor&)> rate_;
  std::optional<double> constant_;
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

/// From `first` to `last` along half a cosine over `updates`, then constant: first ((1 - a) (1 + cos(pi s / updates)) / 2
/// + a), a = last / first (optax.cosine_decay_schedule).
Schedule cosine_schedule(double first, double last, Size updates);

/// Warm-ups and cosines one after the other, each beginning anew when the `updates` of the one before are over
/// (Loshchilov & Hutter 2017; optax.sgdr_schedule). The last one stays where it ends.
Schedule cosine_restarts(const std::vector<WarmupCosine>& cycles);

/// Multiplies the rate by `factor` every `every` updates.
Schedule step_schedule(double first, double factor, Size every);

struct ExponentialDecay {
  double first;
  double factor;      // of the rate after every `updates` updates, and smoothly between
  Size updates;
  Size begin = 0;     // updates before it begins to fall
  bool staircase = false;             // falls at once after every `updates` updates, not between
  std::optional<double> last = {};    // where it stops: a lower bound for a factor below 1, else an upper one
};
/// first factor^((s - begin) / updates) (optax.exponential_decay).
Schedule exponential_decay(const ExponentialDecay& options);

/// `first`, multiplied by each factor from its update on (optax.piecewise_constant_schedule). Throws ArgumentError unless
/// the updates rise.
Schedule piecewise_constant(double first, const std::vector<std::pair<Size, double>>& factors);

/// The schedule counted in epochs: it changes every `updates` updates, those of an epoch, and counts epochs where it would
/// count updates. Throws ArgumentError unless there is at least one update.
Schedule by_epoch(Schedule schedule, Size updates);

/// One schedule after the other: schedules[i + 1] takes over at update boundaries[i] and counts from 0 there
/// (optax.join_schedules). Throws ArgumentError unless there is one boundary less than schedules, and they rise.
Schedule joined(const std::vector<Schedule>& schedules, const std::vector<Size>& boundaries);

}  // namespace pcxx

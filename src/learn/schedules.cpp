/// Schedules: traced functions of the count of updates.
#include <fmt/format.h>

#include <numbers>

#include "pcxx/core/errors.h"
#include "pcxx/learn/schedule.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {
namespace {

/// From first to last in a straight line over so many updates; what comes after is the caller's.
Tensor line(double first, double last, Size updates, const Tensor& count) {
  return first + (last - first) * (count / static_cast<double>(updates));
}

void require_updates(const char* who, Size updates) {
  if (updates < 1) {
    throw ArgumentError(fmt::format("[{}] over {} updates; expected at least 1", who, updates));
  }
}

}  // namespace

Schedule linear_schedule(double first, double last, Size updates) {
  require_updates("linear_schedule", updates);
  return Schedule([=](const Tensor& count) {
    return line(first, last, updates, minimum(count, static_cast<double>(updates)));
  });
}

Schedule warmup_cosine(const WarmupCosine& options) {
  const auto [first, peak, warmup, updates, last] = options;
  if (warmup < 0 || updates <= warmup) {
    throw ArgumentError(fmt::format("[warmup_cosine] {} updates of which {} warm up; expected more in all than to warm up, "
                                    "and no negative number", updates, warmup));
  }
  const double span = static_cast<double>(updates - warmup);
  // peak ((1 - a) c + a) with a = last / peak is last + (peak - last) c.
  return Schedule([=](const Tensor& count) {
    const Tensor along = minimum(count - static_cast<double>(warmup), span) / span;
    const Tensor decay = last + ((peak - last) * 0.5) * (1.0 + cos(std::numbers::pi * along));
    return warmup == 0 ? decay
                       : select(count < static_cast<double>(warmup), line(first, peak, warmup, count), decay);
  });
}

// [step]
Schedule step_schedule(double first, double factor, Size every) {
  require_updates("step_schedule", every);
  return Schedule([=](const Tensor& count) {
    return first * power(factor, floor(count / static_cast<double>(every)));
  });
}
// [/step]

}  // namespace pcxx

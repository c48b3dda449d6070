/// Schedules: traced functions of the count of updates.
#include <fmt/format.h>
#include <fmt/ranges.h>

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

void require_rising(const char* who, const std::vector<Size>& updates) {
  Size before = 0;
  for (const Size each : updates) {
    if (each <= before) {
      throw ArgumentError(fmt::format("[{}] changes at updates {}; expected rising numbers above 0", who, fmt::join(updates, ", ")));
    }
    before = each;
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

Schedule cosine_schedule(double first, double last, Size updates) {
  require_updates("cosine_schedule", updates);
  return warmup_cosine({.first = first, .peak = first, .warmup = 0, .updates = updates, .last = last});
}

Schedule cosine_restarts(const std::vector<WarmupCosine>& cycles) {
  std::vector<Schedule> schedules;
  std::vector<Size> boundaries;
  for (const WarmupCosine& cycle : cycles) {
    schedules.push_back(warmup_cosine(cycle));
    boundaries.push_back((boundaries.empty() ? 0 : boundaries.back()) + cycle.updates);
  }
  if (cycles.empty()) {
    throw ArgumentError("[cosine_restarts] no cycle; expected at least one");
  }
  boundaries.pop_back();
  return joined(schedules, boundaries);
}

// [step]
Schedule step_schedule(double first, double factor, Size every) {
  require_updates("step_schedule", every);
  return Schedule([=](const Tensor& count) {
    return first * power(factor, floor(count / static_cast<double>(every)));
  });
}
// [/step]

Schedule exponential_decay(const ExponentialDecay& options) {
  require_updates("exponential_decay", options.updates);
  if (!(options.factor > 0) || options.begin < 0) {
    throw ArgumentError(fmt::format("[exponential_decay] factor {} from update {}; expected a factor above 0, and no negative "
                                    "update", options.factor, options.begin));
  }
  return Schedule([=](const Tensor& count) {
    const auto& [first, factor, updates, begin, staircase, last] = options;
    const Tensor along = maximum(count - static_cast<double>(begin), 0.0) / static_cast<double>(updates);
    const Tensor rate = first * power(factor, staircase ? floor(along) : along);
    return !last ? rate : factor < 1 ? maximum(rate, *last) : minimum(rate, *last);
  });
}

Schedule piecewise_constant(double first, const std::vector<std::pair<Size, double>>& factors) {
  std::vector<Schedule> schedules = {first};
  std::vector<Size> boundaries;
  double rate = first;
  for (const auto& [update, factor] : factors) {
    boundaries.push_back(update);
    schedules.emplace_back(rate *= factor);
  }
  require_rising("piecewise_constant", boundaries);
  return joined(schedules, boundaries);
}

Schedule by_epoch(Schedule schedule, Size updates) {
  require_updates("by_epoch", updates);
  return Schedule([schedule = std::move(schedule), every = static_cast<double>(updates)](const Tensor& count) {
    return schedule(floor(count / every));
  });
}

Schedule joined(const std::vector<Schedule>& schedules, const std::vector<Size>& boundaries) {
  if (schedules.size() != boundaries.size() + 1) {
    throw ArgumentError(fmt::format("[joined] {} schedules and {} boundaries; expected one boundary between each two",
                                    schedules.size(), boundaries.size()));
  }
  require_rising("joined", boundaries);
  return Schedule([=](const Tensor& count) {
    Tensor rate = schedules.front()(count);
    for (std::size_t i = 0; i < boundaries.size(); ++i) {
      const auto boundary = static_cast<double>(boundaries[i]);
      rate = select(count < boundary, rate, schedules[i + 1](maximum(count - boundary, 0.0)));
    }
    return rate;
  });
}

}  // namespace pcxx

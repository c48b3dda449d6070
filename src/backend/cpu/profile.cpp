/// CpuExecutable: a measured run, and its records put together.
#include <algorithm>
#include <map>
#include <tuple>

#include "backend/cpu/executable.h"

namespace pcxx::cpu {
namespace {

using Calls = std::map<const PreparedCall*, Size>;

double seconds_between(Recorder::Clock::time_point from, Recorder::Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

/// Returns the records of all threads by start, with turns counted.
std::vector<CallRecord> merged(const std::vector<Recorder>& recorders, const Calls& calls, Recorder::Clock::time_point begin) {
  std::vector<CallRecord> result;
  for (std::size_t thread = 0; thread < recorders.size(); ++thread) {
    for (const Recorder::Record& each : recorders[thread].records()) {
      result.push_back({.call = calls.at(each.call), .thread = static_cast<int>(thread), .tile = each.tile, .first_part = each.first_part,
                        .end_part = each.end_part, .start = seconds_between(begin, each.start),
                        .seconds = seconds_between(each.start, each.end)});
    }
  }
  // Within a thread records are in order already, so a stable sort keeps those apart that the clock does not.
  std::ranges::stable_sort(result, {}, &CallRecord::start);
  std::map<std::tuple<Size, Size, Size>, Size> turns;  // by call, tile and first part; whichever thread has them
  for (CallRecord& record : result) {
    record.turn = turns[{record.call, record.tile, record.first_part}]++;
  }
  return result;
}

}  // namespace

Profile CpuExecutable::profile(Size samples, std::span<const InputView> inputs, State& state, std::uint64_t seed) {
  prepare_for(samples);
  Profile result;
  result.plan = plan(samples);
  Calls calls;
  double records = 0;
  for_each_call(steps_, 1, [&](const PreparedCall& call, double times) {
    calls.emplace(&call, static_cast<Size>(calls.size()));
    records += times * static_cast<double>(result.plan.tiles);
  });
  constexpr double kMost = 1e6;  // room that is made before; records beyond it make more while the run is measured
  const auto team = static_cast<std::size_t>(team_);
  std::vector<Recorder> recorders;
  for (std::size_t i = 0; i < team; ++i) {
    recorders.emplace_back(static_cast<std::size_t>(std::min(records, kMost) / static_cast<double>(team)) + calls.size());
  }
  const auto begin = Recorder::Clock::now();
  execute(inputs, state, seed, &recorders);
  result.seconds = seconds_between(begin, Recorder::Clock::now());
  result.threads = team_;
  result.records = merged(recorders, calls, begin);
  return result;
}

}  // namespace pcxx::cpu

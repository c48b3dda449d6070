/// Tables of costs, by call and by kind, as shares of the time that the threads had.
#include "cli/cost_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/terminal.h"

namespace pcxx::cli {
namespace {

/// Returns one line; times are those of all threads together.
std::string row(double share, double milliseconds, double count, double gigaflops, const std::string& what) {
  return fmt::format("{:5.1f} % {:10.4f} {:8g} {:>9} {}\n", 100 * share, milliseconds, count,
                     gigaflops > 0 ? fmt::format("{:.1f}", gigaflops) : "", what);
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

}  // namespace

std::string cost_table(const std::vector<Profile>& profiles) {
  const std::vector<CallCost> all = costs(profiles);
  const Plan& plan = profiles.front().plan;
  const auto runs = static_cast<double>(profiles.size());
  double available = 0, busy = 0;  // seconds of all threads
  std::vector<double> milliseconds;
  for (const Profile& profile : profiles) {
    available += profile.threads * profile.seconds;
    milliseconds.push_back(1e3 * profile.seconds);
  }
  const auto line = [&](const CallCost& cost, const std::string& what) {
    return row(cost.seconds / available, 1e3 * cost.seconds / runs, static_cast<double>(cost.count) / runs,
               cost.seconds > 0 ? cost.flops / cost.seconds / 1e9 : 0, what);
  };
  std::map<CallKind, CallCost> kinds;
  std::string text = fmt::format("{} of {} samples, {}, {}: median {:.4f} ms, measured call by call\n\n", counted(std::ssize(profiles), "run"),
                                 plan.samples, to_string(plan.precision), counted(profiles.front().threads, "thread"), median(milliseconds));
  const std::string heads = fmt::format("{:>7} {:>10} {:>8} {:>9} ", "share", "ms", "count", "GFLOP/s");
  text += fmt::format("{}\n", bold(heads + "call"));
  for (const CallCost& cost : all) {
    text += line(cost, plan.calls[static_cast<std::size_t>(cost.call)].text);
    CallCost& kind = kinds[plan.calls[static_cast<std::size_t>(cost.call)].kind];
    kind.count += cost.count;
    kind.seconds += cost.seconds;
    kind.flops += cost.flops;
    busy += cost.seconds;
  }
  text += fmt::format("\n{}\n", bold(heads + "kind"));
  std::vector<std::pair<CallKind, CallCost>> sorted(kinds.begin(), kinds.end());
  std::ranges::stable_sort(sorted, std::ranges::greater{}, [](const auto& each) { return each.second.seconds; });
  for (const auto& [kind, cost] : sorted) {
    text += line(cost, std::string(to_string(kind)));
  }
  return text + row((available - busy) / available, 1e3 * (available - busy) / runs, 0, 0, "between calls, and waiting for other threads");
}

}  // namespace pcxx::cli

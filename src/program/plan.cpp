/// The vocabulary of plans, and what profiles of them add up to.
#include "pcxx/program/plan.h"

#include <algorithm>
#include <map>
#include <string>

#include "pcxx/core/errors.h"
#include "pcxx/program/profile.h"

namespace pcxx {

std::string_view to_string(CallKind kind) {
  switch (kind) {
    case CallKind::fused: return "fused";
    case CallKind::product: return "product";
    case CallKind::convolution: return "convolution";
    case CallKind::pool: return "pool";
    case CallKind::reduction: return "reduction";
    case CallKind::sum: return "sum";
    case CallKind::pack: return "pack";
    case CallKind::convert: return "convert";
    case CallKind::random: return "random";
    case CallKind::structure: return "structure";
  }
  return "?";
}

std::string_view to_string(BlockKind kind) {
  switch (kind) {
    case BlockKind::rows: return "rows";
    case BlockKind::shared: return "shared";
    case BlockKind::repeat: return "repeat";
    case BlockKind::loop: return "while";
    case BlockKind::yes: return "if";
    case BlockKind::no: return "else";
  }
  return "?";
}

std::string_view to_string(Arena arena) {
  switch (arena) {
    case Arena::state: return "state";
    case Arena::input: return "input";
    case Arena::shared: return "shared";
    case Arena::batch: return "batch";
    case Arena::tiles: return "tiles";
    case Arena::tile: return "tile";
  }
  return "?";
}

namespace {

/// Two plans are of one program if they call the same kernels on the same variables.
bool same_calls(const Plan& a, const Plan& b) {
  return std::ranges::equal(a.calls, b.calls, {}, &PlanCall::text, &PlanCall::text);
}

}  // namespace

std::vector<CallCost> costs(const std::vector<Profile>& profiles) {
  if (profiles.empty()) {
    throw ArgumentError("[costs] there are no profiles; expected at least one");
  }
  std::vector<CallCost> result(profiles.front().plan.calls.size());
  for (std::size_t i = 0; i < result.size(); ++i) {
    result[i].call = static_cast<Size>(i);
  }
  for (const Profile& profile : profiles) {
    if (!same_calls(profile.plan, profiles.front().plan)) {
      throw ArgumentError("[costs] the profiles are of different plans; expected runs of one executor");
    }
    std::vector<Size> turns(result.size(), 0);
    for (const CallRecord& record : profile.records) {
      const auto call = static_cast<std::size_t>(record.call);
      ++result[call].count;
      result[call].seconds += record.seconds;
      turns[call] = std::max(turns[call], record.turn + 1);
    }
    for (std::size_t i = 0; i < result.size(); ++i) {
      result[i].turns += turns[i];
      result[i].flops += static_cast<double>(turns[i]) * profile.plan.calls[i].flops;
    }
  }
  std::ranges::stable_sort(result, std::ranges::greater{}, &CallCost::seconds);
  return result;
}

}  // namespace pcxx

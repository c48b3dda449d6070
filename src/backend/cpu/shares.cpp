/// Cutting the calls of a shared stage for a team of threads.
#include "backend/cpu/shares.h"

#include <algorithm>
#include <numeric>

namespace pcxx::cpu {
namespace {

/// What a thread's part of a call should cost at least, in operations of a product: less is soon eaten by calling it.
constexpr double kWorthAShare = 5e4;

class Cutter {
 public:
  Cutter(Size samples, int team) : samples_(samples), shares_(static_cast<std::size_t>(team)), loads_(shares_.size(), 0.0) {}

  /// Returns among how many threads a call is worth cutting.
  Size worth(const PreparedCall& call) const {
    const auto by_cost = static_cast<Size>(std::min(call.cost(samples_) / kWorthAShare, 1e6));
    return std::clamp<Size>(std::min(by_cost, call.parts()), 1, team());
  }

  bool for_all(const PreparedCall& call) const { return worth(call) == team(); }

  /// Cuts a call evenly among the threads that have least to do.
  void give(const PreparedCall& call) {
    const Size parts = call.parts(), takers = worth(call);
    std::vector<std::size_t> threads(shares_.size());
    std::iota(threads.begin(), threads.end(), std::size_t{0});
    if (takers < team()) {
      std::ranges::stable_sort(threads, {}, [&](std::size_t thread) { return loads_[thread]; });
    }
    const double cost = call.cost(samples_) / static_cast<double>(parts);
    for (Size taker = 0; taker < takers; ++taker) {
      const Size first = parts * taker / takers, last = parts * (taker + 1) / takers;
      const std::size_t thread = threads[static_cast<std::size_t>(taker)];
      shares_[thread].push_back({&call, first, last});
      loads_[thread] += cost * static_cast<double>(last - first);
    }
  }

  std::vector<std::vector<Share>> shares() && { return std::move(shares_); }

 private:
  Size team() const { return static_cast<Size>(shares_.size()); }

  Size samples_;
  std::vector<std::vector<Share>> shares_;
  std::vector<double> loads_;
};

}  // namespace

std::vector<std::vector<Share>> shares_of(const std::vector<const PreparedCall*>& calls, Size samples, int team) {
  Cutter cutter(samples, team);
  std::vector<const PreparedCall*> small;
  for (const PreparedCall* call : calls) {
    cutter.for_all(*call) ? cutter.give(*call) : small.push_back(call);
  }
  std::ranges::stable_sort(small, std::ranges::greater{}, [&](const PreparedCall* call) { return call->cost(samples); });
  for (const PreparedCall* call : small) {
    cutter.give(*call);
  }
  return std::move(cutter).shares();
}

}  // namespace pcxx::cpu

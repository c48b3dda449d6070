/// Shares: which thread does what of the calls of a shared stage, decided before the plan runs.
#pragma once

#include <vector>

#include "backend/cpu/call.h"

namespace pcxx::cpu {

/// Pieces [first, last) of one call.
struct Share {
  const PreparedCall* call;
  Size first, last;
};

/// Returns what each thread of a team does of calls that do not need each other.
///
/// A call that is worth it is cut evenly for all threads, each having the same part of every tensor of that shape: the part
/// of a gradient, of its optimiser's step and of the matrix packed from it then stay in one core's cache from stage to
/// stage. Smaller calls go, largest first, to whoever has least to do.
std::vector<std::vector<Share>> shares_of(const std::vector<const PreparedCall*>& calls, Size samples, int team);

}  // namespace pcxx::cpu

/// The table of costs: which calls of a plan take the time.
#pragma once

#include <string>
#include <vector>

#include "pcxx/program/profile.h"

namespace pcxx::cli {

/// Returns a table of what runs of one plan cost by call, the dearest first, then by kind.
std::string cost_table(const std::vector<Profile>& profiles);

}  // namespace pcxx::cli

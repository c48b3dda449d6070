/// Packing: places in one piece of memory for variables that are not all in use at the same time.
#pragma once

#include <vector>

#include "pcxx/core/types.h"

namespace pcxx {

/// A variable's size and when it is in use, in any unit of time, both ends included.
struct Occupant {
  Size bytes;
  Size first;
  Size last;
};

struct Packing {
  std::vector<Size> offsets;  // one for each occupant, at whole cache lines
  Size bytes = 0;             // of all
};

/// Gives each occupant a place that nobody else has while it is in use: the largest first, each at the lowest place free.
Packing packed_by_use(const std::vector<Occupant>& occupants);

}  // namespace pcxx

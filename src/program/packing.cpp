/// First fit by size.
#include "program/packing.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "program/program.h"

namespace pcxx {

Packing packed_by_use(const std::vector<Occupant>& occupants) {
  std::vector<std::size_t> order(occupants.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater{}, [&](std::size_t i) { return occupants[i].bytes; });
  Packing packing{std::vector<Size>(occupants.size(), 0), 0};
  std::vector<std::size_t> placed;
  for (const std::size_t i : order) {
    const Occupant& own = occupants[i];
    std::vector<std::pair<Size, Size>> taken;  // from, to
    for (const std::size_t j : placed) {
      const Occupant& other = occupants[j];
      if (other.first <= own.last && own.first <= other.last) {
        taken.emplace_back(packing.offsets[j], packing.offsets[j] + aligned(other.bytes));
      }
    }
    std::ranges::sort(taken);
    Size offset = 0;
    for (const auto& [from, to] : taken) {
      if (offset + aligned(own.bytes) <= from) {
        break;
      }
      offset = std::max(offset, to);
    }
    packing.offsets[i] = offset;
    packing.bytes = std::max(packing.bytes, offset + aligned(own.bytes));
    placed.push_back(i);
  }
  return packing;
}

}  // namespace pcxx

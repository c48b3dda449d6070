/// Random draws by Philox: nothing depends on order or threads.
#include "program/random_draw.h"

#include <bit>
#include <cmath>
#include <numbers>

#include "pcxx/core/random.h"

namespace pcxx {
namespace {

std::uint64_t mixed(std::uint64_t state, std::uint64_t value) {  // one round of splitmix64
  state += 0x9e3779b97f4a7c15ULL + value;
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9ULL;
  state = (state ^ (state >> 27)) * 0x94d049bb133111ebULL;
  return state ^ (state >> 31);
}

}  // namespace

DrawKey draw_key(std::uint64_t seed, const Expression& expression, std::span<const double> counters) {
  std::uint64_t stream = mixed(0, static_cast<std::uint64_t>(expression.attributes.integers[0]));
  for (const double counter : counters) {
    stream = mixed(stream, std::bit_cast<std::uint64_t>(counter));
  }
  const auto& integers = expression.attributes.integers;
  return {integers.size() > 2 ? std::bit_cast<std::uint64_t>(integers[2]) : seed, stream};
}

double draw(const Expression& expression, const DrawKey& key, Size sample, Size element) {
  const auto words = philox({static_cast<std::uint32_t>(element), static_cast<std::uint32_t>(sample),
                             static_cast<std::uint32_t>(key.stream), static_cast<std::uint32_t>(key.stream >> 32)},
                            {static_cast<std::uint32_t>(key.seed), static_cast<std::uint32_t>(key.seed >> 32)});
  const double first = unit_from(words[0]);
  if (expression.op == Op::random_bernoulli) {
    return first < expression.attributes.reals[0] ? 1 : 0;
  }
  if (expression.op == Op::random_normal) {  // Box-Muller; 1 - first is in (0, 1]
    return std::sqrt(-2 * std::log(1 - first)) * std::cos(2 * std::numbers::pi * unit_from(words[1]));
  }
  return first;
}

}  // namespace pcxx

/// What one random draw is: a function of seed, stream, counters, sample and element. All backends call this one.
#pragma once

#include <span>

#include "tensor/graph.h"

namespace pcxx {

/// A draw's key, made once per execution of the operation.
struct DrawKey {
  std::uint64_t seed;
  std::uint64_t stream;  // the operation's stream mixed with the values of its counters
};

DrawKey draw_key(std::uint64_t seed, const Expression& draw, std::span<const double> counters);

/// Returns one number of a random operation.
double draw(const Expression& expression, const DrawKey& key, Size sample, Size element);

}  // namespace pcxx

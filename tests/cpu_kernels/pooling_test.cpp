/// Pooling and its adjoints against plain loops, for random geometry with ties, on every instruction set.
#include "backend/cpu/pooling.h"

#include <gtest/gtest.h>

#include <random>

#include "cpu_kernels/geometry.h"
#include "cpu_kernels/operand.h"
#include "cpu_kernels/targets.h"

namespace pcxx::cpu {
namespace {

/// Few different values, so that maxima stand at several places.
Floats with_ties(Size count, unsigned seed) {
  Floats values = random_floats(count, seed);
  for (float& x : values) {
    x = std::floor(2 * x);
  }
  return values;
}

/// The element of the picture where each window's maximum stands first; -1 for a window that sees nothing.
std::vector<std::ptrdiff_t> first_maxima(const WindowGeometry& g, const Floats& x) {
  std::vector<std::ptrdiff_t> found(static_cast<std::size_t>(g.out_places() * g.channels), -1);
  for_each_meeting(g, [&](Size from, Size place, Size) {
    for (Size c = 0; c < g.channels; ++c) {
      auto& best = found[static_cast<std::size_t>(place * g.channels + c)];
      const auto here = static_cast<std::ptrdiff_t>(from * g.channels + c);
      best = best < 0 || x[static_cast<std::size_t>(here)] > x[static_cast<std::size_t>(best)] ? here : best;
    }
  });
  return found;
}

void check(const WindowGeometry& g) {
  SCOPED_TRACE(testing::Message() << g);
  const auto in = static_cast<std::size_t>(g.in_places() * g.channels), out = static_cast<std::size_t>(g.out_places() * g.channels);
  const Floats x = with_ties(static_cast<Size>(in), 1), v = random_floats(static_cast<Size>(in), 2),
               cotangent = random_floats(static_cast<Size>(out), 3);
  const std::vector<std::ptrdiff_t> maxima = first_maxima(g, x);
  Floats picked(out), routed(in), summed(out), spread(in), d(out, 7), e(in, 7);
  for (std::size_t i = 0; i < out; ++i) {
    if (maxima[i] >= 0) {
      picked[i] = v[static_cast<std::size_t>(maxima[i])];
      routed[static_cast<std::size_t>(maxima[i])] += cotangent[i];
    }
  }
  for_each_meeting(g, [&](Size from, Size place, Size) {
    for (Size c = 0; c < g.channels; ++c) {
      summed[static_cast<std::size_t>(place * g.channels + c)] += x[static_cast<std::size_t>(from * g.channels + c)];
      spread[static_cast<std::size_t>(from * g.channels + c)] += cotangent[static_cast<std::size_t>(place * g.channels + c)];
    }
  });
  const PoolingKernels& kernels = pooling_kernels();
  kernels.pick(g, x.data(), v.data(), d.data());
  EXPECT_EQ(d, picked);
  kernels.route(g, x.data(), cotangent.data(), e.data());
  EXPECT_EQ(e, routed);
  kernels.sum(g, x.data(), d.data());
  EXPECT_EQ(d, summed);
  kernels.spread(g, cotangent.data(), e.data());
  EXPECT_EQ(e, spread);
}

TEST(Pooling, AgreesWithPlainLoopsForRandomGeometry) {
  for_every_target([] {
    std::mt19937 random(1);
    for (int trial = 0; trial < 60; ++trial) {
      WindowGeometry g = random_geometry(random, 20);
      g.groups = 1;
      g.features = g.channels;
      check(g);
    }
  });
}

}  // namespace
}  // namespace pcxx::cpu

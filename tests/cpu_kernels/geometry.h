/// Random geometry of windows, and where windows meet pictures.
#pragma once

#include <algorithm>
#include <ostream>
#include <random>

#include "backend/cpu/window_rows.h"

namespace pcxx::cpu {

inline std::ostream& operator<<(std::ostream& to, const WindowGeometry& g) {
  for (const Axes* axes : {&g.in, &g.out, &g.extent, &g.stride, &g.before, &g.dilation}) {
    to << '(' << (*axes)[0] << ' ' << (*axes)[1] << ' ' << (*axes)[2] << ") ";
  }
  return to << g.channels << " to " << g.features << " in " << g.groups;
}

inline WindowGeometry random_geometry(std::mt19937& random, Size most_channels) {
  const auto draw = [&](Size from, Size to) { return std::uniform_int_distribution<Size>(from, to)(random); };
  WindowGeometry g{};
  const auto axes = static_cast<std::size_t>(draw(1, 3));
  for (std::size_t i = 0; i < 3; ++i) {
    const bool there = i + axes >= 3;
    g.extent[i] = there ? draw(1, 3) : 1;
    g.stride[i] = there ? draw(1, 3) : 1;
    g.dilation[i] = there ? draw(1, 2) : 1;
    g.before[i] = there ? draw(0, 2) : 0;
    const Size reach = (g.extent[i] - 1) * g.dilation[i] + 1, after = there ? draw(0, 2) : 0;
    g.in[i] = there ? std::max<Size>(reach - g.before[i], 0) + draw(1, 7) : 1;
    g.out[i] = (g.in[i] + g.before[i] + after - reach) / g.stride[i] + 1;
  }
  g.groups = draw(1, 3);
  g.channels = g.groups * draw(1, most_channels);
  g.features = g.groups * draw(1, most_channels);
  return g;
}

/// Calls visit(place of the picture, place of the result, tap) wherever a tap meets the picture.
template <class Visit>
void for_each_meeting(const WindowGeometry& g, const Visit& visit) {
  for (Size place = 0; place < g.out_places(); ++place) {
    for (Size tap = 0; tap < g.taps(); ++tap) {
      Size p = place, t = tap, from = 0, step = 1;
      bool inside = true;
      for (std::size_t i = 3; i-- > 0;) {
        const Size at = p % g.out[i] * g.stride[i] - g.before[i] + t % g.extent[i] * g.dilation[i];
        inside = inside && at >= 0 && at < g.in[i];
        from += at * step;
        step *= g.in[i];
        p /= g.out[i];
        t /= g.extent[i];
      }
      if (inside) {
        visit(from, place, tap);
      }
    }
  }
}

}  // namespace pcxx::cpu

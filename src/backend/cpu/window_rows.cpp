/// Window rows: places and taps as offsets, made once; copying takes runs of channels.
#include "backend/cpu/window_rows.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace pcxx::cpu {
namespace {

template <class Visit>
void for_each_in(const Axes& counts, const Visit& visit) {
  for (Size i = 0; i < counts[0]; ++i) {
    for (Size j = 0; j < counts[1]; ++j) {
      for (Size k = 0; k < counts[2]; ++k) {
        visit(Axes{i, j, k});
      }
    }
  }
}

void copy_run(const float* from, float* to, Size count) { std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(float)); }

void copy_run(const std::uint16_t* from, std::uint16_t* to, Size count) {
  std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(std::uint16_t));
}

void copy_run(const std::uint16_t* from, float* to, Size count) {
  for (Size i = 0; i < count; ++i) {
    const std::uint32_t bits = static_cast<std::uint32_t>(from[i]) << 16U;
    std::memcpy(to + i, &bits, sizeof bits);
  }
}

}  // namespace

WindowGeometry window_geometry(const Windows& windows, const Shape& in, const Shape& out, Size groups) {
  WindowGeometry g{{1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {1, 1, 1}, in[-1], out[-1], groups};
  const std::size_t axes = windows.extents.size(), missing = g.in.size() - axes;
  for (std::size_t i = 0; i < axes; ++i) {
    g.in[missing + i] = in.extents()[i];
    g.out[missing + i] = out.extents()[i];
    g.extent[missing + i] = windows.extents[i];
    g.stride[missing + i] = windows.strides[i];
    g.before[missing + i] = windows.before[i];
    g.dilation[missing + i] = windows.dilations[i];
  }
  return g;
}

WindowRows::WindowRows(const std::array<Axis, 3>& axes, Size channels, Size used) : picture_(channels), used_(used) {
  Axes places{}, taps{}, steps{};
  for (std::size_t i = 3; i-- > 0;) {
    steps[i] = picture_;
    picture_ *= axes[i].extent;
    extents_[i] = static_cast<std::int32_t>(axes[i].extent);
    places[i] = axes[i].places;
    taps[i] = static_cast<Size>(axes[i].taps.size());
  }
  const auto add = [&](std::vector<Place>& to, const Axes& at) {
    Place place{{}, 0};
    for (std::size_t i = 0; i < 3; ++i) {
      place.at[i] = static_cast<std::int32_t>(at[i]);
      place.offset += static_cast<std::int32_t>(at[i] * steps[i]);
    }
    to.push_back(place);
  };
  for_each_in(places, [&](const Axes& q) { add(places_, {q[0] * axes[0].step, q[1] * axes[1].step, q[2] * axes[2].step}); });
  for_each_in(taps, [&](const Axes& t) {
    const auto tap = [&](std::size_t i) { return axes[i].taps[static_cast<std::size_t>(t[i])]; };
    add(taps_, {tap(0), tap(1), tap(2)});
  });
}

bool WindowRows::inside(const Place& place, const Place& tap) const {
  bool inside = true;
  for (std::size_t i = 0; i < 3; ++i) {  // negative ones are large when unsigned
    inside &= static_cast<std::uint32_t>(place.at[i] + tap.at[i]) < static_cast<std::uint32_t>(extents_[i]);
  }
  return inside;
}

template <class From, class To>
void WindowRows::copy(const From* pictures, Size row, Size rows, Size from, Size to, To* out, Size step) const {
  for (Size tap = from / used_; tap * used_ < to; ++tap) {
    const Place& shift = taps_[static_cast<std::size_t>(tap)];
    const Size first = std::max<Size>(0, from - tap * used_), count = std::min(used_, to - tap * used_) - first;
    Size start = row / this->rows() * picture_ + shift.offset + first;
    To* target = out + tap * used_ + first - from;
    auto place = static_cast<std::size_t>(row % this->rows());
    for (Size r = 0; r < rows; ++r, target += step) {
      if (inside(places_[place], shift)) {
        copy_run(pictures + start + places_[place].offset, target, count);
      } else {
        std::fill_n(target, count, To{});
      }
      if (++place == places_.size()) {
        place = 0;
        start += picture_;
      }
    }
  }
}

template void WindowRows::copy(const float*, Size, Size, Size, Size, float*, Size) const;
template void WindowRows::copy(const std::uint16_t*, Size, Size, Size, Size, std::uint16_t*, Size) const;
template void WindowRows::copy(const std::uint16_t*, Size, Size, Size, Size, float*, Size) const;

WindowRows forward_rows(const WindowGeometry& g) {
  std::array<WindowRows::Axis, 3> axes;
  for (std::size_t i = 0; i < 3; ++i) {
    axes[i] = {g.out[i], g.stride[i], g.in[i], {}};
    for (Size tap = 0; tap < g.extent[i]; ++tap) {
      axes[i].taps.push_back(tap * g.dilation[i] - g.before[i]);
    }
  }
  return {axes, g.channels, g.group_channels()};
}

std::vector<AdjointRows> adjoint_rows(const WindowGeometry& g) {
  // Place p of the picture went into result o by tap t where o * stride - before + t * dilation = p. With p = q * stride +
  // remainder, o = q + (remainder + before - t * dilation) / stride, for the taps that the stride divides.
  std::vector<AdjointRows> classes;
  for_each_in(g.stride, [&](const Axes& remainder) {
    std::array<WindowRows::Axis, 3> axes;
    std::array<std::vector<Size>, 3> numbers;  // of the taps
    Axes counts{};
    for (std::size_t i = 0; i < 3; ++i) {
      axes[i] = {remainder[i] < g.in[i] ? (g.in[i] - remainder[i] + g.stride[i] - 1) / g.stride[i] : 0, 1, g.out[i], {}};
      for (Size tap = 0; tap < g.extent[i]; ++tap) {
        const Size shift = remainder[i] + g.before[i] - tap * g.dilation[i];
        if (shift % g.stride[i] == 0) {
          axes[i].taps.push_back(shift / g.stride[i]);
          numbers[i].push_back(tap);
        }
      }
      counts[i] = static_cast<Size>(numbers[i].size());
    }
    AdjointRows found{{axes, g.features, g.group_features()}, {}, {}};
    for_each_in(counts, [&](const Axes& t) {
      const auto number = [&](std::size_t i) { return numbers[i][static_cast<std::size_t>(t[i])]; };
      found.taps.push_back((number(0) * g.extent[1] + number(1)) * g.extent[2] + number(2));
    });
    for_each_in({axes[0].places, axes[1].places, axes[2].places}, [&](const Axes& q) {
      const auto at = [&](std::size_t i) { return q[i] * g.stride[i] + remainder[i]; };
      found.places.push_back((at(0) * g.in[1] + at(1)) * g.in[2] + at(2));
    });
    if (!found.places.empty()) {
      classes.push_back(std::move(found));
    }
  });
  return classes;
}

}  // namespace pcxx::cpu

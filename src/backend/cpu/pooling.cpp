/// Pooling kernels: a vector is some channels of one place.
#include "backend/cpu/pooling.h"

#include <algorithm>
#include <vector>

#include "backend/cpu/vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/pooling.cpp"
#include "hwy/foreach_target.h"
// (foreach_target comes before highway, as Highway asks)
#include "hwy/highway.h"

#include "backend/cpu/vector_elements-inl.h"
#include "backend/cpu/vector_panels-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pcxx::cpu::HWY_NAMESPACE {
namespace {

/// Calls visit(result's place, offsets of the places that its window sees) for each place of the result.
template <class Visit>
void for_each_window(const WindowGeometry& g, const Visit& visit) {
  std::vector<Size> seen;
  Size place = 0;
  for (Size i = 0; i < g.out[0]; ++i) {
    for (Size j = 0; j < g.out[1]; ++j) {
      for (Size k = 0; k < g.out[2]; ++k, ++place) {
        seen.clear();
        for (Size a = 0; a < g.extent[0]; ++a) {
          const Size x = i * g.stride[0] - g.before[0] + a * g.dilation[0];
          for (Size b = 0; b < g.extent[1] && x >= 0 && x < g.in[0]; ++b) {
            const Size y = j * g.stride[1] - g.before[1] + b * g.dilation[1];
            for (Size c = 0; c < g.extent[2] && y >= 0 && y < g.in[1]; ++c) {
              const Size z = k * g.stride[2] - g.before[2] + c * g.dilation[2];
              if (z >= 0 && z < g.in[2]) {
                seen.push_back(((x * g.in[1] + y) * g.in[2] + z) * g.channels);
              }
            }
          }
        }
        visit(place * g.channels, seen);
      }
    }
  }
}

/// Calls visit(first channel, how many) for one vector of channels after another.
template <class Visit>
HWY_INLINE void for_each_vector(Size channels, const Visit& visit) {
  for (Size c = 0; c < channels; c += lanes()) {
    visit(c, std::min(lanes(), channels - c));
  }
}

/// The greatest x of a window, NaN being greater than any number, and the number of the place where it stands first.
struct Greatest {
  Vector x, number;
};

HWY_INLINE Greatest greatest(const std::vector<Size>& seen, const float* x, Size count) {
  const Tag tag;
  Greatest best{load_some(x + seen[0], count), hn::Zero(tag)};
  for (std::size_t i = 1; i < seen.size(); ++i) {
    const Vector other = load_some(x + seen[i], count);
    const auto more = hn::Or(hn::Gt(other, best.x), hn::AndNot(hn::IsNaN(best.x), hn::IsNaN(other)));
    best.x = hn::IfThenElse(more, other, best.x);
    best.number = hn::IfThenElse(more, hn::Set(tag, static_cast<float>(i)), best.number);
  }
  return best;
}

void pick(const WindowGeometry& g, const float* x, const float* v, float* d) {
  const Tag tag;
  for_each_window(g, [&](Size place, const std::vector<Size>& seen) HWY_ATTR {
    for_each_vector(g.channels, [&](Size c, Size count) HWY_ATTR {
      Vector result = hn::Zero(tag);
      if (!seen.empty()) {
        const Greatest best = greatest(seen, x + c, count);
        for (std::size_t i = 0; i < seen.size(); ++i) {
          const auto here = hn::Eq(best.number, hn::Set(tag, static_cast<float>(i)));
          result = hn::IfThenElse(here, load_some(v + seen[i] + c, count), result);
        }
      }
      store_some(result, d + place + c, count);
    });
  });
}

void route(const WindowGeometry& g, const float* x, const float* cotangent, float* d) {
  const Tag tag;
  std::fill_n(d, g.in_places() * g.channels, 0.0F);
  for_each_window(g, [&](Size place, const std::vector<Size>& seen) HWY_ATTR {
    if (seen.empty()) {
      return;
    }
    for_each_vector(g.channels, [&](Size c, Size count) HWY_ATTR {
      const Greatest best = greatest(seen, x + c, count);
      const Vector value = load_some(cotangent + place + c, count);
      for (std::size_t i = 0; i < seen.size(); ++i) {
        const auto here = hn::Eq(best.number, hn::Set(tag, static_cast<float>(i)));
        float* to = d + seen[i] + c;
        store_some(hn::Add(load_some(to, count), hn::IfThenElseZero(here, value)), to, count);
      }
    });
  });
}

void sum(const WindowGeometry& g, const float* x, float* d) {
  for_each_window(g, [&](Size place, const std::vector<Size>& seen) HWY_ATTR {
    for_each_vector(g.channels, [&](Size c, Size count) HWY_ATTR {
      Vector result = hn::Zero(Tag());
      for (const Size from : seen) {
        result = hn::Add(result, load_some(x + from + c, count));
      }
      store_some(result, d + place + c, count);
    });
  });
}

void spread(const WindowGeometry& g, const float* cotangent, float* d) {
  std::fill_n(d, g.in_places() * g.channels, 0.0F);
  for_each_window(g, [&](Size place, const std::vector<Size>& seen) HWY_ATTR {
    for_each_vector(g.channels, [&](Size c, Size count) HWY_ATTR {
      const Vector value = load_some(cotangent + place + c, count);
      for (const Size to : seen) {
        store_some(hn::Add(load_some(d + to + c, count), value), d + to + c, count);
      }
    });
  });
}

const PoolingKernels* kernels() {
  static const PoolingKernels table{.pick = pick, .route = route, .sum = sum, .spread = spread};
  return &table;
}

}  // namespace
}  // namespace pcxx::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
PCXX_DISPATCH_KERNELS(PoolingKernels, pooling_kernels)
#endif

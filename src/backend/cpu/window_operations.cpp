/// Bodies of operations over windows: sums and maxima by the pooling kernels; convolutions that have no kernel of their own,
/// for a weight of each sample or a shared picture, tap by tap.
#include <algorithm>
#include <memory>

#include "backend/cpu/operation_body.h"
#include "backend/cpu/pooling.h"
#include "tensor/windows.h"

namespace pcxx::cpu {
namespace {

/// A place of a window that lies within the picture: pixels and places count from 0 in row-major order.
struct Tap {
  Size picture, result, place;
};

class TapFinder {
 public:
  TapFinder(const Windows& windows, const Shape& picture, const Shape& result)
      : windows_(windows), picture_(picture), result_(result) {}

  /// Returns all taps, those of one result together and in the order of their places.
  std::vector<Tap> run() {
    results(0, 0);
    return std::move(taps_);
  }

 private:
  void results(std::size_t axis, Size number) {
    if (axis == windows_.extents.size()) {
      places(0, {0, number, 0});
      return;
    }
    for (Size i = 0; i < result_.extents()[axis]; ++i) {
      at_[axis] = i;
      results(axis + 1, number * result_.extents()[axis] + i);
    }
  }

  void places(std::size_t axis, Tap tap) {
    if (axis == windows_.extents.size()) {
      taps_.push_back(tap);
      return;
    }
    const Size extent = picture_.extents()[axis];
    for (Size i = 0; i < windows_.extents[axis]; ++i) {
      const Size source = windows_.source(axis, at_[axis], i);
      if (source >= 0 && source < extent) {
        places(axis + 1, {tap.picture * extent + source, tap.result, tap.place * windows_.extents[axis] + i});
      }
    }
  }

  const Windows& windows_;
  const Shape &picture_, &result_;
  std::vector<Size> at_ = std::vector<Size>(windows_.extents.size(), 0);
  std::vector<Tap> taps_;
};

using Taps = std::shared_ptr<const std::vector<Tap>>;

Taps taps_of(const Windows& windows, const Shape& picture, const Shape& result) {
  return std::make_shared<const std::vector<Tap>>(TapFinder(windows, picture, result).run());
}

// --- convolutions, tap by tap: a product of the channels of two pixels

/// Shapes of picture x (in..., C), weight w (O, k..., C / groups) and result y (out..., O).
struct Contraction {
  Contraction(const Expression& e, const Shape& x, const Shape& w, const Shape& y)
      : taps(taps_of(windows_of(e), x, y)), places(Shape(windows_of(e).extents).elements()), channels(x[-1]), own(w[-1]),
        results(y[-1]), results_of_group(y[-1] / convolution_of(e).groups), elements(e.shape.elements()) {}

  /// Calls visit(channels of x, of w, of y) for each tap and each channel of the result: rows of `own` numbers and one.
  template <class X, class W, class Y, class Visit>
  void for_each_row(X* x, W* w, Y* y, const Visit& visit) const {
    for (const Tap& tap : *taps) {
      for (Size j = 0; j < results; ++j) {
        visit(x + tap.picture * channels + j / results_of_group * own, w + (j * places + tap.place) * own,
              y + tap.result * results + j);
      }
    }
  }

  Taps taps;
  Size places, channels, own, results, results_of_group, elements;
};

Body convolved(const Expression& e, const std::vector<Shape>& from) {
  return [c = Contraction(e, from[0], from[1], e.shape)](const Inputs& in, float* out) {
    std::fill_n(out, c.elements, 0.0F);
    c.for_each_row(in[0], in[1], out, [&](const float* x, const float* w, float* y) {
      for (Size i = 0; i < c.own; ++i) {
        *y += x[i] * w[i];
      }
    });
  };
}

Body convolved_back(const Expression& e, const std::vector<Shape>& from) {
  return [c = Contraction(e, e.shape, from[1], from[0])](const Inputs& in, float* out) {
    std::fill_n(out, c.elements, 0.0F);
    c.for_each_row(out, in[1], in[0], [&](float* x, const float* w, const float* y) {
      for (Size i = 0; i < c.own; ++i) {
        x[i] += *y * w[i];
      }
    });
  };
}

Body weight_of_convolution(const Expression& e, const std::vector<Shape>& from) {
  return [c = Contraction(e, from[0], e.shape, from[1])](const Inputs& in, float* out) {
    std::fill_n(out, c.elements, 0.0F);
    c.for_each_row(in[0], out, in[1], [&](const float* x, float* w, const float* y) {
      for (Size i = 0; i < c.own; ++i) {
        w[i] += x[i] * *y;
      }
    });
  };
}

// --- sums and maxima

/// Geometry of windows without a weight, from the larger pictures to the smaller ones.
WindowGeometry pooling_geometry(const Expression& e, const Shape& picture, const Shape& result) {
  return window_geometry(windows_of(e), picture, result, 1);
}

Body summed(const Expression& e, const Shape& from) {
  return [g = pooling_geometry(e, from, e.shape)](const Inputs& in, float* out) { pooling_kernels().sum(g, in[0], out); };
}

Body spread(const Expression& e, const Shape& from) {
  return [g = pooling_geometry(e, e.shape, from)](const Inputs& in, float* out) { pooling_kernels().spread(g, in[0], out); };
}

Body picked(const Expression& e, const std::vector<Shape>& from) {
  return [g = pooling_geometry(e, from[0], e.shape)](const Inputs& in, float* out) { pooling_kernels().pick(g, in[0], in[1], out); };
}

Body routed(const Expression& e, const std::vector<Shape>& from) {
  return [g = pooling_geometry(e, from[0], from[1])](const Inputs& in, float* out) { pooling_kernels().route(g, in[0], in[1], out); };
}

}  // namespace

Body window_body(const Expression& e, const std::vector<Shape>& from) {
  switch (e.op) {
    case Op::convolve: return convolved(e, from);
    case Op::convolve_transposed: return convolved_back(e, from);
    case Op::convolve_weight: return weight_of_convolution(e, from);
    case Op::window_sum: return summed(e, from[0]);
    case Op::window_spread: return spread(e, from[0]);
    case Op::window_pick: return picked(e, from);
    case Op::window_route: return routed(e, from);
    default: return {};
  }
}

}  // namespace pcxx::cpu

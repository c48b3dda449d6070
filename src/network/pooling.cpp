/// Pools: windows from options, between two transpositions.
#include "pcxx/network/pooling.h"

#include <algorithm>

#include "network/layer_parameters.h"
#include "network/window_geometry.h"
#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"
#include "tensor/rules.h"

namespace pcxx {
namespace {

/// An absent stride is the kernel, or 1 as in PCX.
PerAxis stride_of(const std::optional<PerAxis>& stride, const PerAxis& kernel, bool pcx) {
  return stride ? *stride : pcx ? PerAxis(1) : kernel;
}

/// More padding than half a kernel would make windows that see nothing of the picture.
void require_half(const WindowGeometry& geometry) {
  for (std::size_t axis = 0; axis < geometry.sizes.size(); ++axis) {
    const Size most = geometry.reach(axis) / 2;
    if (std::max(geometry.windows.before[axis], geometry.after[axis]) > most) {
      throw ArgumentError("[" + geometry.who + "] padding " +
                          std::to_string(std::max(geometry.windows.before[axis], geometry.after[axis])) + " for a kernel of " +
                          std::to_string(geometry.windows.extents[axis]) + "; expected at most half of it, " + std::to_string(most));
    }
  }
}

/// Returns the largest element of each window of a picture (d1, ..., dn, channels).
Tensor maxima(const Tensor& picture, const Windows& windows, const std::vector<Size>& results) {
  return apply(Op::window_pick, {picture, picture}, attributes_of(windows), picture_of(results, picture.shape()[-1]));
}

Tensor sums(const Tensor& picture, const Windows& windows, const std::vector<Size>& results) {
  return apply(Op::window_sum, {picture}, attributes_of(windows), picture_of(results, picture.shape()[-1]));
}

Tensor max_pool(const char* who, Size axes, const Tensor& x, const PerAxis& kernel, const MaxPoolOptions& options) {
  model_of(x, who);
  const WindowGeometry geometry = window_geometry(who, x, axes, kernel, stride_of(options.stride, kernel, options.pcx),
                                                  options.padding, options.dilation);
  require_half(geometry);
  return with_channels_first(maxima(with_channels_last(x), geometry.windows, geometry.results(options.ceil_mode)));
}

/// Returns how many elements each window has, (e1, ..., en, 1): those of the picture, or of the padded one.
Tensor counts(const Tensor& like, const WindowGeometry& geometry, const std::vector<Size>& results, bool padded) {
  std::vector<Size> sizes = geometry.sizes;
  Windows windows = geometry.windows;
  for (std::size_t axis = 0; padded && axis < sizes.size(); ++axis) {
    sizes[axis] = geometry.padded(axis);
    windows.before[axis] = 0;
  }
  return sums(constant_like(like, 1, picture_of(sizes, 1)), windows, results);
}

Tensor avg_pool(const char* who, Size axes, const Tensor& x, const PerAxis& kernel, const AveragePoolOptions& options) {
  model_of(x, who);
  const WindowGeometry geometry = window_geometry(who, x, axes, kernel, stride_of(options.stride, kernel, options.pcx),
                                                  options.padding, 1);
  require_half(geometry);
  const std::vector<Size> results = geometry.results(options.ceil_mode);
  const Tensor total = sums(with_channels_last(x), geometry.windows, results);
  bool whole = true;  // every window has all its places
  for (std::size_t axis = 0; axis < results.size(); ++axis) {
    const bool padded = geometry.padded(axis) != geometry.sizes[axis] && !options.count_include_pad;
    const Size last = (results[axis] - 1) * geometry.windows.strides[axis] + geometry.reach(axis);
    whole = whole && !padded && last <= geometry.padded(axis);
  }
  const double all = static_cast<double>(Shape(geometry.windows.extents).elements());
  const Tensor mean = whole ? total * (1 / all) : total / counts(x, geometry, results, options.count_include_pad);
  return with_channels_first(mean);
}

// --- adaptive pools: each window's elements are brought together first, and are windows side by side then

/// How the elements of an axis stand in windows of equal extent, side by side.
struct Split {
  Size extent;               // of each window
  std::vector<Size> table;   // which element stands where; empty: as they are
  std::vector<bool> spare;   // whether a place only fills up its window
};

/// Place i covers the elements from floor(i n / out) up to ceil((i + 1) n / out); shorter windows repeat their last one.
Split split(Size n, Size out) {
  Split made{n / out, {}, {}};
  if (n % out == 0) {
    return made;
  }
  const auto first = [&](Size i) { return i * n / out; };
  const auto last = [&](Size i) { return ((i + 1) * n + out - 1) / out - 1; };
  for (Size i = 0; i < out; ++i) {
    made.extent = std::max(made.extent, last(i) - first(i) + 1);
  }
  for (Size i = 0; i < out; ++i) {
    for (Size place = first(i); place < first(i) + made.extent; ++place) {
      made.table.push_back(std::min(place, last(i)));
      made.spare.push_back(place > last(i));
    }
  }
  return made;
}

struct Adaptive {
  Tensor picture;  // rearranged, channels last
  Windows windows;
  std::vector<Size> results;
  std::vector<Split> splits;
};

Adaptive adaptive(const char* who, Size axes, const Tensor& x, const PerAxis& out) {
  model_of(x, who);
  require_picture(who, x, axes);
  Adaptive made{with_channels_last(x), {}, for_each_axis(who, "output size", out, axes, 1), {}};
  for (Size axis = 0; axis < axes; ++axis) {
    const Split parts = split(x.shape()[axis + 1], made.results[static_cast<std::size_t>(axis)]);
    made.picture = parts.table.empty() ? made.picture : take(made.picture, parts.table, axis);
    made.windows.extents.push_back(parts.extent);
    made.splits.push_back(parts);
  }
  made.windows.strides = made.windows.extents;
  made.windows.before.assign(static_cast<std::size_t>(axes), 0);
  made.windows.dilations.assign(static_cast<std::size_t>(axes), 1);
  return made;
}

Tensor adaptive_max_pool(const char* who, Size axes, const Tensor& x, const PerAxis& out) {
  const Adaptive made = adaptive(who, axes, x, out);
  return with_channels_first(maxima(made.picture, made.windows, made.results));
}

/// Returns 1, or 0 where a place is spare, along one axis of a picture.
Tensor weights_of(const Tensor& like, const Split& parts, Size axis, Size axes) {
  std::vector<Tensor> pieces;
  for (const bool spare : parts.spare) {
    pieces.push_back(constant_like(like, spare ? 0 : 1, {1}));
  }
  std::vector<Size> extents(static_cast<std::size_t>(axes) + 1, 1);
  extents[static_cast<std::size_t>(axis)] = static_cast<Size>(pieces.size());
  return reshape(concat(pieces, 0), Shape(extents));
}

Tensor adaptive_avg_pool(const char* who, Size axes, const Tensor& x, const PerAxis& out) {
  const Adaptive made = adaptive(who, axes, x, out);
  Tensor picture = made.picture, ones(1.0);
  for (Size axis = 0; axis < axes; ++axis) {
    if (const Split& parts = made.splits[static_cast<std::size_t>(axis)]; !parts.table.empty()) {
      const Tensor weights = weights_of(x, parts, axis, axes);
      picture = picture * weights;
      ones = ones.graph() == nullptr ? weights : ones * weights;
    }
  }
  const Tensor total = sums(picture, made.windows, made.results);
  if (ones.graph() == nullptr) {
    return with_channels_first(total * (1.0 / static_cast<double>(Shape(made.windows.extents).elements())));
  }
  std::vector<Size> sizes(picture.shape().begin(), picture.shape().end() - 1);
  return with_channels_first(total / sums(broadcast(ones, picture_of(sizes, 1)), made.windows, made.results));
}

}  // namespace

Tensor max_pool1d(const Tensor& x, const PerAxis& kernel, const MaxPoolOptions& options) {
  return max_pool("max_pool1d", 1, x, kernel, options);
}
Tensor max_pool2d(const Tensor& x, const PerAxis& kernel, const MaxPoolOptions& options) {
  return max_pool("max_pool2d", 2, x, kernel, options);
}
Tensor max_pool3d(const Tensor& x, const PerAxis& kernel, const MaxPoolOptions& options) {
  return max_pool("max_pool3d", 3, x, kernel, options);
}

Tensor avg_pool1d(const Tensor& x, const PerAxis& kernel, const AveragePoolOptions& options) {
  return avg_pool("avg_pool1d", 1, x, kernel, options);
}
Tensor avg_pool2d(const Tensor& x, const PerAxis& kernel, const AveragePoolOptions& options) {
  return avg_pool("avg_pool2d", 2, x, kernel, options);
}
Tensor avg_pool3d(const Tensor& x, const PerAxis& kernel, const AveragePoolOptions& options) {
  return avg_pool("avg_pool3d", 3, x, kernel, options);
}

Tensor adaptive_max_pool1d(const Tensor& x, const PerAxis& out) { return adaptive_max_pool("adaptive_max_pool1d", 1, x, out); }
Tensor adaptive_max_pool2d(const Tensor& x, const PerAxis& out) { return adaptive_max_pool("adaptive_max_pool2d", 2, x, out); }
Tensor adaptive_max_pool3d(const Tensor& x, const PerAxis& out) { return adaptive_max_pool("adaptive_max_pool3d", 3, x, out); }
Tensor adaptive_avg_pool1d(const Tensor& x, const PerAxis& out) { return adaptive_avg_pool("adaptive_avg_pool1d", 1, x, out); }
Tensor adaptive_avg_pool2d(const Tensor& x, const PerAxis& out) { return adaptive_avg_pool("adaptive_avg_pool2d", 2, x, out); }
Tensor adaptive_avg_pool3d(const Tensor& x, const PerAxis& out) { return adaptive_avg_pool("adaptive_avg_pool3d", 3, x, out); }

}  // namespace pcxx

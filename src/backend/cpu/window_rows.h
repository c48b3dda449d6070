/// Windows of channels-last pictures as the rows of a matrix that is never in memory as a whole.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "pcxx/core/types.h"
#include "tensor/windows.h"

namespace pcxx::cpu {

/// Three axes of pictures; missing ones come first and have extent 1.
using Axes = std::array<Size, 3>;

/// A convolution's geometry: windows of pictures (in..., channels) make pictures (out..., features).
struct WindowGeometry {
  Axes in, out, extent, stride, before, dilation;
  Size channels, features, groups;

  Size taps() const { return extent[0] * extent[1] * extent[2]; }
  Size in_places() const { return in[0] * in[1] * in[2]; }
  Size out_places() const { return out[0] * out[1] * out[2]; }
  Size group_channels() const { return channels / groups; }
  Size group_features() const { return features / groups; }

  friend auto operator<=>(const WindowGeometry&, const WindowGeometry&) = default;
};

/// Returns the geometry of windows of pictures (in..., channels) that make pictures (out..., features).
WindowGeometry window_geometry(const Windows& windows, const Shape& in, const Shape& out, Size groups);

/// Row i is what stands around place i of a result: for each tap in order, the channels of one group of the picture.
///
/// Places are a grid, and a tap is the same step from each of them; taps outside of the picture are zeros.
class WindowRows {
 public:
  /// On each axis: place q sees, by tap t, coordinate q * step + taps[t] of `extent`.
  struct Axis {
    Size places, step, extent;
    std::vector<Size> taps;
  };

  /// `channels` of a picture's place, of which `used` belong to a group.
  WindowRows(const std::array<Axis, 3>& axes, Size channels, Size used);

  Size rows() const { return static_cast<Size>(places_.size()); }  // of one picture
  Size columns() const { return static_cast<Size>(taps_.size()) * used_; }
  Size picture() const { return picture_; }                        // elements

  /// Writes columns [from, to) of rows [row, row + rows), counted through all pictures, to `out`, `step` elements from row
  /// to row; `pictures` points at the first channel of the group. From and To: float; bf16 bits; or bf16 bits to float.
  template <class From, class To>
  void copy(const From* pictures, Size row, Size rows, Size from, Size to, To* out, Size step) const;

 private:
  struct Place {
    std::array<std::int32_t, 3> at;  // coordinates, perhaps outside
    std::int32_t offset;             // elements from the picture's beginning
  };
  bool inside(const Place& place, const Place& tap) const;

  std::array<std::int32_t, 3> extents_;
  Size picture_, used_;
  std::vector<Place> places_, taps_;
};

/// The windows of a convolution: a row for each place of the result.
WindowRows forward_rows(const WindowGeometry& geometry);

/// One class of places of the picture whose windows are reached by the same taps, and which taps.
struct AdjointRows {
  WindowRows rows;
  std::vector<Size> taps;    // numbers of the weight's taps, in the rows' order
  std::vector<Size> places;  // of the picture, for each row
};

/// The adjoint: for each place of the picture, the results that its value went into. Classes of places by remainder of
/// the stride: the taps are the same within one.
std::vector<AdjointRows> adjoint_rows(const WindowGeometry& geometry);

}  // namespace pcxx::cpu

/// Which element of a picture each place of each window reads, in the reference backend.
#pragma once

#include <vector>

#include "backend/reference/indices.h"
#include "tensor/windows.h"

namespace pcxx::reference {

/// Returns the shape of a picture (d1, ..., dn, channels) without its channels.
inline Shape pixels_of(const Shape& picture) {
  return Shape(std::vector<Size>(picture.begin(), picture.end() - 1));
}

/// Calls visit(pixel of the picture, pixel of the result, tap) for every place of every window that lies within the
/// picture: results in row-major order, and for each its taps in row-major order. All three count from 0.
template <class Visit>
void for_each_tap(const Windows& windows, const Shape& picture, const Shape& result, const Visit& visit) {
  const Shape pixels = pixels_of(picture);
  const std::vector<Size> strides = strides_of(pixels);
  for_each_index(pixels_of(result), [&](const std::vector<Size>& place, std::size_t result_pixel) {
    for_each_index(Shape(windows.extents), [&](const std::vector<Size>& tap, std::size_t tap_number) {
      std::vector<Size> source(tap.size());
      for (std::size_t axis = 0; axis < tap.size(); ++axis) {
        source[axis] = windows.source(axis, place[axis], tap[axis]);
        if (source[axis] < 0 || source[axis] >= pixels.extents()[axis]) {
          return;
        }
      }
      visit(place_of(source, strides), result_pixel, tap_number);
    });
  });
}

}  // namespace pcxx::reference

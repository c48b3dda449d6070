/// Row-major index arithmetic of the reference backend.
#pragma once

#include <algorithm>
#include <vector>

#include "pcxx/core/shape.h"

namespace pcxx::reference {

/// Returns how far apart neighbours along each axis lie in a row-major array.
inline std::vector<Size> strides_of(const Shape& shape) {
  std::vector<Size> strides(shape.extents().size(), 1);
  for (std::size_t axis = strides.size(); axis-- > 1;) {
    strides[axis - 1] = strides[axis] * shape.extents()[axis];
  }
  return strides;
}

/// Returns the place of an element: the sum of index times stride.
inline std::size_t place_of(const std::vector<Size>& index, const std::vector<Size>& strides) {
  Size place = 0;
  for (std::size_t axis = 0; axis < index.size(); ++axis) {
    place += index[axis] * strides[axis];
  }
  return static_cast<std::size_t>(place);
}

/// Calls visit(index, place) for every element in row-major order.
template <class Visit>
void for_each_index(const Shape& shape, const Visit& visit) {
  std::vector<Size> index(shape.extents().size(), 0);
  const Size count = shape.elements();
  for (Size place = 0; place < count; ++place) {
    visit(index, static_cast<std::size_t>(place));
    for (std::size_t axis = index.size(); axis-- > 0;) {
      if (++index[axis] < shape.extents()[axis]) {
        break;
      }
      index[axis] = 0;
    }
  }
}

}  // namespace pcxx::reference

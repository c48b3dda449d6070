/// Shape: checks, indexing and text.
#include "pcxx/core/shape.h"

#include <functional>
#include <numeric>
#include <stdexcept>

#include "pcxx/core/errors.h"

namespace pcxx {

Shape::Shape(std::vector<Size> extents) : extents_(std::move(extents)) {
  Size product = 1;  // of the extents that are not zero, so that no order of multiplying them overflows
  for (const Size extent : extents_) {
    if (extent < 0) {
      throw ShapeError("[shape] " + to_string(*this) + " has a negative extent");
    }
    if (__builtin_mul_overflow(product, extent == 0 ? 1 : extent, &product)) {
      throw ShapeError("[shape] " + to_string(*this) + " has more elements than can be counted");
    }
  }
}

Size Shape::elements() const noexcept {
  return std::accumulate(extents_.begin(), extents_.end(), Size{1}, std::multiplies<>());
}

Size Shape::operator[](Size axis) const {
  const Size index = axis < 0 ? axis + rank() : axis;
  if (index < 0 || index >= rank()) {
    throw std::out_of_range("[shape] axis " + std::to_string(axis) + " of " + to_string(*this) +
                            ", which has " + std::to_string(rank()) + " axes");
  }
  return extents_[static_cast<std::size_t>(index)];
}

std::string to_string(const Shape& shape) {
  std::string text = "(";
  for (const Size extent : shape) {
    text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  }
  return text + ")";
}

}  // namespace pcxx

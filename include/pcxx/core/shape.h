/// Shape: the extents of a tensor, outermost first; empty for a scalar.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "pcxx/core/types.h"

namespace pcxx {

class Shape {
 public:
  Shape() = default;
  /// Throws ShapeError if an extent is negative.
  Shape(std::initializer_list<Size> extents) : Shape(std::vector<Size>(extents)) {}
  explicit Shape(std::vector<Size> extents);

  Size rank() const noexcept { return static_cast<Size>(extents_.size()); }
  /// Returns the product of the extents: 1 for a scalar.
  Size elements() const noexcept;
  /// Returns the extent of an axis; negative axes count from the back. Throws std::out_of_range.
  Size operator[](Size axis) const;
  const std::vector<Size>& extents() const noexcept { return extents_; }
  auto begin() const noexcept { return extents_.begin(); }
  auto end() const noexcept { return extents_.end(); }

  friend bool operator==(const Shape&, const Shape&) = default;

 private:
  std::vector<Size> extents_;
};

/// Returns "(256, 128)"; "()" for a scalar.
std::string to_string(const Shape& shape);

}  // namespace pcxx

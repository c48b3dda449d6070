/// Array: numbers in host memory with a shape and an element type; what files and executors exchange.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "pcxx/core/shape.h"

namespace pcxx {

/// Row-major, 64-byte aligned, owning, zero-filled when made. Copies are deep.
class Array {
 public:
  Array() : Array({}, ElementType::f32) {}
  Array(Shape shape, ElementType type);
  Array(const Array& other);
  /// Leaves the other without elements.
  Array(Array&& other) noexcept;
  Array& operator=(const Array& other);
  Array& operator=(Array&& other) noexcept;
  ~Array() = default;

  /// Returns an array of the given shape filled from values (row-major). Throws ShapeError on a mismatch.
  static Array from(const Shape& shape, std::span<const float> values);
  static Array from(const Shape& shape, std::span<const double> values);

  const Shape& shape() const noexcept { return shape_; }
  ElementType type() const noexcept { return type_; }
  Size elements() const noexcept { return shape_.elements(); }
  std::size_t bytes() const noexcept;

  std::byte* data() noexcept { return data_.get(); }
  const std::byte* data() const noexcept { return data_.get(); }

  /// Returns the elements as T (float, double, std::int32_t, std::int64_t, std::uint8_t);
  /// throws ArgumentError if T is not the element type.
  template <class T>
  std::span<T> as();
  template <class T>
  std::span<const T> as() const;

  /// Returns the same numbers under another shape. Throws ShapeError unless it has as many elements.
  Array reshaped(Shape shape) const& { return Array(*this).reshaped(std::move(shape)); }
  Array reshaped(Shape shape) &&;

  /// Returns a copy converted to another element type: bf16 rounds to nearest even; integers drop the fraction, take the
  /// nearest value that they can hold, and 0 for NaN.
  Array to(ElementType type) const;

 private:
  struct Release {
    void operator()(std::byte* bytes) const noexcept;
  };
  Shape shape_;
  ElementType type_;
  std::unique_ptr<std::byte[], Release> data_;
};

/// Arrays by name, in name order: what a checkpoint or an archive holds.
using NamedArrays = std::map<std::string, Array>;

}  // namespace pcxx

/// Array: storage and conversion between element types.
#include "pcxx/core/array.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "pcxx/core/errors.h"

namespace pcxx {
namespace {

constexpr std::align_val_t kAlignment{64};

template <class T>
constexpr ElementType element_type();
template <>
constexpr ElementType element_type<float>() { return ElementType::f32; }
template <>
constexpr ElementType element_type<double>() { return ElementType::f64; }
template <>
constexpr ElementType element_type<std::int32_t>() { return ElementType::i32; }
template <>
constexpr ElementType element_type<std::int64_t>() { return ElementType::i64; }
template <>
constexpr ElementType element_type<std::uint8_t>() { return ElementType::u8; }

std::uint16_t bf16_from(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (value != value) {
    return static_cast<std::uint16_t>(bits >> 16 | 0x40);  // keep a NaN a NaN
  }
  return static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

double read(const Array& array, Size index) {
  const auto i = static_cast<std::size_t>(index);
  switch (array.type()) {
    case ElementType::f32: return array.as<float>()[i];
    case ElementType::f64: return array.as<double>()[i];
    case ElementType::i32: return array.as<std::int32_t>()[i];
    case ElementType::i64: return static_cast<double>(array.as<std::int64_t>()[i]);
    case ElementType::u8: return array.as<std::uint8_t>()[i];
    case ElementType::bf16: {
      std::uint16_t half = 0;
      std::memcpy(&half, array.data() + 2 * i, 2);
      return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
    }
  }
  return 0;
}

/// Returns a number as an integer type can hold it.
template <class T>
T integer(double value) {
  if (!(value == value)) {
    return 0;
  }
  constexpr double low = static_cast<double>(std::numeric_limits<T>::min()), high = static_cast<double>(std::numeric_limits<T>::max());
  return value <= low ? std::numeric_limits<T>::min() : value >= high ? std::numeric_limits<T>::max() : static_cast<T>(value);
}

void write(Array& array, Size index, double value) {
  const auto i = static_cast<std::size_t>(index);
  switch (array.type()) {
    case ElementType::f32: array.as<float>()[i] = static_cast<float>(value); break;
    case ElementType::f64: array.as<double>()[i] = value; break;
    case ElementType::i32: array.as<std::int32_t>()[i] = integer<std::int32_t>(value); break;
    case ElementType::i64: array.as<std::int64_t>()[i] = integer<std::int64_t>(value); break;
    case ElementType::u8: array.as<std::uint8_t>()[i] = integer<std::uint8_t>(value); break;
    case ElementType::bf16: {
      const std::uint16_t half = bf16_from(static_cast<float>(value));
      std::memcpy(array.data() + 2 * i, &half, 2);
      break;
    }
  }
}

template <class T>
Array filled(const Shape& shape, std::span<const T> values) {
  Array array(shape, element_type<T>());
  if (static_cast<Size>(values.size()) != array.elements()) {
    throw ShapeError("[array] " + std::to_string(values.size()) + " values for shape " + to_string(shape) +
                     ", which has " + std::to_string(array.elements()));
  }
  std::copy(values.begin(), values.end(), array.as<T>().begin());
  return array;
}

}  // namespace

void Array::Release::operator()(std::byte* bytes) const noexcept { ::operator delete[](bytes, kAlignment); }

Array::Array(Shape shape, ElementType type) : shape_(std::move(shape)), type_(type) {
  if (elements() > PTRDIFF_MAX / static_cast<Size>(size_of(type))) {
    throw ShapeError("[array] shape " + to_string(shape_) + " has more elements than memory can hold");
  }
  data_.reset(static_cast<std::byte*>(::operator new[](bytes(), kAlignment)));
  std::memset(data_.get(), 0, bytes());
}

Array::Array(const Array& other) : Array(other.shape_, other.type_) {
  std::copy_n(other.data(), bytes(), data());  // unlike memcpy, may copy nothing from nowhere
}

Array::Array(Array&& other) noexcept
    : shape_(std::move(other.shape_)), type_(other.type_), data_(std::move(other.data_)) {
  other.shape_ = {0};
}

Array& Array::operator=(Array&& other) noexcept {
  if (this != &other) {
    shape_ = std::exchange(other.shape_, Shape{0});
    type_ = other.type_;
    data_ = std::move(other.data_);
  }
  return *this;
}

Array& Array::operator=(const Array& other) { return *this = Array(other); }

std::size_t Array::bytes() const noexcept { return static_cast<std::size_t>(elements()) * size_of(type_); }

Array Array::from(const Shape& shape, std::span<const float> values) { return filled(shape, values); }
Array Array::from(const Shape& shape, std::span<const double> values) { return filled(shape, values); }

template <class T>
std::span<T> Array::as() {
  if (type_ != element_type<T>()) {
    throw ArgumentError("[array] elements are " + std::string(to_string(type_)) + ", not " +
                        std::string(to_string(element_type<T>())) + "; convert with to()");
  }
  return {reinterpret_cast<T*>(data_.get()), static_cast<std::size_t>(elements())};
}

template <class T>
std::span<const T> Array::as() const {
  return const_cast<Array*>(this)->as<T>();
}

template std::span<float> Array::as();
template std::span<double> Array::as();
template std::span<std::int32_t> Array::as();
template std::span<std::int64_t> Array::as();
template std::span<std::uint8_t> Array::as();
template std::span<const float> Array::as() const;
template std::span<const double> Array::as() const;
template std::span<const std::int32_t> Array::as() const;
template std::span<const std::int64_t> Array::as() const;
template std::span<const std::uint8_t> Array::as() const;

Array Array::reshaped(Shape shape) && {
  if (shape.elements() != elements()) {
    throw ShapeError("[array] " + to_string(shape_) + " cannot become " + to_string(shape) + ": " +
                     std::to_string(elements()) + " elements are not " + std::to_string(shape.elements()));
  }
  shape_ = std::move(shape);
  return std::move(*this);
}

Array Array::to(ElementType type) const {
  if (type == type_) {
    return *this;
  }
  Array result(shape_, type);
  if (type_ == ElementType::f64 && type == ElementType::f32) {  // the way of every parameter: worth a plain loop
    const auto from = as<double>();
    std::transform(from.begin(), from.end(), result.as<float>().begin(), [](double x) { return static_cast<float>(x); });
    return result;
  }
  for (Size i = 0; i < elements(); ++i) {
    write(result, i, read(*this, i));
  }
  return result;
}

}  // namespace pcxx

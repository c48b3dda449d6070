/// How small values cross between Python and C++: shapes, sizes of windows, operands, arrays.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/function.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/set.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <memory>
#include <span>

#include <pcxx/data/text.h>
#include <pcxx/pcxx.h>

namespace pcxx::python {

namespace nb = nanobind;

/// A tensor, or a number that stands for a constant one; what operations take.
struct Operand {
  Tensor tensor = 0.0;
  operator const Tensor&() const { return tensor; }
};

/// Returns a NumPy array that owns the numbers, without a copy. Throws ArgumentError for bf16, which NumPy lacks.
nb::object numpy_of(Array&& array);

/// Returns an array in memory of its own from anything with the buffer protocol or DLPack. Throws DTypeError for what is no
/// array or holds other numbers than f32, f64, i32, i64, u8; DeviceError for one that is not in host memory.
Array array_of(nb::handle object, const std::string& argument);
/// The same for every array of a dict, by name.
NamedArrays arrays_of(const nb::dict& given);
/// Returns NumPy arrays by name, without copies of the numbers.
nb::dict numpy_of(NamedArrays&& arrays);

/// Returns a NumPy array with a copy of numbers that lie row by row.
template <class T>
nb::object numpy_copy(const Shape& shape, std::span<const T> numbers) {
  const std::vector<std::size_t> extents(shape.begin(), shape.end());
  auto copy = std::make_unique_for_overwrite<T[]>(numbers.size());
  std::copy(numbers.begin(), numbers.end(), copy.get());
  T* data = copy.get();
  const nb::capsule owner(copy.release(), [](void* pointer) noexcept { delete[] static_cast<T*>(pointer); });
  return nb::cast(nb::ndarray<nb::numpy, T>(data, extents.size(), extents.data(), owner));
}

}  // namespace pcxx::python

namespace nanobind::detail {

/// Reads an int, or a sequence of them; returns whether it is one. Leaves no Python error behind.
inline bool read_sizes(handle source, std::vector<pcxx::Size>& sizes) noexcept {
  if (PyBool_Check(source.ptr()) || PyUnicode_Check(source.ptr()) || PyBytes_Check(source.ptr())) {
    return false;
  }
  if (PyIndex_Check(source.ptr())) {
    const Py_ssize_t size = PyNumber_AsSsize_t(source.ptr(), PyExc_OverflowError);
    if (size == -1 && PyErr_Occurred()) {
      PyErr_Clear();
      return false;
    }
    sizes = {size};
    return true;
  }
  make_caster<std::vector<pcxx::Size>> caster;
  if (!caster.from_python(source, 0, nullptr)) {
    return false;
  }
  sizes = std::move(caster.value);
  return true;
}

template <>
struct type_caster<pcxx::Shape> {
  using Value = pcxx::Shape;
  static constexpr auto Name = const_name("int | collections.abc.Sequence[int]");
  template <typename T_> using Cast = movable_cast_t<T_>;
  template <typename T_> static constexpr bool can_cast() { return true; }
  // The shape is made when the function is called: what it throws for a negative extent reaches the user then.
  explicit operator Value*() { return &(value = pcxx::Shape(sizes)); }
  explicit operator Value&() { return value = pcxx::Shape(sizes); }
  explicit operator Value&&() { return std::move(value = pcxx::Shape(sizes)); }
  Value value;
  std::vector<pcxx::Size> sizes;

  bool from_python(handle source, uint32_t, cleanup_list*) noexcept { return read_sizes(source, sizes); }

  static handle from_cpp(const pcxx::Shape& shape, rv_policy, cleanup_list*) noexcept {
    PyObject* result = PyTuple_New(static_cast<Py_ssize_t>(shape.rank()));
    Py_ssize_t place = 0;
    for (const pcxx::Size extent : shape) {
      PyTuple_SetItem(result, place++, PyLong_FromLongLong(extent));
    }
    return result;
  }
};

template <>
struct type_caster<pcxx::PerAxis> {
  using Value = pcxx::PerAxis;
  static constexpr auto Name = const_name("int | collections.abc.Sequence[int]");
  template <typename T_> using Cast = movable_cast_t<T_>;
  template <typename T_> static constexpr bool can_cast() { return true; }
  explicit operator Value*() { return &value; }
  explicit operator Value&() { return value; }
  explicit operator Value&&() { return std::move(value); }
  Value value = 1;

  bool from_python(handle source, uint32_t, cleanup_list*) noexcept {
    std::vector<pcxx::Size> sizes;
    if (!read_sizes(source, sizes)) {
      return false;
    }
    value = PyIndex_Check(source.ptr()) ? pcxx::PerAxis(sizes[0]) : pcxx::PerAxis(std::move(sizes));
    return true;
  }
};

template <>
struct type_caster<pcxx::Padding> {
  using Value = pcxx::Padding;
  static constexpr auto Name =
      const_name("int | collections.abc.Sequence[int] | collections.abc.Sequence[tuple[int, int]] | typing.Literal['same']");
  template <typename T_> using Cast = movable_cast_t<T_>;
  template <typename T_> static constexpr bool can_cast() { return true; }
  explicit operator Value*() { return &value; }
  explicit operator Value&() { return value; }
  explicit operator Value&&() { return std::move(value); }
  Value value = 0;

  bool from_python(handle source, uint32_t, cleanup_list*) noexcept {
    if (PyUnicode_Check(source.ptr())) {
      value = pcxx::same_padding();
      return PyUnicode_CompareWithASCIIString(source.ptr(), "same") == 0;
    }
    std::vector<std::pair<pcxx::Size, pcxx::Size>> pairs;
    std::vector<pcxx::Size> sizes;
    if (read_sizes(source, sizes)) {
      for (const pcxx::Size size : sizes) {
        pairs.emplace_back(size, size);
      }
    } else {
      make_caster<std::vector<std::pair<pcxx::Size, pcxx::Size>>> caster;
      if (!caster.from_python(source, 0, nullptr)) {
        return false;
      }
      pairs = std::move(caster.value);
    }
    value = pcxx::padding_of(std::move(pairs));
    return true;
  }
};

template <>
struct type_caster<pcxx::python::Operand> {
  NB_TYPE_CASTER(pcxx::python::Operand, const_name("Tensor | float"))

  bool from_python(handle source, uint32_t, cleanup_list*) noexcept {
    if (isinstance<pcxx::Tensor>(source)) {
      value.tensor = *inst_ptr<pcxx::Tensor>(source);
      return true;
    }
    // A bool would be a comparison that Python made instead of a traced one.
    if (PyBool_Check(source.ptr()) || !PyNumber_Check(source.ptr())) {
      return false;
    }
    const double number = PyFloat_AsDouble(source.ptr());
    if (number == -1 && PyErr_Occurred()) {
      PyErr_Clear();
      return false;
    }
    value.tensor = number;
    return true;
  }

  static handle from_cpp(const pcxx::python::Operand& operand, rv_policy, cleanup_list* cleanup) noexcept {
    return make_caster<pcxx::Tensor>::from_cpp(operand.tensor, rv_policy::copy, cleanup);
  }
};

}  // namespace nanobind::detail

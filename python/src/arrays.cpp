/// Arrays in and out: the buffer protocol and DLPack, without a copy where layout and type fit.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>

#include "bindings.h"

namespace pcxx::python {
namespace {

using Given = nb::ndarray<nb::ro>;

constexpr nb::dlpack::dtype kF32 = nb::dtype<float>(), kF64 = nb::dtype<double>(), kI32 = nb::dtype<std::int32_t>(),
                            kI64 = nb::dtype<std::int64_t>(), kU8 = nb::dtype<std::uint8_t>();

std::string type_of(nb::handle object) { return nb::type_name(object.type()).c_str(); }

std::string name_of(nb::dlpack::dtype type) {
  static constexpr const char* kKinds[] = {"int", "uint", "float", "handle", "bfloat", "complex", "bool"};
  const std::string kind = type.code < std::size(kKinds) ? kKinds[type.code] : "unknown";
  return kind == "bool" ? kind : kind + std::to_string(type.bits);
}

Shape shape_of(const Given& array) {
  std::vector<Size> extents;
  for (std::size_t axis = 0; axis < array.ndim(); ++axis) {
    extents.push_back(static_cast<Size>(array.shape(axis)));
  }
  return Shape(std::move(extents));
}

/// Returns "" for rows without gaps, else what lies otherwise; strides count elements.
std::string gaps_of(const Given& array) {
  std::int64_t expected = 1;
  for (std::size_t axis = array.ndim(); axis-- > 0;) {
    if (array.shape(axis) == 1) {
      continue;
    }
    if (array.stride(axis) < 0) {
      return fmt::format("axis {} runs backwards", axis);
    }
    if (array.stride(axis) != expected) {
      return fmt::format("elements of axis {} are {} apart instead of {}", axis, array.stride(axis), expected);
    }
    expected *= static_cast<std::int64_t>(array.shape(axis));
  }
  return "";
}

/// `what` begins the messages: "[run] the data of node 'image'".
Given given_array(nb::handle object, const std::string& what) {
  if (nb::isinstance<Tensor>(object)) {
    throw DTypeError(what + " are a traced tensor, which has no numbers; expected an array");
  }
  if (nb::hasattr(object, "_mask")) {
    throw DTypeError(what + " are a masked array, whose mask would be lost; expected x.filled(value)");
  }
  if (nb::hasattr(object, "is_neg") && nb::cast<bool>(object.attr("is_neg")())) {
    throw DTypeError(what + " are a view of PyTorch whose sign is not in memory; expected x.resolve_neg()");
  }
  Given array;
  if (!nb::try_cast(object, array)) {
    std::string reason;
    if (nb::hasattr(object, "dtype")) {
      const nb::object dtype = object.attr("dtype");
      reason = std::string(" of ") + nb::str(nb::handle(dtype)).c_str();
    }
    if (nb::hasattr(object, "__dlpack__")) {
      try {
        object.attr("__dlpack__")();
      } catch (const nb::python_error& error) {
        reason += std::string(" that cannot be read (") + nb::str(error.value()).c_str() + ")";
      }
    }
    throw DTypeError(fmt::format("{} are a '{}'{}; expected an array: NumPy, PyTorch, JAX or anything else with the buffer "
                                 "protocol or DLPack; numpy.asarray(x, numpy.float32) makes one of numbers in lists",
                                 what, type_of(object), reason));
  }
  if (array.device_type() != nb::device::cpu::value) {
    throw DeviceError(fmt::format("{} are on a device of DLPack's type {}; expected host memory: .cpu() of PyTorch, "
                                  "jax.device_get of JAX", what, array.device_type()));
  }
  return array;
}

void check_dtype(const Given& array, nb::dlpack::dtype wanted, const std::string& what) {
  if (array.dtype() != wanted) {
    throw DTypeError(fmt::format("{} are {}; expected {}: .astype(numpy.{}) or .to(torch.{}) makes a copy", what,
                                 name_of(array.dtype()), name_of(wanted), name_of(wanted), name_of(wanted)));
  }
}

/// The dtype of NumPy for what an array holds.
nb::dlpack::dtype dtype_of(ElementType type) {
  switch (type) {
    case ElementType::f32: return kF32;
    case ElementType::f64: return kF64;
    case ElementType::i32: return kI32;
    case ElementType::i64: return kI64;
    case ElementType::u8: return kU8;
    case ElementType::bf16: break;
  }
  throw ArgumentError("[array] NumPy has no bf16; expected f32, f64, i32, i64 or u8");
}

void copy_elements(const Given& from, std::size_t axis, std::int64_t place, std::size_t width, std::byte*& to) {
  const auto* bytes = static_cast<const std::byte*>(from.data());
  if (axis == from.ndim()) {
    std::memcpy(to, bytes + place * static_cast<std::int64_t>(width), width);
    to += width;
    return;
  }
  for (std::size_t i = 0; i < from.shape(axis); ++i) {
    copy_elements(from, axis + 1, place + static_cast<std::int64_t>(i) * from.stride(axis), width, to);
  }
}

}  // namespace

nb::object numpy_of(Array&& array) {
  const nb::dlpack::dtype type = dtype_of(array.type());
  auto owned = std::make_unique<Array>(std::move(array));
  std::vector<std::size_t> shape(owned->shape().begin(), owned->shape().end());
  std::byte* data = owned->data();
  const nb::capsule owner(owned.release(), [](void* pointer) noexcept { delete static_cast<Array*>(pointer); });
  return nb::cast(nb::ndarray<nb::numpy>(data, shape.size(), shape.data(), owner, nullptr, type));
}

nb::dict numpy_of(NamedArrays&& arrays) {
  nb::dict result;
  for (auto& [name, array] : arrays) {
    result[name.c_str()] = numpy_of(std::move(array));
  }
  return result;
}

Array array_of(nb::handle object, const std::string& argument) {
  const std::string what = "[array] the numbers of '" + argument + "'";
  const Given array = given_array(object, what);
  for (const ElementType type : {ElementType::f32, ElementType::f64, ElementType::i32, ElementType::i64, ElementType::u8}) {
    if (array.dtype() == dtype_of(type)) {
      Array result(shape_of(array), type);
      std::byte* to = result.data();
      if (gaps_of(array).empty() && result.bytes() > 0) {
        std::memcpy(to, array.data(), result.bytes());
      } else {
        copy_elements(array, 0, 0, size_of(type), to);
      }
      return result;
    }
  }
  throw DTypeError(fmt::format("{} are {}; expected float32, float64, int32, int64 or uint8", what, name_of(array.dtype())));
}

NamedArrays arrays_of(const nb::dict& given) {
  NamedArrays arrays;
  for (const auto& [name, array] : given) {
    const std::string text = nb::cast<std::string>(name);
    arrays.emplace(text, array_of(array, text));
  }
  return arrays;
}

Feed::Feed(const nb::dict& data, const char* who, bool wide) {
  bool first = true;
  for (const auto& [key, value] : data) {
    if (!nb::isinstance<BoundNode>(key)) {
      throw DTypeError(fmt::format("[{}] a key of the data is a '{}'; expected the node that takes the numbers: {{network.image: "
                                   "images}}", who, type_of(key)));
    }
    const BoundNode& node = nb::cast<const BoundNode&>(key);
    const std::string what = fmt::format("[{}] the data of node '{}'", who, node.node.name());
    Given array = given_array(value, what);
    const bool is_index = node.dtype() == DType::index;
    check_dtype(array, is_index ? kI32 : wide ? kF64 : kF32, what);
    const Shape shape = shape_of(array);
    std::vector<Size> expected = {first && shape.rank() > 0 ? shape[0] : samples_};
    const Shape& sample = node.node.shape();
    expected.insert(expected.end(), sample.begin(), sample.end());
    if (shape.extents() != expected) {
      const std::string samples = first ? "samples" : std::to_string(samples_);
      throw ShapeError(fmt::format("{} are {}; expected ({}{}{})", what, to_string(shape), samples, sample.rank() == 0 ? "" : ", ",
                                   fmt::join(sample, ", ")));
    }
    if (expected[0] == 0) {
      throw ArgumentError(what + " are an empty batch; expected at least one sample");
    }
    if (const std::string gaps = gaps_of(array); !gaps.empty()) {
      throw ArgumentError(fmt::format("{} do not lie row by row in memory: {}; expected an array without gaps: "
                                      "numpy.ascontiguousarray(x), or x.contiguous() of PyTorch", what, gaps));
    }
    samples_ = expected[0];
    first = false;
    NodeData rows{.node = node.node};
    if (is_index) {
      rows.indices = static_cast<const std::int32_t*>(array.data());
    } else {
      rows.rows = static_cast<const float*>(array.data());  // for f64, arrays() reads it as what it is
    }
    rows_.push_back(rows);
    held_.push_back(std::move(array));
  }
}

BatchArrays Feed::arrays() const {
  BatchArrays result;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const bool is_index = rows_[i].indices != nullptr;
    Array copy(shape_of(held_[i]), is_index ? ElementType::i32 : ElementType::f64);
    std::memcpy(copy.data(), held_[i].data(), copy.bytes());
    result.emplace_back(rows_[i].node, std::move(copy));
  }
  return result;
}

std::vector<Node> Feed::nodes() const {
  std::vector<Node> result;
  for (const NodeData& each : rows_) {
    result.push_back(each.node);
  }
  return result;
}

}  // namespace pcxx::python

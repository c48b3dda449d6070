/// Tensor: a traced value with Python's operators, and nothing that would need its numbers.
#include <fmt/format.h>

#include "bindings.h"

namespace pcxx::python {
namespace {

[[noreturn]] void no_numbers(const char* what, const char* instead) {
  throw DTypeError(fmt::format("[tensor] {} of a traced tensor; it has no numbers until a program runs; expected {}", what, instead));
}

std::string text_of(const Tensor& x) {
  return fmt::format("<{} tensor {}{}>", to_string(x.span()), to_string(x.shape()),
                     x.dtype() == DType::real ? "" : fmt::format(" of {}", to_string(x.dtype())));
}

/// x[2, 1:4, ...] as slices of whole axes; an index drops its axis.
Tensor item(const Tensor& x, const nb::object& key) {
  const nb::tuple given = nb::isinstance<nb::tuple>(key) ? nb::borrow<nb::tuple>(key) : nb::make_tuple(key);
  const Shape& shape = x.shape();
  std::vector<Size> starts, stops, kept;
  Size listed = 0;
  for (const nb::handle& each : given) {
    listed += each.is(nb::ellipsis()) ? 0 : 1;
  }
  if (listed > shape.rank()) {
    throw ShapeError(fmt::format("[tensor] {} indices for a tensor {}", listed, to_string(shape)));
  }
  const auto keep = [&](Size start, Size stop) {
    starts.push_back(start);
    stops.push_back(stop);
    kept.push_back(stop - start);
  };
  const auto keep_all = [&](Size axes) {
    for (Size i = 0; i < axes; ++i) {
      keep(0, shape[static_cast<Size>(starts.size())]);
    }
  };
  for (const nb::handle& each : given) {
    if (each.is(nb::ellipsis())) {
      keep_all(shape.rank() - listed);
      continue;
    }
    const Size axis = static_cast<Size>(starts.size()), extent = shape[axis];
    if (nb::isinstance<nb::slice>(each)) {
      const auto [start, stop, step, length] = nb::borrow<nb::slice>(each).compute(static_cast<std::size_t>(extent));
      if (step != 1) {
        throw ArgumentError(fmt::format("[tensor] a slice with step {}; expected step 1; take(x, indices, axis) takes any", step));
      }
      keep(start, start + static_cast<Size>(length));
    } else if (PyIndex_Check(each.ptr()) && !nb::isinstance<Tensor>(each)) {
      const Size index = nb::cast<Size>(each), place = index < 0 ? index + extent : index;
      if (place < 0 || place >= extent) {
        throw nb::index_error(fmt::format("[tensor] index {} of axis {}, whose extent is {}", index, axis, extent).c_str());
      }
      keep(place, place + 1);
      kept.pop_back();
    } else {
      throw DTypeError("[tensor] an index that is no int, slice or ellipsis; a traced index is gather(x, index) or row(x, place)");
    }
  }
  keep_all(shape.rank() - static_cast<Size>(starts.size()));
  return reshape(slice(x, starts, stops), Shape(kept));
}

/// numpy.float32(2) * x, and errors for arrays and for functions of NumPy: what NumPy does where it meets a tensor.
nb::object with_numpy(const nb::object& ufunc, const std::string& method, const nb::args& inputs) {
  static const std::map<std::string, const char*> operators{
      {"add", "add"}, {"subtract", "sub"}, {"multiply", "mul"}, {"divide", "truediv"}, {"power", "pow"}, {"less", "lt"},
      {"less_equal", "le"}, {"greater", "gt"}, {"greater_equal", "ge"}, {"equal", "eq"}, {"not_equal", "ne"}};
  const std::string name = nb::cast<std::string>(ufunc.attr("__name__"));
  nb::list operands;
  for (const nb::handle input : inputs) {
    if (nb::hasattr(input, "ndim") && nb::cast<Size>(input.attr("ndim")) > 0) {
      no_numbers("an array and the numbers", "an array to be given as data of a node, or as state[name] of a parameter");
    }
    operands.append(nb::isinstance<Tensor>(input) ? nb::borrow(input) : nb::object(nb::float_(input)));
  }
  const auto known = operators.find(name);
  if (known == operators.end() || method != "__call__") {
    throw DTypeError(fmt::format("[tensor] numpy.{} of a traced tensor; it has no numbers until a program runs; expected functions "
                                 "of pcxx: pcxx.exp(x)", name));
  }
  return nb::module_::import_("operator").attr(known->second)(operands[0], operands[1]);
}

}  // namespace

void bind_tensor(nb::module_& module) {
  nb::enum_<DType>(module, "DType", "What kind of number a traced tensor holds.")
      .value("real", DType::real, "A real number; how wide it is stored is the plan's choice.")
      .value("index", DType::index, "A whole number that names a row.")
      .value("boolean", DType::boolean, "The result of a comparison; counts as 0 and 1 in arithmetic.");
  nb::enum_<Span>(module, "Span", "Whom a traced tensor belongs to.")
      .value("shared", Span::shared, "One value for the whole batch.")
      .value("per_sample", Span::per_sample, "One value for each sample.");

  auto tensor = nb::class_<Tensor>(module, "Tensor",
      "A traced value. Nothing is computed when tensors are combined; an expression is recorded.\n\n"
      "Shapes are those of one sample: a batch axis never appears. Operators broadcast as in NumPy; a shared operand meets a\n"
      "per-sample one as the same value for each sample. Comparisons, == included, are traced, too; &, | and ~ combine them.\n"
      "Raises ShapeError if operands do not fit, ArgumentError if they belong to different networks.");
  tensor.def_prop_ro("shape", [](const Tensor& x) { return x.shape(); }, nb::sig("def shape(self) -> tuple[int, ...]"),
                     "The extents of one sample, outermost first; () for a scalar.")
      .def_prop_ro("dtype", &Tensor::dtype, "What kind of number it holds.")
      .def_prop_ro("span", &Tensor::span, "Whether there is one value for the batch or one for each sample.")
      .def("__repr__", text_of)
      .def("__hash__", [](const Tensor& x) { return static_cast<Size>(reinterpret_cast<std::uintptr_t>(x.graph().get()) >> 4U) ^ x.id(); });

  const auto is = nb::is_operator();
  tensor.def("__add__", [](const Tensor& a, const Operand& b) { return a + b; }, is)
      .def("__radd__", [](const Tensor& a, const Operand& b) { return b + a; }, is)
      .def("__sub__", [](const Tensor& a, const Operand& b) { return a - b; }, is)
      .def("__rsub__", [](const Tensor& a, const Operand& b) { return b - a; }, is)
      .def("__mul__", [](const Tensor& a, const Operand& b) { return a * b; }, is)
      .def("__rmul__", [](const Tensor& a, const Operand& b) { return b * a; }, is)
      .def("__truediv__", [](const Tensor& a, const Operand& b) { return a / b; }, is)
      .def("__rtruediv__", [](const Tensor& a, const Operand& b) { return b / a; }, is)
      .def("__pow__", [](const Tensor& a, const Operand& b) { return power(a, b); }, is)
      .def("__rpow__", [](const Tensor& a, const Operand& b) { return power(b, a); }, is)
      .def("__matmul__", [](const Tensor& a, const Tensor& b) { return matmul(a, b); }, is)
      .def("__neg__", [](const Tensor& x) { return -x; })
      .def("__abs__", [](const Tensor& x) { return abs(x); })
      .def("__lt__", [](const Tensor& a, const Operand& b) { return a < b; }, is)
      .def("__le__", [](const Tensor& a, const Operand& b) { return a <= b; }, is)
      .def("__gt__", [](const Tensor& a, const Operand& b) { return a > b; }, is)
      .def("__ge__", [](const Tensor& a, const Operand& b) { return a >= b; }, is)
      .def("__eq__", [](const Tensor& a, const Operand& b) { return equal(a, b); }, is,
           nb::sig("def __eq__(self, arg: object, /) -> typing.Any"))
      .def("__ne__", [](const Tensor& a, const Operand& b) { return !equal(a, b); }, is,
           nb::sig("def __ne__(self, arg: object, /) -> typing.Any"))
      .def("__invert__", [](const Tensor& x) { return !x; })
      .def("__and__", [](const Tensor& a, const Tensor& b) { return a && b; }, is)
      .def("__or__", [](const Tensor& a, const Tensor& b) { return a || b; }, is)
      .def("__getitem__", item, nb::arg("key"), "Cuts out slices and entries: x[0], x[1:3], x[..., 2:].",
           nb::sig("def __getitem__(self, key: typing.Any) -> Tensor"));

  tensor.def("__bool__", [](const Tensor&) -> bool {
          no_numbers("the truth", "select(condition, yes, no), or flow.branch for statements"); })
      .def("__float__", [](const Tensor&) -> double { no_numbers("the number", "flow.output(name, tensor), read after a run"); })
      .def("__int__", [](const Tensor&) -> int { no_numbers("the number", "flow.output(name, tensor), read after a run"); })
      .def("__len__", [](const Tensor& x) { return x.shape()[0]; }, "The extent of the first axis.")
      .def("__array__", [](const Tensor&, nb::args, nb::kwargs) -> nb::object {
             no_numbers("the array", "functions of pcxx in place of NumPy's, or flow.output(name, tensor), read after a run"); },
           nb::sig("def __array__(self, *args: object, **kwargs: object) -> typing.NoReturn"))
      .def("__array_ufunc__", [](const Tensor&, const nb::object& ufunc, const std::string& method, const nb::args& inputs,
                                 const nb::kwargs&) { return with_numpy(ufunc, method, inputs); },
           nb::sig("def __array_ufunc__(self, ufunc: typing.Any, method: str, *inputs: object, **options: object) -> Tensor"));
}

}  // namespace pcxx::python

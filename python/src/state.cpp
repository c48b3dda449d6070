/// State: parameters and optimiser states as NumPy arrays, by name.
#include "bindings.h"

namespace pcxx::python {
namespace {

/// Runs something while nobody else runs on the state or changes it.
template <class What>
auto held(const BoundState& own, const What& what) {
  const auto lock = own.hold();
  return what(*own.state);
}

/// An in-place change of a copy would be lost, so it is an error.
nb::object read_only(nb::object array) {
  array.attr("flags").attr("writeable") = false;
  return array;
}

Array copy_of(const BoundState& own, const std::string& name) {
  return held(own, [&](State& state) { return Array(std::as_const(state).at(name)); });
}

nb::dict copies(const BoundState& own) {
  NamedArrays arrays = held(own, [](State& state) { return state.arrays(); });
  nb::dict result;
  for (auto& [name, array] : arrays) {
    result[name.c_str()] = read_only(numpy_of(std::move(array)));
  }
  return result;
}

void assign(const BoundState& own, const std::string& name, const nb::object& given) {
  const Array array = array_of(given, name);
  held(own, [&](State& state) {
    Array& old = state.at(name);
    if (old.shape() != array.shape()) {
      throw ShapeError("[state] '" + name + "' is " + to_string(old.shape()) + " but is given " + to_string(array.shape()));
    }
    const Array converted = array.to(old.type());
    std::copy_n(converted.data(), converted.bytes(), old.data());
  });
}

std::vector<std::string> names_of(const BoundState& own) {
  return held(own, [](State& state) {
    std::vector<std::string> names;
    for (const auto& [symbol, entry] : state.entries()) {
      names.push_back(entry.name);
    }
    std::sort(names.begin(), names.end());
    return names;
  });
}

}  // namespace

void bind_state(nb::module_& module) {
  nb::class_<BoundState>(module, "State",
      "The arrays that live across runs: parameters, optimiser states and counters, by name.\n\n"
      "Shared by all executors of one network. Reading gives a copy, which cannot be changed in place; assigning to a name\n"
      "changes the state: state['low.weight'] = 0.9 * state['low.weight']. Safe in any thread: it waits for a run to end.")
      .def("__getitem__", [](const BoundState& own, const std::string& name) { return read_only(numpy_of(copy_of(own, name))); },
           nb::arg("name"), nb::sig("def __getitem__(self, name: str) -> numpy.typing.NDArray[typing.Any]"),
           "A copy of an array.\n\nRaises NameError with the known names.")
      .def("__setitem__", assign, nb::arg("name"), nb::arg("array"),
           nb::sig("def __setitem__(self, name: str, array: numpy.typing.ArrayLike) -> None"),
           "Replaces an array; the element type is converted.\n\nRaises NameError for an unknown name, ShapeError if the shape differs.")
      .def("__contains__", [](const BoundState& own, const std::string& name) {
        const auto names = names_of(own);
        return std::binary_search(names.begin(), names.end(), name);
      }, nb::arg("name"))
      .def("__len__", [](const BoundState& own) { return held(own, [](State& state) { return state.entries().size(); }); })
      .def("__iter__", [](const BoundState& own) { return nb::iter(nb::cast(names_of(own))); },
           nb::sig("def __iter__(self) -> collections.abc.Iterator[str]"))
      .def("keys", names_of, "The names, in their order.")
      .def("arrays", copies, nb::sig("def arrays(self) -> dict[str, numpy.typing.NDArray[typing.Any]]"),
           "Copies of all arrays, by name.")
      .def("load", [](const BoundState& own, const nb::dict& given) {
        const NamedArrays arrays = arrays_of(given);
        held(own, [&](State& state) { state.load(arrays); });
      }, nb::arg("arrays"), nb::sig("def load(self, arrays: collections.abc.Mapping[str, numpy.typing.ArrayLike]) -> None"),
      "Replaces all arrays by name; element types are converted.\n\n"
      "Raises NameError if a name is missing or unexpected, ShapeError if a shape differs; then nothing was changed.")
      .def("__repr__", [](const BoundState& own) { return "<state of " + std::to_string(own.state->entries().size()) + " arrays>"; });
}

}  // namespace pcxx::python

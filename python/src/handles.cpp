/// What networks are made of: nodes, parameters, selections, energies, initialisers.
#include <fmt/format.h>

#include "bindings.h"

namespace pcxx::python {
namespace {

/// Returns whether two handles are of the same thing; of a handle and a number or another tensor, the traced comparison.
template <class Handle, class Own>
nb::object compared(const Handle& a, nb::handle b, Own Handle::*own, bool wanted) {
  if (nb::isinstance<Handle>(b)) {
    return nb::bool_((a.*own == nb::cast<const Handle&>(b).*own) == wanted);
  }
  Operand operand;
  if (!nb::try_cast(b, operand)) {
    return nb::borrow(Py_NotImplemented);
  }
  const Tensor same = equal(a, operand);
  return nb::cast(wanted ? same : !same);
}

nb::frozenset names(const std::set<std::string>& tags) { return nb::frozenset(nb::cast(tags)); }

void bind_nodes(nb::module_& module) {
  nb::class_<BoundNode, Tensor>(module, "Node",
      "A node: a variable with a value h per sample. As a tensor it is what its readers see in the phase.\n\n"
      "Network.node() makes it. Nodes are equal if they are the same node, and can be keys of a dict;\n"
      "comparisons with a number or another tensor are traced.")
      .def("value", [](const BoundNode& own) { return own.node.value(); },
           "The node's own value h, whatever its readers see; the shape of the node, per sample.")
      .def("prediction", [](const BoundNode& own) { return own.node.prediction(); },
           "Its prediction u, in the shape of the node.\n\nRaises ArgumentError if nothing predicts it.")
      .def("energy", [](const BoundNode& own) { return own.node.energy(); }, "Its energy, a scalar per sample; 0 if nothing predicts it.")
      .def_prop_ro("predicted", [](const BoundNode& own) { return own.node.predicted(); }, "Whether something predicts it.")
      .def_prop_ro("has_energy", [](const BoundNode& own) { return own.node.has_energy(); },
                   "Whether an energy holds it to its prediction.")
      .def_prop_ro("name", [](const BoundNode& own) { return own.node.name(); }, "Its name, with those of the networks around it.")
      .def_prop_ro("place", [](const BoundNode& own) { return own.node.place(); },
                   "The line of the program that made it, or predicts it: 'model.py:12', which errors found later name.")
      .def_prop_ro("tags", [](const BoundNode& own) { return names(own.node.tags()); },
                   nb::sig("def tags(self) -> frozenset[str]"), "What Network.tag() gave it.")
      .def("__eq__", [](const BoundNode& a, nb::handle b) { return compared(a, b, &BoundNode::node, true); },
           nb::sig("def __eq__(self, arg: object, /) -> typing.Any"))
      .def("__ne__", [](const BoundNode& a, nb::handle b) { return compared(a, b, &BoundNode::node, false); },
           nb::sig("def __ne__(self, arg: object, /) -> typing.Any"))
      .def("__hash__", [](const BoundNode& own) { return std::hash<std::string>{}(own.node.name()); })
      .def("__repr__", [](const BoundNode& own) { return fmt::format("<node '{}' {}>", own.node.name(), to_string(own.node.shape())); });
  nb::class_<BoundParameter, Tensor>(module, "Parameter",
      "A parameter: a shared, trained tensor with a name and tags. Using it twice shares it.\n\n"
      "Network.parameter() and layers make them. Parameters are equal if they are the same parameter.")
      .def_prop_ro("name", [](const BoundParameter& own) { return own.parameter.name(); }, "Its name, as in the state.")
      .def_prop_ro("place", [](const BoundParameter& own) { return own.parameter.place(); },
                   "The line of the program that made it: 'model.py:12'.")
      .def_prop_ro("tags", [](const BoundParameter& own) { return names(own.parameter.tags()); },
                   nb::sig("def tags(self) -> frozenset[str]"), "What its layer or Network.tag() gave it.")
      .def("__eq__", [](const BoundParameter& a, nb::handle b) { return compared(a, b, &BoundParameter::parameter, true); },
           nb::sig("def __eq__(self, arg: object, /) -> typing.Any"))
      .def("__ne__", [](const BoundParameter& a, nb::handle b) { return compared(a, b, &BoundParameter::parameter, false); },
           nb::sig("def __ne__(self, arg: object, /) -> typing.Any"))
      .def("__hash__", [](const BoundParameter& own) { return std::hash<std::string>{}(own.parameter.name()); })
      .def("__repr__", [](const BoundParameter& own) {
        return fmt::format("<parameter '{}' {}>", own.parameter.name(), to_string(own.parameter.shape())); });
}

void bind_selections(nb::module_& module) {
  nb::class_<Selection>(module, "Selection", "A predicate over nodes or parameters; ~, & and | combine them.\n\n"
                        "Wherever a selection is due, a string is a pattern of names, as in named().")
      .def(nb::init_implicit<Selection>())
      .def("__init__", [](Selection* self, const std::string& pattern) { new (self) Selection(named(pattern)); }, nb::arg("pattern"),
           "Names that match a pattern, in which * stands for any letters and ? for one.")
      .def("__invert__", [](const Selection& a) { return !a; })
      .def("__and__", [](const Selection& a, const Selection& b) { return a && b; })
      .def("__or__", [](const Selection& a, const Selection& b) { return a || b; });
  nb::implicitly_convertible<nb::str, Selection>();
  module.def("everything", everything, "Selects every node or parameter.");
  module.def("named", named, nb::arg("pattern"),
             "Selects names that match a pattern, in which * stands for any letters and ? for one ('*.bias').");
  module.def("tagged", tagged, nb::arg("tag"), "Selects what carries a tag.");
}

void bind_energies(nb::module_& module) {
  nb::class_<Energy>(module, "Energy", "How much a node's value and its prediction disagree, a scalar per sample.")
      .def("__init__", [](Energy* self, std::string name, nb::callable of, bool needs_clamp) {
        const Callback function(of, "energy '" + name + "'");
        new (self) Energy{std::move(name), [function](const Tensor& value, const Tensor& prediction) {
          return function.call<Operand>("Tensor", value, prediction).tensor;
        }, needs_clamp};
      }, nb::arg("name"), nb::arg("of"), nb::kw_only(), nb::arg("needs_clamp") = false,
      nb::sig("def __init__(self, name: str, of: collections.abc.Callable[[Tensor, Tensor], Tensor], *, needs_clamp: bool = False) -> None"),
      "An energy of one's own: `of(value, prediction)`, both in the shape of the node, returns a scalar per sample.\n\n"
      "`needs_clamp`: it is unbounded below in the value, so that relaxing such a node is an error.")
      .def_ro("name", &Energy::name, "Its name.")
      .def_ro("needs_clamp", &Energy::needs_clamp, "Whether only clamped nodes may have it.")
      .def("__repr__", [](const Energy& own) { return "<energy '" + own.name + "'>"; });
  module.def("squared_error", squared_error, "E = sum((h - u)^2) / 2.");
  module.def("categorical", categorical, "E = -sum_k h_k log softmax(u)_k over the last axis, in nats; u are logits, h a distribution "
             "such as a one-hot label. Of clamped nodes only.");
  module.def("energy_from", energy_from, nb::arg("name"),
             "The energy called 'squared_error', 'categorical' or 'none'.\n\nRaises NameError with the known names.");
  module.def("no_energy", no_energy, "E = 0: the node is not held to its prediction.");
}

Initialiser own_initialiser(const std::string& name, nb::handle fill) {
  const Callback function(fill, "the initialiser '" + name + "'");
  return {name, [function, name](Array& parameter, const Fans& fans, RandomStream& random) {
    const nb::gil_scoped_acquire held;
    const auto made = function.call<nb::object>("", parameter.shape(), std::pair(fans.in, fans.out), numpy_generator(random));
    const Array array = array_of(made, "what initialiser '" + name + "' returned");
    if (array.shape() != parameter.shape()) {
      throw ShapeError(fmt::format("[initialiser] '{}' returned {}; expected {}", name, to_string(array.shape()),
                                   to_string(parameter.shape())));
    }
    const Array converted = array.to(parameter.type());
    std::copy_n(converted.data(), converted.bytes(), parameter.data());
  }};
}

void bind_initialisers(nb::module_& module) {
  nb::class_<Initialiser>(module, "Initialiser", "Where a parameter starts. A draw depends on the seed and the parameter's name alone.")
      .def("__init__", [](Initialiser* self, const std::string& name, nb::callable fill) {
        new (self) Initialiser(own_initialiser(name, fill));
      }, nb::arg("name"), nb::arg("fill"),
      nb::sig("def __init__(self, name: str, fill: collections.abc.Callable[[tuple[int, ...], tuple[int, int], numpy.random.Generator], "
              "numpy.typing.ArrayLike]) -> None"),
      "An initialiser of one's own: fill(shape, (inputs, outputs), random) returns an array of the shape. `random` is a generator of\n"
      "NumPy's, the parameter's own for each seed.\n\nNetwork.initialise() raises what the function raises, DTypeError or ShapeError for "
      "what it returns.")
      .def_ro("name", &Initialiser::name, "Its name.")
      .def("__repr__", [](const Initialiser& own) { return "<initialiser '" + own.name + "'>"; });
  module.def("fan_in_uniform", fan_in_uniform, "U(-1/sqrt(in), 1/sqrt(in)): PCX's and PyTorch's default for weights and biases.");
  module.def("xavier_uniform", xavier_uniform, nb::arg("gain") = 1.0, "U(-a, a), a = gain sqrt(6 / (in + out)) (Glorot & Bengio 2010).");
  module.def("xavier_normal", xavier_normal, nb::arg("gain") = 1.0, "N(0, gain^2 2 / (in + out)) (Glorot & Bengio 2010).");
  module.def("he_uniform", he_uniform, nb::arg("gain") = 1.4142135623730951,
             "U(-a, a), a = gain sqrt(3 / in); gain sqrt 2 suits relu (He et al. 2015).");
  module.def("he_normal", he_normal, nb::arg("gain") = 1.4142135623730951, "N(0, gain^2 / in) (He et al. 2015).");
  module.def("orthogonal", orthogonal, nb::arg("gain") = 1.0,
             "A matrix with orthonormal rows or columns, times the gain (Saxe et al. 2014).");
  module.def("normal", normal, nb::arg("standard_deviation") = 1.0, nb::arg("mean") = 0.0, "N(mean, standard_deviation^2).");
  module.def("uniform", uniform, nb::arg("low"), nb::arg("high"), "U(low, high).");
  module.def("zeros", zeros, "Zeros.");
  module.def("constant", constant, nb::arg("value"), "One value everywhere.");
  module.def("initialiser_from", initialiser_from, nb::arg("name"),
             "The initialiser of a name with its defaults.\n\nRaises NameError with the known names.");
}

}  // namespace

void bind_handles(nb::module_& module) {
  bind_nodes(module);
  bind_selections(module);
  bind_energies(module);
  bind_initialisers(module);
}

}  // namespace pcxx::python

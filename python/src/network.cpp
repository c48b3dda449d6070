/// The network, which Python subclasses.
#include "bindings.h"

namespace pcxx::python {
namespace {

BoundNetwork* ready(PyObject* self) {
  return nb::inst_ready(self) ? nb::inst_ptr<BoundNetwork>(self) : nullptr;
}

/// Shows the garbage collector the functions that phases hold: they often close over the network.
int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  if (const BoundNetwork* network = ready(self); network != nullptr && network->is_whole()) {
    for (const auto& function : network->book()->functions) {
      Py_VISIT(function->pointer);
    }
  }
  return 0;
}

int clear(PyObject* self) {
  if (const BoundNetwork* network = ready(self); network != nullptr && network->is_whole()) {
    const auto functions = network->book()->functions;  // what is cleared may run any code
    for (const auto& function : functions) {
      Py_CLEAR(function->pointer);
    }
  }
  return 0;
}

PyType_Slot kSlots[] = {{Py_tp_traverse, reinterpret_cast<void*>(traverse)}, {Py_tp_clear, reinterpret_cast<void*>(clear)}, {0, nullptr}};

constexpr const char* kNetworkDoc =
    "Nodes, what predicts them, the energies between, and the parameters. Networks nest.\n\n"
    "Describe a model in a subclass:\n\n"
    "    class Classifier(pcxx.Network):\n"
    "        def __init__(self, width: int) -> None:\n"
    "            super().__init__()\n"
    "            self.image = self.node('image', 784)\n"
    "            self.label = self.node('label', 10)\n"
    "            low = self.node('low', width, pcxx.gelu(pcxx.linear(self.image, width)))\n"
    "            self.predict(self.label, pcxx.linear(low, 10), pcxx.categorical())\n\n"
    "It holds no numbers: initialise() draws a State. Once a Trainer or an Executor has compiled it, changing it raises\n"
    "ArgumentError.";

}  // namespace

void bind_network(nb::module_& module) {
  using Self = BoundNetwork;
  nb::class_<Self>(module, "Network", nb::type_slots(kSlots), kNetworkDoc)
      .def(nb::init<>(), "A network without nodes.")
      .def(nb::init<Self&, const std::string&>(), nb::arg("parent"), nb::arg("name"),
           "A part of another network: names of its nodes and parameters begin with 'name.'.")
      .def("node", [](Self& own, const std::string& name, const Shape& shape, const std::optional<Operand>& prediction,
                      const std::optional<Energy>& energy, DType dtype) {
        own.check_open("node");
        if (!prediction) {
          if (energy) {
            throw ArgumentError("[node] '" + name + "' has an energy but no prediction; give both here, or to predict()");
          }
          return BoundNode(own.Network::node(name, shape, dtype));
        }
        return BoundNode(own.Network::node(name, shape, *prediction, energy ? *energy : squared_error()));
      }, nb::arg("name"), nb::arg("shape"), nb::arg("prediction") = nb::none(), nb::arg("energy") = nb::none(),
      nb::kw_only(), nb::arg("dtype") = DType::real,
      "Adds a node of a shape, that of one sample, and returns it. Without a prediction it is data, a latent, or one that\n"
      "predict() completes later. The energy is squared_error() if nothing else is said.\n\n"
      "Raises ShapeError if the prediction has another shape, NameError if the name is taken.")
      .def("predict", [](Self& own, const BoundNode& node, const Operand& prediction, const std::optional<Energy>& energy) {
        own.check_open("predict");
        own.Network::predict(node.node, prediction, energy ? *energy : squared_error());
      }, nb::arg("node"), nb::arg("prediction"), nb::arg("energy") = nb::none(),
      "Says what predicts a node, in the shape of the node; the energy is squared_error() if nothing else is said.\n\n"
      "Raises ArgumentError if something predicts it already, ShapeError if the shapes differ.")
      .def("energy_term", [](Self& own, const Operand& term, const std::string& name) {
        own.check_open("energy_term");
        own.Network::energy_term(term, name);
      }, nb::arg("term"), nb::arg("name") = "",
      "Adds a term to the energy: a scalar; a shared one counts once for each sample. Unnamed ones are 'term1', 'term2', ...\n\n"
      "Raises ShapeError if it is no scalar.")
      .def("parameter", [](Self& own, const std::string& name, const Shape& shape, const Initialiser& initialiser,
                           const std::set<std::string>& tags, std::pair<Size, Size> fans) {
        own.check_open("parameter");
        return BoundParameter(own.Network::parameter(name, shape, initialiser, {.tags = tags, .fans = {fans.first, fans.second}}));
      }, nb::arg("name"), nb::arg("shape"), nb::arg("initialiser"), nb::kw_only(), nb::arg("tags") = std::set<std::string>(),
      nb::arg("fans") = std::pair<Size, Size>(0, 0),
      "Adds a parameter and returns it. `fans`: how many inputs and outputs it connects; (0, 0) takes the last and the first\n"
      "extent of the shape.\n\nRaises NameError if the name is taken.")
      .def("energy", [](const Self& own) { return own.energy(); },
           "The sum of all nodes' energies and all further terms: a scalar per sample. A part's is its own.")
      .def("energies", [](const Self& own) { return own.energies(); },
           "What that sum is made of: (name, scalar per sample) for each node and each further term.")
      .def("nodes", [](const Self& own, const std::optional<Selection>& selection) {
        return bound(own.nodes(selection ? *selection : everything()));
      }, nb::arg("selection") = nb::none(), "The nodes that a selection picks, in the order they were made.")
      .def("parameters", [](const Self& own, const std::optional<Selection>& selection) {
        return bound(own.parameters(selection ? *selection : everything()));
      }, nb::arg("selection") = nb::none(), "The parameters that a selection picks, in the order they were made.")
      .def("layer_state", [](const Self& own) { return bound(own.layer_state()); },
           "What layers keep beside their parameters, such as running statistics: saved, but not trained.")
      .def("tag", [](Self& own, const std::variant<BoundNode, BoundParameter>& what, const std::string& tag) {
        own.check_open("tag");
        if (const auto* node = std::get_if<BoundNode>(&what)) {
          own.tag(node->node, tag);
        } else {
          own.tag(std::get<BoundParameter>(what).parameter, tag);
        }
      }, nb::arg("what"), nb::arg("tag"), "Adds a tag to a node or a parameter, by which selections find it.")
      .def("node_named", [](const Self& own, const std::string& name) { return BoundNode(own.node_named(name)); }, nb::arg("name"),
           "The node of a name.\n\nRaises NameError with the nearest known name.")
      .def("phase", [](Self& own, const std::string& name) {
        Phase& found = own.Network::phase(name);
        own.book()->known.insert(&found);
        const auto keeper = std::make_shared<Network>(own);  // a copy of the handle keeps all phases
        return BoundPhase{std::shared_ptr<Phase>(keeper, &found), own.book()};
      }, nb::arg("name"),
      "The phase of a name, made on first use; then every node is free and shows its value. Rules name nodes by their whole\n"
      "names. There from the beginning are 'start' (all follow their predictions, what has none starts at 0), 'relax' (all are\n"
      "free) and 'predict' (readers see predictions).")
      .def("initialise", [](const Self& own, std::uint64_t seed, const std::string& precision) {
        return BoundState{std::make_shared<State>(own.initialise(seed, precision_from(precision)))};
      }, nb::arg("seed") = 0, nb::kw_only(), nb::arg("precision") = "f32",
      "Freshly drawn parameters, as a State; precision 'f64' holds them in double.");
}

}  // namespace pcxx::python

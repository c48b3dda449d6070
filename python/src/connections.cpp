/// Connections: what feeds what in a network.
#include <fmt/format.h>
#include <pcxx/network/connections.h>

#include "bindings.h"

namespace pcxx::python {

void bind_connections(nb::module_& module) {
  nb::class_<Connection>(module, "Connection",
      "What leads from one node to the prediction of another, or to a further energy term; connections() returns them.")
      .def_prop_ro("origin", [](const Connection& own) { return own.from ? std::optional(BoundNode(*own.from)) : std::nullopt; },
                   "The node that is read; None for a prediction or term made of parameters alone.")
      .def_ro("to", &Connection::to, "The name of the node that is predicted, or of the term.")
      .def_ro("to_term", &Connection::to_term, "Whether it leads to a further energy term.")
      .def_prop_ro("parameters", [](const Connection& own) { return bound(own.parameters); },
                   "The parameters between the two, in the order they were made: each meets what comes from the node before anything\n"
                   "that comes from another node alone.")
      .def_ro("operations", &Connection::operations,
              "The operations that what comes from the node goes through, first to last; an activation by its own name ('gelu').")
      .def("__repr__", [](const Connection& own) {
        return fmt::format("<connection {} -> {}>", own.from ? "'" + own.from->name() + "'" : "None", own.to);
      });
  module.def("connections", [](const BoundNetwork& network) { return connections(network); }, nb::arg("network"),
             "What feeds what, as the network was written, whatever phases make of it: for each prediction and each further energy\n"
             "term a connection from each node that it reads, in the order of what they lead to; layers that differ by mode as they\n"
             "train. A part's are those that lead to its own nodes and terms.");
  module.def("energy_name", [](const BoundNode& node) { return energy_name(node.node); }, nb::arg("node"),
             "The name of a node's energy, 'squared_error' say; '' for a node without one.");
}

}  // namespace pcxx::python

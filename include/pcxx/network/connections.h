/// Connections: what feeds what in a network, for drawings and for checks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pcxx/network/network.h"

namespace pcxx {

/// What leads from one node to the prediction of another, or to a further energy term. A prediction has one for each node that
/// it reads.
struct Connection {
  std::optional<Node> from;  // absent: a prediction or term made of parameters alone
  std::string to;            // name of the node, or of the term
  bool to_term = false;
  /// Those between the two: each meets what comes from the node before anything that comes from another node alone. In the order
  /// in which they were made.
  std::vector<Parameter> parameters;
  /// The operations that what comes from the node goes through, first to last; an activation by its own name ("gelu").
  std::vector<std::string> operations;
};

/// Returns all connections as the network was written, whatever phases make of it, in the order of what they lead to; layers that
/// differ by mode as they train. A part's are those that lead to its own nodes and terms.
std::vector<Connection> connections(const Network& network);

/// Returns the name of a node's energy, "squared_error" say; "" for a node without one.
std::string energy_name(const Node& node);

}  // namespace pcxx

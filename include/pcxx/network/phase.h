/// Phase: a named rule set that says, for each node, how its value is set and what its readers see.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "pcxx/network/selection.h"
#include "pcxx/tensor/tensor.h"

namespace pcxx {

/// How a node's value behaves on entering a phase.
enum class Role : std::uint8_t {
  free,       // keeps its value; relaxation may change it
  following,  // is set to its prediction, or to a transform of it, after the nodes that it reads
  clamped,    // is given as data
};

using Transform = std::function<Tensor(const Tensor&)>;

/// What the rules say of one node.
struct NodeRule {
  Role role = Role::free;
  Transform value;        // of a following node: from its prediction to its value; empty: the prediction itself
  bool sees_prediction = false;  // readers see the prediction instead of the value
  Transform seen;         // applied to what readers see; empty: as it is
};

/// Later rules override earlier ones. Nodes that are given as data are clamped in every phase, unless a rule names them.
class Phase {
 public:
  Phase(std::string name, Role default_role) : name_(std::move(name)), default_role_(default_role) {}

  Phase& clamp(const Selection& nodes);
  Phase& free(const Selection& nodes);
  /// On entering, value := transform(prediction).
  Phase& follow(const Selection& nodes, Transform transform = {});
  /// Readers see transform(value), or transform(prediction).
  Phase& show_value(const Selection& nodes, Transform transform = {});
  Phase& show_prediction(const Selection& nodes, Transform transform = {});

  const std::string& name() const noexcept { return name_; }
  /// Returns the rule for one node; `given` says whether it comes as data.
  NodeRule rule_for(const Traits& node, bool predicted, bool given) const;

 private:
  struct Entry {
    Selection nodes;
    std::function<void(NodeRule&)> change;
    bool sets_role;
  };
  std::string name_;
  Role default_role_;
  std::vector<Entry> entries_;
};

}  // namespace pcxx

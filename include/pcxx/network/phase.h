/// Phase: a named rule set that says, for each node, how its value is set and what its readers see.
#pragma once

#include <cstdint>
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
  clamped,    // is given as data, or keeps its value
};

using Transform = std::function<Tensor(const Tensor&)>;

/// What the rules say of one node.
struct NodeRule {
  Role role = Role::free;
  Transform value;        // of a following node: from its prediction to its value; empty: the prediction itself
  bool sees_prediction = false;  // readers see the prediction instead of the value
  Transform seen;         // applied to what readers see; empty: as it is
};

/// A transform that forgets its argument: zeros, e.g. to start at zero instead of at the prediction.
Transform to_zero();

/// Later rules override earlier ones. Nodes that are given as data are clamped in every phase that does not release them.
class Phase {
 public:
  /// Nodes that no rule names have the default role; with `shows_predictions` their readers see what predicts them.
  Phase(std::string name, Role default_role, bool shows_predictions = false)
      : name_(std::move(name)), default_role_(default_role), shows_predictions_(shows_predictions) {}

  /// Nodes that relaxation leaves alone: those without data keep the value that they have.
  Phase& clamp(const Selection& nodes);
  Phase& free(const Selection& nodes);
  /// On entering, value := transform(prediction). For a node that nothing predicts the transform gets zeros.
  Phase& follow(const Selection& nodes, Transform transform = {});
  /// Readers see transform(value), or transform(prediction). What has no prediction shows its value.
  Phase& show_value(const Selection& nodes, Transform transform = {});
  Phase& show_prediction(const Selection& nodes, Transform transform = {});
  /// Nodes that are like all others in this phase even when they are given as data; a free one starts from its data.
  Phase& release(const Selection& nodes);

  const std::string& name() const noexcept { return name_; }
  /// Returns the rule for one node; `given` says whether it comes as data. Throws ArgumentError if it should follow a
  /// prediction that it lacks. By default, what nothing predicts starts at zero where others start at their prediction.
  NodeRule rule_for(const Traits& node, bool predicted, bool given) const;

 private:
  enum class Concern : std::uint8_t { role, view, release };
  struct Entry {
    Selection nodes;
    Concern concern;
    NodeRule rule;  // what the concern takes from it
  };
  std::string name_;
  Role default_role_;
  bool shows_predictions_;
  std::vector<Entry> entries_;
};

}  // namespace pcxx

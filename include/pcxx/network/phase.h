/// Phase: a named rule set that says, for each node, how its value is set, what its readers see and what its energy counts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pcxx/network/energy.h"
#include "pcxx/network/selection.h"
#include "pcxx/network/transform.h"

namespace pcxx {

/// How a node's value behaves on entering a phase.
enum class Role : std::uint8_t {
  free,       // keeps its value; relaxation may change it
  following,  // is set to its prediction, or to a transform of it, after the nodes that it reads
  clamped,    // is given as data, or keeps its value
};

/// What the rules say of one node.
struct NodeRule {
  Role role = Role::free;
  bool given = false;            // its value is its data: given, and not released
  Transform value = {};          // of a following node: from its prediction to its value
  bool sees_prediction = false;  // readers see the prediction instead of the value
  Transform seen = {};           // applied to what readers see
  Transform prediction = {};     // applied to the prediction, for its energy, its value and its readers alike
  std::optional<Energy> energy = {};  // in place of its own
};

/// Later rules override earlier ones. Nodes that are given as data are clamped in every phase that does not release them.
class Phase {
 public:
  /// Nodes that no rule names have the default role; with `shows_predictions` their readers see what predicts them.
  Phase(std::string name, Role default_role, bool shows_predictions = false)
      : name_(std::move(name)), default_role_(default_role), shows_predictions_(shows_predictions) {}

  /// Nodes that relaxation leaves alone: those without data keep the value that they have.
  Phase& clamp(const Selection& nodes);
  Phase& free(const Selection& nodes);
  /// On entering, value := transform(prediction). For a node that nothing predicts the transform gets zeros. It may read
  /// the node's own value, which is then the one before; the data, if the node was given and is released.
  Phase& follow(const Selection& nodes, Transform transform = {});
  /// Readers see transform(value), or transform(prediction). What has no prediction shows its value.
  Phase& show_value(const Selection& nodes, Transform transform = {});
  Phase& show_prediction(const Selection& nodes, Transform transform = {});
  /// The prediction is transform(prediction), wherever it is read: in energies, by followers, by readers.
  Phase& transform_prediction(const Selection& nodes, Transform transform);
  /// Nodes that are like all others in this phase even when they are given as data; a free one starts from its data.
  Phase& release(const Selection& nodes);
  /// Energies of nodes, and further terms by their names, are multiplied by a weight: 0 switches them off.
  Phase& weight(const Selection& nodes_and_terms, EnergyWeight weight);
  /// Nodes have another energy in this phase; one without an energy of its own is an error when the phase is entered.
  Phase& energy(const Selection& nodes, const Energy& energy);

  const std::string& name() const noexcept { return name_; }
  /// Returns the rule for one node; `given` says whether it comes as data. Throws ArgumentError if it should follow a
  /// prediction that it lacks. By default, what nothing predicts starts at zero where others start at their prediction.
  NodeRule rule_for(const Traits& node, bool predicted, bool given) const;
  /// Returns the weight of a node's energy or of a further term; 1 if no rule names it.
  EnergyWeight weight_of(const Traits& node_or_term) const;

 private:
  enum class Concern : std::uint8_t { role, view, prediction, release, energy };
  struct Entry {
    Selection nodes;
    Concern concern;
    NodeRule rule;  // what the concern takes from it
  };
  struct WeightEntry {
    Selection of;
    EnergyWeight weight;
  };
  std::string name_;
  Role default_role_;
  bool shows_predictions_;
  std::vector<Entry> entries_;
  std::vector<WeightEntry> weights_;
};

}  // namespace pcxx

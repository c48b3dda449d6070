/// Phase: finding the rule of one node.
#include "pcxx/network/phase.h"

#include "pcxx/core/errors.h"

namespace pcxx {

Phase& Phase::clamp(const Selection& nodes) {
  entries_.push_back({nodes, Concern::role, {.role = Role::clamped}});
  return *this;
}

Phase& Phase::free(const Selection& nodes) {
  entries_.push_back({nodes, Concern::role, {.role = Role::free}});
  return *this;
}

Phase& Phase::follow(const Selection& nodes, Transform transform) {
  entries_.push_back({nodes, Concern::role, {.role = Role::following, .value = std::move(transform)}});
  return *this;
}

Phase& Phase::show_value(const Selection& nodes, Transform transform) {
  entries_.push_back({nodes, Concern::view, {.seen = std::move(transform)}});
  return *this;
}

Phase& Phase::show_prediction(const Selection& nodes, Transform transform) {
  entries_.push_back({nodes, Concern::view, {.sees_prediction = true, .seen = std::move(transform)}});
  return *this;
}

Phase& Phase::transform_prediction(const Selection& nodes, Transform transform) {
  entries_.push_back({nodes, Concern::prediction, {.prediction = std::move(transform)}});
  return *this;
}

Phase& Phase::release(const Selection& nodes) {
  entries_.push_back({nodes, Concern::release, {}});
  return *this;
}

Phase& Phase::weight(const Selection& nodes_and_terms, EnergyWeight weight) {
  weights_.push_back({nodes_and_terms, std::move(weight)});
  return *this;
}

Phase& Phase::energy(const Selection& nodes, const Energy& energy) {
  entries_.push_back({nodes, Concern::energy, {.energy = energy}});
  return *this;
}

NodeRule Phase::rule_for(const Traits& node, bool predicted, bool given) const {
  for (const Entry& entry : entries_) {
    given = given && !(entry.concern == Concern::release && entry.nodes(node));
  }
  NodeRule rule;
  rule.given = given;
  rule.role = given ? Role::clamped : default_role_;
  rule.value = rule.role == Role::following && !predicted ? to_zero() : Transform();
  rule.sees_prediction = shows_predictions_ && predicted && !given;
  for (const Entry& entry : entries_) {
    if (!entry.nodes(node)) {
      continue;
    }
    if (entry.concern == Concern::role && !given) {
      rule.role = entry.rule.role;
      rule.value = entry.rule.value;
    } else if (entry.concern == Concern::view && (predicted || !entry.rule.sees_prediction)) {
      rule.sees_prediction = entry.rule.sees_prediction;
      rule.seen = entry.rule.seen;
    } else if (entry.concern == Concern::prediction) {
      rule.prediction = entry.rule.prediction;
    } else if (entry.concern == Concern::energy) {
      rule.energy = entry.rule.energy;
    }
  }
  if (rule.role == Role::following && !predicted && !rule.value) {
    throw ArgumentError("[phase] '" + name_ + "': node '" + node.name +
                        "' shall follow its prediction, but nothing predicts it; expected a transform, e.g. to_zero()");
  }
  return rule;
}

EnergyWeight Phase::weight_of(const Traits& node_or_term) const {
  EnergyWeight weight = 1.0;
  for (const WeightEntry& entry : weights_) {
    if (entry.of(node_or_term)) {
      weight = entry.weight;
    }
  }
  return weight;
}

}  // namespace pcxx

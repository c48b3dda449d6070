/// Phase: finding the rule of one node.
#include "pcxx/network/phase.h"

#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"
#include "tensor/rules.h"

namespace pcxx {

Transform to_zero() {
  return [](const Tensor& x) { return constant_like(x, 0, x.shape()); };
}

Phase& Phase::clamp(const Selection& nodes) {
  entries_.push_back({nodes, Concern::role, {Role::clamped, {}, false, {}}});
  return *this;
}

Phase& Phase::free(const Selection& nodes) {
  entries_.push_back({nodes, Concern::role, {Role::free, {}, false, {}}});
  return *this;
}

Phase& Phase::follow(const Selection& nodes, Transform transform) {
  entries_.push_back({nodes, Concern::role, {Role::following, std::move(transform), false, {}}});
  return *this;
}

Phase& Phase::show_value(const Selection& nodes, Transform transform) {
  entries_.push_back({nodes, Concern::view, {Role::free, {}, false, std::move(transform)}});
  return *this;
}

Phase& Phase::show_prediction(const Selection& nodes, Transform transform) {
  entries_.push_back({nodes, Concern::view, {Role::free, {}, true, std::move(transform)}});
  return *this;
}

Phase& Phase::release(const Selection& nodes) {
  entries_.push_back({nodes, Concern::release, {}});
  return *this;
}

NodeRule Phase::rule_for(const Traits& node, bool predicted, bool given) const {
  for (const Entry& entry : entries_) {
    given = given && !(entry.concern == Concern::release && entry.nodes(node));
  }
  NodeRule rule;
  rule.role = given ? Role::clamped : default_role_;
  rule.value = rule.role == Role::following && !predicted ? to_zero() : Transform();
  rule.sees_prediction = shows_predictions_ && predicted && !given;
  for (const Entry& entry : entries_) {
    if (entry.concern == Concern::role && !given && entry.nodes(node)) {
      rule.role = entry.rule.role;
      rule.value = entry.rule.value;
    } else if (entry.concern == Concern::view && entry.nodes(node) && (predicted || !entry.rule.sees_prediction)) {
      rule.sees_prediction = entry.rule.sees_prediction;
      rule.seen = entry.rule.seen;
    }
  }
  if (rule.role == Role::following && !predicted && !rule.value) {
    throw ArgumentError("[phase] '" + name_ + "': node '" + node.name +
                        "' shall follow its prediction, but nothing predicts it; expected a transform, e.g. to_zero()");
  }
  return rule;
}

}  // namespace pcxx

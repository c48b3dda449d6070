/// Predictive coding towards targets that are nudged from the forward pass: positive, negative, centred.
#include <fmt/format.h>

#include <algorithm>

#include "learn/learning.h"
#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {
namespace {

/// The targets: nodes with data and an energy. Throws ArgumentError if there are none.
std::vector<Node> targets_of(const Flow& flow) {
  std::vector<Node> targets = flow.given_nodes();
  std::erase_if(targets, [](const Node& node) { return !node.has_energy(); });
  if (targets.empty()) {
    throw ArgumentError("[target_nudging] no given node has an energy; expected a target that the network predicts");
  }
  return targets;
}

/// Returns the sign of this run: drawn anew after every `sign_batches` runs, which `count` counts.
Tensor drawn_sign(Flow& flow, const Tensor& count, const TargetNudging& rule) {
  const Tensor sign = flow.lasting_variable("nudging/sign");
  const auto batches = static_cast<double>(rule.sign_batches);
  const Tensor begins = equal(count, batches * floor(count / batches));
  const Tensor drawn = 2.0 * flow.random_bernoulli(0.5, {}, Span::shared) - 1.0;
  flow.assign({{sign, select(begins, drawn, sign)}});
  return sign;
}

/// Returns beta of this run, and counts it.
Tensor strength(Flow& flow, const TargetNudging& rule) {
  const Tensor count = flow.lasting_variable("nudging/count");
  const Tensor given = rule.centred ? rule.beta(count) * drawn_sign(flow, count, rule) : rule.beta(count);
  const Tensor clamped = rule.pcx ? select(pcxx::abs(given) < 1.0, given, 1.0) : maximum(minimum(given, 1.0), -1.0);
  const Tensor beta = flow.variable("beta", clamped);
  flow.assign({{count, count + 1.0}});
  return beta;
}

void target_nudging(Flow& flow, const TargetNudging& rule) {
  const std::vector<ParameterGroup> groups = parameter_groups(flow, rule.weights);
  const bool fixed = rule.beta.constant().has_value() && !rule.centred;
  const Tensor beta = fixed ? Tensor(*rule.beta.constant()) : strength(flow, rule);
  flow.enter("start");
  Phase nudged("nudged", Role::clamped), held("held", Role::free);
  for (const Node& target : targets_of(flow)) {
    const auto towards = [target, beta](const Tensor& u) { return u - beta * (u - target.value()); };
    nudged.release(named(target.name())).follow(named(target.name()), towards);
    held.release(named(target.name())).clamp(named(target.name()));
  }
  flow.enter(nudged);
  flow.enter(held);
  const std::vector<Node> nodes = flow.free_nodes();
  const Tensor energy = flow.network().energy();
  if (rule.steps > 0 && !nodes.empty()) {
    const OptimiserSteps values = flow.optimiser(rule.values, nodes);
    flow.repeat(rule.steps, [&](const Tensor&) { values.step(flow.gradient(energy, nodes)); });
  }
  // A schedule may pass 0, where nothing is nudged and every gradient is zero.
  const Tensor scale = fixed ? Tensor(1.0 / *rule.beta.constant()) : select(equal(beta, 0.0), 0.0, 1.0 / beta);
  flow.output("beta", beta);
  learn(flow, groups, scale * energy, flow.network().energies());
}

}  // namespace

TargetNudging::operator LearningRule() const {
  require_steps("target_nudging", steps);
  if (const auto& number = beta.constant(); number && (!(*number >= -1 && *number <= 1) || *number == 0)) {
    throw ArgumentError(fmt::format("[target_nudging] beta is {}; expected -1 to 1, but not 0", *number));
  }
  if (sign_batches < 1) {
    throw ArgumentError(fmt::format("[target_nudging] a sign for {} batches; expected at least 1", sign_batches));
  }
  return {"target_nudging", [rule = *this](Flow& flow) { target_nudging(flow, rule); }};
}

}  // namespace pcxx

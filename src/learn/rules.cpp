/// Learning rules, written as a user would write them.
#include "pcxx/learn/rules.h"

#include <fmt/format.h>

#include "pcxx/core/errors.h"
#include "pcxx/learn/parameter_groups.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {
namespace {

// [learn]
/// One step of every group along the mean gradient of `energy`, and the energies from which they learn: one statement.
void learn(Flow& flow, const std::vector<ParameterGroup>& groups, const Tensor& energy,
           const std::vector<std::pair<std::string, Tensor>>& energies) {
  flow.together([&] {
    Tensor total = 0.0;
    for (const auto& [name, each] : energies) {
      const Tensor mean = batch_mean(flow.seen(each));
      flow.output("energy/" + name, mean);
      total = total + mean;
    }
    flow.output("energy", total);
    for (const ParameterGroup& group : groups) {
      group.step(flow, energy);
    }
  });
}
// [/learn]

// [predictive_coding]
void predictive_coding(Flow& flow, const PredictiveCoding& rule) {
  const std::vector<ParameterGroup> groups = parameter_groups(flow, rule.weights);
  flow.enter("start");
  const std::vector<Node> nodes = flow.free_nodes();
  const Tensor energy = flow.network().energy();
  if (rule.steps > 0 && !nodes.empty()) {
    const OptimiserSteps values = flow.optimiser(rule.values, nodes);
    flow.repeat(rule.steps, [&](const Tensor&) { values.step(flow.gradient(energy, nodes)); });
  }
  learn(flow, groups, energy, flow.network().energies());
}
// [/predictive_coding]

void backpropagation(Flow& flow, const Backpropagation& rule) {
  const std::vector<ParameterGroup> groups = parameter_groups(flow, rule.weights);
  flow.enter("predict");
  std::vector<std::pair<std::string, Tensor>> energies;
  Tensor loss = 0.0;
  for (const Node& node : flow.given_nodes()) {
    if (node.has_energy()) {
      energies.emplace_back(node.name(), node.energy());
      loss = loss + node.energy();
    }
  }
  if (energies.empty()) {
    throw ArgumentError("[backpropagation] no given node has an energy; expected a target that the network predicts");
  }
  learn(flow, groups, loss, energies);
}

}  // namespace

PredictiveCoding::operator LearningRule() const {
  if (steps < 0) {
    throw ArgumentError(fmt::format("[predictive_coding] {} steps; expected at least 0", steps));
  }
  return {"predictive_coding", [rule = *this](Flow& flow) { predictive_coding(flow, rule); }};
}

Backpropagation::operator LearningRule() const {
  return {"backpropagation", [rule = *this](Flow& flow) { backpropagation(flow, rule); }};
}

std::function<void(Flow&)> prediction_of(const Node& node) {
  return [node](Flow& flow) {
    flow.mode(Mode::evaluation);
    flow.enter("predict");
    flow.output("prediction", node.prediction());
  };
}

}  // namespace pcxx

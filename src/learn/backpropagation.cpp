/// Backpropagation of a network of nodes, and its forward pass.
#include "learn/learning.h"
#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {
namespace {

void backpropagation(Flow& flow, const Backpropagation& rule) {
  const std::vector<ParameterGroup> groups = parameter_groups(flow, rule.weights);
  flow.enter("predict");
  Energies energies;
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

/// Backpropagation of a network of nodes, and its forward pass.
#include "learn/learning.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {
namespace {

void backpropagation(Flow& flow, const Backpropagation& rule) {
  const std::vector<ParameterGroup> groups = parameter_groups(flow, rule.weights);
  flow.enter("predict");
  const Energies energies = target_energies(flow, "backpropagation");
  Tensor loss = 0.0;
  for (const auto& [name, energy] : energies) {
    loss = loss + energy;
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

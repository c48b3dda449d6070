/// Predictive coding and what differs from it only in when weights move.
#include <fmt/format.h>

#include "learn/learning.h"
#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {
namespace {

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

/// Returns whether the weights move at this step: from the first update on, every so many steps.
Tensor updates_at(const Tensor& step, const IncrementalPredictiveCoding& rule) {
  const Tensor since = step - static_cast<double>(rule.first_update);
  const auto every = static_cast<double>(rule.every);
  return since >= 0.0 && equal(since, every * floor((since + 0.5) / every));
}

void incremental(Flow& flow, const IncrementalPredictiveCoding& rule) {
  const std::vector<ParameterGroup> groups = parameter_groups(flow, rule.weights);
  flow.enter("start");
  const std::vector<Node> nodes = flow.free_nodes();
  const Tensor energy = flow.network().energy();
  const OptimiserSteps values = flow.optimiser(rule.values, nodes);
  const auto values_move = [&] { values.step(flow.gradient(energy, nodes)); };
  const auto all_move = [&] {
    flow.together([&] {  // along gradients at one point
      values_move();
      for (const ParameterGroup& group : groups) {
        group.step(flow, energy);
      }
    });
  };
  flow.repeat(rule.steps, [&](const Tensor& step) {
    if (rule.first_update == 0 && rule.every == 1) {
      all_move();
    } else if (rule.first_update >= rule.steps) {
      values_move();
    } else {
      flow.branch(updates_at(step, rule), all_move, values_move);
    }
  });
  if (rule.final_update) {
    learn(flow, groups, energy, flow.network().energies());
  } else {
    flow.together([&] { report(flow, flow.network().energies()); });
  }
}

}  // namespace

PredictiveCoding::operator LearningRule() const {
  require_steps("predictive_coding", steps);
  return {"predictive_coding", [rule = *this](Flow& flow) { predictive_coding(flow, rule); }};
}

IncrementalPredictiveCoding::operator LearningRule() const {
  require_steps("incremental", steps);
  if (first_update < 0 || every < 1) {
    throw ArgumentError(fmt::format("[incremental] weights move from step {} every {} steps; expected at least 0 and 1",
                                    first_update, every));
  }
  return {"incremental", [rule = *this](Flow& flow) { incremental(flow, rule); }};
}

}  // namespace pcxx

/// Reporting and learning: one statement, read from the state before.
#include "learn/learning.h"

#include <fmt/format.h>

#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {

void require_steps(const char* who, Size steps) {
  if (steps < 0) {
    throw ArgumentError(fmt::format("[{}] {} steps; expected at least 0", who, steps));
  }
}

Energies target_energies(const Flow& flow, const char* who) {
  Energies energies;
  for (const Node& node : flow.given_nodes()) {
    if (node.has_energy()) {
      energies.emplace_back(node.name(), node.energy());
    }
  }
  if (energies.empty()) {
    throw ArgumentError(fmt::format("[{}] no given node has an energy; expected a target that the network predicts", who));
  }
  return energies;
}

// [learn]
void report(Flow& flow, const Energies& energies) {
  Tensor total = 0.0;
  for (const auto& [name, energy] : energies) {
    const Tensor mean = batch_mean(flow.seen(energy));
    flow.output("energy/" + name, mean);
    total = total + mean;
  }
  flow.output("energy", total);
}

void learn(Flow& flow, const std::vector<ParameterGroup>& groups, const Tensor& energy, const Energies& energies) {
  flow.together([&] {
    report(flow, energies);
    for (const ParameterGroup& group : groups) {
      group.step(flow, energy);
    }
  });
}
// [/learn]

}  // namespace pcxx

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

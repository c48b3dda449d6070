/// Reporting and learning: one statement, read from the state before.
#include "learn/learning.h"

#include "pcxx/tensor/operations.h"

namespace pcxx {

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

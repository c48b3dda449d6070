/// What all rules do at the end: report energies, and let the weights learn.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pcxx/learn/parameter_groups.h"
#include "pcxx/learn/rules.h"

namespace pcxx {

using Energies = std::vector<std::pair<std::string, Tensor>>;

/// Throws ArgumentError, in the rule's name, for a negative number of steps.
void require_steps(const char* who, Size steps);

/// Outputs the mean over the batch of each energy, and their sum.
void report(Flow& flow, const Energies& energies);

/// Returns the energies of the targets: given nodes with an energy, which backpropagation descends. Throws ArgumentError, in
/// the name of `who`, if there are none.
Energies target_energies(const Flow& flow, const char* who);

/// One step of every group along the mean gradient of `energy`, and the energies from which they learn: one statement.
void learn(Flow& flow, const std::vector<ParameterGroup>& groups, const Tensor& energy, const Energies& energies);

}  // namespace pcxx

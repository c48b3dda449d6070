/// Parameter groups: optimisers inside a program, each with a state of its own, stepped together or apart.
#pragma once

#include <string>
#include <vector>

#include "pcxx/learn/optimisers.h"
#include "pcxx/network/flow.h"

namespace pcxx {

/// The parameters of one group and the optimiser that moves them. A group that a program does not step, or not at some
/// step of a loop, keeps its values, its slots and its count:
///
///   flow.repeat(steps, [&](const Tensor& t) {
///     flow.branch(equal(t, 3.0), [&] { group.step(flow, energy); });
///   });
struct ParameterGroup {
  std::string name;  // of its states
  std::vector<Parameter> parameters;
  OptimiserSteps steps;

  /// One step along the batch mean of the energy's gradient.
  void step(const Flow& flow, const Tensor& energy) const;
  /// The same where the condition, boolean and shared, holds; see OptimiserSteps::step_if.
  void step_if(const Tensor& condition, const Flow& flow, const Tensor& energy) const;
};

/// Returns the groups in order, with their optimisers in the program. Throws ArgumentError if a parameter is in no group or
/// in two (one that shall not move belongs to a group of frozen()), or a group selects none.
std::vector<ParameterGroup> parameter_groups(Flow& flow, const Optimisers& optimisers);

/// Returns one group for each layer (parameters whose names agree up to the last dot), called "weights.<layer>": PCX's
/// OptimTree. For rules that step layers at different times.
Optimisers per_layer(const Network& network, const Optimiser& optimiser);

/// Returns a copy of a state in which every parameter that an optimiser averages (see averaged()) is its average, for
/// evaluation. Parameters that have not been stepped yet stay as they are. Throws ArgumentError if none is averaged.
State with_averages(const Network& network, const State& state);

}  // namespace pcxx

/// Parameter groups: who owns which parameter, and what their averages are.
#include "pcxx/learn/parameter_groups.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "pcxx/core/errors.h"

namespace pcxx {
namespace {

/// Throws unless every parameter is in exactly one group.
void require_partition(const Network& network, const std::vector<ParameterGroup>& groups) {
  for (const Parameter& parameter : network.parameters()) {
    std::vector<std::string> owners;
    for (const ParameterGroup& group : groups) {
      if (std::find(group.parameters.begin(), group.parameters.end(), parameter) != group.parameters.end()) {
        owners.push_back("'" + group.name + "'");
      }
    }
    if (owners.size() != 1) {
      throw ArgumentError(fmt::format("[optimisers] parameter '{}'{} is in {}; expected exactly one group", parameter.name(),
                                      parameter.place().empty() ? "" : " (" + parameter.place() + ")",
                                      owners.empty() ? "no group" : fmt::format("groups {}", fmt::join(owners, " and "))));
    }
  }
}

/// Returns "hidden1" for "hidden1.weight", and a name without a dot as it is.
std::string layer_of(const std::string& parameter) { return parameter.substr(0, parameter.rfind('.')); }

/// Returns how often a parameter has been stepped: its own count if its group skips zeros, else the group's.
const Array& count_of(const State& state, const std::string& group, const std::string& parameter) {
  const std::string own = group + "/" + parameter + "/count";
  for (const auto& [symbol, entry] : state.entries()) {
    if (entry.name == own) {
      return entry.array;
    }
  }
  return state.at(group + "/count");
}

bool is_zero(const Array& count) { return count.to(ElementType::f64).as<double>()[0] == 0; }

}  // namespace

void ParameterGroup::step(const Flow& flow, const Tensor& energy) const { steps.step(flow.gradient(energy, parameters)); }

void ParameterGroup::step_if(const Tensor& condition, const Flow& flow, const Tensor& energy) const {
  steps.step_if(condition, flow.gradient(energy, parameters));
}

std::vector<ParameterGroup> parameter_groups(Flow& flow, const Optimisers& optimisers) {
  const Network& network = flow.network();
  const bool single = optimisers.groups().size() == 1;
  std::vector<ParameterGroup> groups;
  for (const OptimiserGroup& group : optimisers.groups()) {
    const std::string name = !group.name.empty() ? group.name : single ? "weights" : fmt::format("weights{}", groups.size());
    groups.push_back({name, network.parameters(group.parameters), {}});
    if (groups.back().parameters.empty() && !(single && network.parameters().empty())) {
      throw ArgumentError("[optimisers] group '" + name + "' selects no parameter; expected at least one");
    }
  }
  require_partition(network, groups);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    groups[i].steps = flow.optimiser(optimisers.groups()[i].optimiser, groups[i].parameters, groups[i].name);
  }
  return groups;
}

Optimisers per_layer(const Network& network, const Optimiser& optimiser) {
  std::vector<OptimiserGroup> groups;
  for (const Parameter& parameter : network.parameters()) {
    const std::string layer = layer_of(parameter.name());
    const std::string name = "weights." + layer;
    if (std::none_of(groups.begin(), groups.end(), [&](const OptimiserGroup& group) { return group.name == name; })) {
      const auto of_layer = [layer](const Traits& traits) { return layer_of(traits.name) == layer; };
      groups.push_back({Selection(of_layer), optimiser, name});
    }
  }
  return groups;
}

State with_averages(const Network& network, const State& state) {
  State result = state;
  bool found = false;
  for (const Parameter& parameter : network.parameters()) {
    const std::string end = "/" + parameter.name() + "/average";
    for (const auto& [symbol, entry] : state.entries()) {
      if (entry.name.ends_with(end)) {
        const std::string group = entry.name.substr(0, entry.name.size() - end.size());
        found = true;
        if (!is_zero(count_of(state, group, parameter.name()))) {
          result.at(parameter.name()) = entry.array;
        }
      }
    }
  }
  if (!found) {
    throw ArgumentError("[with_averages] no parameter has an average; expected an optimiser made with averaged()");
  }
  return result;
}

}  // namespace pcxx

/// Z-IL and its hybrid: values and weights move level by level, from the outputs down.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "learn/learning.h"
#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {
namespace {

/// What one level has: the energies of its nodes, and what they read that is to move.
struct Level {
  std::vector<Node> nodes;
  Tensor energy = 0.0;
  std::vector<Node> below;            // free nodes, of any level further down
  std::vector<Parameter> parameters;  // those of the outputs have the parameters that no energy reads, too
};

bool contains(const auto& all, const auto& one) { return std::find(all.begin(), all.end(), one) != all.end(); }

/// Returns the distance of each node from the outputs over the longest path; given nodes with an energy have 0.
std::map<Size, Size> distances(const Flow& flow) {
  std::map<Size, Size> distance;
  std::vector<Node> nodes = flow.network().nodes();
  std::erase_if(nodes, [](const Node& node) { return !node.has_energy(); });
  const std::vector<Node> free = flow.free_nodes();
  for (const Node& node : nodes) {
    if (!contains(free, node)) {
      distance[node.index()] = 0;
    }
  }
  for (bool changed = true; changed;) {  // ends: after the start no free nodes read each other in a loop
    changed = false;
    for (const Node& reader : nodes) {
      if (!distance.contains(reader.index())) {
        continue;
      }
      for (const Node& read : flow.nodes_read(reader.energy())) {
        if (!(read == reader) && contains(free, read) && read.has_energy() &&
            distance[read.index()] <= distance[reader.index()]) {
          distance[read.index()] = distance[reader.index()] + 1;
          changed = true;
        }
      }
    }
  }
  return distance;
}

std::vector<Level> levels_of(const Flow& flow) {
  for (const Node& node : flow.free_nodes()) {
    if (node.predicted() && !node.has_energy()) {
      throw ArgumentError("[zero_divergence] node '" + node.name() +
                          "' is predicted but has no energy; expected the squared error, so that its error can go on");
    }
  }
  const std::map<Size, Size> distance = distances(flow);
  std::vector<Level> levels;
  for (const Node& node : flow.network().nodes()) {
    if (const auto found = distance.find(node.index()); found != distance.end()) {
      levels.resize(std::max(levels.size(), static_cast<std::size_t>(found->second) + 1));
      Level& level = levels[static_cast<std::size_t>(found->second)];
      level.nodes.push_back(node);
      level.energy = level.energy + node.energy();
    }
  }
  if (levels.empty()) {
    throw ArgumentError("[zero_divergence] no given node has an energy; expected a target that the network predicts");
  }
  const std::vector<Node> free = flow.free_nodes();
  std::vector<Parameter> unread = flow.network().parameters();
  for (Level& level : levels) {
    for (const Node& read : flow.nodes_read(level.energy)) {
      if (contains(free, read) && distance.contains(read.index()) && !contains(level.nodes, read)) {
        level.below.push_back(read);
      }
    }
    level.parameters = flow.parameters_read(level.energy);
    std::erase_if(unread, [&](const Parameter& parameter) { return contains(level.parameters, parameter); });
  }
  levels[0].parameters.insert(levels[0].parameters.end(), unread.begin(), unread.end());
  return levels;
}

/// Gradients of what several levels read: the sum waits for the last of them.
class Waiting {
 public:
  /// Makes a sum that starts at zero.
  void add(Flow& flow, Size key, const std::string& name, const Tensor& like) {
    sums_.emplace(key, flow.variable(name + " waiting", 0.0 * like));
  }
  bool contains(Size key) const { return sums_.contains(key); }
  /// Returns the gradient with what has waited.
  Tensor total(Size key, const Tensor& gradient) const { return contains(key) ? sums_.at(key) + gradient : gradient; }
  void wait(Flow& flow, Size key, const Tensor& gradient) const { flow.assign({{sums_.at(key), total(key, gradient)}}); }

 private:
  std::map<Size, Tensor> sums_;
};

/// Weights whose turn it is at one level: every group is split by the last level that reads its parameters.
std::vector<std::vector<ParameterGroup>> turns_of(Flow& flow, const std::vector<Level>& levels, const Optimisers& optimisers) {
  std::map<std::string, std::size_t> turn;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    for (const Parameter& parameter : levels[i].parameters) {
      turn[parameter.name()] = i;
    }
  }
  std::vector<OptimiserGroup> split;
  std::vector<std::size_t> level_of;
  for (std::size_t g = 0; g < optimisers.groups().size(); ++g) {
    const OptimiserGroup& group = optimisers.groups()[g];
    const bool single = optimisers.groups().size() == 1;
    const std::string name = !group.name.empty() ? group.name : single ? "weights" : fmt::format("weights{}", g);
    for (std::size_t i = 0; i < levels.size(); ++i) {
      const Selection here([turn, i](const Traits& traits) { return turn.at(traits.name) == i; });
      if (!flow.network().parameters(group.parameters && here).empty()) {
        split.push_back({group.parameters && here, group.optimiser, fmt::format("{}.level{}", name, i)});
        level_of.push_back(i);
      }
    }
  }
  std::vector<std::vector<ParameterGroup>> turns(levels.size());
  const std::vector<ParameterGroup> groups = parameter_groups(flow, split);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    turns[level_of[i]].push_back(groups[i]);
  }
  return turns;
}

class ZeroDivergenceStep {
 public:
  ZeroDivergenceStep(Flow& flow, const ZeroDivergence& rule)
      : flow_(flow), levels_(levels_of(flow)), turns_(turns_of(flow, levels_, rule.weights)) {
    for (std::size_t i = 0; i < levels_.size(); ++i) {
      for (const Node& node : levels_[i].below) {
        if (!node_turns_.emplace(node.index(), i).second && !nodes_.contains(node.index())) {
          nodes_.add(flow_, node.index(), node.name(), node.value());
        }
        node_turns_[node.index()] = i;
      }
      for (const Parameter& parameter : levels_[i].parameters) {
        if (!parameter_turns_.emplace(parameter.index(), i).second && !parameters_.contains(parameter.index())) {
          parameters_.add(flow_, parameter.index(), parameter.name(), parameter);
        }
        parameter_turns_[parameter.index()] = i;
      }
    }
  }

  void run() {
    flow_.together([&] { report(flow_, flow_.network().energies()); });
    for (std::size_t i = 0; i < levels_.size(); ++i) {
      flow_.together([&] { level(i); });
    }
  }

  void hybrid(const ZeroDivergence& rule) {
    const auto count = static_cast<Size>(levels_.size());
    if (rule.steps < count) {
      throw ArgumentError(fmt::format("[zero_divergence] {} steps for {} levels; expected at least as many", rule.steps, count));
    }
    const Tensor energy = flow_.network().energy();
    std::vector<Node> moving;
    for (std::size_t i = 0; i < levels_.size(); ++i) {
      const std::vector<Node> first = i + 1 < levels_.size() ? levels_[i + 1].nodes : std::vector<Node>{};
      flow_.together([&] {
        move(energy, first, 1);
        move(energy, moving, rule.later_rate);
        for (const ParameterGroup& group : turns_[i]) {
          group.step(flow_, energy);
        }
      });
      moving.insert(moving.end(), first.begin(), first.end());
    }
    flow_.repeat(rule.steps - count, [&](const Tensor&) {
      flow_.together([&] { move(energy, moving, rule.later_rate); });
    });
    std::vector<ParameterGroup> all;
    for (const auto& turn : turns_) {
      all.insert(all.end(), turn.begin(), turn.end());
    }
    learn(flow_, all, energy, flow_.network().energies());
  }

 private:
  /// Differentiates the energies of one level, while all that they read is at the forward pass.
  void level(std::size_t i) {
    const Level& level = levels_[i];
    const std::vector<Tensor> credit = flow_.gradient(level.energy, level.below);
    for (std::size_t n = 0; n < credit.size(); ++n) {
      const Node& node = level.below[n];
      if (node_turns_.at(node.index()) == i) {
        flow_.assign(node, node.value() - nodes_.total(node.index(), credit[n]));
      } else {
        nodes_.wait(flow_, node.index(), credit[n]);
      }
    }
    const std::vector<Tensor> gradients = flow_.gradient(level.energy, level.parameters);
    std::map<Size, Tensor> totals;
    for (std::size_t p = 0; p < gradients.size(); ++p) {
      const Size index = level.parameters[p].index();
      if (parameter_turns_.at(index) == i) {
        totals.emplace(index, parameters_.total(index, gradients[p]));
      } else {
        parameters_.wait(flow_, index, gradients[p]);
      }
    }
    for (const ParameterGroup& group : turns_[i]) {
      std::vector<Tensor> own;
      for (const Parameter& parameter : group.parameters) {
        own.push_back(totals.at(parameter.index()));
      }
      group.steps.step(own);
    }
  }

  void move(const Tensor& energy, const std::vector<Node>& nodes, double rate) {
    const std::vector<Tensor> gradients = flow_.gradient(energy, nodes);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      flow_.assign(nodes[i], nodes[i].value() - rate * gradients[i]);
    }
  }

  Flow& flow_;
  std::vector<Level> levels_;
  std::vector<std::vector<ParameterGroup>> turns_;  // of each level
  std::map<Size, std::size_t> node_turns_;           // the last level that reads a node, or a parameter
  std::map<Size, std::size_t> parameter_turns_;
  Waiting nodes_, parameters_;
};

}  // namespace

ZeroDivergence::operator LearningRule() const {
  require_steps("zero_divergence", steps);
  return {"zero_divergence", [rule = *this](Flow& flow) {
            flow.enter("start");
            ZeroDivergenceStep step(flow, rule);
            rule.steps == 0 ? step.run() : step.hybrid(rule);
          }};
}

}  // namespace pcxx

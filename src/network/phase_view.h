/// PhaseView: what expressions over nodes mean in one phase.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "network/model.h"
#include "pcxx/network/mode.h"
#include "pcxx/network/phase.h"
#include "program/program.h"

namespace pcxx {

class PhaseView {
 public:
  /// `given` says which nodes come as data; `random` makes what transforms draw, and outlives the view.
  PhaseView(std::shared_ptr<Model> model, const Phase& phase, const std::vector<bool>& given, Mode mode,
            RandomSource& random);

  /// Returns the expression with every node replaced by what its readers see: its value, its data, its prediction, or a
  /// transform of one; and every energy by its own in this phase, weighted. Applied twice it changes nothing. Throws
  /// ArgumentError, naming the nodes, if nodes show their predictions to each other in a loop.
  ExpressionId meaning(ExpressionId id);
  Tensor meaning(const Tensor& tensor);

  /// Changes which of two expressions by_mode() means.
  void set_mode(Mode mode);
  Mode mode() const { return mode_; }

  /// Returns whether the node's value is its data, which need no copy.
  bool bound(Size node) const;
  bool clamped(Size node) const { return rule(node).role == Role::clamped; }
  /// Returns the name of the energy that is unbounded below in the node's value; "" if its energy is not, or is off.
  std::string unbounded_energy(Size node) const;
  /// Returns the expression that reads the node's value or data.
  ExpressionId value(Size node) const;

  /// Returns whether any energy's weight depends on the step.
  bool varies() const { return varies_; }
  /// Weights follow this step from now on.
  void at_step(ExpressionId step);

  /// Returns the assignments that set the following nodes, each after those that it reads. Throws ArgumentError, naming
  /// the nodes, if they form a loop.
  std::vector<Assignment> follow();
  /// Throws what meaning() would throw for any node; makes all draws.
  void check();

 private:
  const NodeRule& rule(Size node) const { return rules_[static_cast<std::size_t>(node)]; }
  const EnergyWeight& weight(Size node) const { return weights_[static_cast<std::size_t>(node)]; }
  ExpressionId meaning_of_symbol(ExpressionId id);
  ExpressionId rebuilt(ExpressionId id);
  ExpressionId seen(Size node);
  ExpressionId prediction(Size node);
  ExpressionId energy(Size node);
  ExpressionId weighted(ExpressionId energy, const EnergyWeight& weight, const std::string& of);
  ExpressionId transformed(const Transform& transform, ExpressionId id, Size node, const char* what);

  std::shared_ptr<Model> model_;
  std::string phase_;
  std::vector<NodeRule> rules_;        // of every node
  std::vector<EnergyWeight> weights_;  // of every node's energy
  std::vector<EnergyWeight> term_weights_;
  Mode mode_;
  RandomSource* random_;
  ExpressionId step_;
  bool varies_ = false;
  std::unordered_map<ExpressionId, ExpressionId> memo_;
  std::unordered_map<SymbolId, ExpressionId> kept_;  // views and predictions: a draw in one is made once
  std::vector<Size> showing_;  // the nodes whose predictions are being looked through
};

}  // namespace pcxx

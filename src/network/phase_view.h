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
  /// One rule for each node of the model; `given` says which come as data.
  PhaseView(std::shared_ptr<Model> model, std::string phase, std::vector<NodeRule> rules, std::vector<bool> given,
            Mode mode = Mode::training);

  /// Returns the expression with every node replaced by what its readers see: its value, its data, its prediction, or a
  /// transform of one. Applied twice it changes nothing. Throws ArgumentError, naming the nodes, if nodes show their
  /// predictions to each other in a loop.
  ExpressionId meaning(ExpressionId id);
  Tensor meaning(const Tensor& tensor);

  /// Changes which of two expressions by_mode() means.
  void set_mode(Mode mode);
  Mode mode() const { return mode_; }

  /// Returns whether the node's value is its data, which need no copy.
  bool bound(Size node) const;
  bool clamped(Size node) const { return rule(node).role == Role::clamped; }
  /// Returns the expression that reads the node's value or data.
  ExpressionId value(Size node) const;

  /// Returns the assignments that set the following nodes, each after those that it reads. Throws ArgumentError, naming
  /// the nodes, if they form a loop.
  std::vector<Assignment> follow();
  /// Throws what meaning() would throw for any node.
  void check();

 private:
  const NodeRule& rule(Size node) const { return rules_[static_cast<std::size_t>(node)]; }
  ExpressionId meaning_of_symbol(ExpressionId id);
  ExpressionId rebuilt(ExpressionId id);
  ExpressionId seen(Size node);
  ExpressionId transformed(const Transform& transform, ExpressionId id, Size node, const char* what);

  std::shared_ptr<Model> model_;
  std::string phase_;
  std::vector<NodeRule> rules_;
  std::vector<bool> given_;
  Mode mode_;
  std::unordered_map<ExpressionId, ExpressionId> memo_;
  std::vector<Size> showing_;  // the nodes whose predictions are being looked through
};

}  // namespace pcxx

/// Connections: read off the expressions that predict nodes.
#include "pcxx/network/connections.h"

#include <map>
#include <set>

#include "network/model.h"

namespace pcxx {
namespace {

/// What one expression is made of.
struct Reading {
  std::set<Size> nodes;
  std::set<SymbolId> parameters;
  std::vector<ExpressionId> parts;  // the operands, or what stands for the symbol while training
};

/// Everything that an expression is made of; parts come before what they are parts of.
class Readings {
 public:
  Readings(const Model& model, ExpressionId root) : model_(model) { read(root); }

  const std::map<ExpressionId, Reading>& all() const { return readings_; }

  /// Returns what meets the way from a node to the root and comes from no node; without a node, all.
  std::set<SymbolId> parameters_after(const std::optional<Size>& node) const {
    std::set<SymbolId> met;
    for (const auto& [id, reading] : readings_) {
      if (node && !reading.nodes.contains(*node)) {
        continue;
      }
      for (const ExpressionId part : node ? reading.parts : std::vector<ExpressionId>{id}) {
        if (readings_.at(part).nodes.empty()) {
          met.insert(readings_.at(part).parameters.begin(), readings_.at(part).parameters.end());
        }
      }
    }
    return met;
  }

  std::vector<std::string> operations_after(const std::optional<Size>& node) const {
    std::vector<std::string> names;
    for (const auto& [id, reading] : readings_) {
      const Expression& e = model_[id];
      const bool is_leaf = e.op == Op::symbol || e.op == Op::constant || e.op == Op::batch_size;
      if (!is_leaf && (!node || reading.nodes.contains(*node))) {
        names.emplace_back(e.op == Op::activation ? to_string(static_cast<Activation>(e.attributes.integers[0])) : to_string(e.op));
      }
    }
    return names;
  }

 private:
  /// Without recursion: expressions can be thousands deep.
  void read(ExpressionId root) {
    std::vector<ExpressionId> left = {root};
    while (!left.empty()) {
      const ExpressionId id = left.back();
      const std::vector<ExpressionId> parts = parts_of(id);
      const std::size_t before = left.size();
      for (const ExpressionId part : parts) {
        if (!readings_.contains(part)) {
          left.push_back(part);
        }
      }
      if (left.size() == before) {
        left.pop_back();
        readings_.try_emplace(id, reading_of(id, parts));
      }
    }
  }

  std::vector<ExpressionId> parts_of(ExpressionId id) const {
    const Expression& e = model_[id];
    if (e.op == Op::symbol) {
      const Modes* modes = model_.modes_of(static_cast<SymbolId>(e.attributes.integers[0]));
      return modes == nullptr ? std::vector<ExpressionId>{} : std::vector<ExpressionId>{modes->training};
    }
    return {e.operands.begin(), e.operands.end()};
  }

  Reading reading_of(ExpressionId id, const std::vector<ExpressionId>& parts) const {
    Reading reading{{}, {}, parts};
    for (const ExpressionId part : parts) {
      const Reading& one = readings_.at(part);
      reading.nodes.insert(one.nodes.begin(), one.nodes.end());
      reading.parameters.insert(one.parameters.begin(), one.parameters.end());
    }
    if (const Expression& e = model_[id]; e.op == Op::symbol) {
      const auto symbol = static_cast<SymbolId>(e.attributes.integers[0]);
      if (const Size node = model_.node_of(symbol); node != kAbsent) {
        reading.nodes.insert(node);
      } else if (model_.symbol(symbol).kind == SymbolKind::parameter) {
        reading.parameters.insert(symbol);
      }
    }
    return reading;
  }

  const Model& model_;
  std::map<ExpressionId, Reading> readings_;  // numbers of expressions grow from operands to results
};

class Connector {
 public:
  explicit Connector(const Network& network) : model_(network.model()) {
    for (Size i = 0; i < static_cast<Size>(model_->parameters().size()); ++i) {
      if (model_->parameter(i).trained) {
        parameters_.emplace_back(model_, i);
      }
    }
  }

  void lead_to(const std::string& to, bool to_term, ExpressionId expression, std::vector<Connection>& all) const {
    const Readings readings(*model_, expression);
    const Reading& whole = readings.all().at(expression);
    for (const Size node : whole.nodes) {
      all.push_back(connection(readings, node, to, to_term));
    }
    if (whole.nodes.empty() && !whole.parameters.empty()) {
      all.push_back(connection(readings, {}, to, to_term));
    }
  }

 private:
  Connection connection(const Readings& readings, const std::optional<Size>& node, const std::string& to, bool to_term) const {
    Connection result{{}, to, to_term, {}, readings.operations_after(node)};
    if (node) {
      result.from = Node(model_, *node);
    }
    const std::set<SymbolId> met = readings.parameters_after(node);
    for (const Parameter& parameter : parameters_) {
      if (met.contains(model_->parameter(parameter.index()).symbol)) {
        result.parameters.push_back(parameter);
      }
    }
    return result;
  }

  std::shared_ptr<Model> model_;
  std::vector<Parameter> parameters_;  // of the whole network: a part may read others'
};

}  // namespace

std::vector<Connection> connections(const Network& network) {
  const std::shared_ptr<Model>& model = network.model();
  const Connector connector(network);
  std::vector<Connection> all;
  for (const Node& node : network.nodes()) {
    if (node.predicted()) {
      connector.lead_to(node.name(), false, model->node(node.index()).prediction, all);
    }
  }
  for (const ModelTerm& term : model->terms()) {
    if (term.name.starts_with(network.prefix())) {
      connector.lead_to(term.name, true, term.value, all);
    }
  }
  return all;
}

std::string energy_name(const Node& node) {
  return node.has_energy() ? static_cast<const Model&>(*node.value().graph()).node(node.index()).energy_name : "";
}

}  // namespace pcxx

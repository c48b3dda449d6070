/// Model: making and naming of nodes, terms, parameters and states.
#include "network/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "pcxx/core/errors.h"

namespace pcxx {
namespace {

/// Takes a name. '/' separates the names of optimiser states, so no name has one.
void take(std::set<std::string>& names, const char* who, const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos || name.front() == '.' || name.back() == '.') {
    throw NameError(fmt::format("[{}] '{}' cannot be a name; expected letters, without '/', that neither begin nor end "
                                "with '.'", who, name));
  }
  if (!names.insert(name).second) {
    throw NameError(fmt::format("[{}] name '{}' is taken; expected one for each", who, name));
  }
}

}  // namespace

std::vector<SymbolId> symbols_read(const Graph& graph, ExpressionId id) {
  std::vector<SymbolId> symbols;
  std::unordered_set<ExpressionId> seen;
  std::vector<ExpressionId> left = {id};
  while (!left.empty()) {
    const ExpressionId next = left.back();
    left.pop_back();
    if (!seen.insert(next).second) {
      continue;
    }
    const Expression& e = graph[next];
    if (e.op == Op::symbol) {
      symbols.push_back(static_cast<SymbolId>(e.attributes.integers[0]));
    }
    left.insert(left.end(), e.operands.rbegin(), e.operands.rend());
  }
  return symbols;
}

Size Model::add_node(const std::string& name, const Shape& shape, DType dtype) {
  take(node_names_, "node", name);
  const auto index = static_cast<Size>(nodes_.size());
  ModelNode node;
  node.name = name;
  node.value = add_symbol({name, SymbolKind::node_value, dtype, Span::per_sample, shape});
  node.seen = add_symbol({"seen " + name, SymbolKind::stand_in, dtype, Span::per_sample, shape});
  note(node.value);
  node_of_.emplace(node.value, index);
  node_of_.emplace(node.seen, index);
  nodes_.push_back(std::move(node));
  return index;
}

void Model::note(SymbolId symbol) {
  if (!place_.empty()) {
    places_[symbol] = place_;
  }
}

void Model::note_value(ExpressionId value) {
  if (!place_.empty()) {
    value_places_[value] = place_;
  }
}

const std::string& Model::place_of(SymbolId symbol) const {
  static const std::string unknown;
  const auto found = places_.find(symbol);
  return found == places_.end() ? unknown : found->second;
}

const std::string& Model::place_of_value(ExpressionId value) const {
  static const std::string unknown;
  const auto found = value_places_.find(value);
  return found == value_places_.end() ? unknown : found->second;
}

std::string Model::quoted(SymbolId of) const {
  const std::string& place = place_of(of);
  return "'" + symbol(of).name + "'" + (place.empty() ? "" : " (" + place + ")");
}

SymbolId Model::stand_in(const std::string& name, ExpressionId meaning) {
  const Expression& e = (*this)[meaning];
  return add_symbol({name, SymbolKind::stand_in, e.dtype, e.span, e.shape});
}

void Model::predict(Size index, SymbolId predicted, ExpressionId prediction, ExpressionId energy, const Energy& how) {
  ModelNode& node = nodes_[static_cast<std::size_t>(index)];
  name_layers(prediction, node.name);
  note(node.value);
  node.prediction = prediction;
  node.predicted = predicted;
  node_of_.emplace(predicted, index);
  node.energy = energy;
  if (energy != kAbsent) {
    node.cost = stand_in("energy " + node.name, energy);
    node_of_.emplace(node.cost, index);
  }
  node.energy_name = how.name;
  node.needs_clamp = how.needs_clamp;
}

void Model::add_term(const std::string& name, ExpressionId value) {
  take(term_names_, "energy_term", name);
  name_layers(value, name);
  const SymbolId cost = stand_in("energy " + name, value);
  term_of_.emplace(cost, static_cast<Size>(terms_.size()));
  terms_.push_back({name, value, cost});
}

Size Model::add_parameter(const std::string& name, const Shape& shape, const Initialiser& initialiser, const Fans& fans,
                          std::set<std::string> tags) {
  return add_parameter({name, kAbsent, initialiser, fans, std::move(tags)}, shape);
}

Size Model::add_unnamed(Size layer, const std::string& role, const Shape& shape, const Initialiser& initialiser,
                        const Fans& fans, std::set<std::string> tags) {
  const std::string provisional = fmt::format("unused.{}{}.{}", layers_[static_cast<std::size_t>(layer)], layer + 1, role);
  return add_parameter({provisional, kAbsent, initialiser, fans, std::move(tags), layer, role}, shape);
}

Size Model::new_layer(const std::string& kind) {
  layers_.push_back(kind);
  return static_cast<Size>(layers_.size() - 1);
}

Size Model::add_parameter(ModelParameter parameter, const Shape& shape) {
  take(parameter_names_, "parameter", parameter.name);
  const auto index = static_cast<Size>(parameters_.size());
  parameter.symbol = add_symbol({parameter.name, SymbolKind::parameter, DType::real, Span::shared, shape});
  note(parameter.symbol);
  parameter_of_.emplace(parameter.symbol, index);
  parameters_.push_back(std::move(parameter));
  return index;
}

/// One unnamed layer takes the name of its owner; several are numbered from left to right as the expression is written.
/// (Not as they were made: compilers differ in which operand they make first.)
void Model::name_layers(ExpressionId expression, const std::string& owner) {
  std::vector<Size> layers;
  for (const SymbolId symbol : symbols_meant(expression)) {
    const auto found = parameter_of_.find(symbol);
    const Size layer = found == parameter_of_.end() ? kAbsent : parameter(found->second).layer;
    if (layer != kAbsent && std::find(layers.begin(), layers.end(), layer) == layers.end()) {
      layers.push_back(layer);
    }
  }
  for (ModelParameter& parameter : parameters_) {
    const auto place = std::find(layers.begin(), layers.end(), parameter.layer);
    if (parameter.layer == kAbsent || place == layers.end()) {
      continue;
    }
    const std::string& kind = layers_[static_cast<std::size_t>(parameter.layer)];
    const std::string prefix = layers.size() == 1 ? owner : fmt::format("{}.{}{}", owner, kind, place - layers.begin() + 1);
    const std::string name = prefix + "." + parameter.role;
    take(parameter_names_, kind.c_str(), name);
    parameter_names_.erase(parameter.name);
    symbol(parameter.symbol).name = parameter.name = name;
    parameter.layer = kAbsent;
  }
}

/// As symbols_read(), and what both modes read, where an expression differs by mode.
std::vector<SymbolId> Model::symbols_meant(ExpressionId expression) const {
  std::vector<SymbolId> symbols;
  std::vector<ExpressionId> left = {expression};
  std::set<SymbolId> seen;
  while (!left.empty()) {
    const ExpressionId next = left.back();
    left.pop_back();
    for (const SymbolId symbol : symbols_read(*this, next)) {
      if (!seen.insert(symbol).second) {
        continue;
      }
      symbols.push_back(symbol);
      if (const Modes* modes = modes_of(symbol)) {
        left.insert(left.end(), {modes->evaluation, modes->training});
      }
    }
  }
  return symbols;
}

ExpressionId Model::by_mode(ExpressionId training, ExpressionId evaluation) {
  const auto [place, fresh] = modal_.try_emplace({training, evaluation}, kAbsent);
  if (fresh) {
    const Expression &first = (*this)[training], &second = (*this)[evaluation];
    const Span span = first.span == Span::per_sample ? first.span : second.span;
    place->second = add_symbol({"by mode", SymbolKind::stand_in, first.dtype, span, first.shape});
    modes_of_.emplace(place->second, Modes{training, evaluation});
  }
  return read(place->second);
}

const Modes* Model::modes_of(SymbolId symbol) const {
  const auto found = modes_of_.find(symbol);
  return found == modes_of_.end() ? nullptr : &found->second;
}

Size Model::node_of(SymbolId symbol) const {
  const auto found = node_of_.find(symbol);
  return found == node_of_.end() ? kAbsent : found->second;
}

Size Model::term_of(SymbolId symbol) const {
  const auto found = term_of_.find(symbol);
  return found == term_of_.end() ? kAbsent : found->second;
}

SymbolId Model::input_of(Size index) {
  ModelNode& node = nodes_[static_cast<std::size_t>(index)];
  if (node.input == kAbsent) {
    const Symbol& value = symbol(node.value);
    node.input = add_symbol({"data " + node.name, SymbolKind::input, value.dtype, Span::per_sample, value.shape});
  }
  return node.input;
}

SymbolId Model::state(const std::string& name, const Shape& shape) {
  const auto found = states_.find(name);
  if (found != states_.end()) {
    return found->second;
  }
  const SymbolId id = add_symbol({name, SymbolKind::state, DType::real, Span::shared, shape});
  states_.emplace(name, id);
  return id;
}

void Model::add_part(const std::string& prefix) { take(parts_, "network", prefix); }

}  // namespace pcxx

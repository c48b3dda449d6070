/// Network: building a model, and handles to what is in it.
#include "pcxx/network/network.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/names.h"
#include "network/model.h"
#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {
namespace {

/// Returns the expression's number in the model; plain numbers become constants of the given shape.
ExpressionId id_in(const std::shared_ptr<Model>& model, const Tensor& tensor, const Shape& shape, const std::string& what) {
  if (tensor.graph() == nullptr) {
    return model->constant(tensor.constant(), shape);
  }
  if (tensor.graph() != std::static_pointer_cast<Graph>(model)) {
    throw ArgumentError(what + " belongs to a different network");
  }
  return tensor.id();
}

void check_shape(const std::string& node, const Shape& shape, const Tensor& prediction) {
  if (prediction.graph() != nullptr && prediction.shape() != shape) {
    throw ShapeError(fmt::format("[predict] node '{}' is {} but its prediction is {}", node, to_string(shape),
                                 to_string(prediction.shape())));
  }
}

bool within(const std::string& prefix, const std::string& name) { return name.starts_with(prefix); }

Fans completed(Fans fans, const Shape& shape) {
  const Size last = shape.rank() == 0 ? 1 : shape[-1], first = shape.rank() == 0 ? 1 : shape[0];
  return {fans.in == 0 ? last : fans.in, fans.out == 0 ? first : fans.out};
}

}  // namespace

// --- Node

Node::operator Tensor() const { return {model_, model_->read(model_->node(index_).seen)}; }

Tensor Node::value() const { return {model_, model_->read(model_->node(index_).value)}; }

Tensor Node::prediction() const {
  if (!predicted()) {
    throw ArgumentError("[prediction] nothing predicts node '" + name() + "'");
  }
  return {model_, model_->read(model_->node(index_).predicted)};
}

bool Node::predicted() const { return model_->node(index_).prediction != kAbsent; }

bool Node::has_energy() const { return model_->node(index_).energy != kAbsent; }

Tensor Node::energy() const {
  return {model_, has_energy() ? model_->read(model_->node(index_).cost) : model_->constant(0)};
}

const std::string& Node::name() const { return model_->node(index_).name; }

const Shape& Node::shape() const { return model_->symbol(model_->node(index_).value).shape; }

const std::set<std::string>& Node::tags() const { return model_->node(index_).tags; }

const std::string& Node::place() const { return model_->place_of(model_->node(index_).value); }

// --- Parameter

Parameter::operator Tensor() const { return {model_, model_->read(model_->parameter(index_).symbol)}; }

const std::string& Parameter::name() const { return model_->parameter(index_).name; }

const Shape& Parameter::shape() const { return model_->symbol(model_->parameter(index_).symbol).shape; }

const std::set<std::string>& Parameter::tags() const { return model_->parameter(index_).tags; }

const std::string& Parameter::place() const { return model_->place_of(model_->parameter(index_).symbol); }

// --- Network

Network::Network() : model_(std::make_shared<Model>()), phases_(std::make_shared<std::map<std::string, Phase>>()) {
  phases_->emplace("start", Phase("start", Role::following));
  phases_->emplace("relax", Phase("relax", Role::free));
  phases_->emplace("predict", Phase("predict", Role::free, true));
}

Network::Network(Network& parent, const std::string& name)
    : model_(parent.model_), phases_(parent.phases_), prefix_(parent.prefix_ + name + ".") {
  model_->add_part(parent.prefix_ + name);
}

Node Network::node(const std::string& name, const Shape& shape, DType dtype) {
  return {model_, model_->add_node(prefix_ + name, shape, dtype)};
}

Node Network::node(const std::string& name, const Shape& shape, const Tensor& prediction, const Energy& energy) {
  check_shape(prefix_ + name, shape, prediction);
  const Node result = node(name, shape, DType::real);
  predict(result, prediction, energy);
  return result;
}

void Network::predict(const Node& node, const Tensor& prediction, const Energy& energy) {
  const std::string who = "[predict] node '" + node.name() + "'";
  if (node.predicted()) {
    throw ArgumentError(who + " is predicted already; expected one prediction for each node: add the two");
  }
  check_shape(node.name(), node.shape(), prediction);
  const ExpressionId id = id_in(model_, prediction, node.shape(), "[predict] the prediction of node '" + node.name() + "'");
  id_in(model_, node.value(), {}, who);
  const SymbolId predicted = model_->stand_in("prediction " + node.name(), id);
  const Tensor cost = energy.of(node.value(), Tensor(model_, model_->read(predicted)));
  if (cost.shape().rank() != 0) {
    throw ShapeError(fmt::format("{}: energy '{}' is {}; expected a scalar for each sample: sum it", who, energy.name,
                                 to_string(cost.shape())));
  }
  const bool none = cost.graph() == nullptr && cost.constant() == 0;
  const ExpressionId own = none ? kAbsent : id_in(model_, cost, {}, "[predict] the energy of node '" + node.name() + "'");
  model_->predict(node.index(), predicted, id, own, energy);
}

void Network::energy_term(const Tensor& term, const std::string& name) {
  std::string full = prefix_ + name;
  for (std::size_t number = 1; name.empty(); ++number) {  // a free number within this part
    full = fmt::format("{}term{}", prefix_, number);
    const auto taken = [&](const ModelTerm& other) { return other.name == full; };
    if (std::none_of(model_->terms().begin(), model_->terms().end(), taken)) {
      break;
    }
  }
  if (term.shape().rank() != 0) {
    throw ShapeError(fmt::format("[energy_term] '{}' is {}; expected a scalar for each sample: sum it", full,
                                 to_string(term.shape())));
  }
  model_->add_term(full, id_in(model_, term, {}, "[energy_term] '" + full + "'"));
}

Parameter Network::parameter(const std::string& name, const Shape& shape, const Initialiser& initialiser,
                             const ParameterOptions& options) {
  return {model_, model_->add_parameter(prefix_ + name, shape, initialiser, completed(options.fans, shape), options.tags)};
}

void Network::made_at(const std::string& place) const { model_->made_at(place); }

std::vector<std::pair<std::string, Tensor>> Network::energies() const {
  std::vector<std::pair<std::string, Tensor>> result;
  for (const Node& node : nodes()) {
    if (node.has_energy()) {
      result.emplace_back(node.name(), node.energy());
    }
  }
  for (const ModelTerm& term : model_->terms()) {
    if (within(prefix_, term.name)) {
      result.emplace_back(term.name, Tensor(model_, model_->read(term.cost)));
    }
  }
  return result;
}

Tensor Network::energy() const {
  Tensor total(model_, model_->constant(0));
  bool first = true;
  for (const auto& [name, energy] : energies()) {
    total = first ? energy : total + energy;
    first = false;
  }
  return total;
}

std::vector<Node> Network::nodes() const { return nodes(everything()); }

std::vector<Node> Network::nodes(const Selection& selection) const {
  std::vector<Node> result;
  for (std::size_t i = 0; i < model_->nodes().size(); ++i) {
    const Node node(model_, static_cast<Size>(i));
    if (within(prefix_, node.name()) && selection({node.name(), node.tags(), node.shape()})) {
      result.push_back(node);
    }
  }
  return result;
}

std::vector<Parameter> Network::parameters() const { return parameters(everything()); }

std::vector<Parameter> Network::parameters(const Selection& selection) const {
  std::vector<Parameter> result;
  for (std::size_t i = 0; i < model_->parameters().size(); ++i) {
    const Parameter parameter(model_, static_cast<Size>(i));
    const bool trained = model_->parameter(parameter.index()).trained;
    if (trained && within(prefix_, parameter.name()) && selection({parameter.name(), parameter.tags(), parameter.shape()})) {
      result.push_back(parameter);
    }
  }
  return result;
}

std::vector<Parameter> Network::layer_state() const {
  std::vector<Parameter> result;
  for (std::size_t i = 0; i < model_->parameters().size(); ++i) {
    const Parameter parameter(model_, static_cast<Size>(i));
    if (!model_->parameter(parameter.index()).trained && within(prefix_, parameter.name())) {
      result.push_back(parameter);
    }
  }
  return result;
}

void Network::tag(const Node& node, const std::string& tag) {
  id_in(model_, node.value(), {}, "[tag] node '" + node.name() + "'");
  model_->tag_node(node.index(), tag);
}

void Network::tag(const Parameter& parameter, const std::string& tag) {
  id_in(model_, parameter, {}, "[tag] parameter '" + parameter.name() + "'");
  model_->tag_parameter(parameter.index(), tag);
}

Node Network::node_named(const std::string& name) const {
  std::vector<std::string> known;
  for (const Node& node : nodes()) {
    if (node.name() == prefix_ + name) {
      return node;
    }
    known.push_back(node.name().substr(prefix_.size()));
  }
  throw NameError("[node] " + unknown_name(name, known));
}

Phase& Network::phase(const std::string& name) {
  return phases_->try_emplace(name, Phase(name, Role::free)).first->second;
}

const Phase& Network::phase(const std::string& name) const {
  const auto found = phases_->find(name);
  if (found != phases_->end()) {
    return found->second;
  }
  std::vector<std::string> known;
  for (const auto& [other, phase] : *phases_) {
    known.push_back(other);
  }
  throw NameError("[phase] " + unknown_name(name, known));
}

State Network::initialise(std::uint64_t seed, Precision precision) const {
  State state;
  for (const ModelParameter& parameter : model_->parameters()) {
    Array array(model_->symbol(parameter.symbol).shape, ElementType::f64);
    RandomStream random(seed, stream_from(parameter.name));
    parameter.initialiser.fill(array, parameter.fans, random);
    state.set(parameter.symbol, parameter.name,
              precision == Precision::f64 ? std::move(array) : array.to(ElementType::f32));
  }
  return state;
}

}  // namespace pcxx

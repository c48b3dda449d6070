/// LayerParameters: parameters under the layer's name, or shared ones.
#include "network/layer_parameters.h"

#include "pcxx/core/errors.h"

namespace pcxx {

std::shared_ptr<Model> model_of(const Tensor& x, const char* who) {
  auto model = std::dynamic_pointer_cast<Model>(x.graph());
  if (model == nullptr) {
    throw ArgumentError("[" + std::string(who) + "] the input belongs to no network; expected an expression over its nodes");
  }
  return model;
}

LayerParameters::LayerParameters(const char* kind, const Tensor& x, const std::string& name)
    : kind_(kind), model_(model_of(x, kind)), name_(name), layer_(name_.empty() ? model_->new_layer(kind) : kAbsent) {}

Tensor LayerParameters::make(const std::string& role, const Shape& shape, const LayerParameter& source, const Fans& fans,
                             const std::string& tag) const {
  if (source.shared()) {
    return shared(role, shape, *source.shared());
  }
  SharedParameters* sharing = model_->sharing();
  if (sharing != nullptr && sharing->complete) {
    return made_before(role, shape);
  }
  const std::set<std::string> tags = {tag.empty() ? role : tag};
  const Size index = name_.empty() ? model_->add_unnamed(layer_, role, shape, source.initialiser(), fans, tags)
                                   : model_->add_parameter(name_ + "." + role, shape, source.initialiser(), fans, tags);
  if (sharing != nullptr) {
    sharing->made.push_back(index);
  }
  return {model_, model_->read(model_->parameter(index).symbol)};
}

Tensor LayerParameters::make_state(const std::string& role, const Shape& shape, const Initialiser& initialiser) const {
  if (model_->sharing() != nullptr) {
    throw ArgumentError("[" + std::string(kind_) + "] keeps state, which uses of a shared layer would move apart; expected it outside of shared()");
  }
  const Tensor state = make(role, shape, initialiser, {1, 1}, "state");
  model_->untrained(symbol_of(*model_, state.id(), kind_));
  return state;
}

void LayerParameters::update_state(const Tensor& state, const Tensor& value) const {
  model_->add_update(symbol_of(*model_, state.id(), kind_), value.id());
}

/// Returns the next of the parameters that a shared layer made at its first use.
Tensor LayerParameters::made_before(const std::string& role, const Shape& shape) const {
  SharedParameters& sharing = *model_->sharing();
  if (sharing.next == sharing.made.size()) {
    throw ArgumentError("[" + std::string(kind_) + "] a shared layer makes a " + role + " that it did not make at its first use; expected the same layers");
  }
  const Size index = sharing.made[sharing.next++];
  return shared(role, shape, {model_, model_->read(model_->parameter(index).symbol)});
}

Tensor LayerParameters::shared(const std::string& role, const Shape& shape, const Tensor& parameter) const {
  if (parameter.graph() != std::static_pointer_cast<Graph>(model_)) {
    throw ArgumentError("[" + std::string(kind_) + "] the shared " + role + " belongs to a different network");
  }
  if (parameter.shape() != shape || parameter.span() != Span::shared) {
    throw ShapeError("[" + std::string(kind_) + "] the shared " + role + " is " + to_string(parameter.shape()) +
                     (parameter.span() == Span::shared ? "" : " per sample") + "; expected " + to_string(shape) +
                     ", one for all samples");
  }
  return parameter;
}

}  // namespace pcxx

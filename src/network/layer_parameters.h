/// LayerParameters: makes the parameters of one layer, named by the user or later by what the layer predicts.
#pragma once

#include <memory>
#include <string>

#include "network/model.h"
#include "pcxx/network/layer_parameter.h"

namespace pcxx {

/// Returns the model to which an expression belongs; throws ArgumentError, naming `who`, if to none.
std::shared_ptr<Model> model_of(const Tensor& x, const char* who);

/// While it lives, layers of a model make the parameters of a shared layer, or take those that it made before.
class Sharing {
 public:
  Sharing(Model& model, SharedParameters& with) : model_(model), before_(model.share(&with)) {}
  ~Sharing() { model_.share(before_); }
  Sharing(const Sharing&) = delete;
  Sharing& operator=(const Sharing&) = delete;

 private:
  Model& model_;
  SharedParameters* before_;
};

class LayerParameters {
 public:
  /// `kind` is the name of the layer's function; `x` its input; `name` what the user calls it, or nothing.
  LayerParameters(const char* kind, const Tensor& x, const std::string& name);

  /// Returns a parameter called "name.role", made here or shared; its tag is the role, or another. Throws ShapeError if
  /// one that is shared has another shape.
  Tensor make(const std::string& role, const Shape& shape, const LayerParameter& source, const Fans& fans,
              const std::string& tag = {}) const;

  /// Returns layer state "name.role": saved with the parameters, but not trained.
  Tensor make_state(const std::string& role, const Shape& shape, const Initialiser& initialiser) const;
  /// Says what the state becomes with each step of the weights.
  void update_state(const Tensor& state, const Tensor& value) const;

 private:
  Tensor shared(const std::string& role, const Shape& shape, const Tensor& parameter) const;
  Tensor made_before(const std::string& role, const Shape& shape) const;

  const char* kind_;
  std::shared_ptr<Model> model_;
  std::string name_;
  Size layer_;
};

}  // namespace pcxx

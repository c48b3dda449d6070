/// Layers: parameters and the expression over them.
#include "pcxx/network/layers.h"

#include "network/model.h"
#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {
namespace {

std::shared_ptr<Model> model_of(const Tensor& x) {
  auto model = std::dynamic_pointer_cast<Model>(x.graph());
  if (model == nullptr) {
    throw ArgumentError("[linear] the input belongs to no network; expected an expression over its nodes");
  }
  return model;
}

/// Makes the parameters of one layer, named by the user or later by what it predicts.
class LayerParameters {
 public:
  LayerParameters(std::shared_ptr<Model> model, std::string name)
      : model_(std::move(model)), name_(std::move(name)), layer_(name_.empty() ? model_->new_layer() : kAbsent) {}

  Tensor make(const std::string& role, const Shape& shape, const Initialiser& initialiser, const Fans& fans) const {
    const Size index = name_.empty() ? model_->add_unnamed(layer_, role, shape, initialiser, fans, {role})
                                     : model_->add_parameter(name_ + "." + role, shape, initialiser, fans, {role});
    return {model_, model_->read(model_->parameter(index).symbol)};
  }

 private:
  std::shared_ptr<Model> model_;
  std::string name_;
  Size layer_;
};

}  // namespace

Tensor linear(const Tensor& x, Size out, const LinearOptions& options) {
  const auto model = model_of(x);
  if (x.shape().rank() < 1 || out < 1) {
    throw ShapeError("[linear] from " + to_string(x.shape()) + " to " + std::to_string(out) +
                     " outputs; expected an input with an axis and at least one output");
  }
  const Size in = x.shape()[-1];
  const LayerParameters parameters(model, options.name);
  const Tensor weight = parameters.make("weight", {out, in}, options.weight, {in, out});
  // A product takes matrices: further axes are rows.
  std::vector<Size> extents = x.shape().extents();
  extents.back() = out;
  const Tensor rows = x.shape().rank() <= 2 ? x : reshape(x, {x.shape().elements() / in, in});
  const Tensor product = reshape(matmul(rows, transpose(weight)), Shape(extents));
  return options.bias ? product + parameters.make("bias", {out}, options.bias_initialiser, {in, out}) : product;
}

}  // namespace pcxx

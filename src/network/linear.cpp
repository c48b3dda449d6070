/// The fully connected layer: a product over the last axis.
#include "pcxx/network/linear.h"

#include "network/layer_parameters.h"
#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {

Tensor linear(const Tensor& x, Size out, const LinearOptions& options) {
  model_of(x, "linear");
  if (x.shape().rank() < 1 || out < 1) {
    throw ShapeError("[linear] from " + to_string(x.shape()) + " to " + std::to_string(out) +
                     " outputs; expected an input with an axis and at least one output");
  }
  const Size in = x.shape()[-1];
  const LayerParameters parameters("linear", x, options.name);
  const Tensor weight = parameters.make("weight", {out, in}, options.weight, {in, out});
  // A product takes matrices: further axes are rows.
  std::vector<Size> extents = x.shape().extents();
  extents.back() = out;
  const Tensor rows = x.shape().rank() <= 2 ? x : reshape(x, {x.shape().elements() / in, in});
  const Tensor product = reshape(matmul(rows, transpose(weight)), Shape(extents));
  return options.bias ? product + parameters.make("bias", {out}, options.bias_initialiser, {in, out}) : product;
}

}  // namespace pcxx

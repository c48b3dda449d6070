/// Embedding: a table and a look-up.
#include "pcxx/network/embedding.h"

#include <fmt/format.h>

#include "network/layer_parameters.h"
#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {

Tensor embedding(const Tensor& index, Size rows, Size width, const EmbeddingOptions& options) {
  model_of(index, "embedding");
  if (index.dtype() != DType::index) {
    throw ShapeError(fmt::format("[embedding] the input is {}; expected an index, e.g. a node of dtype index", to_string(index.dtype())));
  }
  if (rows < 1 || width < 1) {
    throw ArgumentError(fmt::format("[embedding] a table of {} rows of width {}; expected at least 1 of each", rows, width));
  }
  const LayerParameters parameters("embedding", index, options.name);
  return gather(parameters.make("weight", {rows, width}, options.weight, {rows, width}), index);
}

}  // namespace pcxx

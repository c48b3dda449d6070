/// Embedding: rows of a trained table, looked up by number.
#pragma once

#include <string>

#include "pcxx/network/layer_parameter.h"
#include "pcxx/tensor/tensor.h"

namespace pcxx {

struct EmbeddingOptions {
  std::string name = {};  // of its parameter: name.weight; empty: the name of the node that it predicts
  LayerParameter weight = normal();
};

/// Returns the rows of a table (rows, width) that an index tensor (...) of dtype index names: (..., width). Makes the
/// table, tagged "weight". An index outside the table is an error of the run. Throws ShapeError for no index, ArgumentError
/// for an empty table.
Tensor embedding(const Tensor& index, Size rows, Size width, const EmbeddingOptions& options = {});

}  // namespace pcxx

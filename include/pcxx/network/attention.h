/// Multi-head attention with its softmax.
#pragma once

#include <optional>
#include <string>

#include "pcxx/network/layer_parameter.h"
#include "pcxx/tensor/tensor.h"

namespace pcxx {

struct AttentionOptions {
  std::optional<Tensor> mask = {};  // (queries, keys), boolean: where a query may look; absent: everywhere
  bool causal = false;              // a query looks at no later key
  double dropout = 0;               // of the attention weights, while training
  bool bias = true;
  std::string name = {};  // of its parameters: name.query.weight, ...; empty: the name of the node that it predicts
  LayerParameter query = xavier_uniform();
  LayerParameter key = xavier_uniform();
  LayerParameter value = xavier_uniform();
  LayerParameter output = fan_in_uniform();
  LayerParameter bias_initialiser = zeros();
};

/// Returns W_o concat_h softmax(Q_h K_h^T / sqrt(d)) V_h + b_o, with Q = W_q query + b_q and so on, cut into so many heads
/// of width d = width / heads: query (queries, width), key (keys, width_k), value (keys, width_v) to (queries, width).
/// Makes query.weight, key.weight, value.weight (width, ...) and output.weight (width, width), tagged "weight", and their
/// biases. A query that may look nowhere looks everywhere alike. Vaswani et al. 2017.
/// Throws ShapeError for inputs that are no matrices, and unless the heads divide the width.
Tensor multi_head_attention(const Tensor& query, const Tensor& key, const Tensor& value, Size heads, const AttentionOptions& options = {});

/// The same of a sequence with itself.
Tensor self_attention(const Tensor& x, Size heads, const AttentionOptions& options = {});

}  // namespace pcxx

/// Multi-head attention: four products, and a softmax for each head.
#include "pcxx/network/attention.h"

#include <fmt/format.h>

#include <cmath>

#include "network/layer_parameters.h"
#include "pcxx/core/errors.h"
#include "pcxx/network/dropout.h"
#include "pcxx/tensor/operations.h"
#include "tensor/rules.h"
#include "tensor/windows.h"

namespace pcxx {
namespace {

constexpr double kNowhere = -1e9;  // a score whose exponential is 0 beside any other, and finite

void require_sequences(const Tensor& query, const Tensor& key, const Tensor& value, Size heads) {
  for (const Tensor* each : {&query, &key, &value}) {
    model_of(*each, "multi_head_attention");
  }
  if (query.shape().rank() != 2 || key.shape().rank() != 2 || value.shape().rank() != 2 || key.shape()[0] != value.shape()[0]) {
    throw ShapeError(fmt::format("[multi_head_attention] query {}, key {}, value {}; expected (queries, width), (keys, ...) and "
                                 "(keys, ...)", to_string(query.shape()), to_string(key.shape()), to_string(value.shape())));
  }
  if (heads < 1 || query.shape()[1] % heads != 0) {
    throw ShapeError(fmt::format("[multi_head_attention] {} heads for a width of {}; expected heads that divide it", heads,
                                 query.shape()[1]));
  }
}

/// Returns W x + b for every row of x; W is (width, in).
Tensor projected(const LayerParameters& parameters, const std::string& role, const Tensor& x, Size width, const LayerParameter& weight,
                 const AttentionOptions& options) {
  const Fans fans = {x.shape()[1], width};
  const Tensor product = matmul(x, transpose(parameters.make(role + ".weight", {width, x.shape()[1]}, weight, fans, "weight")));
  return options.bias ? product + parameters.make(role + ".bias", {width}, options.bias_initialiser, fans, "bias") : product;
}

/// Returns 1, 2, ..., n: how many elements of n ones a window that ends at each of them sees.
Tensor places(const Tensor& like, Size n) {
  const Attributes windows = attributes_of(Windows{{n}, {1}, {n - 1}, {1}});
  return apply(Op::window_sum, {constant_like(like, 1, {n, 1})}, windows, {n, 1});
}

/// Returns which keys come after each query: (queries, keys).
Tensor later_keys(const Tensor& scores) {
  return places(scores, scores.shape()[0]) < reshape(places(scores, scores.shape()[1]), {1, scores.shape()[1]});
}

/// Returns scores with those that the options rule out set far below all others; all alike where a query may look nowhere.
Tensor masked(const Tensor& scores, const AttentionOptions& options) {
  if (!options.mask) {
    return options.causal ? select(later_keys(scores), kNowhere, scores) : scores;
  }
  Tensor allowed = options.mask->dtype() == DType::boolean ? *options.mask : !equal(*options.mask, 0.0);
  if (allowed.shape() != scores.shape()) {
    throw ShapeError(fmt::format("[multi_head_attention] the mask is {}; expected (queries, keys) = {}", to_string(allowed.shape()),
                                 to_string(scores.shape())));
  }
  if (options.causal) {
    allowed = allowed && !later_keys(scores);
  }
  const Tensor somewhere = reshape(sum(allowed * 1.0, {1}), {scores.shape()[0], 1}) > 0.0;
  return select(allowed, scores, select(somewhere, kNowhere, 0.0));  // f32 would lose log(keys) beside kNowhere
}

}  // namespace

Tensor multi_head_attention(const Tensor& query, const Tensor& key, const Tensor& value, Size heads, const AttentionOptions& options) {
  require_sequences(query, key, value, heads);
  const Size width = query.shape()[1], own = width / heads, queries = query.shape()[0], keys = key.shape()[0];
  const LayerParameters parameters("multi_head_attention", query, options.name);
  const Tensor q = projected(parameters, "query", query, width, options.query, options);
  const Tensor k = projected(parameters, "key", key, width, options.key, options);
  const Tensor v = projected(parameters, "value", value, width, options.value, options);
  std::vector<Tensor> results;
  for (Size head = 0; head < heads; ++head) {
    const auto part = [&](const Tensor& x, Size rows) { return slice(x, {0, head * own}, {rows, (head + 1) * own}); };
    const Tensor scores = matmul(part(q, queries), transpose(part(k, keys))) * (1 / std::sqrt(static_cast<double>(own)));
    results.push_back(matmul(dropout(softmax(masked(scores, options)), options.dropout), part(v, keys)));
  }
  return projected(parameters, "output", concat(results, 1), width, options.output, options);
}

Tensor self_attention(const Tensor& x, Size heads, const AttentionOptions& options) {
  return multi_head_attention(x, x, x, heads, options);
}

}  // namespace pcxx

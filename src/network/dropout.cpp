/// Dropout and modes.
#include "pcxx/network/dropout.h"

#include <fmt/format.h>

#include "network/layer_parameters.h"
#include "pcxx/core/errors.h"
#include "pcxx/network/mode.h"
#include "pcxx/tensor/operations.h"
#include "tensor/rules.h"

namespace pcxx {

Tensor by_mode(const Tensor& training, const Tensor& evaluation) {
  const auto model = model_of(training.graph() == nullptr ? evaluation : training, "by_mode");
  if (training.graph() != evaluation.graph()) {
    throw ArgumentError("[by_mode] the expressions belong to different networks");
  }
  if (training.shape() != evaluation.shape() || training.dtype() != evaluation.dtype()) {
    throw ShapeError(fmt::format("[by_mode] {} {} when training but {} {} when evaluating; expected the same shape and dtype",
                                 to_string(training.dtype()), to_string(training.shape()), to_string(evaluation.dtype()),
                                 to_string(evaluation.shape())));
  }
  return {model, model->by_mode(training.id(), evaluation.id())};
}

Tensor dropout(const Tensor& x, double probability) {
  const auto model = model_of(x, "dropout");
  if (!(probability >= 0 && probability < 1)) {
    throw ArgumentError(fmt::format("[dropout] probability {}; expected at least 0 and below 1", probability));
  }
  if (probability == 0) {
    return x;
  }
  const auto [run, turn] = model->run_counters();
  const Tensor kept = apply(Op::random_bernoulli, {Tensor(model, run), Tensor(model, turn)}, {{model->new_stream(), 1}, {1 - probability}}, x.shape());
  return by_mode(x * kept * (1 / (1 - probability)), x);
}

}  // namespace pcxx

/// Optimisers as traced updates. Letters are those of the papers: m and v moments, beta their decays.
#include "pcxx/learn/optimisers.h"

#include <fmt/format.h>

#include <cmath>

#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {
namespace {

void require_decay(const char* who, const char* option, double value) {
  if (!(value >= 0 && value < 1)) {
    throw ArgumentError(fmt::format("[{}] {} is {}; expected 0 to below 1", who, option, value));
  }
}

/// Returns 1 - beta^t. As a difference it would have few digits for beta near 1: with x = t log beta and h = tanh(x / 2),
/// 1 - e^x = -2 h / (1 - h), which has them all.
Tensor one_minus_power(double beta, const Tensor& t) {
  if (beta == 0) {
    return 1.0;
  }
  const Tensor h = tanh((0.5 * std::log(beta)) * t);
  return -2.0 * h / (1.0 - h);
}

/// Adam with decoupled decay; adam is the one without.
Optimiser adam_with_decay(std::string name, const AdamwOptions& options) {
  require_decay(name.c_str(), "first_decay", options.first_decay);
  require_decay(name.c_str(), "second_decay", options.second_decay);
  const auto update = [options](const OptimiserInput& in) -> OptimiserOutput {
    const auto& [rate, decay, beta1, beta2, epsilon] = options;
    const Tensor updates = in.count + 1.0;  // this one included
    const Tensor m = beta1 * in.slots[0] + (1 - beta1) * in.gradient;
    const Tensor v = beta2 * in.slots[1] + (1 - beta2) * square(in.gradient);
    const Tensor m_hat = m * (1.0 / one_minus_power(beta1, updates));
    const Tensor v_hat = v * (1.0 / one_minus_power(beta2, updates));
    const Tensor step = m_hat / (sqrt(v_hat) + epsilon);
    return {in.value - rate(in.count) * (decay == 0 ? step : step + decay * in.value), {m, v}};
  };
  return {std::move(name), {"first_moment", "second_moment"}, update};
}

}  // namespace

// [sgd]
Optimiser sgd(const SgdOptions& options) {
  require_decay("sgd", "momentum", options.momentum);
  if (options.momentum == 0) {
    return {"sgd", {}, [options](const OptimiserInput& in) -> OptimiserOutput {
              return {in.value - options.rate(in.count) * in.gradient, {}};
            }};
  }
  return {"sgd", {"trace"}, [options](const OptimiserInput& in) -> OptimiserOutput {
            const Tensor trace = in.gradient + options.momentum * in.slots[0];
            const Tensor step = options.nesterov ? in.gradient + options.momentum * trace : trace;
            return {in.value - options.rate(in.count) * step, {trace}};
          }};
}
// [/sgd]

Optimiser adam(const AdamOptions& options) {
  return adam_with_decay("adam", {options.rate, 0, options.first_decay, options.second_decay, options.epsilon});
}

Optimiser adamw(const AdamwOptions& options) { return adam_with_decay("adamw", options); }

}  // namespace pcxx

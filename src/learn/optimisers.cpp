/// Optimisers as traced updates. Letters are those of the papers: m and v moments, beta their decays.
#include "pcxx/learn/optimisers.h"

#include <string>
#include <utility>
#include <vector>

#include "learn/decay.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {
namespace {

/// Returns step + amount value if the variable decays.
Tensor with_decay(const Tensor& step, double amount, const Selection& decays, const OptimiserInput& in) {
  return amount == 0 || !decays({in.name, in.tags, in.value.shape()}) ? step : step + amount * in.value;
}

/// Returns what a trace with momentum makes of a step, and the trace.
std::pair<Tensor, Tensor> traced(const Tensor& step, const Tensor& trace_before, double momentum, bool nesterov) {
  const Tensor trace = step + momentum * trace_before;
  return {nesterov ? step + momentum * trace : trace, trace};
}

/// Adam with decoupled decay; adam is the one without.
Optimiser adam_with_decay(std::string name, const AdamwOptions& options) {
  require_decay(name.c_str(), "first_decay", options.first_decay);
  require_decay(name.c_str(), "second_decay", options.second_decay);
  const auto update = [options](const OptimiserInput& in) -> OptimiserOutput {
    const auto& [rate, weight_decay, beta1, beta2, epsilon, decays] = options;
    const Tensor updates = in.count + 1.0;  // this one included
    const Tensor m = beta1 * in.slots[0] + (1 - beta1) * in.gradient;
    const Tensor v = beta2 * in.slots[1] + (1 - beta2) * square(in.gradient);
    const Tensor m_hat = m * (1.0 / one_minus_power(beta1, updates));
    const Tensor v_hat = v * (1.0 / one_minus_power(beta2, updates));
    const Tensor step = m_hat / (sqrt(v_hat) + epsilon);
    return {in.value - rate(in.count) * with_decay(step, weight_decay, decays, in), {m, v}};
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
            const auto [step, trace] = traced(in.gradient, in.slots[0], options.momentum, options.nesterov);
            return {in.value - options.rate(in.count) * step, {trace}};
          }};
}
// [/sgd]

Optimiser adam(const AdamOptions& options) {
  return adam_with_decay("adam", {.rate = options.rate,
                                  .weight_decay = 0,
                                  .first_decay = options.first_decay,
                                  .second_decay = options.second_decay,
                                  .epsilon = options.epsilon});
}

Optimiser adamw(const AdamwOptions& options) { return adam_with_decay("adamw", options); }

Optimiser lion(const LionOptions& options) {
  require_decay("lion", "first_decay", options.first_decay);
  require_decay("lion", "second_decay", options.second_decay);
  return {"lion", {"first_moment"}, [options](const OptimiserInput& in) -> OptimiserOutput {
            const auto& [rate, weight_decay, beta1, beta2, decays] = options;
            const Tensor& m = in.slots[0];
            const Tensor step = sign((1 - beta1) * in.gradient + beta1 * m);
            return {in.value - rate(in.count) * with_decay(step, weight_decay, decays, in),
                    {beta2 * m + (1 - beta2) * in.gradient}};
          }};
}

Optimiser rmsprop(const RmspropOptions& options) {
  require_decay("rmsprop", "decay", options.decay);
  require_decay("rmsprop", "momentum", options.momentum);
  std::vector<std::string> slots = {"second_moment"};
  if (options.centred) {
    slots.push_back("first_moment");
  }
  if (options.momentum > 0) {
    slots.push_back("trace");
  }
  return {"rmsprop", std::move(slots), [options](const OptimiserInput& in) -> OptimiserOutput {
            const double keep = options.decay, epsilon = options.epsilon;
            const Tensor before = options.initial == 0 ? in.slots[0] : select(in.count < 1.0, options.initial, in.slots[0]);
            const Tensor v = keep * before + (1 - keep) * square(in.gradient);
            std::vector<Tensor> after = {v};
            Tensor spread = v;
            if (options.centred) {
              after.push_back(keep * in.slots[1] + (1 - keep) * in.gradient);
              spread = v - square(after[1]);
            }
            const Tensor scale = options.epsilon_in_root ? sqrt(spread + epsilon) : sqrt(spread) + epsilon;
            Tensor step = options.rate(in.count) * (in.gradient / scale);
            if (options.momentum > 0) {
              const auto [moved, trace] = traced(step, in.slots.back(), options.momentum, options.nesterov);
              after.push_back(trace);
              step = moved;
            }
            return {in.value - step, std::move(after)};
          }};
}

Optimiser frozen() {
  return {"frozen", {}, [](const OptimiserInput& in) -> OptimiserOutput { return {in.value, {}}; }};
}

}  // namespace pcxx

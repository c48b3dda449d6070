/// Parts around optimisers: what happens to gradients before an update, and to values after it.
#include <fmt/format.h>

#include <utility>
#include <vector>

#include "learn/decay.h"
#include "pcxx/core/errors.h"
#include "pcxx/learn/optimisers.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {
namespace {

using Gradients = std::vector<Tensor>;

void require_positive(const char* who, const char* option, double value) {
  if (!(value > 0)) {
    throw ArgumentError(fmt::format("[{}] {} is {}; expected a number above 0", who, option, value));
  }
}

/// Returns the optimiser with a change of its gradients, made before those that it makes itself.
Optimiser with_gradients(Optimiser optimiser, std::function<Gradients(const std::vector<OptimiserInput>&)> change) {
  optimiser.prepare = [change = std::move(change),
                       inner = std::move(optimiser.prepare)](const std::vector<OptimiserInput>& inputs) {
    Gradients changed = inputs.empty() ? Gradients() : change(inputs);
    if (!inner) {
      return changed;
    }
    std::vector<OptimiserInput> next = inputs;
    for (std::size_t i = 0; i < next.size(); ++i) {
      next[i].gradient = changed[i];
    }
    return inner(next);
  };
  return optimiser;
}

/// The same for a change that looks at one variable at a time.
Optimiser with_each_gradient(Optimiser optimiser, std::function<Tensor(const OptimiserInput&)> change) {
  return with_gradients(std::move(optimiser), [change = std::move(change)](const std::vector<OptimiserInput>& inputs) {
    Gradients changed;
    for (const OptimiserInput& in : inputs) {
      changed.push_back(change(in));
    }
    return changed;
  });
}

}  // namespace

Optimiser scaled(Optimiser optimiser, Schedule factor) {
  return with_each_gradient(std::move(optimiser),
                            [factor = std::move(factor)](const OptimiserInput& in) { return factor(in.count) * in.gradient; });
}

Optimiser clipped_by_value(Optimiser optimiser, double limit) {
  require_positive("clipped_by_value", "limit", limit);
  return with_each_gradient(std::move(optimiser), [limit](const OptimiserInput& in) {
    return maximum(minimum(in.gradient, limit), -limit);
  });
}

// [clipped_by_norm]
Optimiser clipped_by_norm(Optimiser optimiser, double largest) {
  require_positive("clipped_by_norm", "largest", largest);
  return with_gradients(std::move(optimiser), [largest](const std::vector<OptimiserInput>& inputs) {
    Tensor squares = 0.0;
    for (const OptimiserInput& in : inputs) {
      squares = squares + sum(square(in.gradient));
    }
    const Tensor norm = sqrt(squares);
    const Tensor factor = select(norm < largest, 1.0, largest / norm);
    Gradients changed;
    for (const OptimiserInput& in : inputs) {
      changed.push_back(in.gradient * factor);
    }
    return changed;
  });
}
// [/clipped_by_norm]

Optimiser decayed(Optimiser optimiser, double amount, Selection decays) {
  return with_each_gradient(std::move(optimiser), [amount, decays = std::move(decays)](const OptimiserInput& in) {
    return decays({in.name, in.tags, in.value.shape()}) ? in.gradient + amount * in.value : in.gradient;
  });
}

/// With the correction for its start in the weight of the newest value, the slot itself is the average:
/// a_t = a_(t-1) + (1 - d) / (1 - d^t) (value - a_(t-1)).
Optimiser averaged(Optimiser optimiser, double decay) {
  require_decay("averaged", "decay", decay);
  if (!optimiser.slots.empty() && optimiser.slots.back() == "average") {
    throw ArgumentError("[averaged] '" + optimiser.name + "' keeps an average already; expected one");
  }
  optimiser.slots.emplace_back("average");
  optimiser.update = [decay, inner = std::move(optimiser.update)](const OptimiserInput& in) {
    OptimiserInput without = in;
    without.slots.pop_back();
    OptimiserOutput output = inner(without);
    const Tensor& before = in.slots.back();
    output.slots.push_back(before + ((1 - decay) / one_minus_power(decay, in.count + 1.0)) * (output.value - before));
    return output;
  };
  return optimiser;
}

Optimiser skipping_zeros(Optimiser optimiser) {
  optimiser.skips_zeros = true;
  return optimiser;
}

}  // namespace pcxx

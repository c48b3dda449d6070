/// Rules that say how another one relaxes, and how what it teaches compares with backpropagation.
#include "pcxx/learn/observation.h"

#include "learn/learning.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {
namespace {

/// A tensor as a direction and a length: squares of tiny gradients would vanish in f32.
struct Direction {
  Tensor norm;
  Tensor unit;  // of length 1; 0 for a zero tensor

  explicit Direction(const Tensor& x) : norm(0.0), unit(0.0) {
    const auto or_one = [](const Tensor& divisor) { return select(divisor > 0.0, divisor, 1.0); };
    const Tensor largest = max(pcxx::abs(x));
    const Tensor scaled = x / or_one(largest);
    const Tensor length = sqrt(sum(square(scaled)));
    norm = largest * length;
    unit = scaled / or_one(length);
  }
};

NamedTensors relaxation_of(Flow& flow) {
  NamedTensors seen;
  for (const auto& [name, energy] : flow.network().energies()) {
    seen.emplace_back("energy/" + name, batch_mean(flow.seen(energy)));
  }
  const std::vector<Node> nodes = flow.free_nodes();
  const std::vector<Tensor> gradients = flow.gradient(flow.network().energy(), nodes);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    seen.emplace_back("gradient/" + nodes[i].name(), batch_mean(Direction(gradients[i]).norm));
  }
  return seen;
}

/// Returns backpropagation's gradients as variables. The phase that they need ends with the loop.
std::vector<Tensor> backpropagated(Flow& flow, const std::vector<Parameter>& parameters) {
  std::vector<Tensor> kept;
  for (const Parameter& parameter : parameters) {
    kept.push_back(flow.variable("backpropagation " + parameter.name(), 0.0 * Tensor(parameter)));
  }
  flow.repeat(1, [&](const Tensor&) {
    flow.enter("predict");
    Tensor loss = 0.0;
    for (const auto& [name, energy] : target_energies(flow, "with_weight_gradients")) {
      loss = loss + energy;
    }
    const std::vector<Tensor> gradients = flow.gradient(loss, parameters);
    std::vector<std::pair<Tensor, Tensor>> assignments;
    for (std::size_t i = 0; i < kept.size(); ++i) {
      assignments.emplace_back(kept[i], gradients[i]);
    }
    flow.assign(assignments);
  });
  return kept;
}

void compare(Flow& flow, const LearningRule& rule) {
  const std::vector<Parameter> parameters = flow.network().parameters();
  const std::vector<Tensor> reference = backpropagated(flow, parameters);
  const std::vector<Tensor> taught = flow.taught_gradients();
  flow.watch_loops([&] {
    NamedTensors seen;
    const std::vector<Tensor> gradients = flow.gradient(flow.network().energy(), parameters);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const Direction here(gradients[i]);
      seen.emplace_back("norm/" + parameters[i].name(), here.norm);
      seen.emplace_back("cosine/" + parameters[i].name(), sum(here.unit * Direction(reference[i]).unit));
    }
    return seen;
  });
  rule.write(flow);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Direction back(reference[i]), own(taught[i]);
    flow.output("backpropagation/" + parameters[i].name(), back.norm);
    flow.output("taught/" + parameters[i].name(), own.norm);
    flow.output("cosine/" + parameters[i].name(), sum(own.unit * back.unit));
  }
}

}  // namespace

LearningRule with_relaxation(const LearningRule& rule) {
  return {rule.name, [rule](Flow& flow) {
            flow.watch_loops([&flow] { return relaxation_of(flow); });
            rule.write(flow);
          }};
}

LearningRule with_weight_gradients(const LearningRule& rule) {
  return {rule.name, [rule](Flow& flow) { compare(flow, rule); }};
}

}  // namespace pcxx

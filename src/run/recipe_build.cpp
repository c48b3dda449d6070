/// From a recipe to what it describes: the network and the learning rule.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "pcxx/core/errors.h"
#include "pcxx/network/layers.h"
#include "pcxx/tensor/operations.h"
#include "run/recipe_network.h"

namespace pcxx {
namespace {

/// Returns activation(W x + b) of the values below, pooled if the layer says so.
Tensor layer_prediction(const Tensor& below, const LayerRecipe& layer) {
  const Initialiser weight = initialiser_from(layer.initialiser);
  const Initialiser bias = layer.initialiser == "orthogonal" ? zeros() : weight;  // a vector has no orthonormal rows
  if (layer.channels == 0) {
    const Tensor x = below.shape().rank() == 1 ? below : reshape(below, {below.shape().elements()});
    return activate(layer.activation, linear(x, layer.width,
                                             {.bias = layer.bias, .name = layer.name, .weight = weight, .bias_initialiser = bias}));
  }
  const Tensor made = activate(layer.activation, conv2d(below, layer.channels, layer.kernel,
                                                        {.stride = layer.stride,
                                                         .padding = layer.padding,
                                                         .bias = layer.bias,
                                                         .name = layer.name,
                                                         .weight = weight,
                                                         .bias_initialiser = bias}));
  return layer.max_pool > 0       ? max_pool2d(made, layer.max_pool)
         : layer.average_pool > 0 ? avg_pool2d(made, layer.average_pool)
                                  : made;
}

/// A chain of layers, each predicted from the one below.
struct Chain : Network {
  explicit Chain(const NetworkRecipe& recipe) {
    Node below = node("input", recipe.input);
    for (const LayerRecipe& layer : recipe.layers) {
      below = add_layer(*this, below, layer, energy_from(layer.energy));
    }
  }
};

/// `updates` are those that a schedule spans which does not say how many it spans.
Schedule build_schedule(const RateRecipe& rate, Size updates);

Schedule build_sequence(const std::vector<RateRecipe>& parts, Size updates) {
  std::vector<Schedule> schedules;
  std::vector<Size> boundaries;
  Size begin = 0;
  for (const RateRecipe& part : parts) {
    const Size end = part.until > 0 ? part.until : std::max(updates, begin + 1);
    schedules.push_back(build_schedule(part, end - begin));
    boundaries.push_back(end);
    begin = end;
  }
  boundaries.pop_back();
  return joined(schedules, boundaries);
}

Schedule build_restarts(const RateRecipe& rate) {
  std::vector<WarmupCosine> cycles;
  double peak = rate.first, updates = static_cast<double>(rate.updates);
  for (Size i = 0; i < rate.cycles; ++i) {
    cycles.push_back({.first = peak, .peak = peak, .warmup = 0, .updates = std::llround(updates), .last = rate.last});
    peak *= rate.factor;
    updates *= rate.growth;
  }
  return cosine_restarts(cycles);
}

std::vector<std::pair<Size, double>> zipped(const std::vector<Size>& at, const std::vector<double>& factors) {
  std::vector<std::pair<Size, double>> pairs;
  for (std::size_t i = 0; i < at.size(); ++i) {
    pairs.emplace_back(at[i], factors[i]);
  }
  return pairs;
}

Schedule build_schedule(const RateRecipe& rate, Size updates) {
  const Size all = rate.updates > 0 ? rate.updates : updates;
  if (rate.schedule == "linear") {
    return linear_schedule(rate.first, rate.last, all);
  }
  if (rate.schedule == "cosine") {
    return cosine_schedule(rate.first, rate.last, all);
  }
  if (rate.schedule == "warmup_cosine") {
    const auto warmup =
        static_cast<Size>(std::floor(rate.warmup * static_cast<double>(all) + 1e-9));
    return warmup_cosine({.first = rate.first,
                          .peak = rate.peak,
                          .warmup = warmup,
                          .updates = all,
                          .last = rate.last});
  }
  if (rate.schedule == "cosine_restarts") {
    return build_restarts(rate);
  }
  if (rate.schedule == "step") {
    return step_schedule(rate.first, rate.factor, rate.every);
  }
  if (rate.schedule == "exponential") {
    return exponential_decay({.first = rate.first,
                              .factor = rate.factor,
                              .updates = all,
                              .begin = rate.begin,
                              .staircase = rate.staircase,
                              .last = rate.has_last ? std::optional(rate.last) : std::nullopt});
  }
  if (rate.schedule == "piecewise_constant") {
    return piecewise_constant(rate.first, zipped(rate.at, rate.factors));
  }
  if (rate.schedule == "sequence") {
    return build_sequence(rate.parts, updates);
  }
  return rate.first;
}

Optimiser build_plain(const OptimiserRecipe& recipe, const Schedule& rate) {
  const Selection decays = named(recipe.decays);
  if (recipe.optimiser == "sgd") {
    return sgd({.rate = rate, .momentum = recipe.momentum, .nesterov = recipe.nesterov});
  }
  if (recipe.optimiser == "adam") {
    return adam({.rate = rate,
                 .first_decay = recipe.first_decay,
                 .second_decay = recipe.second_decay,
                 .epsilon = recipe.epsilon});
  }
  if (recipe.optimiser == "lion") {
    return lion({.rate = rate,
                 .weight_decay = recipe.weight_decay,
                 .first_decay = recipe.first_decay,
                 .second_decay = recipe.second_decay,
                 .decays = decays});
  }
  if (recipe.optimiser == "rmsprop") {
    return rmsprop({.rate = rate,
                    .decay = recipe.decay,
                    .epsilon = recipe.epsilon,
                    .centred = recipe.centred,
                    .momentum = recipe.momentum,
                    .nesterov = recipe.nesterov,
                    .initial = recipe.initial,
                    .epsilon_in_root = recipe.epsilon_in_root});
  }
  if (recipe.optimiser == "frozen") {
    return frozen();
  }
  return adamw({.rate = rate,
                .weight_decay = recipe.weight_decay,
                .first_decay = recipe.first_decay,
                .second_decay = recipe.second_decay,
                .epsilon = recipe.epsilon,
                .decays = decays});
}

/// Gradients are scaled, then limited, then joined by what decays them.
Optimiser build_optimiser(const OptimiserRecipe& recipe, Size updates) {
  Optimiser result = build_plain(recipe, build_schedule(recipe.rate, updates));
  if (recipe.l2 > 0) {
    result = decayed(std::move(result), recipe.l2, named(recipe.decays));
  }
  if (recipe.clip_norm > 0) {
    result = clipped_by_norm(std::move(result), recipe.clip_norm);
  }
  if (recipe.clip_value > 0) {
    result = clipped_by_value(std::move(result), recipe.clip_value);
  }
  if (recipe.gradient_scale != 1) {
    result = scaled(std::move(result), recipe.gradient_scale);
  }
  return recipe.average > 0 ? averaged(std::move(result), recipe.average) : result;
}

Optimisers build_weights(const std::vector<OptimiserRecipe>& recipes, Size updates) {
  if (recipes.size() == 1 && recipes.front().parameters == "*") {
    return build_optimiser(recipes.front(), updates);
  }
  std::vector<OptimiserGroup> groups;
  for (const OptimiserRecipe& recipe : recipes) {
    groups.push_back({named(recipe.parameters), build_optimiser(recipe, updates), {}});
  }
  return groups;
}

LearningRule build_rule_with(const Recipe& recipe, Optimisers weights) {
  if (recipe.rule.name == "bp") {
    return Backpropagation{.weights = std::move(weights)};
  }
  return PredictiveCoding{.steps = recipe.rule.steps,
                          .values = build_optimiser(recipe.rule.values, recipe.rule.steps),
                          .weights = std::move(weights)};
}

}  // namespace

Node add_layer(Network& network, const Tensor& below, const LayerRecipe& layer, const Energy& energy) {
  const Tensor prediction = layer_prediction(below, layer);
  return network.node(layer.name, prediction.shape(), prediction, energy);
}

std::unique_ptr<Network> build_network(const Recipe& recipe) {
  return std::make_unique<Chain>(recipe.network);
}

LearningRule build_rule(const Recipe& recipe, Size updates) {
  return build_rule_with(recipe, build_weights(recipe.weights, updates));
}

bool averages(const Recipe& recipe) {
  return std::any_of(recipe.weights.begin(), recipe.weights.end(),
                     [](const OptimiserRecipe& group) { return group.average > 0; });
}

LearningRule build_rule_without_learning(const Recipe& recipe) {
  return {"evaluation", [rule = build_rule_with(recipe, sgd({.rate = 0.0}))](Flow& flow) {
            flow.mode(Mode::evaluation);
            rule.write(flow);
          }};
}

}  // namespace pcxx

/// From a recipe to what it describes: the network and the learning rule.
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "pcxx/core/errors.h"
#include "pcxx/network/layers.h"
#include "pcxx/run/recipe.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {
namespace {

/// A chain of layers: each node is activation(W x + b) of the node below.
struct Chain : Network {
  explicit Chain(const NetworkRecipe& recipe) {
    Tensor below = node("input", {recipe.input});
    for (const LayerRecipe& layer : recipe.layers) {
      const Initialiser initialiser = initialiser_from(layer.initialiser);
      const Initialiser bias = layer.initialiser == "orthogonal"
                                   ? zeros()
                                   : initialiser;  // a vector has no orthonormal rows
      const LinearOptions options{
          .bias = layer.bias, .name = layer.name, .weight = initialiser, .bias_initialiser = bias};
      const Tensor prediction = activate(layer.activation, linear(below, layer.width, options));
      below = node(layer.name, {layer.width}, prediction, energy_from(layer.energy));
    }
  }
};

Schedule build_schedule(const RateRecipe& rate, Size updates) {
  const Size all = rate.updates > 0 ? rate.updates : updates;
  if (rate.schedule == "linear") {
    return linear_schedule(rate.first, rate.last, all);
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
  if (rate.schedule == "step") {
    return step_schedule(rate.first, rate.factor, rate.every);
  }
  return rate.first;
}

Optimiser build_optimiser(const OptimiserRecipe& recipe, Size updates) {
  const Schedule rate = build_schedule(recipe.rate, updates);
  if (recipe.optimiser == "sgd") {
    return sgd({.rate = rate, .momentum = recipe.momentum, .nesterov = recipe.nesterov});
  }
  if (recipe.optimiser == "adam") {
    return adam({.rate = rate,
                 .first_decay = recipe.first_decay,
                 .second_decay = recipe.second_decay,
                 .epsilon = recipe.epsilon});
  }
  return adamw({.rate = rate,
                .weight_decay = recipe.weight_decay,
                .first_decay = recipe.first_decay,
                .second_decay = recipe.second_decay,
                .epsilon = recipe.epsilon});
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

std::unique_ptr<Network> build_network(const Recipe& recipe) {
  return std::make_unique<Chain>(recipe.network);
}

LearningRule build_rule(const Recipe& recipe, Size updates) {
  return build_rule_with(recipe, build_weights(recipe.weights, updates));
}

LearningRule build_rule_without_learning(const Recipe& recipe) {
  return {"evaluation", [rule = build_rule_with(recipe, sgd({.rate = 0.0}))](Flow& flow) {
            flow.mode(Mode::evaluation);
            rule.write(flow);
          }};
}

}  // namespace pcxx

/// Looking at a recipe: nodes, parameters, plan and costs.
#include "pcxx/run/inspection.h"

#include <fmt/format.h>

#include <chrono>

#include "pcxx/run/trainer.h"

namespace pcxx {
namespace {

/// Returns a layer's prediction in words: "linear 784 to 128, gelu", "convolution 3x3, 3 to 128, gelu, maximum pool 2".
std::string described(const LayerRecipe& layer, const Shape& below) {
  std::string text = layer.channels == 0
                         ? fmt::format("linear {} to {}", below.elements(), layer.width)
                         : fmt::format("convolution {0}x{0}, {1} to {2}", layer.kernel, below[0], layer.channels);
  if (layer.stride > 1) {
    text += fmt::format(", stride {}", layer.stride);
  }
  if (layer.activation != "identity") {
    text += ", " + layer.activation;
  }
  if (layer.max_pool > 0 || layer.average_pool > 0) {
    text += layer.max_pool > 0 ? fmt::format(", maximum pool {}", layer.max_pool)
                               : fmt::format(", average pool {}", layer.average_pool);
  }
  return text;
}

}  // namespace

Inspection inspect(const Recipe& recipe) {
  const auto start = std::chrono::steady_clock::now();
  const std::unique_ptr<Network> network = build_network(recipe);
  const Node input = network->node_named("input"), label = network->node_named("label");
  Trainer trainer(*network, build_rule(recipe, 1),
                  {.device = recipe.device,
                   .precision = recipe.precision,
                   .seed = recipe.seed,
                   .threads = recipe.threads});
  const Executor& executor = trainer.executor({input, label});

  Inspection result;
  result.compile_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.nodes.push_back({input.name(), input.shape(), true, false, "", ""});
  Shape below = recipe.network.input;
  for (const LayerRecipe& layer : recipe.network.layers) {
    const Node node = network->node_named(layer.name);
    result.nodes.push_back({layer.name, node.shape(), node == label, true, described(layer, below), layer.energy});
    below = node.shape();
  }
  for (const Parameter& parameter : network->parameters()) {
    result.parameters.push_back(
        {parameter.name(), parameter.shape(), parameter.shape().elements()});
    result.parameter_count += parameter.shape().elements();
  }
  for (const auto& [symbol, entry] : trainer.state().entries()) {
    result.state_bytes += static_cast<Size>(entry.array.bytes());
  }
  result.batch = recipe.data.batch;
  result.plan = executor.explain();
  result.program = executor.program();
  result.flops = executor.flops(recipe.data.batch);
  result.working_bytes = executor.bytes(recipe.data.batch);
  return result;
}

}  // namespace pcxx

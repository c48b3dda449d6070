/// Timing training steps: two moons and multilayer perceptrons, as PCX's tutorial and benchmark
/// have them.
#include "pcxx/run/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "pcxx/core/errors.h"
#include "pcxx/data/fashion_mnist.h"
#include "pcxx/data/generators.h"
#include "pcxx/run/recipe.h"
#include "pcxx/run/trainer.h"

namespace pcxx {
namespace {

using Clock = std::chrono::steady_clock;

/// What is trained on what.
struct Work {
  Recipe recipe;
  Array inputs;   // (samples, features)
  Array targets;  // (samples, classes)
  Size batch;
  Size updates;  // training steps; batches are taken in order, again and again
};

Recipe recipe_for(std::vector<Size> widths, const char* activation, const char* energy, Size steps,
                  double value_rate, double weight_rate) {
  Recipe recipe;
  recipe.network.input = widths.front();
  for (std::size_t i = 1; i < widths.size(); ++i) {
    const bool last = i + 1 == widths.size();
    recipe.network.layers.push_back({last ? "label" : fmt::format("hidden{}", i), widths[i],
                                     last ? "identity" : activation,
                                     last ? energy : "squared_error"});
  }
  recipe.rule.steps = steps;
  recipe.rule.values = {.optimiser = "sgd", .rate = {.first = value_rate}};
  recipe.weights = {{.optimiser = "adamw", .rate = {.first = weight_rate}}};
  return recipe;
}

Work two_moons_work() {
  constexpr Size kBatch = 32;
  Dataset data = two_moons({.samples = 1024, .noise = 0.2, .seed = 42});
  const Size updates = 8 * data.size() / kBatch;
  Array targets = one_hot(data.labels.as<std::int32_t>(), data.classes);
  return {recipe_for({2, 32, 32, 2}, "leaky_relu", "categorical", 8, 1e-2, 1e-2),
          std::move(data.inputs), std::move(targets), kBatch, updates};
}

Work mlp_work(const BenchOptions& options) {
  Dataset data = load_fashion_mnist({.folder = options.data}).train;
  const Size updates = std::min(options.repeat, data.size() / options.batch);
  if (updates < 3) {
    throw ArgumentError(fmt::format(
        "[bench] {} batches of {} are too few; at least 3 are needed, the first two are not timed",
        updates, options.batch));
  }
  Array targets = one_hot(data.labels.as<std::int32_t>(), data.classes);
  const Size width = options.width;
  return {recipe_for({784, width, width, width, 10}, "gelu", "squared_error", options.steps, 0.05,
                     1e-3),
          std::move(data.inputs), std::move(targets), options.batch, updates};
}

BenchResult time_steps(const Work& work, const BenchOptions& options) {
  const Size features = work.recipe.network.input,
             classes = work.recipe.network.layers.back().width;
  const Size batches = work.inputs.shape()[0] / work.batch;
  const float* inputs = work.inputs.as<float>().data();
  const float* targets = work.targets.as<float>().data();

  BenchResult result;
  std::vector<double> milliseconds;
  auto start = Clock::now();
  const std::unique_ptr<Network> network = build_network(work.recipe);
  const auto building = Clock::now() - start;
  const Node input = network->node_named("input"), label = network->node_named("label");
  Trainer trainer(*network, build_rule(work.recipe, work.updates),
                  {.device = options.device,
                   .precision = options.precision,
                   .seed = 0,
                   .threads = options.threads,
                   .known_zeros = options.known_zeros,
                   .hoist = options.hoist});
  start = Clock::now() - building;  // without the drawing of parameters, which PCX's figure leaves out too
  std::vector<NodeData> data{{input, nullptr}, {label, nullptr}};
  for (Size update = 0; update < work.updates; ++update) {
    const Size first = update % batches * work.batch;
    data[0].rows = inputs + first * features;
    data[1].rows = targets + first * classes;
    result.energy = trainer.step(work.batch, data).energy;
    const auto now = Clock::now();
    milliseconds.push_back(std::chrono::duration<double, std::milli>(now - start).count());
    start = now;
  }
  result.first_step_seconds = milliseconds.front() / 1e3;
  milliseconds.erase(milliseconds.begin(), milliseconds.begin() + 2);
  std::sort(milliseconds.begin(), milliseconds.end());
  const std::size_t count = milliseconds.size();
  result.median_ms = (milliseconds[(count - 1) / 2] + milliseconds[count / 2]) / 2;
  result.min_ms = milliseconds.front();
  result.steps_timed = static_cast<Size>(count);
  result.flops = trainer.executor({input, label}).flops(work.batch);
  result.threads =
      options.threads > 0 ? options.threads : static_cast<int>(std::thread::hardware_concurrency());
  return result;
}

}  // namespace

BenchResult bench(const BenchOptions& options) {
  if (options.width < 1 || options.batch < 1 || options.steps < 0) {
    throw ArgumentError(
        fmt::format("[bench] width {}, batch {} and steps {} must be at least 1, 1 and 0",
                    options.width, options.batch, options.steps));
  }
  if (options.work == "moons") {
    return time_steps(two_moons_work(), options);
  }
  if (options.work == "mlp") {
    return time_steps(mlp_work(options), options);
  }
  throw ArgumentError(fmt::format("[bench] unknown work '{}'; known: mlp, moons", options.work));
}

}  // namespace pcxx

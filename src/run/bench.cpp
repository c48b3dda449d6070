/// Timing training steps: two moons, multilayer perceptrons and convolutional networks, as PCX's tutorials and benchmark
/// have them.
#include "pcxx/run/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "pcxx/core/errors.h"
#include "pcxx/core/random.h"
#include "pcxx/data/fashion_mnist.h"
#include "pcxx/data/generators.h"
#include "pcxx/learn/rules.h"
#include "pcxx/network/layers.h"
#include "pcxx/run/models.h"
#include "pcxx/run/trainer.h"
#include "pcxx/tensor/operations.h"
#include "run/machine.h"

namespace pcxx {
namespace {

using Clock = std::chrono::steady_clock;

/// What is trained on what.
struct Work {
  std::function<std::unique_ptr<Network>()> network;  // with nodes "input" and "label"
  LearningRule rule;
  Array inputs;   // (samples, ...)
  Array targets;  // (samples, classes)
  Size batch;
  Size updates;  // training steps; batches are taken in order, again and again
};

Optimiser value_optimiser() { return sgd({.rate = 0.05}); }

/// A perceptron of these widths with the same activation in all hidden nodes.
std::unique_ptr<Network> perceptron(const std::vector<Size>& widths, const char* activation, const Energy& output) {
  auto network = std::make_unique<Network>();
  Tensor x = network->node("input", {widths.front()});
  for (std::size_t i = 1; i + 1 < widths.size(); ++i) {
    x = network->node(fmt::format("hidden{}", i), {widths[i]}, activate(activation, linear(x, widths[i])));
  }
  network->node("label", {widths.back()}, linear(x, widths.back()), output);
  return network;
}

LearningRule rule_of(const BenchOptions& options, const Optimiser& values, const Optimiser& weights) {
  if (options.rule == "bp") {
    return Backpropagation{.weights = weights};
  }
  if (options.rule != "pc") {
    throw ArgumentError(fmt::format("[bench] unknown rule '{}'; known: pc, bp", options.rule));
  }
  return PredictiveCoding{.steps = options.steps, .values = values, .weights = weights};
}

Work two_moons_work(BenchOptions options) {
  constexpr Size kBatch = 32;
  options.steps = 8;
  Dataset data = two_moons({.samples = 1024, .noise = 0.2, .seed = 42});
  const Size updates = 8 * data.size() / kBatch;
  Array targets = one_hot(data.labels.as<std::int32_t>(), data.classes);
  return {[] { return perceptron({2, 32, 32, 2}, "leaky_relu", categorical()); },
          rule_of(options, sgd({.rate = 1e-2}), adamw({.rate = 1e-2})), std::move(data.inputs), std::move(targets), kBatch, updates};
}

Work mlp_work(const BenchOptions& options) {
  Dataset data = load_fashion_mnist({.folder = options.data}).train;
  const Size updates = std::min(options.repeat, data.size() / options.batch);
  Array targets = one_hot(data.labels.as<std::int32_t>(), data.classes);
  return {[width = options.width] { return perceptron({784, width, width, width, 10}, "gelu", squared_error()); },
          rule_of(options, value_optimiser(), adamw({.rate = 1e-3})), std::move(data.inputs), std::move(targets), options.batch, updates};
}

/// One batch of noise again and again, with labels in turn.
Work picture_work(const BenchOptions& options, std::unique_ptr<Network> (*make)(const PictureModelOptions&), const Energy& output) {
  const PictureModelOptions model{.output = output};
  Array inputs(Shape{options.batch, model.picture.elements()}, ElementType::f32);
  RandomStream random(0, stream_from("bench/pictures"));
  for (float& x : inputs.as<float>()) {
    x = static_cast<float>(random.normal());
  }
  std::vector<std::int32_t> labels(static_cast<std::size_t>(options.batch));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    labels[i] = static_cast<std::int32_t>(static_cast<Size>(i) % model.classes);
  }
  return {[=] { return make(model); }, rule_of(options, value_optimiser(), adamw({.rate = 1e-3})), std::move(inputs),
          one_hot(labels, model.classes), options.batch, options.repeat};
}

Work work_of(const BenchOptions& options) {
  if (options.work == "moons") {
    return two_moons_work(options);
  }
  if (options.work == "mlp") {
    return mlp_work(options);
  }
  if (options.work == "vgg5") {
    return picture_work(options, vgg5, squared_error());
  }
  if (options.work == "alexnet") {
    return picture_work(options, alexnet, categorical());
  }
  throw ArgumentError(fmt::format("[bench] unknown work '{}'; known: alexnet, mlp, moons, vgg5", options.work));
}

TrainerOptions trainer_options(const BenchOptions& options) {
  return {.device = options.device,
          .precision = options.precision,
          .seed = 0,
          .threads = options.threads,
          .known_zeros = options.known_zeros,
          .hoist = options.hoist};
}

constexpr Size kNotTimed = 2;  // steps: the first compiles, the second still finds caches cold

/// A trainer that is given the batches of a work in turn.
class Training {
 public:
  Training(const Work& work, const Network& network, const BenchOptions& options)
      : work_(work), input_(network.node_named("input")), label_(network.node_named("label")),
        trainer_(network, work.rule, trainer_options(options)), batches_(work.inputs.shape()[0] / work.batch) {}

  Trainer& trainer() { return trainer_; }
  const Executor& executor() { return trainer_.executor({input_, label_}); }

  /// Returns the rows of the next batch; after the last comes the first.
  std::vector<NodeData> next() {
    const Size first = update_++ % batches_ * work_.batch;
    return {{input_, work_.inputs.as<float>().data() + first * work_.inputs.shape()[1]},
            {label_, work_.targets.as<float>().data() + first * work_.targets.shape()[1]}};
  }

 private:
  const Work& work_;
  Node input_, label_;
  Trainer trainer_;
  Size batches_, update_ = 0;
};

BenchResult time_steps(const Work& work, const BenchOptions& options) {
  BenchResult result;
  std::vector<double> milliseconds;
  auto start = Clock::now();
  const std::unique_ptr<Network> network = work.network();
  const auto building = Clock::now() - start;
  Training training(work, *network, options);
  start = Clock::now() - building;  // without the drawing of parameters, which PCX's figure leaves out too
  for (Size update = 0; update < work.updates; ++update) {
    result.energy = training.trainer().step(work.batch, training.next()).energy;
    const auto now = Clock::now();
    milliseconds.push_back(std::chrono::duration<double, std::milli>(now - start).count());
    start = now;
  }
  result.first_step_seconds = milliseconds.front() / 1e3;
  milliseconds.erase(milliseconds.begin(), milliseconds.begin() + kNotTimed);
  std::sort(milliseconds.begin(), milliseconds.end());
  const std::size_t count = milliseconds.size();
  result.median_ms = (milliseconds[(count - 1) / 2] + milliseconds[count / 2]) / 2;
  result.min_ms = milliseconds.front();
  result.steps_timed = static_cast<Size>(count);
  result.flops = training.executor().flops(work.batch);
  result.bytes = training.executor().bytes(work.batch);
  for (const auto& [name, array] : training.trainer().state().arrays()) {
    result.bytes += static_cast<Size>(array.bytes());
  }
  result.threads = threads_used(options.threads);
  return result;
}

/// Returns the work if there are steps to be timed.
Work timed_work(const BenchOptions& options) {
  if (options.width < 1 || options.batch < 1 || options.steps < 0) {
    throw ArgumentError(
        fmt::format("[bench] width {}, batch {} and steps {} must be at least 1, 1 and 0",
                    options.width, options.batch, options.steps));
  }
  Work work = work_of(options);
  if (work.updates <= kNotTimed) {
    throw ArgumentError(fmt::format("[bench] {} batches of {} are too few; at least {} are needed, the first two are not timed",
                                    work.updates, work.batch, kNotTimed + 1));
  }
  return work;
}

}  // namespace

BenchResult bench(const BenchOptions& options) {
  return time_steps(timed_work(options), options);
}

std::vector<Profile> bench_profiles(const BenchOptions& options) {
  const Work work = timed_work(options);
  const std::unique_ptr<Network> network = work.network();
  Training training(work, *network, options);
  std::vector<Profile> profiles;
  for (Size update = 0; update < work.updates; ++update) {
    Profile profile = training.trainer().profile(work.batch, training.next());
    if (update >= kNotTimed) {
      profiles.push_back(std::move(profile));
    }
  }
  return profiles;
}

std::string bench_plan(const BenchOptions& options) {
  const Work work = work_of(options);
  const std::unique_ptr<Network> network = work.network();
  return Training(work, *network, options).executor().explain();
}

}  // namespace pcxx

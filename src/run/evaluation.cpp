/// Judging a network: accuracy of its forward pass, energies after its relaxation.
#include "run/evaluation.h"

#include <algorithm>

#include "pcxx/core/errors.h"
#include "pcxx/data/loader.h"
#include "pcxx/learn/parameter_groups.h"
#include "pcxx/run/trainer.h"
#include "pcxx/run/training.h"
#include "run/datasets.h"

namespace pcxx {
namespace {

constexpr Size kBatch = 1000;  // samples at a time

/// Adds the energies of one batch to sums over samples.
void add(Evaluation& sums, const StepReport& report, Size samples) {
  const auto weight = static_cast<double>(samples);
  sums.energy += weight * report.energy;
  sums.nodes.resize(report.nodes.size());
  for (std::size_t i = 0; i < report.nodes.size(); ++i) {
    sums.nodes[i].first = report.nodes[i].first;
    sums.nodes[i].second += weight * report.nodes[i].second;
  }
}

}  // namespace

Loader test_loader(const Dataset& data, const DataRecipe& recipe) {
  return Loader(data, {.batch = std::clamp<Size>(data.size(), 1, kBatch),
                       .shuffle = false,
                       .prefetch = recipe.prefetch,
                       .threads = recipe.threads});
}

ConfusionMatrix confusion_on(const Dataset& data, const DataRecipe& recipe,
                             const std::function<Array(Size samples, const float* rows)>& predict) {
  if (data.size() == 0) {
    throw ArgumentError("[accuracy] there are no samples");
  }
  const Loader loader = test_loader(data, recipe);
  ConfusionMatrix matrix;
  for (const Batch& batch : loader.epoch(0)) {
    matrix.add(predict(batch.size, batch.inputs.data()), batch.labels);
  }
  return matrix;
}

Evaluation evaluate(const Checkpoint& checkpoint, const Recipe& recipe) {
  const Split data = load_data(recipe.data);
  check_fit(recipe, data);
  const std::unique_ptr<Network> network = build_network(recipe);
  const Node input = network->node_named("input"), label = network->node_named("label");
  const TrainerOptions options{.device = recipe.device,
                               .precision = recipe.precision,
                               .seed = recipe.seed,
                               .threads = recipe.threads,
                               .averages = averages(recipe)};

  Trainer trained(*network, build_rule(recipe, 1), options);
  trained.restore(checkpoint.arrays, checkpoint.progress.step, {input, label});
  Evaluation result{.samples = data.test.size(), .accuracy = 0, .energy = 0, .nodes = {}, .confusion = {}};
  result.confusion = confusion_on(data.test, recipe.data, [&](Size samples, const float* rows) {
    return trained.predict(label, samples, {{input, rows}});
  });
  result.accuracy = result.confusion.accuracy();

  Trainer relaxing(*network, build_rule_without_learning(recipe), options);
  const State learned = averages(recipe) ? with_averages(*network, trained.state()) : trained.state();
  for (const auto& kept : {network->parameters(), network->layer_state()}) {
    for (const Parameter& parameter : kept) {
      relaxing.state().at(parameter.name()) = learned.at(parameter.name());
    }
  }
  const Loader loader = test_loader(data.test, recipe.data);
  for (const Batch& batch : loader.epoch(0)) {
    add(result,
        relaxing.step(batch.size, {{input, batch.inputs.data()}, {label, batch.targets.data()}}),
        batch.size);
  }
  result.energy /= static_cast<double>(result.samples);
  for (auto& [name, energy] : result.nodes) {
    energy /= static_cast<double>(result.samples);
  }
  return result;
}

}  // namespace pcxx

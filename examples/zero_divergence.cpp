/// Z-IL: predictive coding that makes backpropagation's updates, layer by layer, and a hybrid that goes on relaxing.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include <pcxx/pcxx.h>

using namespace pcxx;

struct Classifier : Network {
  Node point = node("point", {2});
  Node label = node("label", {2});
  Classifier() {
    const Node low = node("low", {32}, leaky_relu(linear(point, 32)));
    const Node high = node("high", {32}, leaky_relu(linear(low, 32)));
    predict(label, linear(high, 2), categorical());
  }
};

const Optimiser kWeights = sgd({.rate = 0.2, .momentum = 0.9, .nesterov = true});

/// Test accuracy after each of eight epochs of four batches.
std::vector<double> accuracies(const LearningRule& rule, std::uint64_t seed, NamedArrays* parameters = nullptr) {
  const Dataset data = two_moons({.samples = 1024, .noise = 0.2, .seed = 42});
  const Dataset test = two_moons({.samples = 1024, .noise = 0.2, .seed = 0});
  const Array targets = one_hot(test.labels.as<std::int32_t>(), 2);
  const Classifier net;
  Trainer trainer(net, rule, {.seed = seed});
  const Loader loader(data, {.batch = 256, .seed = seed});
  std::vector<double> result;
  for (Size epoch = 0; epoch < 8; ++epoch) {
    for (const Batch& batch : loader.epoch(epoch)) {
      trainer.step(batch.size, {{net.point, batch.inputs.data()}, {net.label, batch.targets.data()}});
    }
    result.push_back(trainer.accuracy(net.label, targets, {{net.point, test.inputs}}));
  }
  for (const Parameter& parameter : net.parameters()) {
    if (parameters != nullptr) {
      parameters->insert_or_assign(parameter.name(), trainer.state().at(parameter.name()));
    }
  }
  return result;
}

double largest_difference(const NamedArrays& a, const NamedArrays& b) {
  double largest = 0;
  for (const auto& [name, array] : a) {
    const auto other = b.at(name).as<float>();
    for (std::size_t i = 0; i < other.size(); ++i) {
      largest = std::max(largest, std::abs(static_cast<double>(array.as<float>()[i]) - static_cast<double>(other[i])));
    }
  }
  return largest;
}

int main() {
  NamedArrays by_zil, by_backpropagation;
  accuracies(ZeroDivergence{.weights = kWeights}, 0, &by_zil);
  accuracies(Backpropagation{.weights = kWeights}, 0, &by_backpropagation);
  const double difference = largest_difference(by_zil, by_backpropagation);
  std::printf("Z-IL and backpropagation, 32 updates from one start: parameters differ by %.1e at most\n\n", difference);

  constexpr std::uint64_t kSeeds = 8;
  const std::vector<std::pair<const char*, LearningRule>> rules = {
      {"Z-IL", ZeroDivergence{.weights = kWeights}},
      {"hybrid, T 8", ZeroDivergence{.steps = 8, .later_rate = 0.1, .weights = kWeights}}};
  std::printf("mean test accuracy of %d seeds   4 epochs   8 epochs\n", static_cast<int>(kSeeds));
  for (const auto& [name, rule] : rules) {
    double half = 0, whole = 0;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      const std::vector<double> each = accuracies(rule, seed);
      half += each[3] / kSeeds;
      whole += each[7] / kSeeds;
    }
    std::printf("%-30s %9.4f  %9.4f\n", name, half, whole);
  }
  return difference < 1e-4 ? 0 : 1;
}

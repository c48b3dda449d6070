/// Two moons: one network, taught by predictive coding and by backpropagation, and what it has learnt as a picture.
///
/// two_moons [DATA.npz]   with train_inputs, train_labels, test_inputs and test_labels, to compare with another program;
///                        ends with 1 if a mean accuracy is below 0.95
#include <cstdio>
#include <string>
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

Split made_or_read(int count, char** arguments) {
  if (count < 2) {
    return {two_moons({.samples = 1024, .noise = 0.2, .seed = 42}), two_moons({.samples = 512, .noise = 0.2, .seed = 0})};
  }
  const NamedArrays arrays = load_npz(arguments[1]).arrays;
  const auto set = [&](const std::string& part) {
    return Dataset{.inputs = arrays.at(part + "_inputs"), .labels = arrays.at(part + "_labels"), .classes = 2};
  };
  return {set("train"), set("test")};
}

Trainer trained(const Classifier& net, const LearningRule& rule, std::uint64_t seed, const Dataset& data) {
  Trainer trainer(net, rule, {.seed = seed});
  const Loader loader(data, {.batch = 32, .seed = seed});
  for (Size epoch = 0; epoch < 8; ++epoch) {
    for (const Batch& batch : loader.epoch(epoch)) {
      trainer.step(batch.size, {{net.point, batch.inputs.data()}, {net.label, batch.targets.data()}});
    }
  }
  return trainer;
}

/// Prints which class the network sees where: x from -1.5 to 2.5, y from 1.5 down to -1.
void draw(const Classifier& net, Trainer& trainer) {
  constexpr Size kRows = 16, kColumns = 64;
  Array points({kRows * kColumns, 2}, ElementType::f32);
  for (Size i = 0; i < kRows * kColumns; ++i) {
    const auto at = points.as<float>().subspan(static_cast<std::size_t>(2 * i), 2);
    at[0] = -1.5F + 4.0F * static_cast<float>(i % kColumns) / (kColumns - 1);
    at[1] = 1.5F - 2.5F * static_cast<float>(i / kColumns) / (kRows - 1);
  }
  const Array logits = trainer.predict(net.label, {{net.point, points}});
  for (std::size_t i = 0; i < kRows * kColumns; ++i) {
    std::putchar(logits.as<float>()[2 * i] > logits.as<float>()[2 * i + 1] ? '.' : '#');
    if ((i + 1) % kColumns == 0) {
      std::putchar('\n');
    }
  }
}

int main(int count, char** arguments) {
  const Split data = made_or_read(count, arguments);
  const Array targets = one_hot(data.test.labels.as<std::int32_t>(), 2);
  const PredictiveCoding pc{.steps = 8,
                            .values = sgd({.rate = 0.01, .momentum = 0.5, .nesterov = true}),
                            .weights = adamw({.rate = 0.01})};
  const Backpropagation bp{.weights = adamw({.rate = 0.01})};
  constexpr std::uint64_t kSeeds = 8;
  bool learnt = true;
  for (const LearningRule& rule : std::vector<LearningRule>{pc, bp}) {
    double sum = 0;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      const Classifier net;
      Trainer trainer = trained(net, rule, seed, data.train);
      sum += trainer.accuracy(net.label, targets, {{net.point, data.test.inputs}});
      if (seed + 1 == kSeeds) {
        draw(net, trainer);
      }
    }
    std::printf("%s: test accuracy %.4f, mean of %d seeds\n", rule.name.c_str(), sum / kSeeds, static_cast<int>(kSeeds));
    learnt = learnt && sum / kSeeds >= 0.95;
  }
  return learnt ? 0 : 1;
}

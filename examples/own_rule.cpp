/// A learning rule of one's own: incremental predictive coding, whose weights learn at every
/// inference step.
#include <cstdio>

#include <pcxx/pcxx.h>

using namespace pcxx;

// [own_rule]
/// Values and weights move together, T times a batch, along gradients of one energy at one point
/// (Salvatori et al. 2024).
LearningRule incremental(Size steps, const Optimiser& value_optimiser,
                         const Optimiser& weight_optimiser) {
  return {"incremental", [=](Flow& f) {
            const Network& net = f.network();
            f.enter("start");  // every node takes its prediction, then the data is clamped
            auto values = f.optimiser(value_optimiser, f.free_nodes());
            auto weights = f.optimiser(weight_optimiser, net.parameters());
            f.repeat(steps, [&](const Tensor&) {
              f.together([&] {  // both read the state before
                values.step(f.gradient(net.energy(), f.free_nodes()));
                weights.step(f.gradient(net.energy(), net.parameters()));
              });
            });
            f.output("energy", batch_mean(net.energy()));
          }};
}
// [/own_rule]

struct Classifier : Network {
  Node point = node("point", {2});
  Node label = node("label", {2});
  Classifier() {
    const Node low = node("low", {32}, leaky_relu(linear(point, 32)));
    const Node high = node("high", {32}, leaky_relu(linear(low, 32)));
    predict(label, linear(high, 2));
  }
};

int main() {
  const Dataset train = two_moons({.samples = 1024, .noise = 0.2, .seed = 42});
  const Dataset test = two_moons({.samples = 512, .noise = 0.2, .seed = 0});
  Classifier net;
  Trainer trainer(net, incremental(8, sgd({.rate = 0.3}), adamw({.rate = 1e-3})));
  const Loader loader(train, {.batch = 32});
  for (Size epoch = 0; epoch < 8; ++epoch) {
    StepReport report;
    for (const Batch& batch : loader.epoch(epoch)) {
      report = trainer.step(batch.size,
                            {{net.point, batch.inputs.data()}, {net.label, batch.targets.data()}});
    }
    std::printf("epoch %d: energy %.4f\n", static_cast<int>(epoch) + 1, report.energy);
  }
  const Array targets = one_hot(test.labels.as<std::int32_t>(), test.classes);
  std::printf("test accuracy %.4f\n",
              trainer.accuracy(net.label, targets, {{net.point, test.inputs}}));
}

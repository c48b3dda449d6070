/// Quick start: describe a predictive coding network, choose a rule, train it, test it.
// [quick_start]
#include <cstdio>

#include <pcxx/pcxx.h>

using namespace pcxx;

struct Classifier : Network {
  Node point = node("point", {2});
  Node label = node("label", {2});
  explicit Classifier(Size width) {
    // A node, what predicts it, and the energy between the two: squared error, if nothing else is said.
    Node low = node("low", {width}, gelu(linear(point, width)));
    Node high = node("high", {width}, gelu(linear(low, width)));
    predict(label, linear(high, 2), categorical());
  }
};

int main() {
  const Dataset train = two_moons({.samples = 1024, .noise = 0.2, .seed = 42});
  const Dataset test = two_moons({.samples = 512, .noise = 0.2, .seed = 0});

  Classifier net(32);
  PredictiveCoding rule{
      .steps = 8, .values = sgd({.rate = 0.01, .momentum = 0.5}), .weights = adamw({.rate = 0.01})};
  Trainer trainer(net, rule, {.device = "cpu", .seed = 0});

  const Loader loader(train, {.batch = 32, .seed = 0});
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
// [/quick_start]

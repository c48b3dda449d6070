/// Gradient analysis: why the best rate of the values falls with the width, and where weight gradients get lost.
///
/// gradient_analysis [full]   all widths and rates instead of a few
#include <cstdio>
#include <string>
#include <vector>

#include <pcxx/pcxx.h>

using namespace pcxx;

struct Classifier : Network {
  Node point = node("point", {2});
  Node label = node("label", {2});
  explicit Classifier(Size width) {
    Tensor below = point;
    for (const char* name : {"first", "second", "third"}) {
      below = node(name, {width}, leaky_relu(linear(below, width)));
    }
    predict(label, linear(below, 2), categorical());
  }
};

const Dataset& train_set() {
  static const Dataset set = two_moons({.samples = 512, .noise = 0.2, .seed = 42});
  return set;
}

/// Calls after_step(trainer) after each batch of four epochs.
template <class AfterStep>
void train(const Classifier& net, Trainer& trainer, AfterStep&& after_step) {
  const Loader loader(train_set(), {.batch = 64});
  for (Size epoch = 0; epoch < 4; ++epoch) {
    for (const Batch& batch : loader.epoch(epoch)) {
      trainer.step(batch.size, {{net.point, batch.inputs.data()}, {net.label, batch.targets.data()}});
      after_step(trainer);
    }
  }
}

double accuracy_after_training(Size width, double value_rate, double weight_rate) {
  const Dataset test = two_moons({.samples = 256, .noise = 0.2, .seed = 0});
  const Classifier net(width);
  Trainer trainer(net, PredictiveCoding{
                           .steps = 8, .values = sgd({.rate = value_rate}), .weights = adamw({.rate = weight_rate})});
  try {
    train(net, trainer, [](const Trainer&) {});
  } catch (const DivergenceError&) {
    return 0;
  }
  return trainer.accuracy(net.label, one_hot(test.labels.as<std::int32_t>(), 2), {{net.point, test.inputs}});
}

/// Prints accuracies, widths down and rates of the values across.
void print_table(const std::string& title, const std::vector<Size>& widths, const std::vector<double>& rates,
                 double (*weight_rate)(Size width)) {
  std::printf("\ntest accuracy, %s\nwidth", title.c_str());
  for (const double rate : rates) {
    std::printf("%8g", rate);
  }
  for (const Size width : widths) {
    std::printf("\n%5d", static_cast<int>(width));
    for (const double rate : rates) {
      std::printf("%8.3f", accuracy_after_training(width, rate, weight_rate(width)));
    }
  }
  std::printf("\n");
}

Tensor variance(const Tensor& x) { return mean(square(x)) - square(mean(x)); }

/// Predictive coding that also says how much larger the weight gradients of the third layer are than the second's.
LearningRule with_ratio(Size steps, double rate) {
  return {"with_ratio", [=](Flow& f) {
            const Network& net = f.network();
            f.enter("start");
            if (steps > 0) {
              const auto values = f.optimiser(sgd({.rate = rate}), f.free_nodes());
              f.repeat(steps, [&](const Tensor&) { values.step(f.gradient(net.energy(), f.free_nodes())); });
            }
            const auto weights = f.optimiser(adamw({.rate = 0.01}), net.parameters());
            f.together([&] {
              const std::vector<Tensor> gradients = f.gradient(net.energy(), net.parameters());
              std::vector<Tensor> variances;
              for (std::size_t i = 0; i < gradients.size(); ++i) {
                const std::string name = net.parameters()[i].name();
                if (name == "second.weight" || name == "third.weight") {
                  variances.push_back(variance(gradients[i]));
                }
              }
              f.output("ratio", variances[0] / variances[1]);
              f.output("energy", batch_mean(net.energy()));
              weights.step(gradients);
            });
          }};
}

double mean_ratio(Size width, Size steps, double rate) {
  const Classifier net(width);
  Trainer trainer(net, with_ratio(steps, rate));
  double sum = 0;
  int batches = 0;
  train(net, trainer, [&](Trainer& each) {
    sum += each.executor({net.point, net.label}).output("ratio").to(ElementType::f64).as<double>()[0];
    ++batches;
  });
  return sum / batches;
}

int main(int count, char** arguments) {
  const bool full = count > 1 && std::string(arguments[1]) == "full";
  const std::vector<Size> widths = full ? std::vector<Size>{16, 32, 64, 128, 256, 512, 1024, 2048}
                                        : std::vector<Size>{16, 64, 256};
  const std::vector<double> rates = full ? std::vector{1e-3, 3e-3, 5e-3, 1e-2, 3e-2, 5e-2, 1e-1, 3e-1, 5e-1}
                                         : std::vector{1e-3, 1e-2, 1e-1, 5e-1};
  print_table("weights' rate 0.01", widths, rates, [](Size) { return 0.01; });
  print_table("weights' rate 0.16 / width", widths, rates, [](Size width) { return 0.16 / static_cast<double>(width); });

  std::printf("\nvariance of the weights' gradients, second layer over third\nwidth    3e-3, T 16    0.5, T 16\n");
  for (const Size width : full ? std::vector<Size>{50, 200, 800, 1600} : std::vector<Size>{50, 200}) {
    std::printf("%5d%14.2g%13.2g\n", static_cast<int>(width), mean_ratio(width, 16, 3e-3), mean_ratio(width, 16, 0.5));
  }
}

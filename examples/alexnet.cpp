/// AlexNet: a convolutional network, and what it does to let weights learn while values still relax.
///
/// PCX's schedule (T, T0, Ti): T steps of relaxation; from step T0 on, and after every Ti of them, the weights move, too, and
/// once more at the end. Predictive coding never moves them within, incremental predictive coding always.
///
/// alexnet [full]   the whole network, on CIFAR-10 where it is found, else on Fashion-MNIST padded to 32 x 32, for 24 epochs;
///                  by default a network of an eighth of the channels on a small part of the data
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <pcxx/pcxx.h>

using namespace pcxx;

struct AlexNet : Network {
  Node image;
  Node label = node("label", {10});
  AlexNet(const Shape& shape, Size part) : image(node("image", shape)) {
    const auto block = [&](const char* name, const Tensor& below, Size channels, Size stride, bool pool) {
      const Tensor u = gelu(conv2d(below, channels / part, 3, {.stride = stride, .padding = 1}));
      const Tensor prediction = pool ? max_pool2d(u, 2) : u;
      return node(name, prediction.shape(), prediction);
    };
    Tensor x = block("conv1", image, 64, 2, true);
    x = block("conv2", x, 192, 1, true);
    x = block("conv3", x, 384, 1, false);
    x = block("conv4", x, 256, 1, false);
    x = block("conv5", x, 256, 1, true);
    x = reshape(x, {x.shape().elements()});
    for (const char* name : {"dense1", "dense2"}) {
      x = node(name, {4096 / part}, gelu(linear(x, 4096 / part)));
    }
    predict(label, linear(x, 10), categorical());
  }
};

// [schedule]
/// PCX's schedule (T, T0, Ti); Ti = 0 stands for every step, and T0 >= T is predictive coding.
LearningRule schedule(Size steps, Size first, Size every, const Optimiser& value_optimiser, const Optimiser& weight_optimiser) {
  return {"schedule", [=](Flow& f) {
            const Tensor energy = f.network().energy();
            const std::vector<Parameter> parameters = f.network().parameters();
            f.enter("start");
            const std::vector<Node> nodes = f.free_nodes();
            const auto values = f.optimiser(value_optimiser, nodes);
            const auto weights = f.optimiser(weight_optimiser, parameters);
            const auto relax = [&](Size count) {
              if (count > 0) {
                f.repeat(count, [&](const Tensor&) { values.step(f.gradient(energy, nodes)); });
              }
            };
            const auto move_both = [&] {
              f.together([&] {
                values.step(f.gradient(energy, nodes));
                weights.step(f.gradient(energy, parameters));
              });
            };
            const Size period = every == 0 ? 1 : every;
            relax(std::min(first, steps));
            const Size left = std::max<Size>(steps - first, 0);
            if (left >= period) {
              f.repeat(left / period, [&](const Tensor&) {
                move_both();
                relax(period - 1);
              });
            }
            if (left % period > 0) {
              move_both();
              relax(left % period - 1);
            }
            f.together([&] {
              f.output("energy", batch_mean(energy));
              weights.step(f.gradient(energy, parameters));
            });
          }};
}
// [/schedule]

/// CIFAR-10, or what there is instead.
Split pictures() {
  try {
    Split data = load_cifar10();
    data.train.transforms = data.test.transforms = {normalise(cifar10_statistics())};
    return data;
  } catch (const FileError&) {
    std::printf("CIFAR-10 is not there (set PCXX_DATA); taking Fashion-MNIST, padded to 32 x 32\n");
  }
  try {
    Split data = load_fashion_mnist({.mean = 0, .deviation = 1, .flatten = false, .keep_bytes = true});
    data.train.transforms = data.test.transforms = {pad_picture(2), normalise({{0.5F}, {0.5F}})};
    return data;
  } catch (const FileError& error) {
    std::printf("%s\n", error.what());
    std::exit(0);  // nothing to learn from
  }
}

double accuracy(const AlexNet& net, Trainer& trainer, const Dataset& test) {
  const Loader loader(test, {.batch = 128, .shuffle = false});
  double right = 0;
  for (const Batch& batch : loader.epoch(0)) {
    const Array predictions = trainer.predict(net.label, batch.size, {{net.image, batch.inputs.data()}});
    right += static_cast<double>(batch.size) * accuracy_of(predictions, Array::from({batch.size, 10}, batch.targets));
  }
  return right / static_cast<double>(loader.samples());
}

int main(int count, char** arguments) {
  const bool full = count > 1 && std::string(arguments[1]) == "full";
  Split data = pictures();
  if (!full) {
    data = {slice(data.train, 0, 1600), slice(data.test, 0, 320)};
  }
  const Optimiser values = sgd({.rate = 0.05, .momentum = 0.5, .nesterov = true});
  const double rate = full ? 1e-4 : 1e-3;
  const Optimiser often = adamw({.rate = rate / 4});  // weights that move many times a batch move less each time
  const std::vector<std::pair<const char*, LearningRule>> rules = {
      {"predictive coding (13, 13, 0)", schedule(13, 13, 0, values, adamw({.rate = rate}))},
      {"late weights (13, 8, 2)", schedule(13, 8, 2, values, often)},
      {"incremental (13, 0, 0)", schedule(13, 0, 0, values, often)},
      {"backpropagation", Backpropagation{.weights = adamw({.rate = rate})}}};
  for (const auto& [name, rule] : rules) {
    const AlexNet net(data.train.input_shape(), full ? 1 : 8);
    Trainer trainer(net, rule);
    const Loader loader(data.train, {.batch = full ? 128 : 32, .drop_last = true, .prefetch = 2});
    for (Size epoch = 0; epoch < (full ? 24 : 2); ++epoch) {
      for (const Batch& batch : loader.epoch(epoch)) {
        trainer.step(batch.size, {{net.image, batch.inputs.data()}, {net.label, batch.targets.data()}});
      }
      std::printf("%s, epoch %d: test accuracy %.4f\n", name, static_cast<int>(epoch) + 1,
                  accuracy(net, trainer, data.test));
      std::fflush(stdout);
    }
  }
}

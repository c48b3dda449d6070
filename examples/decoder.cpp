/// Decoder: pictures from latents that nothing predicts; inference finds the latent of each picture.
///
/// decoder [EPOCHS [SEED]]   24 epochs for the tutorial's figure; by default a short run on a part of the set
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <pcxx/pcxx.h>

using namespace pcxx;

struct Decoder : Network {
  Node latent = node("latent", {64});  // no prediction, so no energy and no prior
  Node picture = node("picture", {784});
  Decoder() {
    Tensor below = latent;
    for (const char* name : {"hidden1", "hidden2", "hidden3"}) {
      below = node(name, {256}, tanh(linear(below, 256)));
    }
    predict(picture, linear(below, 784));
    phase("start").follow(named("hidden*"), to_zero());  // not from the forward pass, which knows nothing of the picture
    phase("decode").show_prediction(named("hidden*"));   // hidden nodes pass on what they are told to be
  }
};

const Optimiser kValues = sgd({.rate = 0.05, .momentum = 0.1});
constexpr Size kSteps = 20;

/// Finds the latents of pictures and decodes them: outputs the mean squared error.
void reconstruct(Flow& f) {
  const Network& net = f.network();
  f.enter("start");
  const auto values = f.optimiser(kValues, f.free_nodes());
  f.repeat(kSteps, [&](const Tensor&) { values.step(f.gradient(net.energy(), f.free_nodes())); });
  f.enter("decode");
  const Node picture = net.node_named("picture");
  const Tensor decoded = minimum(maximum(picture.prediction(), 0.0), 1.0);
  f.output("decoded", decoded);
  f.output("error", batch_mean(mean(square(decoded - picture.value()))));
}

/// Prints two pictures side by side, every second row.
void draw(std::span<const float> left, std::span<const float> right) {
  for (std::size_t row = 0; row < 28; row += 2) {
    for (const auto& picture : {left, right}) {
      for (std::size_t column = 0; column < 28; ++column) {
        std::putchar(" .:-=+*#%@"[static_cast<std::size_t>(9.99F * picture[row * 28 + column])]);
      }
      std::printf("   ");
    }
    std::putchar('\n');
  }
}

Split pictures() {
  try {
    return load_fashion_mnist({.mean = 0, .deviation = 1, .keep_bytes = true});
  } catch (const FileError& error) {
    std::printf("%s\n", error.what());
    std::exit(0);  // nothing to show
  }
}

int main(int count, char** arguments) {
  const bool full = count > 1;
  const Size epochs = full ? std::atoi(arguments[1]) : 1;
  const auto seed = static_cast<std::uint64_t>(count > 2 ? std::atoi(arguments[2]) : 0);
  Split data = pictures();
  if (!full) {
    data = {slice(data.train, 0, 12'800), slice(data.test, 0, 1280)};
  }
  const Decoder net;
  Trainer trainer(net, PredictiveCoding{.steps = kSteps, .values = kValues, .weights = adamw({.rate = 1e-4})},
                  {.seed = seed});
  Executor reconstruction(net, {net.picture}, reconstruct, trainer.shared_state());
  const Loader train(data.train, {.batch = 128, .seed = seed, .drop_last = true});
  const Loader test(data.test, {.batch = 128, .shuffle = false});
  for (Size epoch = 0; epoch < epochs; ++epoch) {
    for (const Batch& batch : train.epoch(epoch)) {
      trainer.step(batch.size, {{net.picture, batch.inputs.data()}});
    }
    double error = 0;
    for (const Batch& batch : test.epoch(0)) {
      reconstruction.run(batch.size, {{net.picture, batch.inputs.data()}});
      const Array mean = reconstruction.output("error");
      error += static_cast<double>(batch.size) * static_cast<double>(mean.as<float>()[0]);
      if (epoch + 1 == epochs && batch.index == 0) {
        draw(batch.inputs.first(784), reconstruction.output("decoded").as<float>().first(784));
      }
    }
    std::printf("epoch %d: test error %.5f (mean over pixels and all test pictures)\n", static_cast<int>(epoch) + 1,
                error / static_cast<double>(test.samples()));
  }
}

/// Monte Carlo predictive coding: with noise in the relaxation, a network samples, and learns a distribution.
///
/// Oliviers, Bogacz and Meulemans 2024. The net z -> w z, z ~ N(b, 1), with the noise of its data, is N(w b, w^2 + 1):
/// data from N(1, 5) are learnt by w = 2, b = 1/2 or by both negative.
///
/// mcpc [EPOCHS [SEED]]   16 for the tutorial's figure, which is the default; ends with 1 if the distance stays above 0.2
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <pcxx/pcxx.h>

using namespace pcxx;

struct Sampler : Network {
  Node latent = node("latent", {1});
  Node data = node("data", {1});
  Sampler() {
    const Parameter bias = parameter("bias", {1}, uniform(-1, 1));
    predict(latent, bias);
    predict(data, linear(latent, 1, {.bias = false, .name = "output"}));
    phase("sample").follow(everything());  // data is not given then, and starts from the forward pass
  }
};

// [langevin]
/// Relaxation at temperature 1: momentum descent whose gradients are noisy, so that values end as samples of exp(-energy).
void langevin(Flow& f, Size steps) {
  constexpr double kRate = 0.1, kMomentum = 0.5;
  const std::vector<Node> nodes = f.free_nodes();
  const auto values = f.optimiser(sgd({.rate = kRate, .momentum = kMomentum}), nodes);
  f.repeat(steps, [&](const Tensor&) {
    std::vector<Tensor> gradients = f.gradient(f.network().energy(), nodes);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      gradients[i] = gradients[i] + std::sqrt(2 * (1 - kMomentum) / kRate) * f.random_normal(nodes[i].shape());
    }
    values.step(gradients);
  });
}
// [/langevin]

LearningRule monte_carlo(Size steps, const Optimiser& weights) {
  return {"monte_carlo", [=](Flow& f) {
            const Network& net = f.network();
            f.enter("start");
            langevin(f, steps);
            f.output("energy", batch_mean(net.energy()));
            f.optimiser(weights, net.parameters()).step(f.gradient(net.energy(), net.parameters()));
          }};
}

/// The distance that sand would have to be moved from one heap to the other: of sorted samples, the mean difference.
double wasserstein(std::vector<float> a, std::vector<float> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
  }
  return sum / static_cast<double>(a.size());
}

std::vector<float> normal_samples(Size count, double mean, double variance, std::uint64_t stream) {
  RandomStream random(0, stream);
  std::vector<float> samples(static_cast<std::size_t>(count));
  std::generate(samples.begin(), samples.end(),
                [&] { return static_cast<float>(mean + std::sqrt(variance) * random.normal()); });
  return samples;
}

int main(int count, char** arguments) {
  const Size epochs = count > 1 ? std::atoi(arguments[1]) : 16;
  const auto seed = static_cast<std::uint64_t>(count > 2 ? std::atoi(arguments[2]) : 0);
  constexpr Size kSamples = 10'240, kSteps = 100;
  const Sampler net;
  Trainer trainer(net, monte_carlo(kSteps, adam({.rate = 1e-3})), {.seed = seed});
  Executor sampling(net, {}, [](Flow& f) {
    f.enter("sample");
    langevin(f, kSteps);
    f.output("sample", f.network().node_named("data").value());
  }, trainer.shared_state(), {.seed = seed});
  const std::vector<float> unseen = normal_samples(kSamples, 1, 5, 1);
  const auto report = [&](Size epoch) {
    sampling.run(kSamples, {});
    const Array drawn = sampling.output("sample");
    const std::vector<float> samples(drawn.as<float>().begin(), drawn.as<float>().end());
    double mean = 0, squares = 0;
    for (const float x : samples) {
      mean += static_cast<double>(x) / kSamples;
      squares += static_cast<double>(x) * static_cast<double>(x) / kSamples;
    }
    const double distance = wasserstein(samples, unseen);
    std::printf("epoch %2d: Wasserstein distance %.3f; samples have mean %.2f and variance %.2f; w %.2f, b %.2f\n",
                static_cast<int>(epoch), distance, mean, squares - mean * mean,
                static_cast<double>(trainer.state().at("output.weight").as<float>()[0]),
                static_cast<double>(trainer.state().at("bias").as<float>()[0]));
    return distance;
  };
  Dataset data;
  data.inputs = Array({kSamples, 0}, ElementType::f32);
  data.targets = Array::from({kSamples, 1}, normal_samples(kSamples, 1, 5, 0));
  const Loader loader(data, {.batch = 32, .seed = seed});
  double distance = report(0);
  for (Size epoch = 0; epoch < epochs; ++epoch) {
    for (const Batch& batch : loader.epoch(epoch)) {
      trainer.step(batch.size, {{net.data, batch.targets.data()}});
    }
    if (epoch % 5 == 4 || epoch + 1 == epochs) {
      distance = report(epoch + 1);
    }
  }
  return distance <= 0.2 ? 0 : 1;
}

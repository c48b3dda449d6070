/// Small made-up datasets: points on curves or around centres, and a linear map.
#include "pcxx/data/generators.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <string_view>
#include <vector>

#include "pcxx/core/errors.h"
#include "pcxx/core/random.h"

namespace pcxx {
namespace {

constexpr double kPi = std::numbers::pi;

void check_options(const GeneratorOptions& options, std::string_view who, Size classes = 1,
                   Size width = 1) {
  if (options.samples < 0 || !(options.noise >= 0) || classes < 1 || width < 1) {
    throw ArgumentError("[" + std::string(who) + "] " + std::to_string(options.samples) +
                        " samples, noise " + std::to_string(options.noise) + ", " +
                        std::to_string(classes) + " classes, width " + std::to_string(width) +
                        "; samples and noise cannot be negative, the others must be at least 1");
  }
}

/// How many of n samples each class gets, and where the sample stands within its class.
struct Place {
  Size label = 0;
  Size index = 0;  // within the class
  Size count = 0;  // of the class
};

/// Classes one after the other, as equal as can be; the later ones get the samples that are left
/// over.
Place place_of(Size sample, Size samples, Size classes) {
  const Size small = samples / classes;
  const Size small_classes = classes - samples % classes;
  if (sample < small * small_classes) {
    return {sample / small, sample % small, small};
  }
  const Size beyond = sample - small * small_classes;
  return {small_classes + beyond / (small + 1), beyond % (small + 1), small + 1};
}

/// Returns index / (count - 1): evenly from 0 to 1, both included.
double fraction(const Place& place) {
  return place.count < 2 ? 0
                         : static_cast<double>(place.index) / static_cast<double>(place.count - 1);
}

/// Makes a classification set: point(place, out) puts the noise-free input of a sample.
template <class Point>
Dataset classified(std::string_view name, Size classes, Size features,
                   const GeneratorOptions& options, Point&& point) {
  const auto width = static_cast<std::size_t>(features);
  Dataset set;
  set.inputs = Array({options.samples, features}, ElementType::f32);
  set.labels = Array({options.samples}, ElementType::i32);
  set.classes = classes;
  const auto order = RandomStream(options.seed, stream_from(std::string(name) + "/order"))
                         .permutation(options.samples);
  RandomStream random(options.seed, stream_from(std::string(name) + "/noise"));
  std::vector<double> values(width);
  for (std::size_t row = 0; row < order.size(); ++row) {
    const Place place = place_of(order[row], options.samples, classes);
    point(place, std::span(values));
    for (std::size_t i = 0; i < width; ++i) {
      set.inputs.as<float>()[row * width + i] =
          static_cast<float>(values[i] + options.noise * random.normal());
    }
    set.labels.as<std::int32_t>()[row] = static_cast<std::int32_t>(place.label);
  }
  return set;
}

Array normal_array(const Shape& shape, double deviation, RandomStream random) {
  Array array(shape, ElementType::f32);
  for (float& value : array.as<float>()) {
    value = static_cast<float>(deviation * random.normal());
  }
  return array;
}

}  // namespace

Dataset two_moons(const GeneratorOptions& options) {
  check_options(options, "two_moons");
  return classified("two_moons", 2, 2, options, [](const Place& place, std::span<double> out) {
    const double t = kPi * fraction(place);
    out[0] = place.label == 0 ? std::cos(t) : 1 - std::cos(t);
    out[1] = place.label == 0 ? std::sin(t) : 0.5 - std::sin(t);
  });
}

Dataset rings(Size classes, const GeneratorOptions& options) {
  check_options(options, "rings", classes);
  return classified("rings", classes, 2, options, [&](const Place& place, std::span<double> out) {
    const double radius = static_cast<double>(place.label + 1) / static_cast<double>(classes);
    const double t = 2 * kPi * static_cast<double>(place.index) / static_cast<double>(place.count);
    out[0] = radius * std::cos(t);
    out[1] = radius * std::sin(t);
  });
}

Dataset spirals(Size classes, double turns, const GeneratorOptions& options) {
  check_options(options, "spirals", classes);
  return classified("spirals", classes, 2, options, [&](const Place& place, std::span<double> out) {
    const double radius = fraction(place);
    const double t =
        2 * kPi *
        (turns * radius + static_cast<double>(place.label) / static_cast<double>(classes));
    out[0] = radius * std::cos(t);
    out[1] = radius * std::sin(t);
  });
}

Dataset blobs(Size classes, Size features, double box, const GeneratorOptions& options) {
  check_options(options, "blobs", classes, features);
  RandomStream random(options.seed, stream_from("blobs/centres"));
  std::vector<double> centres(static_cast<std::size_t>(classes * features));
  for (double& centre : centres) {
    centre = random.uniform(-box, box);
  }
  return classified("blobs", classes, features, options,
                    [&](const Place& place, std::span<double> out) {
                      std::copy_n(centres.begin() + place.label * features, features, out.begin());
                    });
}

LinearProblem linear_regression(Size inputs, Size outputs, const GeneratorOptions& options) {
  check_options(options, "linear_regression", outputs, inputs);
  const auto stream = [&](std::string_view part) {
    return RandomStream(options.seed, stream_from(part));
  };
  LinearProblem problem;
  problem.weight = normal_array({outputs, inputs}, 1 / std::sqrt(static_cast<double>(inputs)),
                                stream("linear_regression/weight"));
  problem.bias = normal_array({outputs}, 1, stream("linear_regression/bias"));
  problem.data.inputs =
      normal_array({options.samples, inputs}, 1, stream("linear_regression/inputs"));
  problem.data.targets =
      normal_array({options.samples, outputs}, options.noise, stream("linear_regression/noise"));
  const auto width = static_cast<std::size_t>(inputs);
  const auto height = static_cast<std::size_t>(outputs);
  const auto targets = problem.data.targets.as<float>();
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto row = problem.data.inputs.as<float>().subspan(i / height * width, width);
    const auto weight = problem.weight.as<float>().subspan(i % height * width, width);
    double sum = problem.bias.as<float>()[i % height];
    for (std::size_t j = 0; j < width; ++j) {
      sum += static_cast<double>(row[j]) * static_cast<double>(weight[j]);
    }
    targets[i] += static_cast<float>(sum);
  }
  return problem;
}

}  // namespace pcxx

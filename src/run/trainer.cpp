/// Trainer: executors made when they are first needed, one step after another, and the watch over
/// energies.
#include "pcxx/run/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <string_view>

#include "pcxx/core/errors.h"
#include "pcxx/learn/parameter_groups.h"

namespace pcxx {
namespace {

constexpr std::string_view kEnergyPrefix = "energy/";

std::vector<Size> numbers_of(const std::vector<Node>& nodes) {
  std::vector<Size> numbers;
  for (const Node& node : nodes) {
    numbers.push_back(node.index());
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::vector<Node> nodes_of(const BatchArrays& data) {
  std::vector<Node> nodes;
  for (const auto& [node, values] : data) {
    nodes.push_back(node);
  }
  return nodes;
}

std::vector<Node> nodes_of(const std::vector<NodeData>& data) {
  std::vector<Node> nodes;
  for (const NodeData& each : data) {
    nodes.push_back(each.node);
  }
  return nodes;
}

double scalar(const Array& array) {
  return array.type() == ElementType::f64 ? array.as<double>()[0]
                                          : static_cast<double>(array.as<float>()[0]);
}

/// Returns where the first NaN or infinity is, or nothing.
template <class T>
std::optional<Size> first_unusable(std::span<const T> values) {
  const auto found =
      std::find_if(values.begin(), values.end(), [](T value) { return !std::isfinite(value); });
  return found == values.end() ? std::nullopt : std::optional<Size>(found - values.begin());
}

std::optional<Size> first_unusable(const Array& array) {
  switch (array.type()) {
    case ElementType::f32: return first_unusable(array.as<float>());
    case ElementType::f64: return first_unusable(array.as<double>());
    default: return std::nullopt;
  }
}

std::optional<Size> first_unusable(const Node& node, const float* rows, Size samples) {
  return first_unusable(
      std::span<const float>(rows, static_cast<std::size_t>(samples * node.shape().elements())));
}

}  // namespace

struct Trainer::Implementation {
  struct Training {
    std::vector<Size> given;
    Executor executor;
    std::vector<std::string> outputs;  // "energy/<node>"
  };
  struct Prediction {
    Size node;
    std::vector<Size> given;
    Executor executor;
  };

  Network network;  // a handle: the model itself is shared
  LearningRule rule;
  TrainerOptions options;
  std::shared_ptr<State> state;
  Size steps = 0;
  double last_energy = 0;
  std::vector<std::unique_ptr<Training>> trainings = {};
  std::vector<std::unique_ptr<Prediction>> predictions = {};
  std::shared_ptr<State> shown = options.averages ? std::make_shared<State>(*state) : state;  // what predictions read
  bool shown_is_old = true;

  /// Brings what predictions read up to date. Before the first training program there are no averages yet.
  void refresh() {
    if (options.averages && shown_is_old) {
      *shown = trainings.empty() ? *state : with_averages(network, *state);
      shown_is_old = false;
    }
  }

  ExecutorOptions executor_options() const {
    return {.device = options.device,
            .precision = options.precision,
            .threads = options.threads,
            .seed = options.seed,
            .known_zeros = options.known_zeros,
            .hoist = options.hoist};
  }

  Training& training(const std::vector<Node>& given) {
    shown_is_old = true;
    std::vector<Size> key = numbers_of(given);
    for (auto& candidate : trainings) {
      if (candidate->given == key) {
        return *candidate;
      }
    }
    Executor executor(network, given, rule.write, state, executor_options());
    std::vector<std::string> energies;
    for (const std::string& output : executor.outputs()) {
      if (output.starts_with(kEnergyPrefix)) {
        energies.push_back(output);
      }
    }
    trainings.push_back(std::make_unique<Training>(
        Training{std::move(key), std::move(executor), std::move(energies)}));
    return *trainings.back();
  }

  Prediction& prediction(const Node& node, const std::vector<Node>& given) {
    refresh();
    std::vector<Size> key = numbers_of(given);
    for (auto& candidate : predictions) {
      if (candidate->node == node.index() && candidate->given == key) {
        return *candidate;
      }
    }
    Executor executor(network, given, prediction_of(node), shown, executor_options());
    predictions.push_back(std::make_unique<Prediction>(
        Prediction{node.index(), std::move(key), std::move(executor)}));
    return *predictions.back();
  }

  /// Reads the energies of the step just made. `check_data` says what is wrong with the data, if
  /// anything is.
  template <class Check>
  StepReport report(const Training& training, const Check& check_data) {
    StepReport result{steps, scalar(training.executor.output("energy")), {}};
    for (const std::string& output : training.outputs) {
      result.nodes.emplace_back(output.substr(kEnergyPrefix.size()),
                                scalar(training.executor.output(output)));
    }
    if (!std::isfinite(result.energy)) {
      check_data();
      diverged(result);
    }
    last_energy = result.energy;
    ++steps;
    return result;
  }

  [[noreturn]] void diverged(const StepReport& report) const {
    std::string node = "energy";
    double energy = report.energy;
    for (const auto& [name, value] : report.nodes) {
      if (!std::isfinite(value)) {
        node = name;
        energy = value;
        break;
      }
    }
    const std::string before =
        report.step == 0
            ? std::string("it is the first step")
            : fmt::format("the network's energy was {:.6g} a step before", last_energy);
    throw DivergenceError(fmt::format("[trainer] energy of node '{}'{} is {} at step {}; {}; lower "
                                      "the rate of the values or of the weights",
                                      node, place_of(node), energy, report.step, before),
                          node, report.step);
  }

  /// Returns where a node was made, in brackets; "" if that is not known, or for a term of the energy.
  std::string place_of(const std::string& name) const {
    const std::vector<Node> found = network.nodes(named(name));
    return found.size() != 1 || found[0].place().empty() ? "" : fmt::format(" ({})", found[0].place());
  }

  /// Throws DivergenceError, naming node, sample and element, if data is not finite.
  void check(const BatchArrays& batch) const {
    for (const auto& [node, values] : batch) {
      if (const auto place = first_unusable(values)) {
        bad_data(node, *place);
      }
    }
  }
  void check(Size samples, const std::vector<NodeData>& batch) const {
    for (const NodeData& each : batch) {
      if (each.rows == nullptr) {
        continue;  // indices are never NaN
      }
      if (const auto place = first_unusable(each.node, each.rows, samples)) {
        bad_data(each.node, *place);
      }
    }
  }

  [[noreturn]] void bad_data(const Node& node, Size place) const {
    const Size size = node.shape().elements();
    throw DivergenceError(fmt::format("[trainer] data for node '{}' is not finite at sample {}, "
                                      "element {} (step {}); training data must be "
                                      "finite numbers",
                                      node.name(), place / size, place % size, steps),
                          node.name(), steps);
  }
};

Trainer::Trainer(const Network& network, LearningRule rule, const TrainerOptions& options)
    : implementation_(new Implementation{
          network, std::move(rule), options,
          std::make_shared<State>(network.initialise(options.seed, options.precision))}) {}
Trainer::~Trainer() = default;
Trainer::Trainer(Trainer&&) noexcept = default;
Trainer& Trainer::operator=(Trainer&&) noexcept = default;

StepReport Trainer::step(const BatchArrays& batch) {
  auto& training = implementation_->training(nodes_of(batch));
  training.executor.run(batch);
  return implementation_->report(training, [&] { implementation_->check(batch); });
}

StepReport Trainer::step(Size samples, const std::vector<NodeData>& batch) {
  auto& training = implementation_->training(nodes_of(batch));
  training.executor.run(samples, batch);
  return implementation_->report(training, [&] { implementation_->check(samples, batch); });
}

Profile Trainer::profile(const BatchArrays& batch) {
  auto& training = implementation_->training(nodes_of(batch));
  Profile result = training.executor.profile(batch);
  implementation_->report(training, [&] { implementation_->check(batch); });
  return result;
}

Profile Trainer::profile(Size samples, const std::vector<NodeData>& batch) {
  auto& training = implementation_->training(nodes_of(batch));
  Profile result = training.executor.profile(samples, batch);
  implementation_->report(training, [&] { implementation_->check(samples, batch); });
  return result;
}

Array Trainer::predict(const Node& node, const BatchArrays& inputs) {
  auto& prediction = implementation_->prediction(node, nodes_of(inputs));
  prediction.executor.run(inputs);
  return prediction.executor.output("prediction");
}

Array Trainer::predict(const Node& node, Size samples, const std::vector<NodeData>& inputs) {
  auto& prediction = implementation_->prediction(node, nodes_of(inputs));
  prediction.executor.run(samples, inputs);
  return prediction.executor.output("prediction");
}

double Trainer::accuracy(const Node& node, const Array& targets, const BatchArrays& inputs) {
  return accuracy_of(predict(node, inputs), targets);
}

State& Trainer::state() {
  implementation_->shown_is_old = true;
  return *implementation_->state;
}
const State& Trainer::state() const { return *implementation_->state; }
const std::shared_ptr<State>& Trainer::shared_state() const { return implementation_->state; }
Size Trainer::steps() const { return implementation_->steps; }

void Trainer::restore(const NamedArrays& arrays, Size steps, const std::vector<Node>& given) {
  implementation_->training(given);  // adds the optimisers' states to the state
  implementation_->state->load(arrays);
  implementation_->steps = steps;
}

const Executor& Trainer::executor(const std::vector<Node>& given) {
  return implementation_->training(given).executor;
}

double accuracy_of(const Array& predictions, const Array& targets) {
  if (predictions.shape() != targets.shape() || predictions.shape().rank() < 1) {
    throw ShapeError(fmt::format("[accuracy] predictions are {} but targets are {}",
                                 to_string(predictions.shape()), to_string(targets.shape())));
  }
  const Size samples = predictions.shape()[0];
  if (samples == 0) {
    throw ArgumentError("[accuracy] there are no samples");
  }
  const Array a = predictions.to(ElementType::f32), b = targets.to(ElementType::f32);
  const std::size_t classes = static_cast<std::size_t>(a.elements() / samples);
  const auto largest = [classes](const Array& array, Size sample) {
    const auto row = array.as<float>().subspan(static_cast<std::size_t>(sample) * classes, classes);
    return std::max_element(row.begin(), row.end()) - row.begin();
  };
  Size right = 0;
  for (Size sample = 0; sample < samples; ++sample) {
    right += largest(a, sample) == largest(b, sample) ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(samples);
}

}  // namespace pcxx

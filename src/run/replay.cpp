/// Repeating a frozen run on the engine, and comparing every array of it.
#include "pcxx/run/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>

#include "pcxx/core/errors.h"
#include "pcxx/network/layers.h"
#include "pcxx/run/trainer.h"
#include "pcxx/tensor/operations.h"
#include "run/frozen_run.h"

namespace pcxx {
namespace {

constexpr double kUlp = std::numeric_limits<float>::epsilon();
constexpr double kLastPlaces =
    4;  // errors in units of the states' last place that count as rounding

/// The network of a frozen run: nodes x, vode0, vode1, ..., parameters layer0.weight, layer0.bias,
/// ...
struct FrozenNetwork : Network {
  std::vector<Node> vodes;
  Node x;
  explicit FrozenNetwork(const FrozenRun& run) : x(node("x", {run.widths.front()})) {
    Tensor below = x;
    for (std::size_t i = 0; i + 1 < run.widths.size(); ++i) {
      const bool last = i + 2 == run.widths.size();
      const Size width = run.widths[i + 1];
      const Tensor sum = linear(below, width, {.name = fmt::format("layer{}", i)});
      const Node next =
          node(fmt::format("vode{}", i), {width}, last ? sum : activate(run.activation, sum),
               last ? energy_from(run.energy) : squared_error());
      vodes.push_back(next);
      below = next;
    }
  }
  std::vector<Node> hidden() const { return {vodes.begin(), vodes.end() - 1}; }
};

/// Repeats a run; what came of it has the names of the frozen arrays.
class Repetition {
 public:
  Repetition(const FrozenRun& run, const ReplayOptions& options)
      : run_(run), options_(options), network_(run) {
    const ElementType type =
        options.precision == Precision::f64 ? ElementType::f64 : ElementType::f32;
    data_.emplace_back(network_.x, run.at("x").to(type));
    data_.emplace_back(network_.vodes.back(), run.at("y").to(type));
    for (Size taken = 0; taken <= run.steps; ++taken) {
      relax(taken);
    }
    learn();
  }

  const NamedArrays& arrays() const { return arrays_; }

 private:
  ExecutorOptions executor_options() const {
    return {.device = options_.device,
            .precision = options_.precision,
            .threads = options_.threads,
            .known_zeros = options_.known_zeros,
            .hoist = options_.hoist};
  }

  void load_weights(State& state) const {
    for (const Parameter& parameter : network_.parameters()) {
      Array& array = state.at(parameter.name());
      const Array& frozen = run_.at("before/" + parameter.name());
      if (frozen.shape() != array.shape()) {
        throw FileError(
            fmt::format("[replay] 'before/{}' is {}; expected {} by the widths in 'meta'",
                        parameter.name(), to_string(frozen.shape()), to_string(array.shape())));
      }
      array = frozen.to(array.type());
    }
  }

  /// Starts, takes so many inference steps, and looks at everything there.
  void relax(Size taken) {
    auto state = std::make_shared<State>(network_.initialise(0, options_.precision));
    load_weights(*state);
    const auto write = [&](Flow& flow) {
      flow.enter("start");
      const std::vector<Node> hidden = network_.hidden();
      const Tensor energy = network_.energy();
      if (taken > 0 && !hidden.empty()) {
        const OptimiserSteps values = flow.optimiser(sgd(run_.values), hidden);
        flow.repeat(taken, [&](const Tensor&) { values.step(flow.gradient(energy, hidden)); });
      }
      flow.output("energy", batch_sum(energy));
      flow.output("output", network_.vodes.back().prediction());
      flow.output("label", network_.vodes.back().value());
      const std::vector<Tensor> value_gradients = flow.gradient(energy, hidden);
      for (std::size_t i = 0; i < hidden.size(); ++i) {
        flow.output(fmt::format("grad{}", i), value_gradients[i]);
      }
      const std::vector<Parameter> parameters = network_.parameters();
      const std::vector<Tensor> gradients = flow.gradient(energy, parameters);
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        flow.output("d" + parameters[i].name(),
                    gradients[i] * static_cast<double>(run_.batch));  // the files hold sums
      }
    };
    Executor executor(network_, {network_.x, network_.vodes.back()}, write, state,
                      executor_options());
    executor.run(data_);
    keep(executor, taken);
  }

  /// Values after `taken` steps are those after the update of step taken - 1; energy and gradients
  /// are before that of step taken.
  void keep(const Executor& executor, Size taken) {
    const std::string before = taken == 0 ? "init" : fmt::format("step{}", taken - 1);
    for (const Node& vode : network_.hidden()) {
      arrays_[fmt::format("{}/{}.h", before, vode.name())] = executor.value(vode);
    }
    arrays_[fmt::format("{}/{}.h", before, network_.vodes.back().name())] =
        executor.output("label");
    const bool last = taken == run_.steps;
    arrays_[last ? "final/energy" : fmt::format("step{}/energy", taken)] =
        executor.output("energy");
    if (!last) {
      for (std::size_t i = 0; i + 1 < network_.vodes.size(); ++i) {
        arrays_[fmt::format("step{}/grad{}", taken, i)] = executor.output(fmt::format("grad{}", i));
      }
      return;
    }
    arrays_["final/output"] = executor.output("output");
    for (const Parameter& parameter : network_.parameters()) {
      arrays_["final/d" + parameter.name()] = executor.output("d" + parameter.name());
    }
  }

  /// The whole step as it is trained.
  void learn() {
    const PredictiveCoding rule{
        .steps = run_.steps, .values = sgd(run_.values), .weights = adamw(run_.weights)};
    Trainer trainer(network_, rule,
                    {.device = options_.device,
                     .precision = options_.precision,
                     .threads = options_.threads,
                     .known_zeros = options_.known_zeros,
                     .hoist = options_.hoist});
    load_weights(trainer.state());
    trainer.step(data_);
    for (const Parameter& parameter : network_.parameters()) {
      arrays_["after/" + parameter.name()] = trainer.state().at(parameter.name());
    }
  }

  const FrozenRun& run_;
  const ReplayOptions& options_;
  FrozenNetwork network_;
  BatchArrays data_;
  NamedArrays arrays_;
};

double largest(const Array& array) {
  double result = 0;
  const Array values = array.to(ElementType::f64);
  for (const double value : values.as<double>()) {
    result = std::max(result, std::abs(value));
  }
  return result;
}

/// Returns the group of an array; empty for the run's inputs, nothing for a name without meaning.
std::optional<std::string> group_of(const std::string& name) {
  const auto begins = [&](const char* prefix) { return name.starts_with(prefix); };
  if (name == "x" || name == "y" || begins("before/")) {
    return "";
  }
  if (begins("init/")) {
    return "start";
  }
  if (begins("step") || begins("final/")) {
    const std::string what = name.substr(std::min(name.size(), name.find('/') + 1));
    return what.starts_with("energy")   ? "energies"
           : what.starts_with("grad")   ? "state gradients"
           : what.starts_with("vode")   ? "states"
           : what.starts_with("output") ? "output"
           : what.starts_with("dlayer") ? "weight gradients"
                                        : std::optional<std::string>();
  }
  return begins("after/") ? std::optional<std::string>("updated weights") : std::nullopt;
}

/// Compares frozen arrays with ours.
class Comparison {
 public:
  Comparison(const FrozenRun& run, const NamedArrays& ours, const ReplayOptions& options)
      : run_(run), ours_(ours), options_(options) {
    for (const char* group : {"start", "energies", "state gradients", "states", "output",
                              "weight gradients", "updated weights"}) {
      report_.groups.push_back({group, {}, 0, ""});
    }
    for (const auto& [name, array] : run.arrays) {
      if (name.starts_with("init/") && name.ends_with(".h")) {
        state_scale_ = std::max(state_scale_, largest(array));
      }
    }
  }

  ReplayReport compare() {
    for (const auto& [name, frozen] : run_.arrays) {
      const std::optional<std::string> group = group_of(name);
      if (!group || !group->empty()) {
        add(group.value_or("without meaning"), compare(name, frozen, group.value_or("")));
      }
    }
    std::erase_if(report_.groups, [](const ReplayedGroup& group) { return group.arrays.empty(); });
    return std::move(report_);
  }

 private:
  ReplayedArray compare(const std::string& name, const Array& frozen,
                        const std::string& group) const {
    const auto found = ours_.find(name);
    if (found == ours_.end()) {
      return {name, 0, false, "nothing of that name comes of this run"};
    }
    const Array& mine = found->second;
    if (mine.elements() != frozen.elements()) {
      return {name, 0, false,
              fmt::format("it is {}, ours {}", to_string(frozen.shape()), to_string(mine.shape()))};
    }
    const Array a = mine.to(ElementType::f64), b = frozen.to(ElementType::f64);
    const double scale = largest(frozen);
    const Array* gradients = gradients_of(name, group);
    double error = 0;
    for (Size i = 0; i < a.elements(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      const double difference = std::abs(a.as<double>()[at] - b.as<double>()[at]);
      const double smallest_scale = rounding(group, gradients, i) / options_.tolerance;
      const double one = difference == 0 ? 0 : difference / std::max(scale, smallest_scale);
      error = std::isnan(one) ? std::numeric_limits<double>::infinity() : std::max(error, one);
    }
    return {name, error, error <= options_.tolerance, ""};
  }

  /// Returns how far rounding in f32 may move an element in the frozen run, however exact ours is.
  ///
  /// An error h - u is the difference of two numbers of the states' size, so its own last places
  /// are noise. The first step of AdamW divides a gradient by its size: where that is all noise, so
  /// is the step.
  double rounding(const std::string& group, const Array* gradients, Size element) const {
    const double noise = kLastPlaces * kUlp * state_scale_;
    if (group == "state gradients") {
      return noise;
    }
    if (group == "weight gradients") {
      return noise * static_cast<double>(run_.batch);
    }
    if (gradients == nullptr) {
      return kUlp;
    }
    const double gradient =
        static_cast<double>(gradients->as<float>()[static_cast<std::size_t>(element)]) /
        static_cast<double>(run_.batch);
    const auto direction = [&](double g) { return g / (std::abs(g) + run_.weights.epsilon); };
    return kUlp + run_.weight_rate * (direction(gradient + noise) - direction(gradient - noise));
  }

  /// Returns the frozen gradients that updated a parameter; null for other arrays, and for a
  /// parameter that what the label says has not reached: there they are exactly zero.
  const Array* gradients_of(const std::string& name, const std::string& group) const {
    if (group != "updated weights") {
      return nullptr;
    }
    const Array& gradients = run_.at("final/d" + name.substr(name.find('/') + 1));
    return largest(gradients) == 0 ? nullptr : &gradients;
  }

  void add(const std::string& name, ReplayedArray array) {
    auto group = std::find_if(report_.groups.begin(), report_.groups.end(),
                              [&](const ReplayedGroup& each) { return each.name == name; });
    if (group == report_.groups.end()) {
      group = report_.groups.insert(report_.groups.end(), {name, {}, 0, ""});
    }
    (array.passed ? report_.passed : report_.failed) += 1;
    if (array.error > group->largest_error || group->worst.empty()) {
      group->largest_error = array.error;
      group->worst = array.name;
    }
    group->arrays.push_back(std::move(array));
  }

  const FrozenRun& run_;
  const NamedArrays& ours_;
  const ReplayOptions& options_;
  double state_scale_ = 0;
  ReplayReport report_;
};

}  // namespace

ReplayReport replay(const std::filesystem::path& path, const ReplayOptions& options) {
  const FrozenRun run = load_frozen_run(path);
  const Repetition repetition(run, options);
  ReplayReport report = Comparison(run, repetition.arrays(), options).compare();
  report.widths = run.widths;
  report.activation = run.activation;
  report.energy = run.energy;
  report.steps = run.steps;
  return report;
}

}  // namespace pcxx

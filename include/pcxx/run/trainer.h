/// Trainer: a network and a learning rule on a device: step by step, with reports.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pcxx/learn/rules.h"
#include "pcxx/network/executor.h"

namespace pcxx {

struct TrainerOptions {
  std::string device = "cpu";  // "cpu" or "reference"
  Precision precision = Precision::f32;
  std::uint64_t seed = 0;   // of the initial parameters and of random draws
  int threads = 0;          // 0: all cores; results do not depend on it
  bool known_zeros = true;  // off only to see that it changes no bit
  bool hoist = true;
  bool averages = false;  // predict() uses the averages that averaged() optimisers keep
};

/// What one training step found, before the weights moved: means over the batch.
struct StepReport {
  Size step = 0;  // counted from 0
  double energy = 0;
  std::vector<std::pair<std::string, double>> nodes;  // energy of every node that has one
};

/// Values of the network for one batch: node by node, (samples, shape...).
using BatchArrays = std::vector<std::pair<Node, Array>>;

/// Returns the part of the samples, rows of both, whose largest prediction is at the largest
/// target. Throws ShapeError if the shapes differ.
double accuracy_of(const Array& predictions, const Array& targets);

class Trainer {
 public:
  /// Draws the parameters. Nothing is compiled before the first step.
  Trainer(const Network& network, LearningRule rule, const TrainerOptions& options = {});
  ~Trainer();
  Trainer(Trainer&&) noexcept;
  Trainer& operator=(Trainer&&) noexcept;

  /// Learns from one batch. Throws DivergenceError, naming node and step, if an energy is NaN or
  /// infinite; the parameters are of no use then: go back to a checkpoint.
  StepReport step(const BatchArrays& batch);
  /// The same with rows of f32 that are already there; nothing is copied.
  StepReport step(Size samples, const std::vector<NodeData>& batch);

  /// Learns from one batch as step() does, to the same bits, and returns what ran when. Throws what step() throws, and
  /// DeviceError on the device "reference", which has no plan.
  Profile profile(const BatchArrays& batch);
  Profile profile(Size samples, const std::vector<NodeData>& batch);

  /// Returns what the network predicts for a node from others' values, by one forward pass:
  /// (samples, shape...).
  Array predict(const Node& node, const BatchArrays& inputs);
  Array predict(const Node& node, Size samples, const std::vector<NodeData>& inputs);

  /// Returns the part of the samples whose largest prediction is at the largest target.
  double accuracy(const Node& node, const Array& targets, const BatchArrays& inputs);

  /// Parameters, optimiser states and counters; other executors of the network may share them.
  State& state();
  const State& state() const;
  const std::shared_ptr<State>& shared_state() const;
  /// Returns the training steps made.
  Size steps() const;

  /// Goes back to parameters and optimiser states as they were after so many steps of training on
  /// data for `given`. Throws as State::load does; then nothing was changed.
  void restore(const NamedArrays& arrays, Size steps, const std::vector<Node>& given);

  /// Returns the executor of training steps on data for `given`, compiling it if there is none: its
  /// plan, its costs.
  const Executor& executor(const std::vector<Node>& given);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace pcxx

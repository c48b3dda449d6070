/// Executor: a program compiled for a device, run on batches.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pcxx/network/flow.h"
#include "pcxx/program/profile.h"

namespace pcxx {

struct ExecutorOptions {
  std::string device = "cpu";              // "cpu" or "reference"
  Precision precision = Precision::f32;
  int threads = 0;                         // 0: all cores; results do not depend on it
  std::uint64_t seed = 0;                  // of the random draws
  bool known_zeros = true;                 // off only to see that it changes no bit
  bool hoist = true;
};

/// Rows of data for one node: (samples, shape...), dense: f32, or i32 for a node of indices. The data must outlive the call.
struct NodeData {
  Node node;
  const float* rows = nullptr;
  const std::int32_t* indices = nullptr;  // in place of rows for a node of indices
};

class Executor {
 public:
  /// Writes the program with `write`, compiles it. `given`: the nodes that come as data with each run. Optimiser states
  /// that `state` lacks are added to it, as zeros.
  Executor(const Network& network, const std::vector<Node>& given, const std::function<void(Flow&)>& write,
           std::shared_ptr<State> state, const ExecutorOptions& options = {});
  ~Executor();
  Executor(Executor&&) noexcept;
  Executor& operator=(Executor&&) noexcept;

  /// Runs on any number of samples. Throws ArgumentError if a given node lacks data or another has some.
  void run(Size samples, const std::vector<NodeData>& data);
  /// The same with arrays of shape (samples, shape...); f64 for precision f64. Throws ShapeError.
  void run(const std::vector<std::pair<Node, Array>>& data);

  /// Runs likewise, to the same bits, and returns what ran when. Throws DeviceError on the device "reference", which has no
  /// plan, and what run() throws. The first run of a plan also pays for caches that are cold.
  Profile profile(Size samples, const std::vector<NodeData>& data);
  Profile profile(const std::vector<std::pair<Node, Array>>& data);

  /// Returns what the last run left: a node's values (samples, shape...), or an output.
  Array value(const Node& node) const;
  Array output(const std::string& name) const;
  std::vector<std::string> outputs() const;

  /// Returns the plan for so many samples. Throws DeviceError on the device "reference", ArgumentError for fewer than 0.
  Plan plan(Size samples) const;
  /// Returns the plan as text: loops, kernels, fused expressions, FLOPs, bytes, what was hoisted and what skipped.
  std::string explain() const;
  /// Returns the program before any pass, as text.
  std::string program() const;
  double flops(Size samples) const;
  Size bytes(Size samples) const;

 private:
  friend class Ensemble;  // runs a program of several
  Executor(const Network& network, const std::vector<Node>& given, const Program& program, std::shared_ptr<State> state,
           const ExecutorOptions& options);
  Array value(std::int32_t symbol, const std::string& what) const;
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace pcxx

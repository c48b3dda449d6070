/// Ensemble: copies of one network, differently seeded or configured, that one program trains at once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pcxx/network/executor.h"

namespace pcxx {

/// One copy: what its program does, e.g. LearningRule::write, and the seed of its parameters and random draws.
struct EnsembleMember {
  std::function<void(Flow&)> write;
  std::uint64_t seed = 0;
};

/// All copies see the same data. Each becomes, to the bit, what an executor with its seed and a state of its own would
/// make of it: copies share loops and the plan, not a single variable.
class Ensemble {
 public:
  /// Writes the members' programs and compiles them as one. `options.seed` is not used: every member has its own.
  /// Throws ArgumentError if there are no members, and what an executor throws.
  Ensemble(const Network& network, const std::vector<Node>& given, const std::vector<EnsembleMember>& members,
           const ExecutorOptions& options = {});
  ~Ensemble();
  Ensemble(Ensemble&&) noexcept;
  Ensemble& operator=(Ensemble&&) noexcept;

  Size size() const;
  /// As an executor's.
  void run(Size samples, const std::vector<NodeData>& data);
  void run(const std::vector<std::pair<Node, Array>>& data);
  Profile profile(Size samples, const std::vector<NodeData>& data);
  Profile profile(const std::vector<std::pair<Node, Array>>& data);

  /// Return what the last run left in one copy. Throw ArgumentError if there is no such member.
  Array value(Size member, const Node& node) const;
  Array output(Size member, const std::string& name) const;
  /// Returns a copy of the parameters and optimiser states of one member, for an executor or a file.
  State state(Size member) const;
  /// Replaces them by name; throws as State::load does.
  void load(Size member, const NamedArrays& arrays);

  Plan plan(Size samples) const;
  std::string explain() const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace pcxx

/// Network: nodes, what predicts them, the energies between, and the parameters. Networks nest.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pcxx/backend/state.h"
#include "pcxx/network/energy.h"
#include "pcxx/network/initialiser.h"
#include "pcxx/network/phase.h"
#include "pcxx/network/selection.h"
#include "pcxx/tensor/tensor.h"

namespace pcxx {

class Model;

/// A handle to a node: a variable with a value h per sample. As a tensor it is what its readers see in the phase.
class Node {
 public:
  Node(std::shared_ptr<Model> model, Size index) : model_(std::move(model)), index_(index) {}
  operator Tensor() const;
  /// Returns the node's own value h, whatever its readers see.
  Tensor value() const;
  /// Returns its prediction u; throws ArgumentError if nothing predicts it.
  Tensor prediction() const;
  bool predicted() const;
  /// Returns whether an energy holds it to its prediction.
  bool has_energy() const;
  /// Returns its energy, a scalar per sample; 0 if nothing predicts it.
  Tensor energy() const;
  const std::string& name() const;
  const Shape& shape() const;
  const std::set<std::string>& tags() const;
  /// Returns where it was made, or predicted later, as Network::made_at() was told: "model.py:12"; "" if it was not.
  const std::string& place() const;
  Size index() const noexcept { return index_; }
  friend bool operator==(const Node& a, const Node& b) { return a.model_ == b.model_ && a.index_ == b.index_; }

 private:
  std::shared_ptr<Model> model_;
  Size index_;
};

/// A handle to a parameter: a shared, trained tensor with a name and tags. Using it twice shares it.
class Parameter {
 public:
  Parameter(std::shared_ptr<Model> model, Size index) : model_(std::move(model)), index_(index) {}
  operator Tensor() const;
  const std::string& name() const;
  const Shape& shape() const;
  const std::set<std::string>& tags() const;
  /// Returns where it was made, as Node::place() does.
  const std::string& place() const;
  Size index() const noexcept { return index_; }
  friend bool operator==(const Parameter& a, const Parameter& b) { return a.model_ == b.model_ && a.index_ == b.index_; }

 private:
  std::shared_ptr<Model> model_;
  Size index_;
};

struct ParameterOptions {
  std::set<std::string> tags;
  Fans fans = {0, 0};  // 0: the last and the first extent of the shape
};

class Network {
 public:
  Network();
  /// A part of another network: names of its nodes and parameters begin with "name.".
  Network(Network& parent, const std::string& name);
  virtual ~Network() = default;

  /// Adds a node that nothing predicts yet: data, a latent, or one that predict() completes later (loops).
  Node node(const std::string& name, const Shape& shape, DType dtype = DType::real);
  /// Adds a node with its prediction. Throws ShapeError if the shapes differ, NameError if the name is taken.
  Node node(const std::string& name, const Shape& shape, const Tensor& prediction, const Energy& energy = squared_error());
  /// Says what predicts a node; throws ArgumentError if something does already.
  void predict(const Node& node, const Tensor& prediction, const Energy& energy = squared_error());
  /// Adds a term to the energy: a scalar; a shared one counts once for each sample. Unnamed ones are "term1", "term2", ...
  void energy_term(const Tensor& term, const std::string& name = "");

  /// Adds a parameter. Throws NameError if the name is taken.
  Parameter parameter(const std::string& name, const Shape& shape, const Initialiser& initialiser, const ParameterOptions& options = {});

  /// Returns the sum of all nodes' energies and all further terms: a scalar per sample. A part's is its own.
  Tensor energy() const;

  /// Returns what that sum is made of: each node's energy under the node's name, each further term under its own.
  std::vector<std::pair<std::string, Tensor>> energies() const;

  /// Returns nodes or parameters in the order they were made; a part's are its own.
  std::vector<Node> nodes() const;
  std::vector<Node> nodes(const Selection& selection) const;
  std::vector<Parameter> parameters() const;
  std::vector<Parameter> parameters(const Selection& selection) const;
  /// Returns what layers keep beside their parameters, such as running statistics: saved, but not trained.
  std::vector<Parameter> layer_state() const;
  /// Adds a tag, by which selections find what carries it.
  void tag(const Node& node, const std::string& tag);
  void tag(const Parameter& parameter, const std::string& tag);
  /// Throws NameError with the nearest known name.
  Node node_named(const std::string& name) const;

  /// Returns the phase of that name, made on first use; then every node is free and shows its value. Rules name nodes by
  /// their whole names. There from the beginning are "start" (all follow their predictions, what has none starts at 0),
  /// "relax" (all are free) and "predict" (readers see predictions, so nothing has to be set).
  Phase& phase(const std::string& name);
  /// Throws NameError if there is no such phase.
  const Phase& phase(const std::string& name) const;

  /// Returns freshly drawn parameters; f64 holds them in double.
  State initialise(std::uint64_t seed, Precision precision = Precision::f32) const;

  /// Returns what node handles refer to.
  const std::shared_ptr<Model>& model() const noexcept { return model_; }
  /// Says at what place of the user's program the nodes, parameters and statements are made that come next, for errors that
  /// are found later: "model.py:12". What is written in another language knows its places; a program begins without.
  void made_at(const std::string& place) const;

  /// Returns the prefix of this part's names, "" for a whole network.
  const std::string& prefix() const noexcept { return prefix_; }

 private:
  std::shared_ptr<Model> model_;
  std::shared_ptr<std::map<std::string, Phase>> phases_;  // not the model's: a transform may hold nodes, and they the model
  std::string prefix_;
};

}  // namespace pcxx

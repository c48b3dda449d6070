/// Model: what a network and its parts share: the graph, and the nodes, terms and parameters that were made in it.
///
/// It holds numbers of expressions, not tensors: a tensor owns its graph, and a graph that owns itself never dies.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "pcxx/network/energy.h"
#include "pcxx/network/initialiser.h"
#include "tensor/graph.h"

namespace pcxx {

constexpr std::int32_t kAbsent = -1;

struct ModelNode {
  std::string name;
  SymbolId value = kAbsent;
  SymbolId seen = kAbsent;
  SymbolId input = kAbsent;  // made when it is first given as data
  SymbolId predicted = kAbsent;  // stands for the prediction: phases may transform it
  SymbolId cost = kAbsent;       // stands for the energy: phases may weight or replace it
  ExpressionId prediction = kAbsent;
  ExpressionId energy = kAbsent;
  std::string energy_name = {};
  bool needs_clamp = false;
  std::set<std::string> tags = {};
};

struct ModelTerm {
  std::string name;
  ExpressionId value;
  SymbolId cost;  // stands for the value, as a node's
};

struct ModelParameter {
  std::string name;
  SymbolId symbol;
  Initialiser initialiser;
  Fans fans;
  std::set<std::string> tags;
  Size layer = kAbsent;    // of an unnamed layer: which; until its name is known
  std::string role = {};   // of an unnamed layer: the end of its name
  bool trained = true;     // or layer state, such as running statistics
};

/// What layer state becomes with each step of the weights.
struct ModelUpdate {
  Size parameter;
  ExpressionId value;
};

/// What a symbol of by_mode() stands for.
struct Modes {
  ExpressionId training;
  ExpressionId evaluation;
};

/// The parameters that a shared layer made at its first use; every later one takes them again, in this order.
struct SharedParameters {
  std::vector<Size> made = {};
  bool complete = false;  // the first use is over
  std::size_t next = 0;   // at a later use
};

class Model : public Graph {
 public:
  /// Returns the number of a new node. Throws NameError if the name is taken or cannot be one.
  Size add_node(const std::string& name, const Shape& shape, DType dtype);
  /// Returns a symbol that stands for a prediction or an energy until a program is written.
  SymbolId stand_in(const std::string& name, ExpressionId meaning);
  /// Sets prediction and energy of a node, and names the unnamed layers in the prediction after it. `predicted` stands
  /// for the prediction in the energy.
  void predict(Size node, SymbolId predicted, ExpressionId prediction, ExpressionId energy, const Energy& how);
  void add_term(const std::string& name, ExpressionId value);
  Size add_parameter(const std::string& name, const Shape& shape, const Initialiser& initialiser, const Fans& fans,
                     std::set<std::string> tags);
  /// Returns the number of a new parameter of an unnamed layer.
  Size add_unnamed(Size layer, const std::string& role, const Shape& shape, const Initialiser& initialiser,
                   const Fans& fans, std::set<std::string> tags);
  /// Returns the number of a new unnamed layer; its kind is the name of its function.
  Size new_layer(const std::string& kind);
  void tag_node(Size node, const std::string& tag) { nodes_[static_cast<std::size_t>(node)].tags.insert(tag); }
  void tag_parameter(Size parameter, const std::string& tag) { parameters_[static_cast<std::size_t>(parameter)].tags.insert(tag); }

  /// Makes a parameter layer state, which nothing trains.
  void untrained(SymbolId parameter) { parameters_[static_cast<std::size_t>(parameter_of_.at(parameter))].trained = false; }
  void add_update(SymbolId parameter, ExpressionId value) { updates_.push_back({parameter_of_.at(parameter), value}); }
  const std::vector<ModelUpdate>& updates() const { return updates_; }

  /// Returns the expression that means one of two by the mode of the program.
  ExpressionId by_mode(ExpressionId training, ExpressionId evaluation);
  /// Returns what a symbol of by_mode() stands for; null for other symbols.
  const Modes* modes_of(SymbolId symbol) const;

  /// Returns a number for the draws of a layer, different from those of programs.
  Size new_stream() { return kLayerStreams + streams_++; }
  /// Returns the expressions that read how many runs there were: draws mix in both (see FlowWriter::draw).
  std::array<ExpressionId, 2> run_counters() { return {read(state("random/run", {})), read(state("random/turn", {}))}; }

  /// The shared layer that is being used; null outside of any. Returns the one before.
  SharedParameters* share(SharedParameters* with) { return std::exchange(sharing_, with); }
  SharedParameters* sharing() const { return sharing_; }

  const std::deque<ModelNode>& nodes() const { return nodes_; }
  const std::deque<ModelTerm>& terms() const { return terms_; }
  const std::deque<ModelParameter>& parameters() const { return parameters_; }
  const ModelNode& node(Size index) const { return nodes_[static_cast<std::size_t>(index)]; }
  const ModelParameter& parameter(Size index) const { return parameters_[static_cast<std::size_t>(index)]; }

  /// Says at what place of the user's program all is made that comes next, "model.py:12"; "": it is not known.
  void made_at(std::string place) { place_ = std::move(place); }
  const std::string& place() const { return place_; }
  /// Remembers the present place as that of a node, a parameter or a variable; of the value that a statement reads.
  void note(SymbolId symbol);
  void note_value(ExpressionId value);
  /// Return what was remembered; "" if nothing was.
  const std::string& place_of(SymbolId symbol) const;
  const std::string& place_of_value(ExpressionId value) const;
  /// Returns a name for messages: "'low'", or "'low' (model.py:12)" where its place is known.
  std::string quoted(SymbolId symbol) const;

  /// Returns the node to which a value, a view, a prediction or an energy belongs; kAbsent if to none.
  Size node_of(SymbolId symbol) const;
  /// Returns the term for which a symbol stands; kAbsent if for none.
  Size term_of(SymbolId symbol) const;
  /// Returns the symbol through which a node's data come.
  SymbolId input_of(Size node);
  /// Returns the state of that name, the same one for every program; made at first use.
  SymbolId state(const std::string& name, const Shape& shape);

  /// Reserves the prefix of a part. Throws NameError if it is taken.
  void add_part(const std::string& prefix);

 private:
  Size add_parameter(ModelParameter parameter, const Shape& shape);
  void name_layers(ExpressionId expression, const std::string& owner);
  std::vector<SymbolId> symbols_meant(ExpressionId expression) const;

  static constexpr Size kLayerStreams = Size{1} << 32;

  std::deque<ModelNode> nodes_;  // deques: handles refer to names
  std::deque<ModelTerm> terms_;
  std::deque<ModelParameter> parameters_;
  std::string place_;
  std::unordered_map<SymbolId, std::string> places_;
  std::unordered_map<ExpressionId, std::string> value_places_;
  std::unordered_map<SymbolId, Size> node_of_;
  std::unordered_map<SymbolId, Size> term_of_;
  std::unordered_map<SymbolId, Size> parameter_of_;
  std::map<std::string, SymbolId> states_;
  std::set<std::string> node_names_, parameter_names_, term_names_, parts_;
  std::vector<ModelUpdate> updates_;
  std::map<std::pair<ExpressionId, ExpressionId>, SymbolId> modal_;
  std::unordered_map<SymbolId, Modes> modes_of_;
  Size streams_ = 0;
  SharedParameters* sharing_ = nullptr;
  std::vector<std::string> layers_;  // kinds of the unnamed ones
};

/// Returns all symbols that an expression reads, each once, from left to right.
std::vector<SymbolId> symbols_read(const Graph& graph, ExpressionId id);

}  // namespace pcxx

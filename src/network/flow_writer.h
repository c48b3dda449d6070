/// FlowWriter: the program that a flow writes, while it is being written.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "network/phase_view.h"
#include "pcxx/network/flow.h"
#include "program/program.h"

namespace pcxx {

class FlowWriter : public RandomSource {
 public:
  FlowWriter(const Network& network, std::vector<Node> given);

  const Network& network() const { return *network_; }
  const std::vector<Node>& given() const { return given_; }
  PhaseView& view() { return *view_; }
  Tensor meaning(const Tensor& tensor) { return view_->meaning(tensor); }
  Tensor read(SymbolId symbol) { return {model_, model_->read(symbol)}; }
  const Symbol& symbol(SymbolId id) const { return model_->symbol(id); }

  void enter(const Phase& phase);
  void own(const Node& node, const char* who) const;
  void own(const Parameter& parameter, const char* who) const;

  /// Returns the variable behind a node, a parameter or what variable() returned.
  SymbolId target(const Tensor& tensor);
  /// Returns a node's variable; throws ArgumentError if it is given as data in this phase.
  SymbolId target(const Node& node);
  /// Returns an assignment of what the tensor means here, in the target's shape. Throws ShapeError.
  Assignment assignment(SymbolId target, const Tensor& value);
  /// Appends a statement that sets variables all at once.
  void assign(std::vector<Assignment> assignments);
  void together(const std::function<void()>& body);

  SymbolId temporary(const std::string& name, const Shape& shape, Span span, DType dtype = DType::real);
  SymbolId state(const std::string& name, const Shape& shape) { return model_->state(name, shape); }
  SymbolId output(const std::string& name, const Tensor& like);
  /// Returns a state that the user names.
  Tensor lasting(const std::string& name, const Shape& shape);

  /// Reserves the name of an optimiser of parameters. Throws NameError if the program has one of that name.
  void reserve_optimiser(const std::string& name);

  /// Moves layer state, once in each run of a program that trains: before the outermost statement being written.
  void update_layer_state();

  void repeat(Size count, const std::function<void(const Tensor&)>& body);
  /// A repetition that stacks what its body returns.
  std::vector<Tensor> scan(Size count, const std::function<std::vector<Tensor>(const Tensor&)>& body);
  void repeat_while(const std::function<Tensor()>& condition, const std::function<void()>& body, Size limit);
  void branch(const Tensor& condition, const std::function<void()>& yes, const std::function<void()>& no);

  /// Returns what a condition means here. Throws ShapeError unless it is boolean, shared and a scalar.
  Tensor checked_condition(const Tensor& condition, const char* who);

  Tensor normal(const Shape& shape, Span span) override { return draw(Op::random_normal, shape, span, {}); }
  Tensor uniform(const Shape& shape, Span span) override { return draw(Op::random_uniform, shape, span, {}); }
  Tensor bernoulli(double probability, const Shape& shape, Span span) override;

  /// Ends the program and returns it.
  Program finish();

 private:
  /// A turn counter of an enclosing loop; draws mix it in. `used` tells a while loop that it must be kept.
  struct Turn {
    SymbolId index;
    bool used = false;
  };

  PhaseView view_of(const Phase& phase, Mode mode);
  /// Lets the weights of a view follow the innermost loop.
  void follow_turn(PhaseView& view);
  Tensor draw(Op op, const Shape& shape, Span span, std::vector<double> reals);
  Repeat repeated(Size count, const std::function<void(const Tensor&)>& body);
  /// What a body writes. If it throws, the program and its phase are as before.
  Region region_of(const std::function<void()>& body);
  Region region_of_loop(Turn& turn, const std::function<void()>& body);
  void append(Statement statement);
  bool draws() const;
  void count_runs();

  const Network* network_;
  std::shared_ptr<Model> model_;
  std::vector<Node> given_;
  std::optional<PhaseView> view_;
  std::vector<Region> open_;  // innermost last
  std::vector<Turn> turns_;
  std::optional<std::vector<Assignment>> collected_;  // inside together()
  std::set<std::string> outputs_, optimisers_, lasting_;
  Size draws_ = 0;
  std::vector<Assignment> layer_updates_;
  std::size_t layer_updates_at_ = 0;  // place in the outermost region
  bool finished_ = false;
};

/// Returns the program that `write` writes. Its graph is the network's: compile a copy.
Program write_program(const Network& network, const std::vector<Node>& given, const std::function<void(Flow&)>& write);

}  // namespace pcxx

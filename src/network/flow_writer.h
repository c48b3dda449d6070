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

  void record(const std::string& name, const Tensor& value);
  void watch_loops(const std::function<NamedTensors()>& look) { looks_.push_back(look); }

  /// See Flow::taught_gradients().
  std::vector<Tensor> taught_gradients();
  /// Returns the sum of what a parameter was taught; nothing if nobody asked for it.
  std::optional<SymbolId> taught(SymbolId parameter) const;

  /// Returns what a condition means here. Throws ShapeError unless it is boolean, shared and a scalar.
  Tensor checked_condition(const Tensor& condition, const char* who);

  Tensor normal(const Shape& shape, Span span) override { return draw(Op::random_normal, shape, span, {}); }
  Tensor uniform(const Shape& shape, Span span) override { return draw(Op::random_uniform, shape, span, {}); }
  Tensor bernoulli(double probability, const Shape& shape, Span span) override;

  /// Ends the program and returns it.
  Program finish();

 private:
  /// Rows that a loop fills, and the output that they become behind it.
  struct Record {
    std::string name;
    SymbolId rows;
    SymbolId output;
  };

  /// A turn counter of an enclosing loop; draws mix it in. `used` tells a while loop that it must be kept.
  struct Turn {
    SymbolId index;
    Size limit;  // of turns
    bool used = false;
    std::vector<Record> records = {};  // of an outermost loop: its own and those of loops in it
    std::vector<Record> watched = {};
  };

  PhaseView view_of(const Phase& phase, Mode mode);
  /// Lets the weights of a view follow the innermost loop.
  void follow_turn(PhaseView& view);
  Tensor draw(Op op, const Shape& shape, Span span, std::vector<double> reals);
  struct Repeated {
    Repeat statement;
    Turn turn;
  };
  Repeated repeated(Size count, const std::function<void(const Tensor&)>& body);
  void append_repeat(Repeated repeated);
  /// What a body writes. If it throws, the program and its phase are as before.
  Region region_of(const std::function<void()>& body);
  Region region_of_loop(Turn& turn, const std::function<void()>& body);
  void append(Statement statement);

  /// Returns new rows for values like this one, in so many of them; the output has these axes in place of the rows.
  Record new_record(const std::string& name, const Tensor& value, Size rows, const std::vector<Size>& axes);
  void set_row_of(const Record& record, const Tensor& place, const Tensor& value);
  /// What watches see; "loop1/" and so on before the names.
  NamedTensors seen_by_watches() const;
  /// Records the state before this turn, if the loop is watched.
  void look_before(Turn& turn);
  /// Writes what stands before and behind an outermost loop: empty rows, the last state, outputs.
  void begin_records(const Turn& turn);
  void end_records(const Turn& turn, const Tensor& turns);
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
  std::vector<std::function<NamedTensors()>> looks_;
  Size loops_watched_ = 0;
  std::map<SymbolId, SymbolId> taught_;  // from a parameter to the sum of its gradients
  std::vector<Assignment> layer_updates_;
  std::size_t layer_updates_at_ = 0;  // place in the outermost region
  bool finished_ = false;
};

/// Returns the program that `write` writes. Its graph is the network's: compile a copy.
Program write_program(const Network& network, const std::vector<Node>& given, const std::function<void(Flow&)>& write);

}  // namespace pcxx

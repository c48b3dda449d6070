/// Flow: writes a program over a network: phases, relaxation, gradients, optimiser steps, loops.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pcxx/network/mode.h"
#include "pcxx/network/network.h"
#include "pcxx/program/optimiser.h"

namespace pcxx {

struct Program;
class FlowWriter;

/// Expressions by name.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// One optimiser over some nodes or parameters, inside a program. Its state (slots and count) is its own and moves only
/// with its steps, so one optimiser for each group (PCX's OptimTree) leaves alone whatever is not stepped.
class OptimiserSteps {
 public:
  /// Moves every variable by one step along its gradient, all at once. Throws ArgumentError if the numbers differ.
  void step(const std::vector<Tensor>& gradients) const;
  /// The same if the condition, boolean and shared, holds; else variables, slots and count stay as they are. Unlike a
  /// step within branch() it can stand in together(), and its gradients are computed in any case.
  void step_if(const Tensor& condition, const std::vector<Tensor>& gradients) const;

 private:
  friend class Flow;
  std::function<void(const std::vector<Tensor>&, const std::optional<Tensor>& condition)> step_;
};

/// Everything a program may do. Statements run in the order they are written; all right-hand sides of one statement read
/// the state before it. Expressions over nodes mean what the current phase says.
class Flow {
 public:
  /// `given`: the nodes that come as data with each run.
  Flow(const Network& network, std::vector<Node> given);

  const Network& network() const;

  /// Enters a phase: clamped nodes take their data; following ones their predictions, each after those that it reads;
  /// released ones that are free start from their data. A phase entered inside a loop or branch ends with it. Before the
  /// first one, everything is as in "relax".
  /// Throws ArgumentError, naming the nodes, if following nodes form a loop or one has no prediction.
  void enter(const std::string& phase);
  /// The same with a phase that the network does not know, e.g. one that a rule makes for itself.
  void enter(const Phase& phase);

  /// Says whether what follows trains, as every program does from its beginning, or evaluates: what dropout, batch_norm
  /// and by_mode() mean. Independent of the phase; a mode set inside a loop or branch ends with it.
  void mode(Mode mode);

  /// Returns the nodes that the current phase leaves to relaxation, all but the clamped ones, in the order they were made.
  std::vector<Node> free_nodes() const;
  std::vector<Node> given_nodes() const;

  /// Returns what an expression over nodes means in the current phase.
  Tensor seen(const Tensor& expression) const;
  /// Returns the nodes whose values, or the parameters that an expression reads in the current phase, in the order they
  /// were made.
  std::vector<Node> nodes_read(const Tensor& expression) const;
  std::vector<Parameter> parameters_read(const Tensor& expression) const;

  /// Returns d energy / d h per sample for each node; an energy that is shared counts once for each sample. Throws
  /// ArgumentError for a free node whose own energy is unbounded in it.
  std::vector<Tensor> gradient(const Tensor& energy, const std::vector<Node>& nodes) const;
  /// Returns the mean over the batch of d energy / d parameter for each.
  std::vector<Tensor> gradient(const Tensor& energy, const std::vector<Parameter>& parameters) const;

  /// Returns d energy / d variable for any mixture of what the variables mean in the current phase: nodes, parameters,
  /// variables, or any other expression. Of what is per sample each sample's own, of what is shared the mean over the batch.
  std::vector<Tensor> gradients(const Tensor& energy, const std::vector<Tensor>& variables) const;

  /// Returns an optimiser of node values: its slots start at zero here, each time the program runs.
  OptimiserSteps optimiser(const Optimiser& optimiser, const std::vector<Node>& nodes);
  /// Returns an optimiser of parameters: its slots live across runs, and in checkpoints, under "name/...". In a program that
  /// trains, layer state moves once in each run: before the outermost statement of the first step of parameters.
  OptimiserSteps optimiser(const Optimiser& optimiser, const std::vector<Parameter>& parameters, const std::string& name = "weights");

  /// Writes everything that `body` assigns, steps and outputs as one statement: all of it reads the state before.
  void together(const std::function<void()>& body);

  /// Sets a node's value, a parameter or a variable; a number sets every element.
  void assign(const Node& node, const Tensor& value);
  void assign(const Parameter& parameter, const Tensor& value);
  void assign(const std::vector<std::pair<Tensor, Tensor>>& assignments);
  /// Adds a variable that lives within one run and starts at `initial`.
  Tensor variable(const std::string& name, const Tensor& initial);

  /// Returns a shared variable that lives across runs, in State and checkpoints as "lasting/name", and starts at zero: in
  /// every program that asks for the name it is the same one. Throws NameError if this program has asked for the name, ShapeError
  /// if another program gave it another shape.
  Tensor lasting_variable(const std::string& name, const Shape& shape = {});

  /// `step`, a shared scalar, counts from 0.
  void repeat(Size count, const std::function<void(const Tensor& step)>& body);
  /// The condition, boolean and shared, is looked at before each turn; after `limit` turns the loop ends anyway.
  void repeat_while(const std::function<Tensor()>& condition, const std::function<void()>& body, Size limit);
  void branch(const Tensor& condition, const std::function<void()>& yes, const std::function<void()>& no = [] {});

  /// Runs cases[index]. The index is a shared scalar; one below 0 counts as 0, one above the last as the last (as in JAX).
  void choose(const Tensor& index, const std::vector<std::function<void()>>& cases);

  /// Runs the body once for each row of the sequences, which are (n, ...), and returns what it returned each time, stacked:
  /// (n, ...). The state that is carried from row to row is what the body assigns.
  std::vector<Tensor> scan(const std::vector<Tensor>& sequences,
                           const std::function<std::vector<Tensor>(const std::vector<Tensor>& rows)>& body);
  /// The same for step = 0 ... count - 1, without sequences.
  std::vector<Tensor> scan(Size count, const std::function<std::vector<Tensor>(const Tensor& step)>& body);

  /// Draws that differ in every run and every step of the enclosing loops.
  Tensor random_normal(const Shape& shape, Span span = Span::per_sample);
  Tensor random_uniform(const Shape& shape, Span span = Span::per_sample);
  Tensor random_bernoulli(double probability, const Shape& shape, Span span = Span::per_sample);

  /// Gives a value a name under which it can be read after a run. Throws NameError if the program has the name already.
  void output(const std::string& name, const Tensor& value);

  /// Gives the values that an expression has here in every turn of the loops around a name under which they can be read after a
  /// run: (turns of the outermost loop, ..., turns of the innermost, shape...). Of a loop that may end earlier, at most `limit`
  /// turns; turns that were not made are zero. Outside of loops it is output(). Throws NameError as that does.
  void record(const std::string& name, const Tensor& value);

  /// Records what `look` returns at every state that a loop passes through, before its first turn and after each: outputs
  /// "loop1/<name>" (turns + 1, shape...), "loop2/<name>", ... for each loop of the program that is written from here on and is
  /// in no other loop or branch, and "loop1/states", the number of rows: a loop that ends earlier leaves zeros behind them.
  /// `look` is called while the program is written, in the phase of the loop, and changes nothing that the program computes.
  void watch_loops(const std::function<NamedTensors()>& look);

  /// Returns for each parameter of the network a variable that starts at zero and adds up the gradients with which optimisers
  /// step that parameter from here on. Throws ArgumentError if it has been called before.
  std::vector<Tensor> taught_gradients();

 private:
  friend Program write_program(const Network& network, const std::vector<Node>& given,
                               const std::function<void(Flow&)>& write);
  std::shared_ptr<FlowWriter> writer_;
};

}  // namespace pcxx

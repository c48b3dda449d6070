/// Flow: phases, gradients, optimisers; the statements themselves are FlowWriter's.
#include "pcxx/network/flow.h"

#include <fmt/format.h>

#include <algorithm>

#include "network/flow_writer.h"
#include "pcxx/core/errors.h"
#include "pcxx/tensor/gradient.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {
namespace {

/// One variable of an optimiser: itself and its memory.
struct Moving {
  SymbolId value;
  SymbolId count;  // the optimiser's, or its own if steps are skipped
  std::string name;
  std::set<std::string> tags;
  std::vector<SymbolId> slots = {};
};

/// The variables of one optimiser and how to move them.
struct Steps {
  std::shared_ptr<FlowWriter> writer;
  Optimiser optimiser;
  std::vector<Moving> variables;
  bool counts;

  OptimiserInput input(const Moving& variable, const Tensor& gradient) const {
    OptimiserInput result{writer->read(variable.value), gradient, {}, writer->read(variable.count), variable.name, variable.tags};
    for (const SymbolId slot : variable.slots) {
      result.slots.push_back(writer->read(slot));
    }
    return result;
  }

  /// Returns what becomes of each variable, in their order.
  std::vector<OptimiserOutput> updates(const std::vector<Tensor>& gradients) const {
    std::vector<OptimiserInput> inputs;
    for (std::size_t i = 0; i < variables.size(); ++i) {
      inputs.push_back(input(variables[i], gradients[i]));
    }
    if (optimiser.prepare) {
      const std::vector<Tensor> prepared = optimiser.prepare(inputs);
      require(prepared.size(), inputs.size(), "gradients");
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        inputs[i].gradient = prepared[i];
      }
    }
    std::vector<OptimiserOutput> outputs;
    for (const OptimiserInput& each : inputs) {
      outputs.push_back(optimiser.update(each));
      require(outputs.back().slots.size(), optimiser.slots.size(), "slots");
    }
    return outputs;
  }

  void require(std::size_t returned, std::size_t declared, const char* what) const {
    if (returned != declared) {
      throw ArgumentError(
          fmt::format("[optimiser] '{}' declares {} {} but returns {}", optimiser.name, declared, what, returned));
    }
  }

  std::vector<Tensor> checked(const std::vector<Tensor>& gradients) const {
    if (gradients.size() != variables.size()) {
      throw ArgumentError(fmt::format("[step] {} gradients for {} variables of '{}'; expected one for each",
                                      gradients.size(), variables.size(), optimiser.name));
    }
    std::vector<Tensor> meant;
    for (std::size_t i = 0; i < variables.size(); ++i) {
      const Symbol& variable = writer->symbol(variables[i].value);
      meant.push_back(writer->meaning(gradients[i]));
      if (meant.back().shape() != variable.shape) {
        throw ShapeError(fmt::format("[step] '{}' is {} but its gradient is {}", variable.name, to_string(variable.shape),
                                     to_string(meant.back().shape())));
      }
    }
    return meant;
  }

  /// Writes one step of every variable; where a condition is given and does not hold, everything stays as it is.
  void operator()(const std::vector<Tensor>& gradients, const std::optional<Tensor>& condition) const {
    const std::optional<Tensor> holds =
        condition ? std::optional(writer->checked_condition(*condition, "step_if")) : std::nullopt;
    const std::vector<Tensor> meant = checked(gradients);
    const std::vector<OptimiserOutput> outputs = updates(meant);
    std::vector<Assignment> assignments;
    const auto assign = [&](const std::optional<Tensor>& moves, SymbolId target, const Tensor& value) {
      assignments.push_back(writer->assignment(target, moves ? select(*moves, value, writer->read(target)) : value));
    };
    for (std::size_t i = 0; i < variables.size(); ++i) {
      const std::optional<Tensor> moves = optimiser.skips_zeros ? moves_by(holds, meant[i]) : holds;
      assign(moves, variables[i].value, outputs[i].value);
      for (std::size_t slot = 0; slot < outputs[i].slots.size(); ++slot) {
        assign(moves, variables[i].slots[slot], outputs[i].slots[slot]);
      }
      if (const auto sum = writer->taught(variables[i].value)) {
        assign(holds, *sum, writer->read(*sum) + meant[i]);
      }
      if (counts && (optimiser.skips_zeros || i == 0)) {
        assign(moves, variables[i].count, writer->read(variables[i].count) + 1.0);
      }
    }
    writer->assign(std::move(assignments));
  }

  /// Returns whether a gradient is to move its variable; a NaN is, so that it is noticed.
  static Tensor moves_by(const std::optional<Tensor>& condition, const Tensor& gradient) {
    const Tensor moves = !equal(sum(abs(gradient)), 0.0);
    return condition ? *condition && moves : moves;
  }
};

bool reads(const Tensor& tensor, SymbolId symbol) {
  const std::vector<SymbolId> symbols = symbols_read(*tensor.graph(), tensor.id());
  return std::find(symbols.begin(), symbols.end(), symbol) != symbols.end();
}

/// Returns whether an optimiser's update depends on its count; constant rates do not.
bool reads_count(const Steps& steps) {
  std::vector<Tensor> values;
  for (const Moving& variable : steps.variables) {
    values.push_back(steps.writer->read(variable.value));
  }
  for (const OptimiserOutput& output : steps.updates(values)) {
    std::vector<Tensor> results = output.slots;
    results.push_back(output.value);
    for (const Tensor& result : results) {
      const auto read = [&](const Moving& variable) { return reads(result, variable.count); };
      if (result.graph() != nullptr && std::any_of(steps.variables.begin(), steps.variables.end(), read)) {
        return true;
      }
    }
  }
  return false;
}

/// Returns d energy / d variable: of what is per sample each sample's own, of what is shared the mean over the batch. An
/// energy that is shared counts once for each sample.
std::vector<Tensor> gradients_of(const Tensor& energy, const std::vector<Tensor>& variables) {
  std::vector<Tensor> rows, shared;
  for (const Tensor& variable : variables) {
    (variable.span() == Span::shared ? shared : rows).push_back(variable);
  }
  const bool counts_once = energy.span() == Span::shared;
  std::vector<Tensor> of_rows, of_shared;
  if (!rows.empty()) {
    of_rows = pcxx::gradient(counts_once ? energy * batch_size(energy) : energy, rows);
  }
  if (!shared.empty()) {
    of_shared = pcxx::gradient(energy, shared);
  }
  const Tensor scale = 1.0 / batch_size(energy);
  for (Tensor& gradient : of_shared) {
    if (!counts_once && !gradient.graph()->is_constant(gradient.id(), 0)) {
      gradient = gradient * scale;
    }
  }
  std::vector<Tensor> result;
  auto next_row = of_rows.begin(), next_shared = of_shared.begin();
  for (const Tensor& variable : variables) {
    result.push_back(variable.span() == Span::shared ? *next_shared++ : *next_row++);
  }
  return result;
}

Tensor energy_in(FlowWriter& writer, const Tensor& energy) {
  const Tensor meant = writer.meaning(energy);
  if (meant.shape().rank() != 0) {
    throw ShapeError("[gradient] the energy is " + to_string(meant.shape()) + "; expected a scalar for each sample: sum it");
  }
  return meant;
}

}  // namespace

void OptimiserSteps::step(const std::vector<Tensor>& gradients) const { step_(gradients, {}); }

void OptimiserSteps::step_if(const Tensor& condition, const std::vector<Tensor>& gradients) const {
  step_(gradients, condition);
}

Flow::Flow(const Network& network, std::vector<Node> given)
    : writer_(std::make_shared<FlowWriter>(network, std::move(given))) {}

const Network& Flow::network() const { return writer_->network(); }

void Flow::enter(const std::string& phase) { writer_->enter(network().phase(phase)); }

void Flow::enter(const Phase& phase) { writer_->enter(phase); }

void Flow::mode(Mode mode) { writer_->view().set_mode(mode); }

std::vector<Node> Flow::given_nodes() const { return writer_->given(); }

std::vector<Node> Flow::free_nodes() const {
  std::vector<Node> nodes = network().nodes();
  std::erase_if(nodes, [&](const Node& node) { return writer_->view().clamped(node.index()); });
  return nodes;
}

Tensor Flow::seen(const Tensor& expression) const { return writer_->meaning(expression); }

std::vector<Node> Flow::nodes_read(const Tensor& expression) const {
  const Tensor meant = writer_->meaning(expression);
  std::vector<Node> nodes = network().nodes();
  std::erase_if(nodes, [&](const Node& node) {
    return !reads(meant, symbol_of(*meant.graph(), writer_->view().value(node.index()), "nodes_read"));
  });
  return nodes;
}

std::vector<Parameter> Flow::parameters_read(const Tensor& expression) const {
  const Tensor meant = writer_->meaning(expression);
  std::vector<Parameter> parameters = network().parameters();
  std::erase_if(parameters, [&](const Parameter& parameter) {
    return !reads(meant, network().model()->parameter(parameter.index()).symbol);
  });
  return parameters;
}

std::vector<Tensor> Flow::gradient(const Tensor& energy, const std::vector<Node>& nodes) const {
  const Tensor meant = energy_in(*writer_, energy);
  std::vector<Tensor> variables;
  for (const Node& node : nodes) {
    writer_->own(node, "gradient");
    const std::string unbounded = writer_->view().unbounded_energy(node.index());
    if (!unbounded.empty() && !writer_->view().clamped(node.index())) {
      throw ArgumentError(fmt::format("[gradient] node {} is free but its energy '{}' has no minimum in it; expected it to "
                                      "be given as data or clamped", network().model()->quoted(network().model()->node(node.index()).value), unbounded));
    }
    variables.emplace_back(meant.graph(), writer_->view().value(node.index()));
  }
  return gradients_of(meant, variables);
}

std::vector<Tensor> Flow::gradient(const Tensor& energy, const std::vector<Parameter>& parameters) const {
  const Tensor meant = energy_in(*writer_, energy);
  std::vector<Tensor> variables;
  for (const Parameter& parameter : parameters) {
    writer_->own(parameter, "gradient");
    variables.emplace_back(parameter);
  }
  return gradients_of(meant, variables);
}

std::vector<Tensor> Flow::gradients(const Tensor& energy, const std::vector<Tensor>& variables) const {
  const Tensor meant = energy_in(*writer_, energy);
  std::vector<Tensor> own;
  for (const Tensor& variable : variables) {
    own.push_back(writer_->meaning(variable));
  }
  return gradients_of(meant, own);
}

OptimiserSteps Flow::optimiser(const Optimiser& optimiser, const std::vector<Node>& nodes) {
  if (optimiser.skips_zeros) {
    throw ArgumentError("[optimiser] '" + optimiser.name +
                        "' skips zeros and is for node values, which move even so; expected skipping_zeros() for parameters only");
  }
  Steps steps{writer_, optimiser, {}, true};
  const SymbolId count = writer_->temporary(optimiser.name + " count", {}, Span::shared);
  for (const Node& node : nodes) {
    Moving variable{writer_->target(node), count, node.name(), {}};
    for (const std::string& slot : optimiser.slots) {
      variable.slots.push_back(writer_->temporary(node.name() + " " + slot, node.shape(), Span::per_sample));
    }
    steps.variables.push_back(std::move(variable));
  }
  steps.counts = reads_count(steps);
  std::vector<Assignment> start;
  for (const Moving& variable : steps.variables) {
    for (const SymbolId slot : variable.slots) {
      start.push_back(writer_->assignment(slot, 0.0));
    }
  }
  if (steps.counts) {
    start.push_back(writer_->assignment(count, 0.0));
  }
  writer_->assign(std::move(start));
  OptimiserSteps result;
  result.step_ = std::move(steps);
  return result;
}

OptimiserSteps Flow::optimiser(const Optimiser& optimiser, const std::vector<Parameter>& parameters, const std::string& name) {
  writer_->reserve_optimiser(name);
  Steps steps{writer_, optimiser, {}, true};
  for (const Parameter& parameter : parameters) {
    writer_->own(parameter, "optimiser");
    const std::string count = optimiser.skips_zeros ? fmt::format("{}/{}/count", name, parameter.name()) : name + "/count";
    Moving variable{writer_->target(Tensor(parameter)), writer_->state(count, {}), parameter.name(), parameter.tags()};
    for (const std::string& slot : optimiser.slots) {
      variable.slots.push_back(writer_->state(fmt::format("{}/{}/{}", name, parameter.name(), slot), parameter.shape()));
    }
    steps.variables.push_back(std::move(variable));
  }
  OptimiserSteps result;
  result.step_ = [steps = std::move(steps)](const std::vector<Tensor>& gradients, const std::optional<Tensor>& condition) {
    steps.writer->update_layer_state();
    steps(gradients, condition);
  };
  return result;
}

void Flow::together(const std::function<void()>& body) { writer_->together(body); }

void Flow::assign(const Node& node, const Tensor& value) {
  writer_->assign({writer_->assignment(writer_->target(node), value)});
}

void Flow::assign(const Parameter& parameter, const Tensor& value) {
  writer_->own(parameter, "assign");
  writer_->assign({writer_->assignment(writer_->target(Tensor(parameter)), value)});
}

void Flow::assign(const std::vector<std::pair<Tensor, Tensor>>& assignments) {
  std::vector<Assignment> checked;
  for (const auto& [target, value] : assignments) {
    checked.push_back(writer_->assignment(writer_->target(target), value));
  }
  writer_->assign(std::move(checked));
}

Tensor Flow::variable(const std::string& name, const Tensor& initial) {
  const Tensor meant = writer_->meaning(initial);
  const SymbolId symbol = writer_->temporary(name, meant.shape(), meant.span(), meant.dtype());
  writer_->assign({writer_->assignment(symbol, meant)});
  return writer_->read(symbol);
}

Tensor Flow::lasting_variable(const std::string& name, const Shape& shape) { return writer_->lasting(name, shape); }

void Flow::repeat(Size count, const std::function<void(const Tensor&)>& body) { writer_->repeat(count, body); }

void Flow::repeat_while(const std::function<Tensor()>& condition, const std::function<void()>& body, Size limit) {
  writer_->repeat_while(condition, body, limit);
}

void Flow::branch(const Tensor& condition, const std::function<void()>& yes, const std::function<void()>& no) {
  writer_->branch(condition, yes, no);
}

void Flow::choose(const Tensor& index, const std::vector<std::function<void()>>& cases) {
  if (cases.empty()) {
    throw ArgumentError("[choose] between no cases; expected at least one");
  }
  if (cases.size() == 1) {
    return cases[0]();
  }
  const auto half = static_cast<std::ptrdiff_t>(cases.size() / 2);  // a tree of branches
  const auto part = [&](std::ptrdiff_t from, std::ptrdiff_t to, double first) {
    return [this, index, first, some = std::vector(cases.begin() + from, cases.begin() + to)] { choose(index - first, some); };
  };
  const auto end = static_cast<std::ptrdiff_t>(cases.size());
  branch(index < static_cast<double>(half), part(0, half, 0), part(half, end, static_cast<double>(half)));
}

std::vector<Tensor> Flow::scan(const std::vector<Tensor>& sequences,
                               const std::function<std::vector<Tensor>(const std::vector<Tensor>&)>& body) {
  std::vector<Tensor> meant;
  for (const Tensor& sequence : sequences) {
    meant.push_back(writer_->meaning(sequence));
    if (meant.back().shape().rank() < 1 || meant.back().shape()[0] != meant.front().shape()[0]) {
      throw ShapeError(fmt::format("[scan] sequences are {} and {}; expected (n, ...) with one n for all",
                                   to_string(meant.front().shape()), to_string(meant.back().shape())));
    }
  }
  if (meant.empty()) {
    throw ArgumentError("[scan] over no sequences; expected at least one, or a number of steps");
  }
  return scan(meant.front().shape()[0], [&](const Tensor& step) {
    std::vector<Tensor> rows;
    for (const Tensor& sequence : meant) {
      rows.push_back(row(sequence, step));
    }
    return body(rows);
  });
}

std::vector<Tensor> Flow::scan(Size count, const std::function<std::vector<Tensor>(const Tensor&)>& body) {
  return writer_->scan(count, body);
}

Tensor Flow::random_normal(const Shape& shape, Span span) { return writer_->normal(shape, span); }

Tensor Flow::random_uniform(const Shape& shape, Span span) { return writer_->uniform(shape, span); }

Tensor Flow::random_bernoulli(double probability, const Shape& shape, Span span) {
  return writer_->bernoulli(probability, shape, span);
}

void Flow::output(const std::string& name, const Tensor& value) {
  const Tensor meant = writer_->meaning(value);
  writer_->assign({{writer_->output(name, meant), meant.id()}});
}

void Flow::record(const std::string& name, const Tensor& value) { writer_->record(name, value); }

void Flow::watch_loops(const std::function<NamedTensors()>& look) { writer_->watch_loops(look); }

std::vector<Tensor> Flow::taught_gradients() { return writer_->taught_gradients(); }

Program write_program(const Network& network, const std::vector<Node>& given, const std::function<void(Flow&)>& write) {
  Flow flow(network, given);
  write(flow);
  return flow.writer_->finish();
}

}  // namespace pcxx

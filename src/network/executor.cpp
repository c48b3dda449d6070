/// Executor: gives a compiled program its data and its state, and reads what it leaves.
#include "pcxx/network/executor.h"

#include <fmt/format.h>

#include <algorithm>

#include "backend/backend.h"
#include "core/names.h"
#include "network/flow_writer.h"
#include "pcxx/core/errors.h"
#include "program/passes/analysis.h"

namespace pcxx {
namespace {

/// Returns the symbols that a program reads or sets.
Symbols symbols_of(const Program& program) {
  Symbols symbols;
  for (const Statement& statement : program.body) {
    add_reads(*program.graph, statement, symbols);
    add_writes(statement, symbols);
  }
  return symbols;
}

Symbols targets_of(const Program& program) {
  Symbols targets;
  for (const Statement& statement : program.body) {
    add_writes(statement, targets);
  }
  return targets;
}

/// Returns an array in an element type that a backend takes for such a node.
Array as_input(const Array& array, DType dtype, Precision precision) {
  if (dtype == DType::index) {
    return array.to(ElementType::i32);
  }
  return array.to(precision == Precision::f64 ? ElementType::f64 : ElementType::f32);
}

void check_samples(Size samples) {
  if (samples < 1) {
    throw ArgumentError("[run] " + std::to_string(samples) + " samples; expected at least 1");
  }
}

}  // namespace

struct Executor::Implementation {
  /// What the model says of a node that comes as data: runs do not look at the model, which may grow meanwhile.
  struct Given {
    SymbolId symbol;
    DType dtype;
  };
  /// Data in the element types that a backend takes.
  struct Batch {
    Size samples;
    std::vector<Array> arrays;
    std::vector<InputView> views;
  };
  std::shared_ptr<Model> model;
  std::vector<Node> given;
  std::vector<Given> inputs = {};  // of `given`
  Program program;
  std::shared_ptr<State> state;
  ExecutorOptions options;
  std::set<SymbolId> targets;
  std::map<std::string, SymbolId> outputs;
  std::unique_ptr<Executable> executable;
  bool ran = false;

  void check_state();
  std::vector<InputView> views_of(const std::vector<NodeData>& data) const;
  Batch batch_of(const std::vector<std::pair<Node, Array>>& data) const;
  void run(Size samples, const std::vector<InputView>& views);
  Profile profile(Size samples, const std::vector<InputView>& views);
  std::size_t place_of(const Node& node) const;
  template <class Data, class NodeOf>
  std::vector<const Data*> in_order(const std::vector<Data>& data, const NodeOf& node_of) const;
  Array result(SymbolId symbol, const std::string& what) const;
};

/// Parameters must be there; states of optimisers and counters begin at zero.
void Executor::Implementation::check_state() {
  const ElementType type = options.precision == Precision::f64 ? ElementType::f64 : ElementType::f32;
  for (const SymbolId id : symbols_of(program)) {
    const Symbol& symbol = model->symbol(id);
    if (symbol.kind == SymbolKind::output) {
      outputs.emplace(symbol.name, id);
    }
    if (symbol.kind == SymbolKind::state && !state->contains(id)) {
      state->set(id, symbol.name, Array(symbol.shape, type));
    }
    if (symbol.kind != SymbolKind::parameter && symbol.kind != SymbolKind::state) {
      continue;
    }
    if (!state->contains(id) || state->at(id).shape() != symbol.shape) {
      throw ArgumentError("[executor] the state lacks '" + symbol.name +
                          "'; expected one that initialise() of this network returned after the last parameter was made");
    }
    if (state->at(id).type() != type) {
      throw ArgumentError(fmt::format("[executor] '{}' is {}; expected {} for precision {}: initialise the state with it",
                                      symbol.name, to_string(state->at(id).type()), to_string(type),
                                      to_string(options.precision)));
    }
  }
}

std::size_t Executor::Implementation::place_of(const Node& node) const {
  const auto found = std::find(given.begin(), given.end(), node);
  if (found == given.end()) {
    throw ArgumentError("[run] node '" + node.name() + "' has data but was not declared as given");
  }
  return static_cast<std::size_t>(found - given.begin());
}

template <class Data, class NodeOf>
std::vector<const Data*> Executor::Implementation::in_order(const std::vector<Data>& data, const NodeOf& node_of) const {
  std::vector<const Data*> ordered(given.size(), nullptr);
  for (const Data& each : data) {
    const Data*& place = ordered[place_of(node_of(each))];
    if (place != nullptr) {
      throw ArgumentError("[run] node '" + node_of(each).name() + "' has data twice");
    }
    place = &each;
  }
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (ordered[i] == nullptr) {
      throw ArgumentError("[run] node '" + given[i].name() + "' has no data; expected some for every given node");
    }
  }
  return ordered;
}

void Executor::Implementation::run(Size samples, const std::vector<InputView>& views) {
  check_samples(samples);
  executable->run(samples, views, *state, options.seed);
  ran = true;
}

Profile Executor::Implementation::profile(Size samples, const std::vector<InputView>& views) {
  check_samples(samples);
  Profile result = executable->profile(samples, views, *state, options.seed);
  ran = true;
  return result;
}

Array Executor::Implementation::result(SymbolId symbol, const std::string& what) const {
  if (!ran) {
    throw ArgumentError("[executor] " + what + " is read before the first run");
  }
  return executable->value(symbol);
}

Executor::Executor(const Network& network, const std::vector<Node>& given, const std::function<void(Flow&)>& write,
                   std::shared_ptr<State> state, const ExecutorOptions& options)
    : Executor(network, given, write_program(network, given, write), std::move(state), options) {}

Executor::Executor(const Network& network, const std::vector<Node>& given, const Program& program, std::shared_ptr<State> state,
                   const ExecutorOptions& options)
    : implementation_(std::make_unique<Implementation>()) {
  if (state == nullptr) {
    throw ArgumentError("[executor] no state; expected what the network's initialise() returned");
  }
  if (options.threads < 0) {
    throw ArgumentError("[executor] " + std::to_string(options.threads) + " threads; expected 0 for all cores, or more");
  }
  Implementation& own = *implementation_;
  const auto device = backend(options.device);
  own.model = network.model();
  own.given = given;
  for (const Node& node : given) {
    const SymbolId symbol = own.model->input_of(node.index());
    own.inputs.push_back({symbol, own.model->symbol(symbol).dtype});
  }
  own.program = program;
  own.state = std::move(state);
  own.options = options;
  own.targets = targets_of(own.program);
  own.check_state();
  own.executable = device->compile(own.program, {options.precision, options.threads, options.known_zeros, options.hoist});
}

Executor::~Executor() = default;
Executor::Executor(Executor&&) noexcept = default;
Executor& Executor::operator=(Executor&&) noexcept = default;

std::vector<InputView> Executor::Implementation::views_of(const std::vector<NodeData>& data) const {
  const auto ordered = in_order(data, [](const NodeData& each) { return each.node; });
  std::vector<InputView> views;
  for (const NodeData* each : ordered) {
    const Given& input = inputs[views.size()];
    const bool is_index = input.dtype == DType::index;
    const void* data_of = is_index ? static_cast<const void*>(each->indices) : each->rows;
    if (data_of == nullptr) {
      const bool other = is_index ? each->rows != nullptr : each->indices != nullptr;
      throw ArgumentError("[run] the data of node '" + each->node.name() + "' are " +
                          (!other     ? "a null pointer"
                           : is_index ? "f32, but it takes indices; give NodeData::indices"
                                      : "indices, but it takes f32; give NodeData::rows"));
    }
    views.push_back({input.symbol, is_index ? ElementType::i32 : ElementType::f32, data_of});
  }
  return views;
}

Executor::Implementation::Batch Executor::Implementation::batch_of(const std::vector<std::pair<Node, Array>>& data) const {
  const auto ordered = in_order(data, [](const auto& each) { return each.first; });
  Batch batch{data.empty() ? 1 : kAbsent, {}, {}};
  for (const auto* each : ordered) {
    const auto& [node, array] = *each;
    if (batch.samples == kAbsent && array.shape().rank() > 0) {
      batch.samples = array.shape()[0];
    }
    const bool known = batch.samples != kAbsent;
    std::vector<Size> expected = {batch.samples};
    expected.insert(expected.end(), node.shape().begin(), node.shape().end());
    if (array.shape().extents() != expected) {
      throw ShapeError(fmt::format("[run] the data of node '{}' are {}; expected {}", node.name(), to_string(array.shape()),
                                   known ? to_string(Shape(expected)) : "a first axis of samples"));
    }
    const Given& input = inputs[batch.views.size()];
    batch.arrays.push_back(as_input(array, input.dtype, options.precision));
    batch.views.push_back({input.symbol, batch.arrays.back().type(), nullptr});
  }
  for (std::size_t i = 0; i < batch.views.size(); ++i) {
    batch.views[i].data = batch.arrays[i].data();
  }
  return batch;
}

void Executor::run(Size samples, const std::vector<NodeData>& data) {
  implementation_->run(samples, implementation_->views_of(data));
}

void Executor::run(const std::vector<std::pair<Node, Array>>& data) {
  const auto batch = implementation_->batch_of(data);
  implementation_->run(batch.samples, batch.views);
}

Profile Executor::profile(Size samples, const std::vector<NodeData>& data) {
  return implementation_->profile(samples, implementation_->views_of(data));
}

Profile Executor::profile(const std::vector<std::pair<Node, Array>>& data) {
  const auto batch = implementation_->batch_of(data);
  return implementation_->profile(batch.samples, batch.views);
}

Array Executor::value(const Node& node) const {
  const Implementation& own = *implementation_;
  const SymbolId symbol = own.model->node(node.index()).value;
  if (node.value().graph() != std::static_pointer_cast<Graph>(own.model)) {
    throw ArgumentError("[value] node '" + node.name() + "' belongs to a different network");
  }
  if (!own.targets.contains(symbol)) {
    const bool data = std::find(own.given.begin(), own.given.end(), node) != own.given.end();
    throw ArgumentError(fmt::format("[value] node '{}' is {}", node.name(),
                                    data ? "given as data, which the program does not change; expected one that it sets"
                                         : "never set by this program; expected one that is, e.g. by a phase in which it "
                                           "follows its prediction, or an output of its prediction"));
  }
  return own.result(symbol, "node '" + node.name() + "'");
}

Array Executor::value(std::int32_t symbol, const std::string& what) const { return implementation_->result(symbol, what); }

Array Executor::output(const std::string& name) const {
  const Implementation& own = *implementation_;
  const auto found = own.outputs.find(name);
  if (found == own.outputs.end()) {
    throw NameError("[output] " + unknown_name(name, outputs()));
  }
  return own.result(found->second, "output '" + name + "'");
}

std::vector<std::string> Executor::outputs() const {
  std::vector<std::string> names;
  for (const auto& [name, symbol] : implementation_->outputs) {
    names.push_back(name);
  }
  return names;
}

Plan Executor::plan(Size samples) const {
  if (samples < 0) {
    throw ArgumentError("[plan] " + std::to_string(samples) + " samples; expected at least 0");
  }
  return implementation_->executable->plan(samples);
}

std::string Executor::explain() const { return implementation_->executable->explain(); }
std::string Executor::program() const { return listing(implementation_->program); }
double Executor::flops(Size samples) const { return implementation_->executable->flops(samples); }
Size Executor::bytes(Size samples) const { return implementation_->executable->bytes(samples); }

}  // namespace pcxx

/// Ensemble: the members' programs side by side, run by one executor over one state.
#include "pcxx/network/ensemble.h"

#include <fmt/format.h>

#include <set>

#include "network/flow_writer.h"
#include "pcxx/core/errors.h"
#include "program/side_by_side.h"

namespace pcxx {

struct Ensemble::Implementation {
  std::shared_ptr<Model> model;
  std::vector<std::map<SymbolId, SymbolId>> symbols;  // of each member: from the network's to its own
  std::shared_ptr<State> state;
  std::unique_ptr<Executor> executor;

  const std::map<SymbolId, SymbolId>& symbols_of(Size member) const {
    if (member < 0 || member >= static_cast<Size>(symbols.size())) {
      throw ArgumentError(fmt::format("[ensemble] member {} of {}; expected 0 to {}", member, symbols.size(), symbols.size() - 1));
    }
    return symbols[static_cast<std::size_t>(member)];
  }

  static bool lives_on(const Symbol& symbol) {
    return symbol.kind == SymbolKind::parameter || symbol.kind == SymbolKind::state;
  }
};

Ensemble::Ensemble(const Network& network, const std::vector<Node>& given, const std::vector<EnsembleMember>& members,
                   const ExecutorOptions& options)
    : implementation_(std::make_unique<Implementation>()) {
  if (members.empty()) {
    throw ArgumentError("[ensemble] no members; expected at least one");
  }
  Implementation& own = *implementation_;
  own.model = network.model();
  std::vector<Program> programs;
  std::vector<std::uint64_t> seeds;
  for (const EnsembleMember& member : members) {
    programs.push_back(write_program(network, given, member.write));
    seeds.push_back(member.seed);
  }
  std::set<SymbolId> data;
  for (const Node& node : given) {
    data.insert(own.model->input_of(node.index()));
  }
  SideBySide all = side_by_side(programs, data, seeds);
  own.state = std::make_shared<State>();
  for (std::size_t i = 0; i < members.size(); ++i) {
    const State fresh = network.initialise(seeds[i], options.precision);
    for (const auto& [symbol, entry] : fresh.entries()) {
      const auto [place, unread] = all.symbols[i].try_emplace(symbol, symbol);
      if (unread) {
        Symbol copy = own.model->symbol(symbol);
        copy.name = fmt::format("{}/{}", i, copy.name);
        place->second = own.model->add_symbol(std::move(copy));
      }
      own.state->set(place->second, own.model->symbol(place->second).name, entry.array);
    }
  }
  own.symbols = std::move(all.symbols);
  own.executor.reset(new Executor(network, given, all.program, own.state, options));
}

Ensemble::~Ensemble() = default;
Ensemble::Ensemble(Ensemble&&) noexcept = default;
Ensemble& Ensemble::operator=(Ensemble&&) noexcept = default;

Size Ensemble::size() const { return static_cast<Size>(implementation_->symbols.size()); }

void Ensemble::run(Size samples, const std::vector<NodeData>& data) { implementation_->executor->run(samples, data); }

void Ensemble::run(const std::vector<std::pair<Node, Array>>& data) { implementation_->executor->run(data); }

Profile Ensemble::profile(Size samples, const std::vector<NodeData>& data) {
  return implementation_->executor->profile(samples, data);
}

Profile Ensemble::profile(const std::vector<std::pair<Node, Array>>& data) { return implementation_->executor->profile(data); }

Array Ensemble::value(Size member, const Node& node) const {
  const auto& symbols = implementation_->symbols_of(member);
  const auto found = symbols.find(implementation_->model->node(node.index()).value);
  if (node.value().graph() != std::static_pointer_cast<Graph>(implementation_->model) || found == symbols.end()) {
    throw ArgumentError("[value] node '" + node.name() + "' is never set by the program of member " + std::to_string(member));
  }
  return implementation_->executor->value(found->second, "node '" + node.name() + "'");
}

Array Ensemble::output(Size member, const std::string& name) const {
  implementation_->symbols_of(member);
  return implementation_->executor->output(fmt::format("{}/{}", member, name));
}

State Ensemble::state(Size member) const {
  State result;
  for (const auto& [symbol, copy] : implementation_->symbols_of(member)) {
    if (Implementation::lives_on(implementation_->model->symbol(symbol))) {
      result.set(symbol, implementation_->model->symbol(symbol).name, implementation_->state->at(copy));
    }
  }
  return result;
}

void Ensemble::load(Size member, const NamedArrays& arrays) {
  State loaded = state(member);
  loaded.load(arrays);
  for (const auto& [symbol, entry] : loaded.entries()) {
    implementation_->state->at(implementation_->symbols_of(member).at(symbol)) = entry.array;
  }
}

Plan Ensemble::plan(Size samples) const { return implementation_->executor->plan(samples); }

std::string Ensemble::explain() const { return implementation_->executor->explain(); }

}  // namespace pcxx

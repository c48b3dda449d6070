/// The pass `memory`: where every variable lives, and when. What lives within one stage of rows shares a thread's scratch.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "program/packing.h"
#include "program/passes/analysis.h"
#include "program/passes/liveness.h"
#include "program/passes/passes.h"

namespace pcxx {
namespace {

class Memory {
 public:
  explicit Memory(Program& program) : program_(program), graph_(*program.graph) {}

  void run() {
    std::map<SymbolId, std::set<const Stage*>> stages;
    for_each_statement(std::as_const(program_.body), [&](const Statement& statement) {
      if (const auto* stage = std::get_if<Stage>(&statement.content)) {
        Symbols used;
        for (const Statement& inner : stage->body) {
          add_reads(graph_, inner, used);
          add_writes(inner, used);
        }
        for (const SymbolId symbol : used) {
          stages[symbol].insert(stage);
        }
      }
    });
    add_conditions(stages);
    for (const auto& [symbol, where] : stages) {
      place(symbol, where.size() == 1 ? *where.begin() : nullptr);
    }
    for_each_statement(std::as_const(program_.body), [&](const Statement& statement) {
      if (const auto* stage = std::get_if<Stage>(&statement.content); stage != nullptr && stage->span == Span::per_sample) {
        pack_tile(*stage);
      }
    });
    note_uses();
  }

 private:
  /// Indices and conditions of loops outside of stages are shared variables.
  void add_conditions(std::map<SymbolId, std::set<const Stage*>>& stages) const {
    const auto outside = [&](const Region& body, const auto& self) -> void {
      for (const Statement& statement : body) {
        if (const auto* repeat = std::get_if<Repeat>(&statement.content)) {
          stages[repeat->index].insert(nullptr);
          self(repeat->body, self);
        } else if (const auto* loop = std::get_if<While>(&statement.content)) {
          stages[symbol_of(graph_, loop->condition, "while")].insert(nullptr);
          self(loop->body, self);
        } else if (const auto* branch = std::get_if<Branch>(&statement.content)) {
          stages[symbol_of(graph_, branch->condition, "branch")].insert(nullptr);
          self(branch->yes, self);
          self(branch->no, self);
        }
      }
    };
    outside(program_.body, outside);
  }

  Size bytes_of(SymbolId symbol) const {
    return graph_.symbol(symbol).shape.elements() * (program_.halves.contains(symbol) ? 2 : 4);
  }

  void place(SymbolId id, const Stage* only) {
    const Symbol& symbol = graph_.symbol(id);
    Placement placement{Arena::shared, 0, bytes_of(id)};
    if (symbol.kind == SymbolKind::parameter || symbol.kind == SymbolKind::state) {
      placement.arena = Arena::state;
    } else if (symbol.kind == SymbolKind::input) {
      placement.arena = Arena::input;
    } else if (program_.partials.contains(id)) {
      placement.arena = Arena::tiles;
    } else if (only != nullptr && only->span == Span::per_sample && !observable(symbol) && !carried_over(id, *only)) {
      placement.arena = symbol.span == Span::per_sample || liveness(*only).intervals().at(id).written ? Arena::tile : Arena::shared;
    } else if (symbol.span == Span::per_sample) {
      placement.arena = Arena::batch;
    }
    program_.placements.emplace(id, placement);
  }

  /// A variable that a stage reads before it writes it, though no other stage does, comes from the stage's last turn.
  bool carried_over(SymbolId id, const Stage& stage) const {
    return graph_.symbol(id).span == Span::per_sample && liveness(stage).intervals().at(id).first_is_read;
  }

  const Liveness& liveness(const Stage& stage) const {
    return liveness_.try_emplace(&stage, stage.body, graph_, Liveness::Unit::call).first->second;
  }

  /// Lays the variables of one stage into its scratch.
  void pack_tile(const Stage& stage) {
    std::vector<SymbolId> symbols;
    std::vector<Occupant> occupants;
    for (const auto& [symbol, interval] : liveness(stage).intervals()) {
      const Placement& placement = program_.placements.at(symbol);
      if (placement.arena == Arena::tile) {
        const Size rows = graph_.symbol(symbol).span == Span::per_sample ? program_.tile_rows : 1;
        symbols.push_back(symbol);
        occupants.push_back({rows * placement.bytes, interval.first, interval.last});
      }
    }
    const Packing packing = packed_by_use(occupants);
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      program_.placements.at(symbols[i]).offset = packing.offsets[i];
    }
    program_.tile_bytes = std::max(program_.tile_bytes, packing.bytes);
  }

  /// Tells when variables outside of tiles are in use; what can be seen after a run, or comes from the run before, always is.
  void note_uses() {
    const Liveness all(program_.body, graph_, Liveness::Unit::stage);
    for (auto& [id, placement] : program_.placements) {
      const auto found = all.intervals().find(id);
      const bool always = found == all.intervals().end() || observable(graph_.symbol(id)) || found->second.first_is_read;
      placement.first = always ? 0 : found->second.first;
      placement.last = always ? all.end() : found->second.last;
    }
  }

  Program& program_;
  const Graph& graph_;
  mutable std::map<const Stage*, Liveness> liveness_;
};

}  // namespace

Program memory(Program program) {
  Memory(program).run();
  Size tile = 0, whole = 0;
  for (const auto& [symbol, placement] : program.placements) {
    tile += placement.arena == Arena::tile ? 1 : 0;
    whole += placement.arena == Arena::batch ? placement.bytes : 0;
  }
  program.notes.push_back(fmt::format("memory: {} variables share {} bytes of scratch a tile; {} bytes a sample outlive a stage",
                                      tile, program.tile_bytes, whole));
  return program;
}

// [order]
Program compiled(const Program& program, const PassOptions& options) {
  Program result = channels_last(simplify(independent_copy(program)));
  if (options.known_zeros) {
    result = known_zeros(std::move(result));
  }
  if (options.hoist) {
    result = hoist(std::move(result));
  }
  return memory(shard(layout(fuse(std::move(result)), options.precision)));
}
// [/order]

}  // namespace pcxx

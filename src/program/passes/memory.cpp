/// The pass `memory`: what lives within one stage of rows shares a thread's scratch by liveness; the rest has its own place.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "program/passes/analysis.h"
#include "program/passes/passes.h"

namespace pcxx {
namespace {

/// When a variable of a stage is in use, in positions of the stage's calls.
struct Interval {
  Size first;
  Size last;
  bool first_is_read;
  bool written;
};

struct Range {
  Size first;
  Size last;
};

class StageLiveness {
 public:
  explicit StageLiveness(const Region& body) {
    walk(body);
    for (bool changed = true; changed;) {
      changed = false;
      for (const Range& loop : loops_) {
        for (auto& [symbol, interval] : intervals_) {
          changed |= extend(interval, loop, symbol);
        }
      }
    }
  }

  const std::map<SymbolId, Interval>& intervals() const { return intervals_; }

 private:
  void touch(SymbolId symbol, bool read) {
    const auto [place, fresh] = intervals_.try_emplace(symbol, Interval{position_, position_, read, false});
    place->second.last = position_;
    place->second.written |= !read;
    accesses_[symbol].push_back({position_, read});
  }

  void walk(const Region& body) {
    for (const Statement& statement : body) {
      if (const auto* call = std::get_if<Call>(&statement.content)) {
        ++position_;
        for (const SymbolId input : call->inputs) {
          touch(input, true);
        }
        for (const SymbolId output : call->outputs) {
          touch(output, false);
        }
      } else if (const auto* loop = std::get_if<Repeat>(&statement.content)) {
        const Size first = ++position_;
        touch(loop->index, false);
        walk(loop->body);
        touch(loop->index, true);  // set again before each round
        loops_.push_back({first, ++position_});
      }
    }
  }

  /// What a loop shares with its surroundings, or carries from round to round, lives through all of it.
  bool extend(Interval& interval, const Range& loop, SymbolId symbol) const {
    if (interval.last < loop.first || interval.first > loop.last) {
      return false;
    }
    const bool outside = interval.first < loop.first || interval.last > loop.last;
    if (!outside && !carried(loop, symbol)) {
      return false;
    }
    const Interval before = interval;
    interval.first = std::min(interval.first, loop.first);
    interval.last = std::max(interval.last, loop.last);
    return before.first != interval.first || before.last != interval.last;
  }

  bool carried(const Range& loop, SymbolId symbol) const {
    for (const auto& [position, read] : accesses_.at(symbol)) {
      if (position >= loop.first && position <= loop.last) {
        return read;
      }
    }
    return false;
  }

  Size position_ = 0;
  std::map<SymbolId, Interval> intervals_;
  std::map<SymbolId, std::vector<std::pair<Size, bool>>> accesses_;
  std::vector<Range> loops_;
};

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

  const StageLiveness& liveness(const Stage& stage) const {
    return liveness_.try_emplace(&stage, stage.body).first->second;
  }

  /// Lays the variables of one stage into its scratch: the largest first, each at the lowest place that is free.
  void pack_tile(const Stage& stage) {
    struct Item {
      SymbolId symbol;
      Size bytes;
      Interval interval;
    };
    std::vector<Item> items, placed;
    for (const auto& [symbol, interval] : liveness(stage).intervals()) {
      const Placement& placement = program_.placements.at(symbol);
      if (placement.arena == Arena::tile) {
        const Size rows = graph_.symbol(symbol).span == Span::per_sample ? program_.tile_rows : 1;
        items.push_back({symbol, aligned(rows * placement.bytes), interval});
      }
    }
    std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.bytes > b.bytes; });
    for (const Item& item : items) {
      std::vector<Range> taken;
      for (const Item& other : placed) {
        if (other.interval.first <= item.interval.last && item.interval.first <= other.interval.last) {
          const Size offset = program_.placements.at(other.symbol).offset;
          taken.push_back({offset, offset + other.bytes});
        }
      }
      std::sort(taken.begin(), taken.end(), [](const Range& a, const Range& b) { return a.first < b.first; });
      Size offset = 0;
      for (const Range& range : taken) {
        if (offset + item.bytes <= range.first) {
          break;
        }
        offset = std::max(offset, range.last);
      }
      program_.placements.at(item.symbol).offset = offset;
      program_.tile_bytes = std::max(program_.tile_bytes, offset + item.bytes);
      placed.push_back(item);
    }
  }

  Program& program_;
  const Graph& graph_;
  mutable std::map<const Stage*, StageLiveness> liveness_;
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

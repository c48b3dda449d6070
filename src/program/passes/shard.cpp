/// The pass `shard`: calls are gathered into stages, in which pieces of work need not wait for each other.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "program/passes/analysis.h"
#include "program/passes/passes.h"

namespace pcxx {
namespace {

enum class Kind {
  rows,     // every output belongs to a row: may run tile by tile
  shared,   // once for the batch
  control,  // a loop or branch in which samples meet
};

class Shards {
 public:
  explicit Shards(Program& program) : program_(program), graph_(*program.graph) { count_accesses(program.body, accesses_); }

  /// Sorts a region into stages: all shared work that is ready, in waves; then all rows' work that is ready; and again.
  Region region(Region& body) {
    const std::size_t count = body.size();
    const std::vector<std::set<std::size_t>> needs = dependencies(body);
    std::vector<Kind> kinds;
    for (const Statement& statement : body) {
      kinds.push_back(kind_of(statement));
    }
    std::vector<bool> done(count, false);
    const auto ready = [&](std::size_t i, const std::vector<bool>& finished) {
      return !done[i] && std::all_of(needs[i].begin(), needs[i].end(), [&](std::size_t j) { return finished[j]; });
    };
    Region result;
    for (std::size_t left = count; left > 0;) {
      std::vector<std::size_t> wave;
      for (std::size_t i = 0; i < count; ++i) {
        if (kinds[i] == Kind::shared && ready(i, done)) {
          wave.push_back(i);
        }
      }
      if (wave.empty()) {
        std::vector<bool> with_stage = done;
        for (std::size_t i = 0; i < count; ++i) {  // in order: a row's work may need earlier work of the same row
          if (kinds[i] == Kind::rows && ready(i, with_stage)) {
            wave.push_back(i);
            with_stage[i] = true;
          }
        }
      }
      if (wave.empty()) {
        const auto next = static_cast<std::size_t>(std::find(done.begin(), done.end(), false) - done.begin());
        wave.push_back(next);  // the first statement that is left waits for nothing but has samples meet inside
        result.push_back(opened(std::move(body[next])));
      } else {
        result.push_back({Stage{kinds[wave[0]] == Kind::rows ? Span::per_sample : Span::shared, taken(body, wave)}});
      }
      for (const std::size_t i : wave) {
        done[i] = true;
      }
      left -= wave.size();
    }
    return result;
  }

 private:
  static Region taken(Region& body, const std::vector<std::size_t>& places) {
    Region stage;
    for (const std::size_t i : places) {
      stage.push_back(std::move(body[i]));
    }
    return stage;
  }

  Statement opened(Statement statement) {
    std::visit(
        [&](auto& content) {
          using Content = std::decay_t<decltype(content)>;
          if constexpr (std::is_same_v<Content, Repeat> || std::is_same_v<Content, While>) {
            content.body = region(content.body);
          } else if constexpr (std::is_same_v<Content, Branch>) {
            content.yes = region(content.yes);
            content.no = region(content.no);
          }
        },
        statement.content);
    return statement;
  }

  /// Returns for each statement the earlier ones that it must wait for.
  std::vector<std::set<std::size_t>> dependencies(const Region& body) const {
    std::vector<Symbols> reads(body.size()), writes(body.size());
    for (std::size_t i = 0; i < body.size(); ++i) {
      add_reads(graph_, body[i], reads[i]);
      add_writes(body[i], writes[i]);
    }
    std::map<SymbolId, std::size_t> writer;
    std::map<SymbolId, std::vector<std::size_t>> readers;
    std::vector<std::set<std::size_t>> needs(body.size());
    for (std::size_t i = 0; i < body.size(); ++i) {
      for (const SymbolId symbol : reads[i]) {
        if (const auto found = writer.find(symbol); found != writer.end()) {
          needs[i].insert(found->second);
        }
        readers[symbol].push_back(i);
      }
      for (const SymbolId symbol : writes[i]) {
        if (const auto found = writer.find(symbol); found != writer.end()) {
          needs[i].insert(found->second);
        }
        for (const std::size_t reader : readers[symbol]) {
          needs[i].insert(reader);
        }
        readers[symbol].clear();
        writer[symbol] = i;
      }
      needs[i].erase(i);
    }
    return needs;
  }

  bool per_sample(SymbolId id) const { return graph_.symbol(id).span == Span::per_sample; }

  Kind kind_of(const Statement& statement) const {
    if (const auto* call = std::get_if<Call>(&statement.content)) {
      const bool rows = !call->outputs.empty() && per_sample(call->outputs[0]);
      return rows ? Kind::rows : Kind::shared;
    }
    const auto* loop = std::get_if<Repeat>(&statement.content);
    return loop != nullptr && runs_by_rows(loop->body) && keeps_to_itself(*loop) ? Kind::rows : Kind::control;
  }

  void count_accesses(const Region& body, std::map<SymbolId, Size>& counts) const {
    for_each_statement(body, [&](const Statement& statement) {
      if (const auto* call = std::get_if<Call>(&statement.content)) {
        for (const auto* symbols : {&call->inputs, &call->outputs}) {
          for (const SymbolId symbol : *symbols) {
            ++counts[symbol];
          }
        }
      }
    });
  }

  /// Returns whether the shared variables that a loop sets are used nowhere else: each tile can then have its own.
  bool keeps_to_itself(const Repeat& loop) const {
    std::map<SymbolId, Size> inside;
    count_accesses(loop.body, inside);
    Symbols written;
    add_writes({loop}, written);
    return std::all_of(written.begin(), written.end(), [&](SymbolId symbol) {
      return per_sample(symbol) || !inside.contains(symbol) || inside.at(symbol) == accesses_.at(symbol);
    });
  }

  /// A loop runs tile by tile if nothing in it needs more than the rows of a tile. Small shared work, such as a rate that
  /// depends on the step, is done again by each tile.
  bool runs_by_rows(const Region& body) const {
    Symbols written;
    for (const Statement& statement : body) {
      add_writes(statement, written);
    }
    bool any_rows = false;
    const bool possible = std::all_of(body.begin(), body.end(), [&](const Statement& statement) {
      if (const auto* loop = std::get_if<Repeat>(&statement.content)) {
        any_rows |= runs_by_rows(loop->body);
        return runs_by_rows(loop->body);
      }
      const auto* call = std::get_if<Call>(&statement.content);
      if (call == nullptr) {
        return false;
      }
      const bool rows = kind_of(statement) == Kind::rows;
      any_rows |= rows;
      return rows ? !leaves_partial(*call) : repeats_cheaply(*call);
    });
    return possible && any_rows;
  }

  /// A sum over samples inside a loop is another one in every step: samples meet there.
  bool leaves_partial(const Call& call) const {
    return std::any_of(call.outputs.begin(), call.outputs.end(), [&](SymbolId id) { return program_.partials.contains(id); });
  }

  bool repeats_cheaply(const Call& call) const {
    constexpr Size kFew = 1024;  // elements: microseconds, however many tiles repeat them
    const bool fused = std::holds_alternative<FusedKernel>(call.kernel);
    return fused && std::all_of(call.outputs.begin(), call.outputs.end(), [&](SymbolId id) {
      return graph_.symbol(id).shape.elements() <= kFew && !observable(graph_.symbol(id));
    });
  }

  Program& program_;
  const Graph& graph_;
  std::map<SymbolId, Size> accesses_;  // by calls of the whole program
};

}  // namespace

/// Returns how many rows make a tile: so few that the largest value of a row, times them, stays in a core's cache.
///
/// Against 128 rows, 64 cost a network of matrices at most 10 %, 32 cost 25 %. Pictures are rows of matrices themselves: few
/// of them are work enough for a thread, and a batch of 32 is to be work for two.
static Size tile_rows_of(const Program& program) {
  constexpr Size kMost = 64, kMostPictures = 16, kElements = 512 * 1024;
  Size largest = 1, rows = kMost;
  for_each_statement(program.body, [&](const Statement& statement) {
    if (const auto* call = std::get_if<Call>(&statement.content)) {
      rows = std::holds_alternative<ConvolutionKernel>(call->kernel) ? kMostPictures : rows;
      for (const SymbolId id : call->outputs) {
        const Symbol& symbol = program.graph->symbol(id);
        largest = std::max(largest, symbol.span == Span::per_sample && !program.partials.contains(id) ? symbol.shape.elements() : 1);
      }
    }
  });
  while (rows > 1 && rows * largest > kElements) {
    rows /= 2;
  }
  return rows;
}

Program shard(Program program) {
  program.tile_rows = tile_rows_of(program);
  program.body = Shards(program).region(program.body);
  Size rows = 0, shared = 0;
  for_each_statement(program.body, [&](const Statement& statement) {
    if (const auto* stage = std::get_if<Stage>(&statement.content)) {
      ++(stage->span == Span::per_sample ? rows : shared);
    }
  });
  program.notes.push_back(fmt::format("shard: {} stages of rows, {} shared waves", rows, shared));
  return program;
}

}  // namespace pcxx

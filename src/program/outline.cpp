/// Outlines: walks a compiled program once and notes blocks, calls and variables.
#include "program/outline.h"

#include <algorithm>
#include <map>
#include <utility>

#include "program/passes/analysis.h"
#include "program/passes/liveness.h"

namespace pcxx {
namespace {

CallKind kind_of(const Graph& graph, const OperationKernel& kernel) {
  switch (const Op op = graph[kernel.expression].op; op) {
    case Op::window_sum:
    case Op::window_spread:
    case Op::window_pick:
    case Op::window_route: return CallKind::pool;
    case Op::random_uniform:
    case Op::random_normal:
    case Op::random_bernoulli: return CallKind::random;
    default: return is_reduction(op) || op == Op::batch_sum ? CallKind::reduction : CallKind::structure;
  }
}

struct KindOf {
  const Graph& graph;
  CallKind operator()(const FusedKernel&) const { return CallKind::fused; }
  CallKind operator()(const ProductKernel&) const { return CallKind::product; }
  CallKind operator()(const ConvolutionKernel&) const { return CallKind::convolution; }
  CallKind operator()(const PackKernel&) const { return CallKind::pack; }
  CallKind operator()(const PackWeightKernel&) const { return CallKind::pack; }
  CallKind operator()(const ConvertKernel&) const { return CallKind::convert; }
  CallKind operator()(const CombineKernel&) const { return CallKind::sum; }
  CallKind operator()(const OperationKernel& kernel) const { return kind_of(graph, kernel); }
};

class Outliner {
 public:
  Outliner(const Program& program, Size samples) : program_(program), graph_(*program.graph) {
    plan_.samples = samples;
    plan_.tile_rows = program.tile_rows;
    plan_.tiles = program.tiles_of(samples);
    plan_.notes = program.notes;
    plan_.tile_bytes = program.tile_bytes;
  }

  Plan run() && {
    walk(program_.body);
    add_variables();
    return std::move(plan_);
  }

 private:
  Size calls() const { return static_cast<Size>(plan_.calls.size()); }

  void walk(const Region& region) {
    for (const Statement& statement : region) {
      const std::string text = headline(graph_, statement);
      if (const auto* call = std::get_if<Call>(&statement.content)) {
        add(*call, text);
      } else if (const auto* stage = std::get_if<Stage>(&statement.content)) {
        const bool rows = stage->span == Span::per_sample;
        const Size first = calls();
        block(rows ? BlockKind::rows : BlockKind::shared, text, 1, stage->body);
        if (rows) {
          add_lifetimes(Liveness(stage->body, graph_, Liveness::Unit::call), first);
        }
      } else if (const auto* repeat = std::get_if<Repeat>(&statement.content)) {
        const Size outside = std::exchange(repeats_, repeats_ * repeat->count);
        block(BlockKind::repeat, text, repeat->count, repeat->body);
        repeats_ = outside;
      } else if (const auto* loop = std::get_if<While>(&statement.content)) {
        block(BlockKind::loop, text, loop->limit, loop->body);
      } else if (const auto* branch = std::get_if<Branch>(&statement.content)) {
        block(BlockKind::yes, text, 1, branch->yes);
        block(BlockKind::no, "else", 1, branch->no);
      }
    }
  }

  void block(BlockKind kind, const std::string& text, Size count, const Region& body) {
    const Size place = static_cast<Size>(plan_.blocks.size());
    plan_.blocks.push_back({kind, text, around_.empty() ? -1 : around_.back(), count, calls(), calls()});
    around_.push_back(place);
    walk(body);
    around_.pop_back();
    plan_.blocks[static_cast<std::size_t>(place)].end_call = calls();
  }

  void add(const Call& call, const std::string& text) {
    PlanCall planned{.kind = std::visit(KindOf{graph_}, call.kernel), .name = describe(graph_, call.kernel), .text = text,
                     .reads = places(call.inputs), .writes = places(call.outputs), .details = {}, .blocks = around_, .repeats = repeats_};
    Symbols touched(call.inputs.begin(), call.inputs.end());
    touched.insert(call.outputs.begin(), call.outputs.end());
    for (const SymbolId id : touched) {
      const bool row_of_tile = program_.placements.at(id).arena == Arena::tile && graph_.symbol(id).span == Span::per_sample;
      planned.bytes += row_of_tile ? plan_.samples * program_.placements.at(id).bytes : bytes_of(program_, id, plan_.samples);
    }
    plan_.calls.push_back(std::move(planned));
  }

  /// Returns the places of variables in Plan::variables, which has the order of Program::placements.
  std::vector<Size> places(const std::vector<SymbolId>& symbols) const {
    std::vector<Size> result;
    for (const SymbolId id : symbols) {
      result.push_back(std::distance(program_.placements.begin(), program_.placements.find(id)));
    }
    return result;
  }

  /// Notes from which call to which the variables of one tile take their places; `first` is the first call of the stage.
  void add_lifetimes(const Liveness& liveness, Size first) {
    for (const auto& [id, interval] : liveness.intervals()) {
      if (program_.placements.at(id).arena == Arena::tile) {
        lifetimes_[id] = calls_within(liveness.calls(), interval.first, interval.last, first);
      }
    }
  }

  /// Returns the first and the last of the calls at positions [from, to]; at least one.
  static std::pair<Size, Size> calls_within(const std::vector<Size>& positions, Size from, Size to, Size first) {
    const auto begin = std::ranges::lower_bound(positions, from), end = std::ranges::upper_bound(positions, to);
    const Size start = std::min<Size>(begin - positions.begin(), std::max<Size>(0, std::ssize(positions) - 1));
    return {first + start, first + std::max<Size>(start, end - positions.begin() - 1)};
  }

  void add_variables() {
    const Liveness stages(program_.body, graph_, Liveness::Unit::stage);
    for (const auto& [id, placement] : program_.placements) {
      const auto tile = lifetimes_.find(id);
      std::pair<Size, Size> lives = {0, std::max<Size>(0, calls() - 1)};
      if (tile != lifetimes_.end()) {
        lives = tile->second;
      } else if (outlives_tiles(placement.arena)) {
        lives = calls_within(stages.calls(), placement.first, placement.last, 0);
      }
      plan_.variables.push_back({graph_.symbol(id).name, placement.arena, bytes_of(program_, id, plan_.samples), placement.offset,
                                 lives.first, lives.second});
    }
  }

  const Program& program_;
  const Graph& graph_;
  Plan plan_;
  std::vector<Size> around_;  // blocks that are open
  Size repeats_ = 1;          // of the repeats that are open
  std::map<SymbolId, std::pair<Size, Size>> lifetimes_;  // of Arena::tile
};

}  // namespace

Size bytes_of(const Program& program, SymbolId symbol, Size samples) {
  const Placement& placement = program.placements.at(symbol);
  const bool rows = program.graph->symbol(symbol).span == Span::per_sample;
  switch (placement.arena) {
    case Arena::tiles: return program.tiles_of(samples) * aligned(placement.bytes);
    case Arena::tile: return rows ? program.tile_rows * placement.bytes : placement.bytes;
    case Arena::batch: return samples * placement.bytes;
    case Arena::input: return rows ? samples * placement.bytes : placement.bytes;
    case Arena::state:
    case Arena::shared: return placement.bytes;
  }
  return 0;
}

Plan outline(const Program& program, Size samples) { return Outliner(program, samples).run(); }

}  // namespace pcxx

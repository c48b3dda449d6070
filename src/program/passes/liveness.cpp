/// Liveness: positions of accesses, stretched over the loops that carry a value from round to round.
#include "program/passes/liveness.h"

#include <algorithm>

namespace pcxx {

Liveness::Liveness(const Region& body, const Graph& graph, Unit unit) : graph_(graph), unit_(unit) {
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

void Liveness::touch(SymbolId symbol, bool read) {
  const auto [place, fresh] = intervals_.try_emplace(symbol, Interval{position_, position_, read, false});
  place->second.last = position_;
  place->second.written |= !read;
  accesses_[symbol].push_back({position_, read});
}

template <class Body>
void Liveness::loop(const Body& walk_body) {
  const bool positions = !in_stage_ || unit_ == Unit::call;
  const Size first = positions ? ++position_ : position_;
  walk_body();
  if (positions) {
    loops_.push_back({first, ++position_});
  }
}

void Liveness::walk(const Call& call) {
  if (!in_stage_ || unit_ == Unit::call) {
    ++position_;
  }
  calls_.push_back(position_);
  for (const SymbolId input : call.inputs) {
    touch(input, true);
  }
  for (const SymbolId output : call.outputs) {
    touch(output, false);
  }
}

void Liveness::walk(const Region& body) {
  for (const Statement& statement : body) {
    if (const auto* call = std::get_if<Call>(&statement.content)) {
      walk(*call);
    } else if (const auto* stage = std::get_if<Stage>(&statement.content)) {
      ++position_;
      in_stage_ = true;
      walk(stage->body);
      in_stage_ = false;
    } else if (const auto* repeat = std::get_if<Repeat>(&statement.content)) {
      loop([&] {
        touch(repeat->index, false);
        walk(repeat->body);
        touch(repeat->index, true);  // set again before each round
      });
    } else if (const auto* loop_statement = std::get_if<While>(&statement.content)) {
      const SymbolId condition = symbol_of(graph_, loop_statement->condition, "while");
      loop([&] {
        touch(condition, true);
        walk(loop_statement->body);
        touch(condition, true);
      });
    } else if (const auto* branch = std::get_if<Branch>(&statement.content)) {
      ++position_;
      touch(symbol_of(graph_, branch->condition, "branch"), true);
      loop([&] {  // what one side leaves alone must outlive the other side: as if both ran
        walk(branch->yes);
        walk(branch->no);
      });
    }
  }
}

/// What a loop shares with its surroundings, or carries from round to round, lives through all of it.
bool Liveness::extend(Interval& interval, const Range& loop, SymbolId symbol) const {
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

bool Liveness::carried(const Range& loop, SymbolId symbol) const {
  for (const auto& [position, read] : accesses_.at(symbol)) {
    if (position >= loop.first && position <= loop.last) {
      return read;
    }
  }
  return false;
}

}  // namespace pcxx

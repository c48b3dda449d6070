/// Liveness: from when to when the variables of a plan are in use.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "program/program.h"

namespace pcxx {

/// When a variable is in use, both ends included.
struct Interval {
  Size first;
  Size last;
  bool first_is_read;
  bool written;
};

/// Intervals over the positions of a region: of calls, or of whole stages, in which calls run in no order that counts.
class Liveness {
 public:
  enum class Unit : std::uint8_t { call, stage };
  Liveness(const Region& body, const Graph& graph, Unit unit);

  const std::map<SymbolId, Interval>& intervals() const { return intervals_; }
  /// Returns the position of every call, in order.
  const std::vector<Size>& calls() const { return calls_; }
  /// Returns the last position.
  Size end() const { return position_; }

 private:
  struct Range {
    Size first;
    Size last;
  };

  void touch(SymbolId symbol, bool read);
  void walk(const Region& body);
  void walk(const Call& call);
  template <class Body>
  void loop(const Body& walk_body);
  bool extend(Interval& interval, const Range& loop, SymbolId symbol) const;
  bool carried(const Range& loop, SymbolId symbol) const;

  const Graph& graph_;
  Unit unit_;
  bool in_stage_ = false;
  Size position_ = 0;
  std::vector<Size> calls_;
  std::map<SymbolId, Interval> intervals_;
  std::map<SymbolId, std::vector<std::pair<Size, bool>>> accesses_;
  std::vector<Range> loops_;
};

}  // namespace pcxx

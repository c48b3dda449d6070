/// Gives every value of an elementwise kernel a place: the caller's memory where it can, else scratch that is used again.
#include "backend/cpu/elementwise_plan.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "backend/cpu/elementwise_select.h"
#include "pcxx/core/errors.h"

namespace pcxx::cpu {

namespace {

constexpr Size kBlock = 1024;    // elements: a dozen values of a block stay in L1
constexpr Size kSegment = 2048;  // longer rows are cut, unless something reduces them
constexpr Size kApart = 32;      // floats between registers, so that they do not meet in one cache set

Size padded(Size floats) { return (floats + 15) / 16 * 16 + kApart; }

class Planner {
 public:
  explicit Planner(const FusedKernel& kernel) : graph_(make_graph(kernel)), tiles_(select_instructions(graph_)) {
    plan_.columns = graph_.columns;
    plan_.flat = graph_.flat;
    choose_blocks();
    place_of_.assign(graph_.nodes.size(), -1);
  }

  ElementwisePlan build() {
    place_leaves();
    place_outputs();
    for (const Tile& tile : tiles_) {
      add_tile(tile);
    }
    finish_outputs();
    find_hazards();
    assign_registers();
    return std::move(plan_);
  }

 private:
  static std::size_t index(int i) { return static_cast<std::size_t>(i); }
  const Node& node(int i) const { return graph_.nodes[index(i)]; }
  Domain domain_of(int place) const { return plan_.places[index(place)].domain; }

  void choose_blocks() {
    bool whole_rows = false;
    for (const Node& each : graph_.nodes) {
      whole_rows |= each.uses > 0 && each.kind == Node::Kind::step && each.domain == Domain::row;
    }
    for (const FusedOutput& output : graph_.outputs) {
      whole_rows |= output.kind == OutputKind::per_row;
    }
    plan_.block_columns = whole_rows || plan_.columns <= kSegment ? plan_.columns : kBlock;
    plan_.block_rows = std::max<Size>(1, kBlock / std::max<Size>(1, plan_.block_columns));
  }

  int add_place(Place::Kind kind, Domain domain, std::size_t which = 0) {
    plan_.places.push_back({.kind = kind, .domain = domain, .index = which});
    return static_cast<int>(plan_.places.size()) - 1;
  }

  void place_leaves() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node& each = graph_.nodes[i];
      if (each.uses == 0) {
        continue;
      }
      if (each.kind == Node::Kind::input) {
        place_of_[i] = add_place(Place::Kind::input, each.domain, index(each.input));
      } else if (each.kind == Node::Kind::constant) {
        place_of_[i] = add_place(Place::Kind::constant, Domain::scalar, plan_.constants.size());
        plan_.constants.push_back(each.value);
      }
    }
  }

  /// A step whose value is an output of its own extent is computed in place there.
  void place_outputs() {
    for (std::size_t o = 0; o < graph_.outputs.size(); ++o) {
      const auto [slot, kind] = graph_.outputs[o];
      const Node& from = node(slot);
      const bool full = kind == OutputKind::full || (kind == OutputKind::per_row && plan_.columns == 1);
      const Domain domain = kind == OutputKind::sample_sum ? Domain::column : full ? Domain::full : Domain::row;
      if (kind == OutputKind::per_row && (from.domain == Domain::column || (from.domain == Domain::full && !full))) {
        throw ArgumentError("[elementwise] output " + std::to_string(o) +
                            " has one element a row but its value varies by columns; expected a reduction");
      }
      output_place_.push_back(add_place(Place::Kind::output, domain, o));
      if (kind == OutputKind::sample_sum) {
        plan_.sums.push_back(index(output_place_.back()));
      } else if (from.kind == Node::Kind::step && from.domain == domain && place_of_[index(slot)] < 0) {
        place_of_[index(slot)] = output_place_.back();
      }
    }
  }

  void add(Reach reach, const Code& code, const std::vector<int>& results, const std::vector<int>& operands) {
    Instruction made{.run = find_instruction(code), .code = code};
    for (std::size_t i = 0; i < results.size(); ++i) {
      made.destination[i] = static_cast<std::uint16_t>(results[i]);
    }
    for (std::size_t i = 0; i < operands.size(); ++i) {
      made.source[i] = static_cast<std::uint16_t>(operands[i]);
    }
    const bool once = std::all_of(results.begin(), results.end(), [&](int place) {
      return plan_.places[index(place)].kind == Place::Kind::scratch && once_.contains(place);
    });
    (once ? plan_.once : plan_.body).push_back({made, reach});
  }

  int temporary(Domain domain, bool once) {
    const int place = add_place(Place::Kind::scratch, domain);
    if (once) {
      once_.insert(place);
    }
    return place;
  }

  static Reach reach_of(Domain domain) {
    switch (domain) {
      case Domain::scalar: return Reach::one;
      case Domain::column: return Reach::columns;
      case Domain::row: return Reach::rows;
      case Domain::full: return Reach::full;
    }
    return Reach::full;
  }

  /// Returns where a node can be read with one element for each of the domain's (or one for all, if scalars may stay).
  int read(int i, Domain domain, bool scalar_stays) {
    const int place = place_of_[index(i)];
    const Domain from = node(i).domain;
    if (from == domain || (from == Domain::scalar && scalar_stays)) {
      return place;
    }
    if (from == Domain::column && plan_.block_rows == 1) {
      return place;  // a block is (a part of) one row
    }
    const auto [entry, fresh] = spread_.insert({{i, domain}, -1});
    if (fresh) {
      entry->second = temporary(domain, from == Domain::column || domain == Domain::column);
      spread(place, from, entry->second, domain);
    }
    return entry->second;
  }

  /// Fills a place with fewer elements into one with more.
  void spread(int place, Domain from, int to, Domain domain) {
    if (from == Domain::column) {
      add(Reach::full, {.family = Family::repeat_columns}, {to}, {place});
    } else if (from == Domain::row) {
      add(Reach::full, {.family = Family::spread_rows}, {to}, {place});
    } else {
      add(domain == Domain::full ? Reach::full_at_once : reach_of(domain), {.family = Family::spread_rows}, {to}, {place});
    }
  }

  void add_tile(const Tile& tile) {
    const Node& first = node(tile.results[0]);
    const bool reduces = tile.domain != first.domain;
    std::vector<int> operands;
    for (const int operand : tile.operands) {
      operands.push_back(read(operand, tile.domain, !reduces));
    }
    std::vector<int> results;
    for (const int result : tile.results) {
      int& place = place_of_[index(result)];
      if (place < 0) {
        place = temporary(first.domain, first.domain == Domain::scalar || first.domain == Domain::column);
      }
      results.push_back(place);
    }
    add(reduces && tile.domain == Domain::column ? Reach::columns : reach_of(tile.domain), tile.code, results, operands);
  }

  void finish_outputs() {
    for (std::size_t o = 0; o < graph_.outputs.size(); ++o) {
      const int slot = graph_.outputs[o].slot, to = output_place_[o], place = place_of_[index(slot)];
      if (graph_.outputs[o].kind == OutputKind::sample_sum) {
        add(Reach::full, {.family = Family::sum_columns}, {to}, {read(slot, Domain::full, false)});
      } else if (place != to && (node(slot).domain == domain_of(to) || node(slot).domain == Domain::column)) {
        const int from = read(slot, domain_of(to), false);
        add(reach_of(domain_of(to)), {.family = Family::function, .function = Function::copy}, {to}, {from});
      } else if (place != to) {
        spread(place, node(slot).domain, to, domain_of(to));
      }
    }
  }

  /// Calls f(place, reads) for each operand of an instruction.
  template <class F>
  void each_operand(const Instruction& instruction, const F& f) const {
    const auto [sources, results] = operand_counts(instruction.code);
    for (int i = 0; i < sources; ++i) {
      f(instruction.source[i], true);
    }
    for (int i = 0; i < results; ++i) {
      f(instruction.destination[i], false);
    }
  }

  void find_hazards() {
    std::map<std::size_t, std::size_t> last_read, first_write;  // of inputs and outputs in the caller's memory
    for (std::size_t at = 0; at < plan_.body.size(); ++at) {
      each_operand(plan_.body[at].instruction, [&](std::size_t place, bool reads) {
        const Place& p = plan_.places[place];
        if (p.domain != Domain::full && p.domain != Domain::row) {
          return;
        }
        if (reads && p.kind == Place::Kind::input) {
          last_read[place] = at;
        } else if (!reads && p.kind == Place::Kind::output) {
          first_write.insert({place, at});
        }
      });
    }
    for (const auto& [input, read] : last_read) {
      Size offset = -1;
      for (const auto& [output, write] : first_write) {
        if (read > write && plan_.places[input].domain == plan_.places[output].domain) {
          offset = offset < 0 ? reserve(plan_.places[input].domain) : offset;
          plan_.hazards.push_back({input, output, offset});
        }
      }
    }
  }

  Size floats_of(Domain domain) const {
    switch (domain) {
      case Domain::scalar: return 1;
      case Domain::column: return plan_.columns;
      case Domain::row: return plan_.block_rows;
      case Domain::full: return plan_.block_rows * plan_.block_columns;
    }
    return 0;
  }

  Size reserve(Domain domain) { return std::exchange(plan_.scratch_floats, plan_.scratch_floats + padded(floats_of(domain))); }

  /// Values of a call get scratch of their own; a value of a block takes over the scratch of one that was read last.
  void assign_registers() {
    for (const int place : once_) {
      plan_.places[index(place)].offset = reserve(domain_of(place));
    }
    std::vector<std::size_t> last(plan_.places.size(), 0);
    for (std::size_t at = 0; at < plan_.body.size(); ++at) {
      each_operand(plan_.body[at].instruction, [&](std::size_t place, bool) { last[place] = at; });
    }
    std::map<Domain, std::vector<Size>> free;
    for (std::size_t at = 0; at < plan_.body.size(); ++at) {
      const Instruction& instruction = plan_.body[at].instruction;
      const bool in_place = works_in_place(instruction.code);
      const auto release = [&](std::size_t place, bool reads) {
        const Place& p = plan_.places[place];
        if (reads && is_register(place) && last[place] == at && released_.insert(place).second) {
          free[p.domain].push_back(p.offset);
        }
      };
      const auto take = [&](std::size_t place, bool reads) {
        Place& p = plan_.places[place];
        if (reads || !is_register(place) || !taken_.insert(place).second) {
          return;
        }
        auto& offsets = free[p.domain];
        if (offsets.empty()) {
          p.offset = reserve(p.domain);
        } else {
          p.offset = offsets.back();
          offsets.pop_back();
        }
      };
      if (in_place) {
        each_operand(instruction, release);
      }
      each_operand(instruction, take);
      each_operand(instruction, release);
    }
  }

  bool is_register(std::size_t place) const {
    return plan_.places[place].kind == Place::Kind::scratch && !once_.contains(static_cast<int>(place));
  }

  Graph graph_;
  std::vector<Tile> tiles_;
  ElementwisePlan plan_;
  std::vector<int> place_of_;      // of each node
  std::vector<int> output_place_;  // of each output
  std::map<std::pair<int, Domain>, int> spread_;  // a node with the elements of a larger domain
  std::set<int> once_;                            // places that are written once in a call
  std::set<std::size_t> released_, taken_;
};

std::string name_of(const Place& place, std::size_t number) {
  switch (place.kind) {
    case Place::Kind::input: return std::string("in").append(std::to_string(place.index));
    case Place::Kind::output: return std::string("out").append(std::to_string(place.index));
    case Place::Kind::constant: return "";
    case Place::Kind::scratch: break;
  }
  return std::string("t").append(std::to_string(number));
}

}  // namespace

ElementwisePlan make_plan(const FusedKernel& kernel) { return Planner(kernel).build(); }

std::string listing(const ElementwisePlan& plan) {
  const auto name = [&](std::size_t place) {
    const Place& p = plan.places[place];
    if (p.kind != Place::Kind::constant) {
      return name_of(p, place);
    }
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%.6g", static_cast<double>(plan.constants[p.index]));
    return std::string(buffer);
  };
  std::string text;
  for (const auto* part : {&plan.once, &plan.body}) {
    for (const PlannedInstruction& each : *part) {
      const auto [sources, results] = operand_counts(each.instruction.code);
      std::vector<std::string> names;
      for (int i = 0; i < sources; ++i) {
        names.push_back(name(each.instruction.source[i]));
      }
      text += part == &plan.once ? "once: " : "";
      text += name(each.instruction.destination[0]);
      if (results == 2) {
        text.append(", ").append(name(each.instruction.destination[1]));
      }
      text.append(" = ").append(formula(each.instruction.code, names)).append("\n");
    }
  }
  return text;
}

}  // namespace pcxx::cpu

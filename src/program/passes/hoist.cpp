/// The pass `hoist`: work that a loop would repeat moves in front of it, and what was computed before is kept for later.
#include <fmt/format.h>

#include <functional>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "program/passes/analysis.h"
#include "program/passes/join.h"
#include "program/passes/passes.h"

namespace pcxx {
namespace {

/// Replaces expressions by reads of variables, from the roots down: the largest that qualify.
class Replacer {
 public:
  Replacer(Graph& graph, std::function<bool(ExpressionId)> qualifies, std::function<SymbolId(ExpressionId)> variable)
      : graph_(graph), qualifies_(std::move(qualifies)), variable_(std::move(variable)) {}

  ExpressionId operator()(ExpressionId id) {
    if (const auto found = done_.find(id); found != done_.end()) {
      return found->second;
    }
    ExpressionId result = id;
    if (worth_keeping(id) && qualifies_(id)) {
      result = graph_.read(variable_(id));
    } else {
      Expression copy = graph_[id];
      for (ExpressionId& operand : copy.operands) {
        operand = (*this)(operand);
      }
      result = graph_.intern(std::move(copy));
    }
    done_.emplace(id, result);
    return result;
  }

  void region(Region& body) {
    for_each_statement(body, [&](Statement& statement) {
      if (auto* assign = std::get_if<Assign>(&statement.content)) {
        for (Assignment& each : assign->assignments) {
          each.value = (*this)(each.value);
        }
      } else if (auto* loop = std::get_if<While>(&statement.content)) {
        loop->condition = (*this)(loop->condition);
      } else if (auto* branch = std::get_if<Branch>(&statement.content)) {
        branch->condition = (*this)(branch->condition);
      }
    });
  }

 private:
  bool worth_keeping(ExpressionId id) const {
    switch (graph_[id].op) {
      case Op::constant:
      case Op::symbol:
      case Op::batch_size:
      case Op::reshape:
      case Op::broadcast: return false;  // views cost nothing
      default: return true;
    }
  }

  Graph& graph_;
  std::function<bool(ExpressionId)> qualifies_;
  std::function<SymbolId(ExpressionId)> variable_;
  std::unordered_map<ExpressionId, ExpressionId> done_;
};

class Hoister {
 public:
  explicit Hoister(Program& program) : program_(program), graph_(*program.graph) {}

  void region(Region& body) {
    Region result;
    for (Statement& statement : body) {
      if (auto* repeat = std::get_if<Repeat>(&statement.content)) {
        lift(statement, repeat->body, result);
      } else if (auto* loop = std::get_if<While>(&statement.content)) {
        lift(statement, loop->body, result);
      } else if (auto* branch = std::get_if<Branch>(&statement.content)) {
        region(branch->yes);
        region(branch->no);
      }
      result.push_back(std::move(statement));
    }
    body = joined(graph_, result);
    carry(body);
  }

 private:
  SymbolId temporary(ExpressionId id, const char* why) {
    const Expression& e = graph_[id];
    const SymbolId symbol = graph_.add_symbol(
        {fmt::format("{}{}", why, ++made_), SymbolKind::temporary, e.dtype, e.span, e.shape});
    program_.notes.push_back(fmt::format("hoist: {} := {}", graph_.symbol(symbol).name, listing(graph_, id)));
    return symbol;
  }

  /// Moves what the loop does not change into an assignment in front of it.
  void lift(Statement& statement, Region& body, Region& before) {
    region(body);
    Symbols written;
    add_writes(statement, written);
    std::map<ExpressionId, SymbolId> lifted;
    Dependence varies(graph_, written);
    Replacer replace(
        graph_, [&](ExpressionId id) { return !varies(id); },
        [&](ExpressionId id) {
          const auto [place, fresh] = lifted.try_emplace(id, -1);
          place->second = fresh ? temporary(id, "invariant") : place->second;
          return place->second;
        });
    Region only = {std::move(statement)};
    replace.region(only);
    statement = std::move(only[0]);
    Assign assign;
    for (const auto& [id, symbol] : lifted) {
      assign.assignments.push_back({symbol, id});
    }
    if (!assign.assignments.empty()) {
      before.push_back({std::move(assign)});
    }
  }

  /// Keeps for a later assignment what an earlier one of the same region computes, where nothing changed in between.
  void carry(Region& body) {
    for (std::size_t first = 0; first + 1 < body.size(); ++first) {
      auto* source = std::get_if<Assign>(&body[first].content);
      if (source == nullptr) {
        continue;
      }
      const auto inside = expressions_of(graph_, values_of(*source));
      const std::unordered_set<ExpressionId> computed(inside.begin(), inside.end());
      std::map<ExpressionId, SymbolId> kept;
      for (const Assignment& each : source->assignments) {
        kept.emplace(each.value, each.target);  // already in a variable, while that keeps its value
      }
      carry_from(body, first, computed, kept);
    }
  }

  void carry_from(Region& body, std::size_t first, const std::unordered_set<ExpressionId>& computed,
                  std::map<ExpressionId, SymbolId>& kept) {
    Symbols written;
    add_writes(body[first], written);
    std::vector<Assignment> added;
    for (std::size_t later = first + 1; later < body.size(); ++later) {
      if (std::holds_alternative<Assign>(body[later].content)) {
        Dependence changed(graph_, written);
        Replacer replace(
            graph_, [&](ExpressionId id) { return computed.contains(id) && !changed(id); },
            [&](ExpressionId id) {
              const auto found = kept.find(id);
              if (found != kept.end() && !overwritten(body, first + 1, later, found->second)) {
                return found->second;
              }
              const SymbolId symbol = temporary(id, "kept");
              kept[id] = symbol;
              added.push_back({symbol, id});
              return symbol;
            });
        Region only = {std::move(body[later])};
        replace.region(only);
        body[later] = std::move(only[0]);
      }
      add_writes(body[later], written);
    }
    auto& assignments = std::get<Assign>(body[first].content).assignments;
    assignments.insert(assignments.end(), added.begin(), added.end());
  }

  static bool overwritten(const Region& body, std::size_t from, std::size_t to, SymbolId symbol) {
    Symbols writes;
    for (std::size_t i = from; i < to; ++i) {
      add_writes(body[i], writes);
    }
    return writes.contains(symbol);
  }

  Program& program_;
  Graph& graph_;
  int made_ = 0;
};

}  // namespace

Program hoist(Program program) {
  Hoister(program).region(program.body);
  drop_dead(program);
  return program;
}

}  // namespace pcxx

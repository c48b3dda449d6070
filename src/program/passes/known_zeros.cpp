/// The pass `known_zeros`: peels the first steps of a loop while they have less to compute than a later one.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "program/passes/analysis.h"
#include "program/passes/join.h"
#include "program/passes/passes.h"

namespace pcxx {
namespace {

/// The expressions that steps so far consist of.
class Known {
 public:
  explicit Known(const Graph& graph) : graph_(&graph) {}

  /// Adds what the roots consist of; returns how many products among it are new.
  Size add(std::vector<ExpressionId> stack) {
    Size products = 0;
    while (!stack.empty()) {
      const ExpressionId id = stack.back();
      stack.pop_back();
      if (seen_.insert(id).second) {
        const Expression& e = (*graph_)[id];
        products += is_product(e) ? 1 : 0;
        stack.insert(stack.end(), e.operands.begin(), e.operands.end());
      }
    }
    return products;
  }

 private:
  const Graph* graph_;
  std::unordered_set<ExpressionId> seen_;
};

std::vector<ExpressionId> values_of(const Environment& environment) {
  std::vector<ExpressionId> values;
  for (const auto& [symbol, value] : environment) {
    values.push_back(value);
  }
  return values;
}

class Peeler {
 public:
  Peeler(Graph& graph, std::vector<std::string>& notes) : graph_(graph), notes_(notes) {}

  Region region(const Region& body) {
    Region result;
    Joiner joiner(graph_);
    for (const Statement& statement : body) {
      if (const auto* assign = std::get_if<Assign>(&statement.content)) {
        joiner.add(*assign);
        continue;
      }
      Statement copy = statement;
      if (auto* repeat = std::get_if<Repeat>(&copy.content)) {
        repeat->body = region(repeat->body);
        peel(*repeat, joiner);
        if (repeat->count == 0) {
          continue;
        }
      } else if (auto* loop = std::get_if<While>(&copy.content)) {
        loop->body = region(loop->body);
      } else if (auto* branch = std::get_if<Branch>(&copy.content)) {
        branch->yes = region(branch->yes);
        branch->no = region(branch->no);
      }
      joiner.flush(result);
      result.push_back(std::move(copy));
    }
    joiner.flush(result);
    return result;
  }

 private:
  /// Takes steps off the front of the loop and joins them with what stands before it.
  void peel(Repeat& loop, Joiner& joiner) {
    if (loop.body.size() != 1 || !std::holds_alternative<Assign>(loop.body[0].content)) {
      return;  // a loop in a loop stays as it is
    }
    const Assign& body = std::get<Assign>(loop.body[0].content);
    const Size usual = varying_products(loop, body);
    Size peeled = 0;
    Known known(graph_);
    known.add(values_of(joiner.environment()));
    while (loop.count > 0) {
      Joiner next = joiner;
      next.add({{{loop.index, graph_.constant(static_cast<double>(loop.first))}}});
      next.add(body);
      const Size fresh = known.add(values_of(next.environment()));
      if (fresh >= usual) {
        break;
      }
      joiner = std::move(next);
      ++loop.first;
      --loop.count;
      ++peeled;
      skipped_ += usual - fresh;
    }
    if (peeled > 0) {
      notes_.push_back(fmt::format("known zeros: peeled {} of {} steps, which need {} products fewer", peeled,
                                   peeled + loop.count, std::exchange(skipped_, 0)));
    }
  }

  /// Returns how many products of a loop's body change from step to step.
  Size varying_products(const Repeat& loop, const Assign& body) const {
    Symbols written;
    add_writes({loop}, written);
    Dependence varies(graph_, written);
    const auto all = expressions_of(graph_, values_of(body));
    return std::count_if(all.begin(), all.end(), [&](ExpressionId id) { return is_product(graph_[id]) && varies(id); });
  }

  Graph& graph_;
  std::vector<std::string>& notes_;
  Size skipped_ = 0;
};

}  // namespace

Program known_zeros(Program program) {
  program.body = Peeler(*program.graph, program.notes).region(program.body);
  drop_dead(program);
  return program;
}

}  // namespace pcxx

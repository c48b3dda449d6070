/// The pass `known_zeros`: peels the first steps of a loop while they have less to compute than a later one.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "program/passes/analysis.h"
#include "program/passes/join.h"
#include "program/passes/passes.h"

namespace pcxx {
namespace {

std::vector<ExpressionId> products_of(const Graph& graph, const std::vector<ExpressionId>& roots) {
  std::vector<ExpressionId> products;
  for (const ExpressionId id : expressions_of(graph, roots)) {
    if (is_product(graph[id])) {
      products.push_back(id);
    }
  }
  return products;
}

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
    std::vector<ExpressionId> known = products_of(graph_, values_of(joiner.environment()));
    while (loop.count > 0) {
      Joiner next = joiner;
      next.add({{{loop.index, graph_.constant(static_cast<double>(loop.first))}}});
      next.add(body);
      std::vector<ExpressionId> all = products_of(graph_, values_of(next.environment())), fresh;
      std::set_difference(all.begin(), all.end(), known.begin(), known.end(), std::back_inserter(fresh));
      if (static_cast<Size>(fresh.size()) >= usual) {
        break;
      }
      joiner = std::move(next);
      known = std::move(all);
      ++loop.first;
      --loop.count;
      ++peeled;
      skipped_ += usual - static_cast<Size>(fresh.size());
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
    std::vector<ExpressionId> roots;
    for (const Assignment& each : body.assignments) {
      roots.push_back(each.value);
    }
    const auto products = products_of(graph_, roots);
    return std::count_if(products.begin(), products.end(), [&](ExpressionId id) {
      const Symbols reads = reads_of(graph_, id);
      return std::any_of(reads.begin(), reads.end(), [&](SymbolId symbol) { return written.contains(symbol); });
    });
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

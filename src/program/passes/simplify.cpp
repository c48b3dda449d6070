/// The pass `simplify`: identities, joining of assignments, dead code.
#include <algorithm>

#include "program/passes/analysis.h"
#include "program/passes/join.h"
#include "program/passes/passes.h"

namespace pcxx {

void Joiner::add(const Assign& assign) {
  Rewriter rewrite(*graph_, environment_);
  Environment next = environment_;
  for (const Assignment& each : assign.assignments) {
    next[each.target] = rewrite(each.value);
  }
  environment_ = std::move(next);
}

void Joiner::flush(Region& region) {
  Assign assign;
  for (const auto& [target, value] : environment_) {
    if (value != graph_->read(target)) {
      assign.assignments.push_back({target, value});
    }
  }
  if (!assign.assignments.empty()) {
    region.push_back({std::move(assign)});
  }
  environment_.clear();
}

Region joined(Graph& graph, const Region& region) {
  Region result;
  Joiner joiner(graph);
  for (const Statement& statement : region) {
    if (const auto* assign = std::get_if<Assign>(&statement.content)) {
      joiner.add(*assign);
      continue;
    }
    joiner.flush(result);
    Statement copy = statement;
    if (auto* repeat = std::get_if<Repeat>(&copy.content)) {
      repeat->body = joined(graph, repeat->body);
    } else if (auto* loop = std::get_if<While>(&copy.content)) {
      loop->condition = Rewriter(graph)(loop->condition);
      loop->body = joined(graph, loop->body);
    } else if (auto* branch = std::get_if<Branch>(&copy.content)) {
      branch->condition = Rewriter(graph)(branch->condition);
      branch->yes = joined(graph, branch->yes);
      branch->no = joined(graph, branch->no);
    }
    result.push_back(std::move(copy));
  }
  joiner.flush(result);
  return result;
}

namespace {

/// Walks backwards with the set of symbols that are read later.
class DeadCode {
 public:
  explicit DeadCode(const Graph& graph) : graph_(graph) {}

  void region(Region& body, Symbols& live) {
    Region kept;
    for (auto it = body.rbegin(); it != body.rend(); ++it) {
      if (std::visit([&](auto& content) { return keep(content, live); }, it->content)) {
        kept.push_back(std::move(*it));
      }
    }
    std::reverse(kept.begin(), kept.end());
    body = std::move(kept);
  }

 private:
  bool keep(Assign& assign, Symbols& live) {
    std::erase_if(assign.assignments, [&](const Assignment& each) {
      return !observable(graph_.symbol(each.target)) && !live.contains(each.target);
    });
    for (const Assignment& each : assign.assignments) {
      live.erase(each.target);
    }
    live.merge(reads_of(graph_, values_of(assign)));
    return !assign.assignments.empty();
  }

  /// What a loop's body reads may come from its previous round: such reads are live at its end too, until nothing changes.
  template <class Loop>
  bool keep_loop(Loop& loop, Symbols& live) {
    Symbols at_end = live;
    for (;;) {
      Region trial = loop.body;
      Symbols inside = at_end;
      region(trial, inside);
      Symbols next = at_end;
      next.insert(inside.begin(), inside.end());
      if (next == at_end) {
        loop.body = std::move(trial);
        break;
      }
      at_end = std::move(next);
    }
    live = std::move(at_end);
    return !loop.body.empty();
  }
  bool keep(Repeat& loop, Symbols& live) {
    const bool kept = keep_loop(loop, live);
    live.erase(loop.index);
    return kept;
  }
  bool keep(While& loop, Symbols& live) {
    live.merge(reads_of(graph_, {loop.condition}));
    return keep_loop(loop, live);
  }
  bool keep(Branch& branch, Symbols& live) {
    Symbols other = live;
    region(branch.yes, live);
    region(branch.no, other);
    live.merge(other);
    live.merge(reads_of(graph_, {branch.condition}));
    return !branch.yes.empty() || !branch.no.empty();
  }
  bool keep(Call&, Symbols&) { return true; }
  bool keep(Stage&, Symbols&) { return true; }

  const Graph& graph_;
};

}  // namespace

/// Rewrites every expression for itself.
static void fold_source(Graph& graph, Region& body) {
  Rewriter rewrite(graph, {}, Folding::freely);
  for_each_statement(body, [&](Statement& statement) {
    if (auto* assign = std::get_if<Assign>(&statement.content)) {
      for (Assignment& each : assign->assignments) {
        each.value = rewrite(each.value);
      }
    } else if (auto* loop = std::get_if<While>(&statement.content)) {
      loop->condition = rewrite(loop->condition);
    } else if (auto* branch = std::get_if<Branch>(&statement.content)) {
      branch->condition = rewrite(branch->condition);
    }
  });
}

void drop_dead(Program& program) {
  Symbols live;
  DeadCode(*program.graph).region(program.body, live);
}

Program simplify(Program program) {
  fold_source(*program.graph, program.body);
  program.body = joined(*program.graph, program.body);
  drop_dead(program);
  return program;
}

}  // namespace pcxx

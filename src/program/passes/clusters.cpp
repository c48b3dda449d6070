/// Clustering by levels: members of one domain and one level that feed each other share a kernel.
///
/// A product, or a value of another domain, raises the level of who reads it. So whatever lies between two members of one
/// level is itself of that level and domain, and no kernel waits for a result that waits for the kernel.
#include "program/passes/clusters.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "program/passes/analysis.h"

namespace pcxx {
namespace {

/// Returns the number of elements that a reduction over the last axes takes together; 0 for other axes.
Size reduced_columns(const Graph& graph, const Expression& e) {
  const Shape& from = graph[e.operands[0]].shape;
  const auto& axes = e.attributes.integers;
  Size columns = 1;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (axes[i] != from.rank() - static_cast<Size>(axes.size() - i)) {
      return 0;
    }
    columns *= from[axes[i]];
  }
  return columns;
}

}  // namespace

bool fusable(const Graph& graph, ExpressionId id) {
  const Expression& e = graph[id];
  return is_elementwise(e.op) || (is_reduction(e.op) && reduced_columns(graph, e) > 0);
}

Clusters::Clusters(const Graph& graph, const std::vector<ExpressionId>& roots)
    : graph_(graph), order_(expressions_of(graph, roots)) {
  for (const ExpressionId id : order_) {
    if (fusable(graph_, id)) {
      Member member = describe(id);
      member.level = level_of(member);
      members_.emplace(id, std::move(member));
      continue;
    }
    int level = 0;
    for (const ExpressionId operand : graph_[id].operands) {
      const auto found = members_.find(operand);
      level = std::max(level, found != members_.end() ? found->second.level : levels_.at(operand));
    }
    const bool works = !graph_[id].operands.empty() && graph_[id].op != Op::reshape && graph_[id].op != Op::broadcast;
    levels_.emplace(id, level + (works ? 1 : 0));
  }
  raise(roots);
  group();
}

/// Returns what a value is a copy of, reshaped or stretched.
ExpressionId Clusters::origin(ExpressionId id) const {
  id = without_reshape(graph_, id);
  return graph_[id].op == Op::broadcast ? origin(graph_[id].operands[0]) : id;
}

/// Moves a member up to the lowest level of those that read it, so that it joins their kernel instead of waiting in memory.
void Clusters::raise(const std::vector<ExpressionId>& roots) {
  std::unordered_map<ExpressionId, int> highest;  // that a member's readers allow
  const auto allow = [&](ExpressionId id, int level) {
    const auto [place, fresh] = highest.try_emplace(id, level);
    place->second = std::min(place->second, level);
  };
  for (const ExpressionId root : roots) {
    const ExpressionId source = without_reshape(graph_, root);
    if (members_.contains(source)) {
      allow(source, members_.at(source).level);  // a result is wanted as soon as it can be had
    }
  }
  for (auto it = order_.rbegin(); it != order_.rend(); ++it) {
    const auto found = members_.find(*it);
    if (found == members_.end()) {
      const bool works = graph_[*it].op != Op::reshape && graph_[*it].op != Op::broadcast;
      for (const ExpressionId operand : graph_[*it].operands) {
        if (works) {
          allow(origin(operand), levels_.at(*it) - 1);
        }
      }
      continue;
    }
    Member& member = found->second;
    const auto limit = highest.find(*it);
    if (limit != highest.end() && !shares_transcendental(*it)) {
      member.level = std::max(member.level, limit->second);
    }
    for (const View& view : member.operands) {
      if (graph_[view.source].op == Op::broadcast) {  // through memory: what is stretched must be there before
        allow(origin(view.source), levels_.at(view.source));
      } else {
        allow(view.source, member.level - (together(member, view) ? 0 : 1));
      }
    }
  }
}

/// Returns whether an activation's derivative is computed where the activation itself is: one exp or tanh serves both.
bool Clusters::shares_transcendental(ExpressionId id) const {
  Expression e = graph_[id];
  if (e.op != Op::activation_derivative) {
    return false;
  }
  return std::any_of(order_.begin(), order_.end(), [&](ExpressionId other) {
    const Expression& candidate = graph_[other];
    return candidate.op == Op::activation && candidate.operands == e.operands && candidate.attributes == e.attributes &&
           members_.at(other).level == members_.at(id).level;
  });
}

bool Clusters::together(const Member& reader, const View& view) const {
  const auto found = members_.find(view.source);
  return found != members_.end() && found->second.domain == reader.domain &&
         found->second.per_row == (view.access == Access::per_row);
}

Member Clusters::describe(ExpressionId id) const {
  const Expression& e = graph_[id];
  Member member;
  const auto inner = [&](ExpressionId operand) { return members_.find(without_reshape(graph_, operand)); };
  if (is_reduction(e.op)) {
    const Expression& from = graph_[e.operands[0]];
    const Size elements = from.shape.elements();
    member.per_row = true;
    member.domain = {e.span, elements, reduced_columns(graph_, e)};
    member.operands = {view_of(graph_, e.operands[0], e.span, elements)};
    if (member.operands[0].columns != 0 && member.operands[0].columns != member.domain.columns) {
      member.operands[0] = {without_reshape(graph_, e.operands[0]), Access::full};
    }
    return member;
  }
  const Size elements = e.shape.elements();
  for (const ExpressionId operand : e.operands) {  // a function of a row's reduction stays with the row
    const auto found = inner(operand);
    if (found != members_.end() && found->second.per_row && found->second.domain.span == e.span) {
      member.per_row = true;
      member.domain = found->second.domain;
      break;
    }
  }
  Size demanded = 0, inherited = 0;
  for (const ExpressionId operand : e.operands) {
    View view = view_of(graph_, operand, e.span, elements);
    if (member.per_row) {
      // every operand has one element a row, or is one number; anything else goes through memory
      const bool fits = view.access == Access::scalar || view.access == Access::full;
      view = fits ? View{view.source, view.access == Access::full ? Access::per_row : view.access}
                  : View{without_reshape(graph_, operand), Access::per_row};
    } else if (view.columns != 0) {
      if (demanded == 0) {
        demanded = view.columns;
      } else if (view.columns != demanded) {
        view = {without_reshape(graph_, operand), Access::full};  // two demands do not meet: stretched into memory
      }
    } else if (const auto found = members_.find(view.source); found != members_.end() && inherited == 0) {
      const Domain& domain = found->second.domain;
      inherited = domain.span == e.span && domain.elements == elements && !found->second.per_row ? domain.columns : 0;
    }
    member.operands.push_back(view);
  }
  if (!member.per_row) {
    const Size usual = e.span == Span::per_sample ? elements : 1;
    member.domain = {e.span, elements, demanded != 0 ? demanded : inherited != 0 ? inherited : usual};
  }
  return member;
}

int Clusters::level_of(const Member& member) const {
  int level = 0;
  for (const View& view : member.operands) {
    const auto found = members_.find(view.source);
    if (found == members_.end()) {
      level = std::max(level, levels_.at(view.source));
      if (graph_[view.source].op == Op::broadcast) {  // goes through memory
        level = std::max(level, levels_.at(view.source) + 1);
      }
      continue;
    }
    level = std::max(level, found->second.level + (together(member, view) ? 0 : 1));
  }
  return level;
}

void Clusters::group() {
  std::unordered_map<ExpressionId, ExpressionId> parent;
  const std::function<ExpressionId(ExpressionId)> root = [&](ExpressionId id) {
    while (parent.at(id) != id) {
      id = parent[id] = parent.at(parent.at(id));
    }
    return id;
  };
  const auto join = [&](ExpressionId a, ExpressionId b) {
    a = root(a), b = root(b);
    parent[std::max(a, b)] = std::min(a, b);
  };
  std::map<int, ExpressionId> scalars;  // shared scalars of one level: one kernel, connected or not
  for (const ExpressionId id : order_) {
    const auto found = members_.find(id);
    if (found == members_.end()) {
      continue;
    }
    parent.emplace(id, id);
    const Member& member = found->second;
    for (const View& view : member.operands) {
      const auto source = members_.find(view.source);
      if (source != members_.end() && source->second.domain == member.domain && source->second.level == member.level) {
        join(view.source, id);
      }
    }
    if (member.domain == Domain{Span::shared, 1, 1}) {
      join(scalars.try_emplace(member.level, id).first->second, id);
    }
  }
  std::map<ExpressionId, std::vector<ExpressionId>> grouped;
  for (const ExpressionId id : order_) {
    if (members_.contains(id)) {
      grouped[root(id)].push_back(id);
    }
  }
  for (auto& [first, ids] : grouped) {
    for (const ExpressionId id : ids) {
      places_.emplace(id, clusters_.size());
    }
    clusters_.push_back(std::move(ids));
  }
}

}  // namespace pcxx

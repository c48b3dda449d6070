/// Clusters: which elementwise operations and reductions of one assignment become one kernel.
#pragma once

#include <map>
#include <unordered_map>
#include <vector>

#include "program/passes/views.h"

namespace pcxx {

/// The rows and columns over which a cluster runs. Only members of one domain can share a kernel.
struct Domain {
  Span span = Span::shared;
  Size elements = 1;  // of one sample, or of the shared tensor
  Size columns = 1;

  friend auto operator<=>(const Domain&, const Domain&) = default;
};

struct Member {
  Domain domain;
  bool per_row = false;  // one element a row: a reduction, or a function of such
  int level = 0;         // rises with every product or change of domain on the way; members of a kernel have one level
  std::vector<View> operands;
};

/// Returns whether an operation can be a step of a fused kernel (reductions: if they run over the last axes).
bool fusable(const Graph& graph, ExpressionId id);

class Clusters {
 public:
  /// Looks at all expressions that the roots consist of.
  Clusters(const Graph& graph, const std::vector<ExpressionId>& roots);

  /// Returns the clusters, each with its members in order of their numbers; ordered by their first member.
  const std::vector<std::vector<ExpressionId>>& clusters() const { return clusters_; }
  /// Returns the place in clusters() of the cluster that a member belongs to.
  std::size_t cluster_of(ExpressionId id) const { return places_.at(id); }
  const Member& member(ExpressionId id) const { return members_.at(id); }
  bool contains(ExpressionId id) const { return members_.contains(id); }
  /// Returns all expressions, operands first.
  const std::vector<ExpressionId>& order() const { return order_; }

 private:
  Member describe(ExpressionId id) const;
  int level_of(const Member& member) const;
  /// Returns whether a reader takes an operand from the kernel that it is in itself, if their levels are equal.
  bool together(const Member& reader, const View& view) const;
  ExpressionId origin(ExpressionId id) const;
  bool shares_transcendental(ExpressionId id) const;
  void raise(const std::vector<ExpressionId>& roots);
  void group();

  const Graph& graph_;
  std::vector<ExpressionId> order_;
  std::unordered_map<ExpressionId, Member> members_;
  std::unordered_map<ExpressionId, int> levels_;  // of everything else
  std::vector<std::vector<ExpressionId>> clusters_;
  std::unordered_map<ExpressionId, std::size_t> places_;
};

}  // namespace pcxx

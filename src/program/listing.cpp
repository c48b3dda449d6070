/// Programs and expressions as text.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "program/program.h"
#include "tensor/rules.h"

namespace pcxx {
namespace {

std::string operand_list(const Graph& graph, const Expression& e, int depth);

std::string text(const Graph& graph, ExpressionId id, int depth) {
  const Expression& e = graph[id];
  switch (e.op) {
    case Op::constant: return fmt::format("{}", e.attributes.reals[0]);
    case Op::symbol: return graph.symbol(static_cast<SymbolId>(e.attributes.integers[0])).name;
    case Op::reshape:
    case Op::broadcast: return text(graph, e.operands[0], depth);
    default: break;
  }
  if (depth == 0) {
    return fmt::format("%{}", id);
  }
  const std::string operands = operand_list(graph, e, depth - 1);
  if (e.op == Op::activation || e.op == Op::activation_derivative) {
    return fmt::format("{}{}({})", to_string(static_cast<Activation>(e.attributes.integers[0])),
                       e.op == Op::activation ? "" : "'", operands);
  }
  if (e.op == Op::matmul) {
    return fmt::format("matmul{}{}{}({})", e.attributes.integers[0] ? "_ta" : "", e.attributes.integers[1] ? "_tb" : "",
                       sums_samples(e) ? "_sum" : "", operands);
  }
  return fmt::format("{}{}({})", to_string(e.op), sums_samples(e) && e.op != Op::batch_sum ? "_sum" : "", operands);
}

std::string operand_list(const Graph& graph, const Expression& e, int depth) {
  std::vector<std::string> parts;
  for (const ExpressionId operand : e.operands) {
    parts.push_back(text(graph, operand, depth));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

class Writer {
 public:
  explicit Writer(const Program& program) : graph_(*program.graph) { write(program.body, 0); }
  std::string take() { return std::move(text_); }

 private:
  void line(int depth, const std::string& words) { text_ += std::string(static_cast<std::size_t>(2 * depth), ' ') + words + '\n'; }
  std::string names(const std::vector<SymbolId>& symbols) const {
    std::vector<std::string> parts;
    for (const SymbolId id : symbols) {
      parts.push_back(graph_.symbol(id).name);
    }
    return fmt::format("{}", fmt::join(parts, ", "));
  }

  void write(const Region& region, int depth) {
    for (const Statement& statement : region) {
      std::visit([&](const auto& content) { write(content, depth); }, statement.content);
    }
  }
  void write(const Assign& assign, int depth) {
    for (const Assignment& each : assign.assignments) {
      line(depth, fmt::format("{} := {}", graph_.symbol(each.target).name, text(graph_, each.value, 6)));
    }
  }
  void write(const Repeat& repeat, int depth) {
    line(depth, fmt::format("repeat {} times, {} from {}", repeat.count, graph_.symbol(repeat.index).name, repeat.first));
    write(repeat.body, depth + 1);
  }
  void write(const While& loop, int depth) {
    line(depth, fmt::format("while {}, at most {} times", text(graph_, loop.condition, 6), loop.limit));
    write(loop.body, depth + 1);
  }
  void write(const Branch& branch, int depth) {
    line(depth, fmt::format("if {}", text(graph_, branch.condition, 6)));
    write(branch.yes, depth + 1);
    line(depth, "else");
    write(branch.no, depth + 1);
  }
  void write(const Call& call, int depth) {
    line(depth, fmt::format("{} := {}({})", names(call.outputs), describe(call.kernel), names(call.inputs)));
  }
  void write(const Stage& stage, int depth) {
    line(depth, stage.span == Span::per_sample ? "for each tile of rows, side by side" : "shared, side by side");
    write(stage.body, depth + 1);
  }

  const Graph& graph_;
  std::string text_;
};

}  // namespace

std::string listing(const Program& program) { return Writer(program).take(); }

std::string listing(const Graph& graph, ExpressionId id) { return text(graph, id, 8); }

}  // namespace pcxx

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

std::string names(const Graph& graph, const std::vector<SymbolId>& symbols) {
  std::vector<std::string> parts;
  for (const SymbolId id : symbols) {
    parts.push_back(graph.symbol(id).name);
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

struct Headline {
  const Graph& graph;

  std::string operator()(const Assignment& each) const {
    return fmt::format("{} := {}", graph.symbol(each.target).name, text(graph, each.value, 6));
  }
  std::string operator()(const Assign& assign) const {
    std::vector<std::string> lines;
    for (const Assignment& each : assign.assignments) {
      lines.push_back((*this)(each));
    }
    return fmt::format("{}", fmt::join(lines, "\n"));
  }
  std::string operator()(const Repeat& repeat) const {
    return fmt::format("repeat {} times, {} from {}", repeat.count, graph.symbol(repeat.index).name, repeat.first);
  }
  std::string operator()(const While& loop) const {
    return fmt::format("while {}, at most {} times", text(graph, loop.condition, 6), loop.limit);
  }
  std::string operator()(const Branch& branch) const { return fmt::format("if {}", text(graph, branch.condition, 6)); }
  std::string operator()(const Call& call) const {
    return fmt::format("{} := {}({})", names(graph, call.outputs), describe(graph, call.kernel), names(graph, call.inputs));
  }
  std::string operator()(const Stage& stage) const {
    return stage.span == Span::per_sample ? "for each tile of rows, side by side" : "shared, side by side";
  }
};

class Writer {
 public:
  explicit Writer(const Program& program) : headline_{*program.graph} { write(program.body, 0); }
  std::string take() { return std::move(text_); }

 private:
  void line(int depth, const std::string& words) { text_ += std::string(static_cast<std::size_t>(2 * depth), ' ') + words + '\n'; }

  void write(const Region& region, int depth) {
    for (const Statement& statement : region) {
      std::visit([&](const auto& content) { write(content, depth); }, statement.content);
    }
  }
  void write(const Assign& assign, int depth) {
    for (const Assignment& each : assign.assignments) {
      line(depth, headline_(each));
    }
  }
  void write(const Branch& branch, int depth) {
    line(depth, headline_(branch));
    write(branch.yes, depth + 1);
    line(depth, "else");
    write(branch.no, depth + 1);
  }
  void write(const Call& call, int depth) { line(depth, headline_(call)); }
  template <class Block>
  void write(const Block& block, int depth) {
    line(depth, headline_(block));
    write(block.body, depth + 1);
  }

  Headline headline_;
  std::string text_;
};

}  // namespace

std::string headline(const Graph& graph, const Statement& statement) { return std::visit(Headline{graph}, statement.content); }

std::string listing(const Program& program) { return Writer(program).take(); }

std::string listing(const Graph& graph, ExpressionId id) { return text(graph, id, 8); }

}  // namespace pcxx

/// The pass `fuse`: every assignment becomes kernel calls.
#include <fmt/format.h>

#include "program/passes/analysis.h"
#include "program/passes/lowering.h"
#include "program/passes/passes.h"

namespace pcxx {
namespace {

class Fuser {
 public:
  explicit Fuser(Program& program) : program_(program), graph_(*program.graph) {}

  Region region(const Region& body) {
    Region result;
    for (const Statement& statement : body) {
      std::visit([&](const auto& content) { add(content, result); }, statement.content);
    }
    return result;
  }

 private:
  static void append(Region& region, Region more) {
    region.insert(region.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }

  void add(const Assign& assign, Region& result) { append(result, lowered(program_, assign)); }

  void add(const Repeat& loop, Region& result) {
    Repeat copy = loop;
    copy.body = region(loop.body);
    result.push_back({std::move(copy)});
  }

  /// A condition becomes a variable, which is set before it is looked at.
  void add(const While& loop, Region& result) {
    const Assign test = {{{condition_variable(), loop.condition}}};
    append(result, lowered(program_, test));
    While copy = loop;
    copy.body = region(loop.body);
    append(copy.body, lowered(program_, test));
    copy.condition = graph_.read(test.assignments[0].target);
    result.push_back({std::move(copy)});
  }

  void add(const Branch& branch, Region& result) {
    const Assign test = {{{condition_variable(), branch.condition}}};
    append(result, lowered(program_, test));
    result.push_back({Branch{graph_.read(test.assignments[0].target), region(branch.yes), region(branch.no)}});
  }

  void add(const Call& call, Region& result) { result.push_back({call}); }
  void add(const Stage& stage, Region& result) { result.push_back({stage}); }

  SymbolId condition_variable() {
    return graph_.add_symbol(
        {fmt::format("condition{}", graph_.symbols()), SymbolKind::temporary, DType::boolean, Span::shared, {}});
  }

  Program& program_;
  Graph& graph_;
};

}  // namespace

Program fuse(Program program) {
  program.body = Fuser(program).region(program.body);
  Size fused = 0, steps = 0, calls = 0;
  for_each_statement(program.body, [&](const Statement& statement) {
    if (const auto* call = std::get_if<Call>(&statement.content)) {
      ++calls;
      if (const auto* kernel = std::get_if<FusedKernel>(&call->kernel)) {
        ++fused;
        steps += static_cast<Size>(kernel->steps.size());
      }
    }
  });
  program.notes.push_back(
      fmt::format("fuse: {} elementwise operations became {} kernels; {} calls in all", steps, fused, calls));
  return program;
}

}  // namespace pcxx

/// The passes that make a plan: fusion, layout, shards, memory.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "network/flow_writer.h"
#include "pcxx/learn/rules.h"
#include "program/passes/passes.h"
#include "support/mlp.h"
#include "support/workbench.h"

namespace pcxx::test {
namespace {

std::vector<const Call*> calls_of(const Program& program) {
  std::vector<const Call*> calls;
  for_each_statement(program.body, [&](const Statement& statement) {
    if (const auto* call = std::get_if<Call>(&statement.content)) {
      calls.push_back(call);
    }
  });
  return calls;
}

template <class K>
std::vector<const K*> kernels_of(const Program& program) {
  std::vector<const K*> kernels;
  for (const Call* call : calls_of(program)) {
    if (const auto* kernel = std::get_if<K>(&call->kernel)) {
      kernels.push_back(kernel);
    }
  }
  return kernels;
}

Program computing(const Workbench& bench, const std::vector<Tensor>& tensors) {
  Assign assign;
  for (const Tensor& tensor : tensors) {
    assign.assignments.push_back({bench.graph()->add_symbol({"out", SymbolKind::output, DType::real, tensor.span(), tensor.shape()}), tensor.id()});
  }
  return simplify({bench.graph(), {{assign}}});
}

Program training_plan(Precision precision = Precision::f32) {
  const Mlp net({20, 7, 6, 3}, {.activation = "gelu"});
  const LearningRule rule = PredictiveCoding{.steps = 9};
  return compiled(write_program(net, {net.x, net.target()}, [&](Flow& flow) { rule.write(flow); }), {.precision = precision});
}

TEST(Fuse, AChainWithItsReductionIsOneKernel) {
  Workbench bench(3);
  const Tensor x = bench.variable({5}, Span::per_sample), b = bench.variable({5}, Span::shared);
  const Program program = fuse(computing(bench, {sum(square(gelu(x + b) - x)), softmax(gelu(x + b))}));
  const auto fused = kernels_of<FusedKernel>(program);
  ASSERT_EQ(calls_of(program).size(), 1U) << listing(program);
  EXPECT_EQ(fused[0]->columns, 5);
  EXPECT_EQ(fused[0]->inputs, (std::vector<Access>{Access::full, Access::per_column}));
}

TEST(Fuse, ProductsSeparateKernels) {
  Workbench bench(3);
  const Tensor x = bench.variable({5}, Span::per_sample), w = bench.variable({5, 5}, Span::shared);
  const Tensor y = tanh(matmul(tanh(x), w));
  EXPECT_EQ(calls_of(fuse(computing(bench, {y}))).size(), 3U);
  EXPECT_EQ(calls_of(fuse(computing(bench, {y + tanh(x)}))).size(), 3U) << "tanh(x) is kept, not computed again";
}

TEST(Fuse, SumsOverSamplesJoinTheirKernel) {
  Workbench bench(3);
  const Tensor x = bench.variable({5}, Span::per_sample);
  const Program program = fuse(computing(bench, {batch_sum(tanh(x))}));
  EXPECT_EQ(calls_of(program).size(), 2U) << listing(program);
  EXPECT_EQ(kernels_of<CombineKernel>(program).size(), 1U);
}

TEST(Fuse, WritesInPlaceWhereNoOtherCallNeedsTheOldValue) {
  Workbench bench(3);
  const SymbolId a = bench.symbol("a", SymbolKind::node_value, {4}), b = bench.symbol("b", SymbolKind::node_value, {4});
  const auto calls = [&](const Tensor& next_a, const Tensor& next_b) {
    return calls_of(fuse(simplify({bench.graph(), {{Assign{{{a, next_a.id()}, {b, next_b.id()}}}}}}))).size();
  };
  EXPECT_EQ(calls(bench.read(a) * 2.0, bench.read(b) * 3.0), 2U);
  EXPECT_EQ(calls(bench.read(a) * 2.0, bench.read(b) + bench.read(a)), 2U) << "b is set before a";
  EXPECT_EQ(calls(bench.read(b) * 2.0, bench.read(a) * 3.0), 3U) << "a circle needs one copy";
}

TEST(Layout, PacksEachMatrixOnceForBothDirections) {
  const Program plan = training_plan();
  EXPECT_EQ(kernels_of<PackKernel>(plan).size(), 5U);  // three forward, two backward: nothing asks for dE/dx
  EXPECT_EQ(kernels_of<ConvertKernel>(plan).size(), 0U);
  for (const ProductKernel* product : kernels_of<ProductKernel>(plan)) {
    EXPECT_NE(product->packed_b, product->sum_samples);
  }
}

TEST(Layout, ConvertsTheInputsOfProductsToBf16) {
  const Program plan = training_plan(Precision::bf16);
  EXPECT_GT(kernels_of<ConvertKernel>(plan).size(), 0U);
  for (const Call* call : calls_of(plan)) {
    if (std::holds_alternative<ProductKernel>(call->kernel)) {
      EXPECT_TRUE(plan.halves.contains(call->inputs[0])) << listing(plan);
    }
  }
}

TEST(Shard, ATrainingStepIsOneStageOfRowsBetweenSharedWaves) {
  const Program plan = training_plan();
  std::vector<Span> spans;
  for (const Statement& statement : plan.body) {
    spans.push_back(std::get<Stage>(statement.content).span);
  }
  EXPECT_EQ(std::count(spans.begin(), spans.end(), Span::per_sample), 1) << listing(plan);
  EXPECT_EQ(spans.front(), Span::shared);
  EXPECT_EQ(spans.back(), Span::shared);
}

TEST(Shard, ALoopInWhichSamplesMeetStaysOutside) {
  Workbench bench(3);
  const SymbolId a = bench.symbol("a", SymbolKind::node_value, {4}), index = bench.symbol("i", SymbolKind::temporary, {}, Span::shared);
  const Tensor next = bench.read(a) - batch_mean(bench.read(a));
  const Program written = {bench.graph(), {{Repeat{5, index, {{Assign{{{a, next.id()}}}}}}}}};
  const Program plan = compiled(written, {});
  ASSERT_EQ(plan.body.size(), 1U) << listing(plan);
  EXPECT_TRUE(std::holds_alternative<Repeat>(plan.body[0].content));
}

/// No two variables of a tile overlap while both are alive: replays each stage and watches who owns each byte.
TEST(Memory, LivingVariablesOfATileDoNotOverlap) {
  const Program plan = training_plan();
  for (const Statement& statement : plan.body) {
    const auto& stage = std::get<Stage>(statement.content);
    std::map<Size, SymbolId> owner;  // of each 64 bytes of scratch
    const auto own = [&](SymbolId symbol, bool write) {
      const pcxx::Placement& placement = plan.placements.at(symbol);
      if (placement.arena != Arena::tile) {
        return;
      }
      const Size rows = plan.graph->symbol(symbol).span == Span::per_sample ? plan.tile_rows : 1;
      for (Size byte = placement.offset; byte < placement.offset + rows * placement.bytes; byte += 64) {
        if (write) {
          owner[byte] = symbol;
        } else {
          EXPECT_EQ(owner[byte], symbol) << plan.graph->symbol(symbol).name << " was overwritten";
        }
      }
      EXPECT_LE(placement.offset + rows * placement.bytes, plan.tile_bytes);
    };
    const auto replay = [&](const Region& body, const auto& self) -> void {
      for (const Statement& inner : body) {
        if (const auto* call = std::get_if<Call>(&inner.content)) {
          std::for_each(call->inputs.begin(), call->inputs.end(), [&](SymbolId symbol) { own(symbol, false); });
          std::for_each(call->outputs.begin(), call->outputs.end(), [&](SymbolId symbol) { own(symbol, true); });
        } else if (const auto* loop = std::get_if<Repeat>(&inner.content)) {
          for (int turn = 0; turn < 3; ++turn) {
            own(loop->index, true);
            self(loop->body, self);
          }
        }
      }
    };
    replay(stage.body, replay);
  }
}

}  // namespace
}  // namespace pcxx::test

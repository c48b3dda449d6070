/// Plans as data: they say what explain() says, cost what flops() counts, and give no byte to two variables at once.
#include "pcxx/program/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "support/message.h"
#include "support/planned.h"

namespace pcxx::test {
namespace {

/// Writes blocks and calls as explain() does.
std::string listed(const Plan& plan) {
  std::string text;
  std::size_t block = 0;
  const auto line = [&](Size depth, const std::string& words) { text += std::string(static_cast<std::size_t>(2 * depth), ' ') + words + "\n"; };
  const auto depth_of = [&](Size parent) {
    Size depth = 0;
    for (; parent >= 0; parent = plan.blocks[static_cast<std::size_t>(parent)].parent) {
      ++depth;
    }
    return depth;
  };
  const auto open_blocks = [&](Size call) {
    for (; block < plan.blocks.size() && plan.blocks[block].first_call <= call; ++block) {
      line(depth_of(plan.blocks[block].parent), plan.blocks[block].text);
    }
  };
  for (std::size_t i = 0; i < plan.calls.size(); ++i) {
    open_blocks(static_cast<Size>(i));
    line(std::ssize(plan.calls[i].blocks), plan.calls[i].text);
  }
  open_blocks(std::ssize(plan.calls));
  return text;
}

std::string plan_in(const std::string& explained) {
  const std::size_t title = explained.find("plan for cpu"), from = explained.find('\n', title) + 1;
  return explained.substr(from, explained.find("kernels\n", from) - from);
}

TEST(Plans, SayWhatExplainSays) {
  for (const Planned& each : planned_programs()) {
    const Executor executor = each.make({});
    const Plan plan = executor.plan(7);
    EXPECT_EQ(listed(plan), plan_in(executor.explain())) << each.name;
    for (const std::string& note : plan.notes) {
      EXPECT_NE(executor.explain().find("  " + note + "\n"), std::string::npos) << note;
    }
    for (const PlanCall& call : plan.calls) {
      EXPECT_NE(call.text.find(":= " + call.name + "("), std::string::npos) << call.text;
      EXPECT_NE(executor.explain().find(call.details), std::string::npos) << call.text;
      EXPECT_EQ(call.details.empty(), call.kind != CallKind::fused) << call.text;
    }
  }
}

TEST(Plans, CostWhatTheExecutorCounts) {
  for (const Planned& each : planned_programs()) {
    const Executor executor = each.make({});
    for (const Size samples : {0, 1, 64, 131}) {
      const Plan plan = executor.plan(samples);
      double flops = 0;
      for (const PlanCall& call : plan.calls) {
        flops += static_cast<double>(call.repeats) * call.flops;
      }
      EXPECT_EQ(flops, executor.flops(samples)) << each.name;
      EXPECT_EQ(plan.flops, executor.flops(samples)) << each.name;
      EXPECT_EQ(plan.bytes, executor.bytes(samples)) << each.name;
      EXPECT_EQ(plan.samples, samples);
      EXPECT_EQ(plan.tiles, (samples + plan.tile_rows - 1) / plan.tile_rows);
    }
  }
}

TEST(Plans, HoldTheKindsOfTheirKernels) {
  std::map<CallKind, int> kinds;
  for (const Planned& each : planned_programs()) {
    for (const PlanCall& call : each.make({}).plan(1).calls) {
      ++kinds[call.kind];
    }
    for (const PlanCall& call : each.make({.precision = Precision::bf16}).plan(1).calls) {
      ++kinds[call.kind];
    }
  }
  for (const CallKind kind : {CallKind::fused, CallKind::product, CallKind::convolution, CallKind::pool, CallKind::sum, CallKind::pack,
                              CallKind::convert, CallKind::random, CallKind::structure}) {
    EXPECT_GT(kinds[kind], 0) << to_string(kind);
  }
}

TEST(Plans, NestBlocksAroundCalls) {
  for (const Planned& each : planned_programs()) {
    const Plan plan = each.make({}).plan(100);
    for (std::size_t i = 0; i < plan.calls.size(); ++i) {
      Size parent = -1, repeats = 1;
      for (const Size place : plan.calls[i].blocks) {
        const PlanBlock& block = plan.blocks[static_cast<std::size_t>(place)];
        EXPECT_EQ(block.parent, parent);
        EXPECT_LE(block.first_call, static_cast<Size>(i));
        EXPECT_GT(block.end_call, static_cast<Size>(i));
        repeats *= block.kind == BlockKind::repeat ? block.count : 1;
        parent = place;
      }
      EXPECT_EQ(plan.calls[i].repeats, repeats) << plan.calls[i].text;
    }
  }
}

/// Two variables of one memory that have places at the same time have different places, within that memory.
void expect_apart(const Plan& plan, const std::vector<PlanVariable>& memory, Size bytes) {
  for (std::size_t i = 0; i < memory.size(); ++i) {
    const PlanVariable& a = memory[i];
    EXPECT_GE(a.offset, 0);
    EXPECT_LE(a.offset + a.bytes, bytes) << a.name;
    EXPECT_LE(a.first_call, a.last_call);
    EXPECT_LT(a.last_call, std::ssize(plan.calls));
    for (std::size_t j = 0; j < i; ++j) {
      const PlanVariable& b = memory[j];
      const bool together = a.first_call <= b.last_call && b.first_call <= a.last_call;
      const bool overlap = a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
      EXPECT_FALSE(together && overlap) << a.name << " and " << b.name;
    }
  }
}

TEST(Plans, GiveEveryVariableItsPlace) {
  for (const Planned& each : planned_programs()) {
    const Plan plan = each.make({}).plan(131);
    std::vector<PlanVariable> tile, outside;
    for (const PlanVariable& variable : plan.variables) {
      if (variable.arena == Arena::tile) {
        tile.push_back(variable);
      } else if (variable.arena == Arena::shared || variable.arena == Arena::batch || variable.arena == Arena::tiles) {
        outside.push_back(variable);
      }
    }
    expect_apart(plan, tile, plan.tile_bytes);
    expect_apart(plan, outside, plan.batch_bytes);
    EXPECT_FALSE(outside.empty());
    for (std::size_t i = 0; i < plan.calls.size(); ++i) {
      for (const auto* places : {&plan.calls[i].reads, &plan.calls[i].writes}) {
        for (const Size place : *places) {
          const PlanVariable& variable = plan.variables.at(static_cast<std::size_t>(place));
          EXPECT_NE(plan.calls[i].text.find(variable.name), std::string::npos);
          EXPECT_LE(variable.first_call, static_cast<Size>(i)) << each.name << ": " << variable.name;
          EXPECT_GE(variable.last_call, static_cast<Size>(i)) << each.name << ": " << variable.name;
        }
      }
    }
  }
}

/// A product of (samples, 5) with a packed (5, 3), by hand.
TEST(Plans, CountWorkAndBytes) {
  const Mlp net({5, 3});
  const Executor executor(net, {net.x}, [](Flow& flow) { flow.enter("start"); }, std::make_shared<State>(net.initialise(0)));
  const Plan plan = executor.plan(10);
  const auto product = std::ranges::find(plan.calls, CallKind::product, &PlanCall::kind);
  ASSERT_NE(product, plan.calls.end());
  const auto& packed = plan.variables.at(static_cast<std::size_t>(product->reads[1]));
  EXPECT_GE(packed.bytes, 5 * 3 * 4);
  EXPECT_EQ(product->flops, 2.0 * 10 * 5 * 3);
  EXPECT_EQ(product->bytes, 10 * 5 * 4 + packed.bytes + 10 * 3 * 4);
  EXPECT_EQ(plan.variables.at(static_cast<std::size_t>(product->reads[0])).name, "data x");
}

TEST(Plans, AreOfCompiledProgramsOnly) {
  const Mlp net({5, 3});
  const auto forward = [](Flow& flow) { flow.enter("start"); };
  const auto state = std::make_shared<State>(net.initialise(0));
  const Executor reference(net, {net.x}, forward, state, {.device = "reference"});
  EXPECT_EQ(message_of<DeviceError>([&] { (void)reference.plan(1); }),
            "[reference] has no plan: it runs the program as it was written, without passes; use the device 'cpu'");
  const Executor executor(net, {net.x}, forward, state);
  EXPECT_EQ(message_of<ArgumentError>([&] { (void)executor.plan(-1); }), "[plan] -1 samples; expected at least 0");
}

}  // namespace
}  // namespace pcxx::test

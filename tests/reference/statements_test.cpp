/// How the reference backend runs statements, keeps values between runs, and what it refuses.
#include <gtest/gtest.h>

#include "pcxx/core/errors.h"
#include "support/close.h"
#include "support/message.h"
#include "support/workbench.h"

namespace pcxx::test {
namespace {

Statement assign(std::vector<Assignment> assignments) { return {Assign{std::move(assignments)}}; }
Statement assign(SymbolId target, const Tensor& value) { return assign({{target, value.id()}}); }

/// A bench with two per-sample variables a and b of two samples, and a counter.
struct Statements : testing::Test {
  Workbench bench{2};
  SymbolId a = bench.symbol("a", SymbolKind::output, {});
  SymbolId b = bench.symbol("b", SymbolKind::output, {});
  SymbolId i = bench.symbol("i", SymbolKind::temporary, {}, Span::shared);
  SymbolId total = bench.symbol("total", SymbolKind::output, {}, Span::shared);
  Tensor zero{bench.graph(), bench.graph()->constant(0)};
  Tensor one{bench.graph(), bench.graph()->constant(1)};

  Numbers result(Region body, SymbolId id) {
    Session session(bench, std::move(body), *reference_backend(), Precision::f64);
    session.run();
    return session.value(id);
  }
};

TEST_F(Statements, OneStatementReadsTheStateBefore) {
  const Region swap = {assign(a, one), assign(b, 2.0 * one), assign({{a, bench.read(b).id()}, {b, bench.read(a).id()}})};
  EXPECT_EQ(result(swap, a), (Numbers{2, 2}));
  EXPECT_EQ(result(swap, b), (Numbers{1, 1}));
}

TEST_F(Statements, ASharedValueSpreadsOverTheSamples) {
  EXPECT_EQ(result({assign(a, one)}, a), (Numbers{1, 1}));
  EXPECT_EQ(result({assign(total, one)}, total), Numbers{1});
}

TEST_F(Statements, RepeatCountsFromFirst) {
  const Region sum = {assign(total, zero), {Repeat{4, i, {assign(total, bench.read(total) + bench.read(i))}, 3}}};
  EXPECT_EQ(result(sum, total), Numbers{3 + 4 + 5 + 6});
}

TEST_F(Statements, RepeatsNest) {
  const SymbolId j = bench.symbol("j", SymbolKind::temporary, {}, Span::shared);
  const Region inner = {assign(total, bench.read(total) + bench.read(i) * bench.read(j))};
  const Region outer = {assign(total, zero), {Repeat{3, i, {{Repeat{4, j, inner}}}}}};
  EXPECT_EQ(result(outer, total), Numbers{(0 + 1 + 2) * (0 + 1 + 2 + 3)});
}

TEST_F(Statements, WhileStopsAtItsConditionOrItsLimit) {
  const auto body = [&](Size limit) {
    const Tensor below = bench.read(total) < 10.0;
    return Region{assign(total, zero), {While{below.id(), limit, {assign(total, bench.read(total) + 3.0)}}}};
  };
  EXPECT_EQ(result(body(100), total), Numbers{12});
  EXPECT_EQ(result(body(2), total), Numbers{6});
  EXPECT_EQ(result(body(0), total), Numbers{0});
}

TEST_F(Statements, BranchRunsOneSide) {
  const auto body = [&](double x) {
    return Region{assign(total, x * one),
                  {Branch{(bench.read(total) < 0.0).id(), {assign(total, one)}, {assign(total, 2.0 * one)}}}};
  };
  EXPECT_EQ(result(body(-1), total), Numbers{1});
  EXPECT_EQ(result(body(1), total), Numbers{2});
}

TEST_F(Statements, ParametersAndStatesAreWritten) {
  const Tensor w = bench.variable({2}, Span::shared);
  bench.data(w) = {1, 2};
  const SymbolId count = bench.symbol("count", SymbolKind::state, {}, Span::shared);
  const SymbolId weight = symbol_of(*bench.graph(), w.id(), "test");
  Session session(bench, {assign({{weight, (w * 3.0).id()}, {count, (bench.read(count) + 1.0).id()}})},
                  *reference_backend(), Precision::f32);
  session.run();
  session.run();
  EXPECT_EQ(session.value(weight), (Numbers{3, 6}));  // the workbench's data are loaded at each run
  EXPECT_EQ(session.value(count), Numbers{2});
}

TEST_F(Statements, NodeValuesLiveOnWhileTheBatchKeepsItsSize) {
  const SymbolId h = bench.symbol("h", SymbolKind::node_value, {});
  const SymbolId run = bench.symbol("run", SymbolKind::state, {}, Span::shared);
  const Region body = {{Branch{equal(bench.read(run), 0.0).id(), {assign(h, one)}, {assign(h, bench.read(h) + 1.0)}}},
                       assign(run, bench.read(run) + 1.0)};
  Session session(bench, body, *reference_backend(), Precision::f64);
  session.run();
  session.run();
  EXPECT_EQ(session.value(h), (Numbers{2, 2}));
  const std::string message =
      message_of<ArgumentError>([&] { session.executable().run(3, {}, session.state(), 0); });
  EXPECT_EQ(message, "[reference] 'h' is read before it has a value; assign it earlier in the program, or give it as an input");
  EXPECT_EQ(session.value(run), Numbers{2});  // the failed run left no trace
  EXPECT_EQ(session.value(h), (Numbers{2, 2}));
}

TEST_F(Statements, TemporariesDoNotOutliveARun) {
  const SymbolId t = bench.symbol("t", SymbolKind::temporary, {});
  const SymbolId run = bench.symbol("run", SymbolKind::state, {}, Span::shared);
  const Region body = {{Branch{equal(bench.read(run), 0.0).id(), {assign(t, one)}, {}}}, assign(run, one),
                       assign(a, bench.read(t))};
  Session session(bench, body, *reference_backend(), Precision::f64);
  session.run();
  EXPECT_EQ(message_of<ArgumentError>([&] { session.run(); }),
            "[reference] 't' is read before it has a value; assign it earlier in the program, or give it as an input");
}

TEST_F(Statements, DeepExpressionsDoNotExhaustTheStack) {
  Tensor x = bench.read(a);
  for (int depth = 0; depth < 200000; ++depth) {
    x = x + 1.0;
  }
  EXPECT_EQ(result({assign(a, one), assign(a, x)}, a), (Numbers{200001, 200001}));
}

TEST_F(Statements, CostsAreCounted) {
  const Tensor x = bench.variable({1, 3}, Span::per_sample), w = bench.variable({3, 4}, Span::shared);
  const SymbolId u = bench.symbol("u", SymbolKind::output, {1, 4});
  Session session(bench, {{Repeat{5, i, {assign(u, tanh(matmul(x, w)))}}}}, *reference_backend(), Precision::f32);
  EXPECT_EQ(session.executable().flops(10), 5 * 10 * (2 * 3 * 4 + 4));
  EXPECT_EQ(session.executable().bytes(10), 4 * (10 * 4 + 10 * 3 + 1));  // u, x and the loop's index
}

TEST_F(Statements, RefusesWhatDoesNotFit) {
  const auto compile = [&](Region body) {
    return message_of<ArgumentError>([&] { reference_backend()->compile(program_over(bench, body), {}); });
  };
  const Tensor x = bench.variable({2}, Span::per_sample);
  EXPECT_EQ(compile({assign(a, x)}), "[reference] 'a' is () but its value is (2)");
  EXPECT_EQ(compile({assign(total, bench.read(a))}),
            "[reference] 'total' is shared but its value is per sample; expected a shared value, e.g. a batch_mean");
  EXPECT_EQ(compile({assign({{a, one.id()}, {a, zero.id()}})}), "[reference] 'a' is set twice by one statement");
  EXPECT_EQ(compile({{While{(bench.read(a) < 0.0).id(), 1, {}}}}),
            "[reference] the condition of 'while' is per_sample of shape (); expected a shared scalar");
  EXPECT_EQ(compile({{Branch{(x < 0.0).id(), {}, {}}}}),
            "[reference] the condition of 'if' is per_sample of shape (2); expected a shared scalar");
  EXPECT_EQ(compile({{Repeat{1, a, {}}}}),
            "[reference] the index 'a' of 'repeat' is per_sample of shape (); expected a shared scalar");
  EXPECT_EQ(compile({{Call{}}}), "[reference] cannot run a 'call' statement; expected a program before the pass 'fuse'");
  EXPECT_EQ(compile({{Stage{}}}), "[reference] cannot run a 'stage' statement; expected a program before the pass 'shard'");
}

TEST_F(Statements, RefusesToRunWithoutData) {
  const Tensor x = bench.variable({}, Span::per_sample), w = bench.variable({}, Span::shared);
  const auto executable = reference_backend()->compile(program_over(bench, {assign(a, x * w)}), {});
  State state;
  EXPECT_EQ(message_of<ArgumentError>([&] { executable->run(2, {}, state, 0); }), "[reference] no data for input 'v4'");
  const float numbers[] = {1, 2};
  const InputView input{symbol_of(*bench.graph(), x.id(), "test"), ElementType::f32, numbers};
  EXPECT_EQ(message_of<ArgumentError>([&] { executable->run(2, {&input, 1}, state, 0); }),
            "[reference] the state lacks 'v5', which the program names");
  state.set(symbol_of(*bench.graph(), w.id(), "test"), "v5", Array({}, ElementType::f64));
  EXPECT_EQ(message_of<ArgumentError>([&] { executable->run(2, {&input, 1}, state, 0); }),
            "[reference] the state holds 'v5' as f64 (); expected f32 ()");
  EXPECT_EQ(message_of<ArgumentError>([&] { executable->value(a); }),
            "[reference] 'a' has no value; the last run did not set it");
}

}  // namespace
}  // namespace pcxx::test

/// The passes over expressions: identities, joining, dead code, known zeros, hoisting.
#include <gtest/gtest.h>

#include <algorithm>

#include "network/flow_writer.h"
#include "pcxx/learn/rules.h"
#include "program/passes/analysis.h"
#include "program/passes/passes.h"
#include "program/passes/rewrite.h"
#include "support/mlp.h"
#include "support/workbench.h"
#include "tensor/rules.h"
#include "tensor/windows.h"

namespace pcxx::test {
namespace {

/// Returns a tensor as the pass leaves it, as text.
std::string simplified_text(const Workbench& bench, const Tensor& tensor) {
  return listing(*bench.graph(), Rewriter(*bench.graph())(tensor.id()));
}

Size count_products(const Program& program) {
  Size products = 0;
  for_each_statement(program.body, [&](const Statement& statement) {
    if (const auto* call = std::get_if<Call>(&statement.content)) {
      products += std::holds_alternative<ProductKernel>(call->kernel) ? 1 : 0;
    }
  });
  return products;
}

const Repeat* first_loop(const Program& program) {
  const Repeat* loop = nullptr;
  for_each_statement(program.body, [&](const Statement& statement) {
    if (loop == nullptr) {
      loop = std::get_if<Repeat>(&statement.content);
    }
  });
  return loop;
}

Program training_program(const Mlp& net, Size steps) {
  const LearningRule rule = PredictiveCoding{.steps = steps};
  return write_program(net, {net.x, net.target()}, [&](Flow& flow) { rule.write(flow); });
}

TEST(Identities, ErrorsOfEqualExpressionsAreZero) {
  Workbench bench(2);
  const Tensor x = bench.variable({3}, Span::per_sample), w = bench.variable({3}, Span::shared);
  EXPECT_EQ(simplified_text(bench, gelu(x * w) - gelu(x * w)), "0");
  EXPECT_EQ(simplified_text(bench, w * (x - x)), "0");
  EXPECT_EQ(simplified_text(bench, matmul(x - x, bench.variable({3, 4}, Span::shared))), "0");
  EXPECT_EQ(simplified_text(bench, batch_sum(x - x)), "0");
}

TEST(Identities, ZerosPassThroughWindows) {
  Workbench bench(2);
  const Tensor x = bench.variable({4, 2}, Span::per_sample), y = bench.variable({3, 3}, Span::per_sample);
  const Tensor w = bench.variable({3, 2, 2}, Span::shared), few = bench.variable({3, 2}, Span::per_sample);
  const Attributes convolution = attributes_of(Convolution{{{2}, {1}, {0}, {1}}});
  const Attributes summed = with_sample_sum(Op::convolve_weight, convolution, true);
  const Attributes windows = attributes_of(Windows{{2}, {1}, {0}, {1}});
  for (const Tensor& zero :
       {apply(Op::convolve, {x - x, w}, convolution, {3, 3}), apply(Op::convolve, {x, w - w}, convolution, {3, 3}),
        apply(Op::convolve_transposed, {y - y, w}, convolution, {4, 2}), apply(Op::convolve_weight, {x, y - y}, convolution),
        apply(Op::convolve_weight, {x - x, y}, summed), apply(Op::window_sum, {x - x}, windows, {3, 2}),
        apply(Op::window_spread, {few - few}, windows, {4, 2}), apply(Op::window_pick, {x, x - x}, windows, {3, 2}),
        apply(Op::window_route, {x, few - few}, windows, {4, 2}), take(x - x, {1, 1}, 0)}) {
    EXPECT_EQ(simplified_text(bench, zero), "0");
  }
  EXPECT_NE(simplified_text(bench, apply(Op::window_pick, {x - x, x}, windows, {3, 2})), "0");
}

/// route(x, g) h is route(x, g pick(x, h)) where windows do not overlap; functions of one operand are evaluated there.
TEST(Identities, ProductsMoveBehindRoutes) {
  Workbench bench(2);
  const Tensor x = bench.variable({4, 2}, Span::per_sample), y = bench.variable({4, 2}, Span::per_sample);
  const Tensor few = bench.variable({2, 2}, Span::per_sample);
  const auto route = [&](Size stride, const Tensor& g) {
    return apply(Op::window_route, {x, g}, attributes_of(Windows{{2}, {stride}, {0}, {1}}), {4, 2});
  };
  const auto pick = [&](const Tensor& v) { return apply(Op::window_pick, {x, v}, attributes_of(Windows{{2}, {2}, {0}, {1}}), {2, 2}); };
  EXPECT_EQ(simplified_text(bench, route(2, few) * y), simplified_text(bench, route(2, few * pick(y))));
  EXPECT_EQ(simplified_text(bench, gelu(exp(y)) * route(2, few)), simplified_text(bench, route(2, few * gelu(exp(pick(y))))));
  EXPECT_EQ(simplified_text(bench, 3.0 * route(2, few)), simplified_text(bench, route(2, few * 3.0)));
  const Tensor overlapping = route(1, bench.variable({3, 2}, Span::per_sample)) * y;
  EXPECT_EQ(simplified_text(bench, overlapping), listing(*bench.graph(), overlapping.id()));
}

TEST(Identities, NeutralElementsVanish) {
  Workbench bench(2);
  const Tensor x = bench.variable({3}, Span::per_sample);
  const std::string name = listing(*bench.graph(), x.id());
  for (const Tensor& each : {x + 0.0, 0.0 + x, x - 0.0, x * 1.0, 1.0 * x, x / 1.0, -(-x), stop_gradient(x), 2.0 * (0.5 * x),
                             power(x, 1.0), select(x < 0.0, x, x), reshape(reshape(x, {3, 1}), {3})}) {
    EXPECT_EQ(simplified_text(bench, each), name);
  }
}

TEST(Identities, FactorsJoinOnlyWhereThatIsExact) {
  Workbench bench(2);
  const Tensor x = bench.variable({}, Span::per_sample);
  EXPECT_EQ(simplified_text(bench, 0.25 * (0.3 * x)), "multiply(0.075, " + listing(*bench.graph(), x.id()) + ")");
  EXPECT_NE(simplified_text(bench, 0.1 * (0.3 * x)).find("0.1"), std::string::npos);
}

TEST(Identities, ConstantsFold) {
  Workbench bench(2);
  const Tensor x = bench.variable({2}, Span::per_sample);
  EXPECT_EQ(simplified_text(bench, sum(0.0 * x + 3.0)), "6");
  EXPECT_EQ(simplified_text(bench, batch_sum(0.0 * sum(x) + 2.0)), "multiply(2, batch_size())");
}

TEST(Simplify, JoinsAssignmentsAsIfOneAfterTheOther) {
  Workbench bench(3);
  const SymbolId a = bench.symbol("a", SymbolKind::output, {2}), b = bench.symbol("b", SymbolKind::output, {2});
  const Tensor x = bench.variable({2}, Span::per_sample);
  const Region body = {{Assign{{{a, x.id()}, {b, (x * 2.0).id()}}}},
                       {Assign{{{a, bench.read(b).id()}, {b, bench.read(a).id()}}}},  // a swap
                       {Assign{{{b, (bench.read(a) + bench.read(b)).id()}}}}};
  const Program simple = simplify({bench.graph(), body});
  ASSERT_EQ(simple.body.size(), 1U);
  for (const Region& each : {body, simple.body}) {
    Session session(bench, each, *reference_backend(), Precision::f64);
    session.run();
    const Numbers& data = bench.data(x);
    for (std::size_t i = 0; i < data.size(); ++i) {
      EXPECT_EQ(session.value(a)[i], 2 * data[i]);
      EXPECT_EQ(session.value(b)[i], 3 * data[i]);
    }
  }
}

TEST(Simplify, DropsWhatNobodyReads) {
  Workbench bench(1);
  const SymbolId unread = bench.symbol("unread", SymbolKind::temporary, {}), kept = bench.symbol("kept", SymbolKind::output, {}),
                 index = bench.symbol("i", SymbolKind::temporary, {}, Span::shared),
                 carried = bench.symbol("carried", SymbolKind::temporary, {});
  const Tensor x = bench.variable({}, Span::per_sample);
  const Region body = {{Assign{{{carried, x.id()}}}},
                       {Repeat{3, index, {{Assign{{{unread, bench.read(carried).id()}, {carried, (bench.read(carried) * x).id()}}}}}}},
                       {Assign{{{kept, bench.read(carried).id()}}}}};
  const Program simple = simplify({bench.graph(), body});
  const std::string text = listing(simple);
  EXPECT_EQ(text.find("unread"), std::string::npos) << text;
  EXPECT_NE(text.find("carried"), std::string::npos) << text;
}

/// With H hidden nodes the error needs H steps to reach the first one: as many steps are peeled, and no more. With one
/// hidden node its first step has every product that a later one has.
TEST(KnownZeros, PeelsAsManyStepsAsThereAreHiddenNodes) {
  for (const Size hidden : {2, 3, 6}) {
    std::vector<Size> widths(static_cast<std::size_t>(hidden + 2), 5);
    const Mlp net(widths, {.activation = "tanh"});
    const Program peeled = known_zeros(simplify(independent_copy(training_program(net, 20))));
    ASSERT_NE(first_loop(peeled), nullptr);
    EXPECT_EQ(first_loop(peeled)->first, hidden);
    EXPECT_EQ(first_loop(peeled)->count, 20 - hidden);
    const Program short_one = known_zeros(simplify(independent_copy(training_program(net, hidden))));
    EXPECT_EQ(first_loop(short_one), nullptr) << "nothing is left of the loop";
  }
  const Program shallow = known_zeros(simplify(independent_copy(training_program(Mlp({5, 5, 5}), 20))));
  EXPECT_EQ(first_loop(shallow)->count, 20);
}

TEST(KnownZeros, TheProgramDoesNotGrowWithTheNumberOfSteps) {
  const Mlp net({4, 5, 6, 3}, {.activation = "gelu"});
  const auto size = [&](Size steps) { return listing(known_zeros(simplify(independent_copy(training_program(net, steps))))).size(); };
  EXPECT_NEAR(static_cast<double>(size(10)), static_cast<double>(size(1000)), 4);  // the digits of the count
}

TEST(KnownZeros, LeavesAStartThatIsNoForwardPassAlone) {
  Mlp net({4, 5, 6, 3}, {.activation = "gelu"});
  net.phase("start").follow(everything(), [](const Tensor& u) { return u + 1.0; });
  const Program peeled = known_zeros(simplify(independent_copy(training_program(net, 20))));
  // nothing is zero; but the first predictions are those of the start
  EXPECT_GE(first_loop(peeled)->count, 19);
}

/// Both forms give the same bits on the reference, which runs them as they stand.
TEST(KnownZeros, ChangeNoBit) {
  for (const double momentum : {0.0, 0.5}) {
    for (const bool nesterov : {false, true}) {
      const Mlp net({4, 7, 6, 5, 3}, {.activation = "gelu"});
      const LearningRule rule = PredictiveCoding{.steps = 9, .values = sgd({.rate = 0.1, .momentum = momentum, .nesterov = nesterov})};
      const Program written = write_program(net, {net.x, net.target()}, [&](Flow& flow) { rule.write(flow); });
      const Program plain = simplify(independent_copy(written));
      const Program passed = hoist(known_zeros(plain));
      std::vector<std::vector<float>> results;
      for (const Program& each : {plain, passed}) {
        State state = net.initialise(3);
        for (Size id = 0; id < each.graph->symbols(); ++id) {
          const Symbol& symbol = each.graph->symbol(static_cast<SymbolId>(id));
          if (symbol.kind == SymbolKind::state) {
            state.set(static_cast<SymbolId>(id), symbol.name, Array(symbol.shape, ElementType::f32));
          }
        }
        RandomStream random(5);
        std::vector<std::vector<float>> data;
        std::vector<InputView> inputs;
        for (Size id = 0; id < each.graph->symbols(); ++id) {
          const Symbol& symbol = each.graph->symbol(static_cast<SymbolId>(id));
          if (symbol.kind == SymbolKind::input) {
            data.emplace_back();
            for (Size i = 0; i < 11 * symbol.shape.elements(); ++i) {
              data.back().push_back(static_cast<float>(random.uniform(-1, 1)));
            }
            inputs.push_back({static_cast<SymbolId>(id), ElementType::f32, nullptr});
          }
        }
        for (std::size_t i = 0; i < inputs.size(); ++i) {
          inputs[i].data = data[i].data();
        }
        reference_backend()->compile(each, {})->run(11, inputs, state, 0);
        results.emplace_back();
        for (const auto& [id, entry] : state.entries()) {
          const auto values = entry.array.as<float>();
          results.back().insert(results.back().end(), values.begin(), values.end());
        }
      }
      EXPECT_EQ(results[0], results[1]) << "momentum " << momentum << ", nesterov " << nesterov;
    }
  }
}

TEST(Hoist, TakesThePredictionOfTheInputOutOfTheLoop) {
  const Mlp net({4, 5, 6, 3}, {.activation = "tanh"});
  const Program before = simplify(independent_copy(training_program(net, 20)));
  const Program after = hoist(before);
  const auto loop_reads_data = [](const Program& program) {
    Symbols reads;
    for (const Statement& statement : first_loop(program)->body) {
      add_reads(*program.graph, statement, reads);
    }
    return std::any_of(reads.begin(), reads.end(), [&](SymbolId id) { return program.graph->symbol(id).name == "data x"; });
  };
  EXPECT_TRUE(loop_reads_data(before));
  EXPECT_FALSE(loop_reads_data(after));
  EXPECT_LT(count_products(fuse(after)), count_products(fuse(before)));
}

}  // namespace
}  // namespace pcxx::test

/// Whole programs on every backend against the reference: chains that fuse, random expressions and their gradients, loops,
/// branches, simultaneous assignments.
#include <algorithm>

#include "parity/subjects.h"
#include "pcxx/tensor/gradient.h"
#include "support/random_expression.h"
#include "tensor/rules.h"

namespace pcxx::test {
namespace {

Statement assign(std::vector<Assignment> assignments) { return {Assign{std::move(assignments)}}; }
Statement assign(SymbolId target, const Tensor& value) { return assign({{target, value.id()}}); }

class Programs : public Parity {
 protected:
  /// Runs a program several times on both and compares the symbols after each run.
  void expect_same_runs(const Workbench& bench, const Region& body, const std::vector<SymbolId>& symbols,
                        double tolerance, int runs = 2) const {
    Session actual(bench, body, *GetParam().backend, GetParam().precision);
    Session expected(bench, body, *reference_backend(), Precision::f64);
    for (int run = 0; run < runs; ++run) {
      actual.run(5);
      expected.run(5);
      for (const SymbolId id : symbols) {
        EXPECT_TRUE(close(actual.value(id), expected.value(id), tolerance))
            << bench.graph()->symbol(id).name << " after run " << run << ", " << bench.samples() << " samples";
      }
    }
  }
};

TEST_P(Programs, Chains) {
  for (const Size samples : kBatches) {
    Workbench bench(samples);
    const Tensor x = bench.variable({33}, Span::per_sample), u = bench.variable({33}, Span::per_sample);
    const Tensor b = bench.variable({33}, Span::shared), rate = bench.variable({}, Span::shared);
    const Tensor error = x - gelu(u + b), energy = 0.5 * sum(square(error));
    const Tensor centred = u - broadcast(reshape(mean(u), {1}), {33});
    const Tensor normed = centred / sqrt(broadcast(reshape(mean(square(centred)), {1}), {33}) + 1e-5);
    const Tensor surprise = -sum(softmax(x) * log_softmax(u));
    expect_agreement(bench, {error, energy, normed, surprise, x - rate * error}, 16, 33);
    expect_agreement(bench, gradient(energy, {x, u, b}), 16, std::max<Size>(33, samples));
    expect_agreement(bench, gradient(surprise, {x, u}), 16, 33);
    expect_agreement(bench, gradient(sum(normed * x), {u}), 64, 33);
  }
}

// Rounding errors grow along twenty operations; each may amplify those before it.
constexpr Size kChainRoundings = 200;

TEST_P(Programs, RandomExpressions) {
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Workbench bench(kBatches[seed % kBatches.size()], seed);
    const bool mixes = bench.samples() > 0;  // the mean of no samples is no number
    const RandomExpression expression = random_expression(bench, {.kinks = false, .batches = mixes});
    expect_agreement(bench, expression.results, kChainRoundings, 40 * std::max<Size>(1, bench.samples()));
  }
}

TEST_P(Programs, RandomExpressionsWithKinks) {
  for (std::uint64_t seed = 1000; seed < 1120; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Workbench bench(kBatches[seed % kBatches.size()], seed);
    const RandomExpression expression = random_expression(bench, {.batches = bench.samples() > 0});
    expect_agreement(bench, expression.results, kChainRoundings, 40 * std::max<Size>(1, bench.samples()));
  }
}

TEST_P(Programs, GradientsOfRandomExpressions) {
  for (std::uint64_t seed = 2000; seed < 2080; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Workbench bench(kBatches[seed % kBatches.size()], seed);
    const RandomExpression expression =
        random_expression(bench, {.operations = 12, .kinks = false, .batches = bench.samples() > 0});
    expect_agreement(bench, gradient(total_of(expression), expression.variables), 4 * kChainRoundings,
                     40 * std::max<Size>(1, bench.samples()));
  }
}

TEST_P(Programs, OneStatementReadsTheStateBefore) {
  for (const Size samples : kBatches) {
    Workbench bench(samples);
    const Tensor x = bench.variable({5}, Span::per_sample), y = bench.variable({5}, Span::per_sample);
    const SymbolId a = bench.symbol("a", SymbolKind::node_value, {5}), b = bench.symbol("b", SymbolKind::node_value, {5}),
                   c = bench.symbol("c", SymbolKind::output, {5}), i = bench.symbol("i", SymbolKind::temporary, {}, Span::shared);
    const auto id = [&](SymbolId symbol) { return bench.read(symbol).id(); };
    const Region swap = {assign({{a, x.id()}, {b, y.id()}}), assign({{a, id(b)}, {b, id(a)}})};
    expect_same_runs(bench, swap, {a, b}, 0);
    const Region rotate = {assign({{a, x.id()}, {b, y.id()}, {c, (x + y).id()}}),
                           {Repeat{7, i, {assign({{a, id(b)}, {b, id(c)}, {c, id(a)}})}}}};
    expect_same_runs(bench, rotate, {a, b, c}, allowed(1));
    const Tensor left = bench.read(a), right = bench.read(b);
    const Region coupled = {assign({{a, x.id()}, {b, y.id()}}),
                            {Repeat{5, i, {assign({{a, (left - 0.1 * right).id()}, {b, (right + 0.1 * left).id()}})}}}};
    expect_same_runs(bench, coupled, {a, b}, allowed(20));
  }
}

TEST_P(Programs, SharedValuesSpreadOverTheSamples) {
  for (const Size samples : kBatches) {
    Workbench bench(samples);
    const Tensor w = bench.variable({5}, Span::shared), x = bench.variable({5}, Span::per_sample);
    const SymbolId h = bench.symbol("h", SymbolKind::node_value, {5}), g = bench.symbol("g", SymbolKind::output, {5});
    expect_same_runs(bench, {assign(h, w * 2.0), assign(g, bench.read(h) * x)}, {h, g}, allowed(2));
    const Tensor zero{bench.graph(), bench.graph()->constant(0, {5})};
    expect_same_runs(bench, {assign(h, zero), assign(g, bench.read(h) + x)}, {h, g}, 0);
  }
}

TEST_P(Programs, OneValueForSeveralVariables) {
  Workbench bench(3);
  const Tensor x = bench.variable({2}, Span::per_sample), w = bench.variable({2}, Span::shared);
  const Tensor half{bench.graph(), bench.graph()->constant(0.5)}, halves{bench.graph(), bench.graph()->constant(0.5, {2})};
  expect_agreement(bench, {half, half, halves, halves}, 0);
  expect_agreement(bench, {half * 3.0, half * 3.0}, 1);
  expect_agreement(bench, {x, x, w, w}, 0);
  expect_agreement(bench, {sum(w), sum(w), sum(x), sum(x), x + w, x + w}, 2);
  expect_agreement(bench, {batch_sum(x), batch_sum(x), reshape(x, {2, 1}), reshape(x, {1, 2})}, 2);
}

TEST_P(Programs, NestedLoopsAndBranches) {
  for (const Size samples : {1, 2, 64, 65, 130}) {
    Workbench bench(samples);
    const Tensor x = bench.variable({3}, Span::per_sample);
    const SymbolId h = bench.symbol("h", SymbolKind::node_value, {3});
    const auto counter = [&](const char* name) { return bench.symbol(name, SymbolKind::temporary, {}, Span::shared); };
    const SymbolId i = counter("i"), j = counter("j");
    const SymbolId total = bench.symbol("total", SymbolKind::output, {}, Span::shared);
    const Tensor now = bench.read(h), sum_now = batch_mean(sum(square(now)));
    const Tensor zero{bench.graph(), bench.graph()->constant(0)};
    const Region shrink = {assign(h, 0.8 * now)}, turn = {assign(h, sin(now) + 0.1 * x)};
    const Region inner = {
        {Branch{(bench.read(j) < 2.0).id(), turn, shrink}},
        assign(total, bench.read(total) + bench.read(i) * bench.read(j) + 0.01 * sum_now),
    };
    const Region body = {assign({{h, x.id()}, {total, zero.id()}}),
                         {Repeat{3, i, {{Repeat{4, j, inner, 1}}}}},
                         {While{(sum_now > 0.05).id(), 50, shrink}},
                         {Branch{(bench.read(total) > 1e6).id(), {assign(h, 1.0 + 0.0 * x)}, {}}}};
    expect_same_runs(bench, body, {h, total}, allowed(200, samples));
  }
}

TEST_P(Programs, LoopsThatDoNotRun) {
  Workbench bench(3);
  const Tensor x = bench.variable({3}, Span::per_sample);
  const SymbolId h = bench.symbol("h", SymbolKind::node_value, {3}), i = bench.symbol("i", SymbolKind::temporary, {}, Span::shared);
  const Tensor never = batch_sum(sum(square(x))) < -1.0;
  const Region change = {assign(h, bench.read(h) + 1.0)};
  expect_same_runs(bench, {assign(h, x), {Repeat{0, i, change}}, {While{never.id(), 9, change}}, {While{(!never).id(), 0, change}}}, {h}, 0);
}

TEST_P(Programs, DrawsInsideLoopsDifferByTheirCounters) {
  for (const Size samples : {1, 65}) {
    Workbench bench(samples);
    const SymbolId h = bench.symbol("h", SymbolKind::node_value, {3}), i = bench.symbol("i", SymbolKind::temporary, {}, Span::shared),
                   run = bench.symbol("run", SymbolKind::state, {}, Span::shared);
    const Tensor zeros{bench.graph(), bench.graph()->constant(0, {3})};
    const Tensor noise = apply(Op::random_normal, {bench.read(run), bench.read(i)}, {{21, 1}, {}}, {3});
    const Region body = {assign(h, zeros), {Repeat{4, i, {assign(h, bench.read(h) + noise)}}},
                         assign(run, bench.read(run) + 1.0)};
    expect_same_runs(bench, body, {h, run}, allowed(8));
  }
}

/// A predictive-coding step in miniature: forward start, relaxation with momentum, a weight step with state of its own.
TEST_P(Programs, RelaxAndLearn) {
  for (const Size samples : {1, 2, 63, 64, 65, 130}) {
    Workbench bench(samples);
    const Tensor x = bench.variable({7}, Span::per_sample), y = bench.variable({3}, Span::per_sample);
    const Tensor w1 = bench.variable({11, 7}, Span::shared, {-0.5, 0.5, 0}), w2 = bench.variable({3, 11}, Span::shared, {-0.5, 0.5, 0});
    const SymbolId h = bench.symbol("h", SymbolKind::node_value, {11}), m = bench.symbol("m", SymbolKind::temporary, {11}),
                   i = bench.symbol("i", SymbolKind::temporary, {}, Span::shared),
                   trace = bench.symbol("trace", SymbolKind::state, {3, 11}, Span::shared),
                   energy = bench.symbol("energy", SymbolKind::output, {});
    const auto symbol = [&](const Tensor& w) { return symbol_of(*bench.graph(), w.id(), "test"); };
    const Tensor value = bench.read(h), momentum = bench.read(m);
    const Tensor forward = gelu(matmul(x, transpose(w1)));
    const Tensor now = 0.5 * sum(square(value - forward)) + 0.5 * sum(square(y - tanh(matmul(value, transpose(w2)))));
    const Tensor next = gradient(now, {value})[0] + 0.3 * momentum;
    const auto slopes = gradient(batch_mean(now), {w1, w2});
    const Tensor kept = slopes[1] + 0.9 * bench.read(trace);
    const Region body = {
        assign({{h, forward.id()}, {m, (0.0 * forward).id()}}),
        {Repeat{6, i, {assign({{h, (value - 0.1 * next).id()}, {m, next.id()}})}}},
        assign(energy, now),
        assign({{symbol(w1), (w1 - 0.01 * slopes[0]).id()}, {symbol(w2), (w2 - 0.01 * kept).id()}, {trace, kept.id()}}),
    };
    expect_same_runs(bench, body, {h, energy, symbol(w1), symbol(w2), trace},
                     allowed(60, std::max<Size>(11, samples)), 3);
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, Programs, testing::ValuesIn(subjects()), name_of);

}  // namespace
}  // namespace pcxx::test

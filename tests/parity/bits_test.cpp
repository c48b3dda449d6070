/// What must not change a single bit: the number of threads, the passes that only skip work, the other samples.
#include <algorithm>

#include "parity/subjects.h"
#include "pcxx/tensor/gradient.h"
#include "support/random_expression.h"

namespace pcxx::test {
namespace {

using Bits = Parity;

/// Random expressions and their gradients, and a two-layer network with its own, wide enough to be worth threads.
std::vector<Tensor> subject_of(Workbench& bench, std::uint64_t seed) {
  RandomExpression expression = random_expression(bench, {.operations = 12, .kinks = false, .batches = false});
  std::vector<Tensor> results = gradient(total_of(expression), expression.variables);
  if (seed % 10 == 0) {
    const Tensor x = bench.variable({70}, Span::per_sample), y = bench.variable({30}, Span::per_sample);
    const Tensor w1 = bench.variable({90, 70}, Span::shared), w2 = bench.variable({30, 90}, Span::shared);
    const Tensor h = bench.variable({90}, Span::per_sample);
    const Tensor error = h - gelu(matmul(x, transpose(w1))), energy =
        0.5 * sum(square(error)) + 0.5 * sum(square(y - tanh(matmul(h, transpose(w2)))));
    const auto slopes = gradient(energy, {h, w1, w2});
    results.insert(results.end(), slopes.begin(), slopes.end());
  }
  results.insert(results.end(), expression.results.begin(), expression.results.end());
  return results;
}

std::vector<Numbers> run(const Workbench& bench, const std::vector<Tensor>& tensors, const Subject& subject,
                         CompileOptions options) {
  Session session(bench, tensors, *subject.backend, subject.precision, options);
  session.run();
  return session.results();
}

/// NaN never equals itself, so bits are compared as text would be: both NaN or equal.
bool same(const std::vector<Numbers>& a, const std::vector<Numbers>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!close(a[i], b[i], 0)) {
      return false;
    }
  }
  return a.size() == b.size();
}

TEST_P(Bits, DoNotDependOnThreads) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Workbench bench(300, seed);
    const std::vector<Tensor> tensors = subject_of(bench, seed);
    const auto one = run(bench, tensors, GetParam(), {.threads = 1});
    EXPECT_TRUE(same(one, run(bench, tensors, GetParam(), {.threads = 2}))) << "seed " << seed;
    EXPECT_TRUE(same(one, run(bench, tensors, GetParam(), {.threads = 4}))) << "seed " << seed;
  }
}

TEST_P(Bits, DoNotDependOnPassesThatSkipWork) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Workbench bench(65, seed);
    const std::vector<Tensor> tensors = subject_of(bench, seed);
    const auto all = run(bench, tensors, GetParam(), {});
    EXPECT_TRUE(same(all, run(bench, tensors, GetParam(), {.known_zeros = false}))) << "seed " << seed;
    EXPECT_TRUE(same(all, run(bench, tensors, GetParam(), {.hoist = false}))) << "seed " << seed;
  }
}

/// A chain of nodes relaxed by Adam from a forward start: its rates depend on the step, and its first steps are peeled.
TEST_P(Bits, OfAPeeledStepAreThoseOfTheLoop) {
  Workbench bench(65);
  constexpr Size kWidth = 9;
  const Tensor x = bench.variable({kWidth}, Span::per_sample), y = bench.variable({kWidth}, Span::per_sample);
  const SymbolId step = bench.symbol("step", SymbolKind::temporary, {}, Span::shared);
  std::vector<SymbolId> nodes, first, second;
  std::vector<Tensor> predictions, values;
  Assign start;
  Tensor forward = x, energy(0.0);
  for (int layer = 0; layer < 4; ++layer) {
    const Tensor weight = transpose(bench.variable({kWidth, kWidth}, Span::shared, {-0.5, 0.5, 0}));
    const Tensor below = layer == 0 ? x : values.back();
    forward = gelu(matmul(forward, weight));
    if (layer == 3) {
      energy = energy + 0.5 * sum(square(y - gelu(matmul(below, weight))));
      break;
    }
    nodes.push_back(bench.symbol("h", SymbolKind::node_value, {kWidth}));
    first.push_back(bench.symbol("m", SymbolKind::temporary, {kWidth}));
    second.push_back(bench.symbol("v", SymbolKind::temporary, {kWidth}));
    values.push_back(bench.read(nodes.back()));
    energy = energy + 0.5 * sum(square(values.back() - gelu(matmul(below, weight))));
    const ExpressionId zero = bench.graph()->constant(0, {kWidth});
    start.assignments.insert(start.assignments.end(), {{nodes.back(), forward.id()}, {first.back(), zero}, {second.back(), zero}});
  }
  Assign relax;
  const std::vector<Tensor> slopes = gradient(energy, values);
  const Tensor t = bench.read(step) + 1.0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Tensor m = 0.9 * bench.read(first[i]) + 0.1 * slopes[i];
    const Tensor v = 0.999 * bench.read(second[i]) + 0.001 * square(slopes[i]);
    const Tensor move = m / (1.0 - power(0.9, t)) / (sqrt(v / (1.0 - power(0.999, t))) + 1e-8);
    const std::vector<Assignment> next = {
        {nodes[i], (values[i] - 0.01 * move).id()}, {first[i], m.id()}, {second[i], v.id()}};
    relax.assignments.insert(relax.assignments.end(), next.begin(), next.end());
  }
  const Region body = {{start}, {Repeat{7, step, {{relax}}}}};
  Session all(bench, body, *GetParam().backend, GetParam().precision);
  Session none(bench, body, *GetParam().backend, GetParam().precision, {.known_zeros = false, .hoist = false});
  all.run();
  none.run();
  for (const SymbolId id : nodes) {
    EXPECT_TRUE(close(all.value(id), none.value(id), 0));
  }
}

/// Returns the first samples of per-sample results; of shared ones nothing, since those may sum over samples.
std::vector<Numbers> first_samples(const std::vector<Numbers>& results, const std::vector<Tensor>& tensors, Size samples,
                                   Size of) {
  std::vector<Numbers> first;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (tensors[i].span() == Span::per_sample) {
      const auto size = static_cast<Size>(results[i].size()) / of * samples;
      first.emplace_back(results[i].begin(), results[i].begin() + size);
    }
  }
  return first;
}

TEST_P(Bits, OfASampleOweNothingToItsNeighbours) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Workbench all(130, seed);
    const std::vector<Tensor> tensors = subject_of(all, seed);
    const auto expected = run(all, tensors, GetParam(), {});
    for (const Size samples : {1, 2, 63, 64, 65, 129}) {
      EXPECT_TRUE(same(first_samples(run(all.with_samples(samples), tensors, GetParam(), {}), tensors, samples, samples),
                       first_samples(expected, tensors, samples, 130)))
          << "seed " << seed << ", " << samples << " samples";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, Bits, testing::ValuesIn(subjects()), name_of);

}  // namespace
}  // namespace pcxx::test

/// Convolutions, pools and tables along an axis on every backend against the reference in f64, for random geometry.
#include "parity/subjects.h"
#include "support/random_windows.h"
#include "tensor/rules.h"

namespace pcxx::test {
namespace {

constexpr Span kSpans[] = {Span::shared, Span::per_sample};
constexpr Size kTrials = 12;

/// Calls check(bench, geometry) for random geometries of one to three axes.
template <class Check>
void for_random_windows(const Check& check) {
  for (const Size samples : {0, 1, 3, 65}) {
    for (Size trial = 0; trial < kTrials; ++trial) {
      Workbench bench(samples, static_cast<std::uint64_t>(1 + trial));
      check(bench, random_convolution(bench.random(), 1 + trial % 3));
    }
  }
}

using Convolutions = Parity;

TEST_P(Convolutions, AllSpans) {
  for_random_windows([&](Workbench& bench, const RandomConvolution& made) {
    const Attributes attributes = attributes_of(made.convolution);
    const Size terms = made.weight.elements() * made.result.elements();
    for (unsigned spans = 0; spans < 4; ++spans) {
      const Tensor x = bench.variable(made.picture, kSpans[spans & 1U]), y = bench.variable(made.result, kSpans[spans & 1U]);
      const Tensor w = bench.variable(made.weight, kSpans[spans >> 1U]);
      expect_agreement(bench, {apply(Op::convolve, {x, w}, attributes, made.result)}, 1, 4 * terms);
      expect_agreement(bench, {apply(Op::convolve_transposed, {y, w}, attributes, made.picture)}, 1, 4 * terms);
      const Tensor other = bench.variable(made.result, kSpans[spans >> 1U]);
      const Attributes summed = with_sample_sum(Op::convolve_weight, attributes, true);
      expect_agreement(bench, {apply(Op::convolve_weight, {x, other}, attributes)}, 1, 4 * terms);
      expect_agreement(bench, {apply(Op::convolve_weight, {x, other}, summed)}, 1, 4 * terms * std::max<Size>(1, bench.samples()));
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Backends, Convolutions, testing::ValuesIn(subjects()), name_of);

struct OverWindows : Parity {
  OverWindows() { products_ = false; }
};

TEST_P(OverWindows, SumsAndMaxima) {
  for_random_windows([&](Workbench& bench, const RandomConvolution& made) {
    const Attributes attributes = attributes_of(made.convolution.windows);
    std::vector<Size> extents = made.result.extents();
    extents.back() = made.picture[-1];
    const Shape few(extents);
    const Size terms = made.weight.elements();
    for (unsigned spans = 0; spans < 4; ++spans) {
      const Tensor x = bench.variable(made.picture, kSpans[spans & 1U]), v = bench.variable(made.picture, kSpans[spans >> 1U]);
      const Tensor g = bench.variable(few, kSpans[spans >> 1U]);
      expect_agreement(bench, {apply(Op::window_sum, {x}, attributes, few)}, 1, 2 * terms);
      expect_agreement(bench, {apply(Op::window_spread, {g}, attributes, made.picture)}, 1, 2 * terms);
      expect_agreement(bench, {apply(Op::window_pick, {x, v}, attributes, few)}, 0);
      expect_agreement(bench, {apply(Op::window_route, {x, g}, attributes, made.picture)}, 1, 2 * terms);
    }
  });
}

TEST_P(OverWindows, ManyChannels) {
  Workbench bench(3);
  const Attributes attributes = attributes_of(Windows{{2, 3}, {2, 1}, {0, 1}, {1, 1}});
  const Tensor x = bench.variable({4, 3, 131}, Span::per_sample), g = bench.variable({2, 3, 131}, Span::per_sample);
  expect_agreement(bench, {apply(Op::window_pick, {x, x}, attributes, {2, 3, 131})}, 0);
  expect_agreement(bench, {apply(Op::window_route, {x, g}, attributes, {4, 3, 131})}, 1, 12);
}

TEST_P(OverWindows, Take) {
  for (const Size samples : kBatches) {
    Workbench bench(samples);
    for (const Span span : kSpans) {
      const Tensor x = bench.variable({3, 4, 2}, span), g = bench.variable({3, 5, 2}, span);
      expect_agreement(bench, {take(x, {3, 0, 0, 2, 3}, 1), take(x, {2, 1}, 0), take(x, {1, 1, 1}, 2)}, 0);
      expect_agreement(bench, {apply(Op::take_add, {g}, {{1, 3, 0, 0, 2, 3}, {}}, {3, 4, 2})}, 1, 4);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, OverWindows, testing::ValuesIn(subjects()), name_of);

}  // namespace
}  // namespace pcxx::test

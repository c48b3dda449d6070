/// Matrix products of every kind on every backend against the reference in f64.
#include "parity/subjects.h"
#include "tensor/rules.h"

namespace pcxx::test {
namespace {

struct Sizes {
  Size m, k, n;
};

// Around vector widths, one, and longer than any register block.
const std::vector<Sizes> kSizes = {{1, 1, 1}, {1, 7, 3}, {1, 17, 33}, {3, 5, 2}, {5, 16, 16}, {1, 100, 65}, {13, 31, 47}};

using Products = Parity;

Shape shape_of(Size rows, Size columns, bool transposed) {
  return transposed ? Shape{columns, rows} : Shape{rows, columns};
}

TEST_P(Products, AllFlagsAndSpans) {
  for (const Size samples : {0, 1, 3, 65}) {
    Workbench bench(samples);
    for (const Sizes& size : kSizes) {
      std::vector<Tensor> products;
      for (unsigned bits = 0; bits < 32; ++bits) {
        const bool ta = (bits & 1) != 0, tb = (bits & 2) != 0, sum_samples = (bits & 4) != 0;
        const Span first = (bits & 8) != 0 ? Span::per_sample : Span::shared;
        const Span second = (bits & 16) != 0 ? Span::per_sample : Span::shared;
        const Tensor a = bench.variable(shape_of(size.m, size.k, ta), first);
        const Tensor b = bench.variable(shape_of(size.k, size.n, tb), second);
        products.push_back(apply(Op::matmul, {a, b}, {{ta, tb, sum_samples}, {}}));
      }
      expect_agreement(bench, products, 1, 4 * size.k * std::max<Size>(1, samples));  // terms reach 4
    }
  }
}

TEST_P(Products, LayersForwardAndBackward) {
  for (const Size samples : {0, 1, 2, 63, 64, 65, 130}) {
    for (const Sizes& size : {Sizes{1, 784, 10}, Sizes{1, 2, 32}, Sizes{1, 32, 2}, Sizes{1, 127, 129}}) {
      Workbench bench(samples);
      const Tensor x = bench.variable({size.k}, Span::per_sample, {-1, 1, 0}), g = bench.variable({size.n}, Span::per_sample, {-1, 1, 0});
      const Tensor w = bench.variable({size.n, size.k}, Span::shared, {-1, 1, 0}), b = bench.variable({size.n}, Span::shared);
      const Tensor forward = matmul(x, transpose(w)) + b, backward = matmul(g, w);
      const Tensor outer = batch_sum(matmul(reshape(g, {size.n, 1}), reshape(x, {1, size.k})));
      expect_agreement(bench, {forward, backward}, 4, std::max(size.k, size.n));
      expect_agreement(bench, {outer, batch_sum(g)}, 4, samples);
    }
  }
}

TEST_P(Products, VectorsAndEmptyOnes) {
  for (const Size samples : kBatches) {
    Workbench bench(samples);
    for (unsigned spans = 0; spans < 4; ++spans) {
      const Span first = (spans & 1) != 0 ? Span::per_sample : Span::shared;
      const Span second = (spans & 2) != 0 ? Span::per_sample : Span::shared;
      const Tensor v = bench.variable({9}, first), w = bench.variable({9}, second), m = bench.variable({9, 4}, second);
      expect_agreement(bench, {matmul(v, w), matmul(v, m), matmul(transpose(m), v)}, 1, 4 * 9);
      const Tensor none = bench.variable({3, 0}, first), other = bench.variable({0, 2}, second);
      expect_agreement(bench, {matmul(none, other)}, 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, Products, testing::ValuesIn(subjects()), name_of);

}  // namespace
}  // namespace pcxx::test

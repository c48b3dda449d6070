/// Every operation on every backend against the reference in f64.
#include <cmath>
#include <functional>
#include <limits>

#include "parity/subjects.h"
#include "tensor/rules.h"

namespace pcxx::test {
namespace {

constexpr Range kPositive{0.1, 3, 0};
constexpr Span kSpans[] = {Span::shared, Span::per_sample};
const std::vector<Shape> kShapes = {{}, {1}, {7}, {3, 5}, {1, 17}, {129}};

/// Calls check(bench, shape, span) for every batch, shape and span.
template <class Check>
void for_each_layout(const Check& check) {
  for (const Size samples : kBatches) {
    Workbench bench(samples);
    for (const Shape& shape : kShapes) {
      for (const Span span : kSpans) {
        check(bench, shape, span);
      }
    }
  }
}

struct Operations : Parity {
  Operations() { products_ = false; }
};

TEST_P(Operations, ElementwiseOfOne) {
  for_each_layout([&](Workbench& bench, const Shape& shape, Span span) {
    const Tensor x = bench.variable(shape, span), positive = bench.variable(shape, span, kPositive);
    expect_agreement(bench, {-x, exp(x), abs(x), sign(x), floor(x), sin(x), cos(x), erf(x), square(x)}, 2);
    expect_agreement(bench, {log(positive), sqrt(positive), !(x < 0.0), stop_gradient(x)}, 2);
  });
}

TEST_P(Operations, ElementwiseOfTwo) {
  for_each_layout([&](Workbench& bench, const Shape& shape, Span span) {
    for (const Span other : kSpans) {
      const Tensor a = bench.variable(shape, span), b = bench.variable(shape, other);
      const Tensor base = bench.variable(shape, span, kPositive);
      expect_agreement(bench, {a + b, a - b, a * b, a / b, maximum(a, b), minimum(a, b)}, 1);
      expect_agreement(bench, {a < b, a <= b, equal(a, a), equal(a, b), select(a < b, a, b)}, 0);
      expect_agreement(bench, {power(base, b)}, 8);  // exp(b log base) multiplies the logarithm's error by b
      expect_agreement(bench, {power(a, 2.0), power(a, 3.0), 2.0 / a, 1.0 - b}, 4);
    }
  });
}

TEST_P(Operations, Broadcasting) {
  for (const Size samples : {1, 3, 65}) {
    Workbench bench(samples);
    for (unsigned spans = 0; spans < 4; ++spans) {
      const Span first = kSpans[spans & 1U], second = kSpans[spans >> 1U];
      const Tensor matrix = bench.variable({3, 5}, first), row = bench.variable({5}, second),
                   column = bench.variable({3, 1}, second), scalar = bench.variable({}, second);
      expect_agreement(bench, {matrix + row, matrix * column, scalar - matrix, row * column, column / scalar}, 2);
      expect_agreement(bench, {broadcast(row, {2, 3, 5}), broadcast(column, {3, 4}), broadcast(scalar, {3})}, 0);
    }
  }
}

TEST_P(Operations, Activations) {
  for_each_layout([&](Workbench& bench, const Shape& shape, Span span) {
    const Tensor x = bench.variable(shape, span, {-4, 4, 0.01});
    for (Size kind = 0; kind < static_cast<Size>(Activation::count); ++kind) {
      const Attributes which{{kind}, {}};
      expect_agreement(bench, {apply(Op::activation, {x}, which), apply(Op::activation_derivative, {x}, which)}, 4);
    }
  });
}

/// Far from zero, at zero and at the kinks, each number against its own magnitude.
TEST_P(Operations, ActivationsAtTheirEnds) {
  Workbench bench(1);
  const Tensor x = bench.variable({}, Span::per_sample);
  for (const double at : {-1e4, -1e3, -100.0, -20.0, -1.0, -1e-8, 0.0, 1e-8, 1.0, 20.0, 100.0, 1e3, 1e4}) {
    bench.data(x)[0] = static_cast<float>(at);
    for (Size kind = 0; kind < static_cast<Size>(Activation::count); ++kind) {
      const Attributes which{{kind}, {}};
      expect_agreement(bench, {apply(Op::activation, {x}, which), apply(Op::activation_derivative, {x}, which)}, 4);
    }
  }
}

TEST_P(Operations, NaNIsNeverHidden) {
  Workbench bench(5);
  const Tensor x = bench.variable({9}, Span::per_sample), y = bench.variable({9}, Span::per_sample);
  for (double& each : bench.data(x)) {
    each = std::numeric_limits<double>::quiet_NaN();
  }
  std::vector<Tensor> results = {x + y, x - y, x * y, x / y, -x, exp(x), log(x), sqrt(x), abs(x), sin(x), cos(x), erf(x),
                                 sum(x), max(x), logsumexp(x), batch_sum(x), power(x, y), sign(x), floor(x)};
  for (const std::string_view name : activation_names()) {
    results.push_back(activate(name, x));
  }
  const auto values = evaluate(bench, results, *GetParam().backend, GetParam().precision);
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_TRUE(std::isnan(values[i].at(0))) << listing(*bench.graph(), results[i].id());
  }
}

TEST_P(Operations, Reductions) {
  for (const Size samples : kBatches) {
    Workbench bench(samples);
    for (const Span span : kSpans) {
      const Tensor row = bench.variable({37}, span), matrix = bench.variable({5, 9}, span),
                   cube = bench.variable({3, 1, 7}, span), one = bench.variable({1}, span);
      for (const Tensor& x : {row, matrix, cube, one}) {
        expect_agreement(bench, {sum(x), mean(x), max(x), logsumexp(x), softmax(x), log_softmax(x)}, 4,
                         x.shape().elements());
        expect_agreement(bench, {sum(x, {0}), max(x, {0}), logsumexp(x, {0}), mean(x, {-1}), max(x, {-1})}, 4,
                         x.shape().elements());
      }
      expect_agreement(bench, {sum(cube, {0, 2}), logsumexp(cube, {0, 2}), max(matrix, {0, 1})}, 4, 21);
    }
  }
}

TEST_P(Operations, SumsOverSamples) {
  for (const Size samples : kBatches) {
    Workbench bench(samples);
    for (const Shape& shape : kShapes) {
      const Tensor x = bench.variable(shape, Span::per_sample), w = bench.variable(shape, Span::shared);
      expect_agreement(bench, {batch_sum(x), batch_sum(x * x), batch_sum(w), batch_sum(x + w)}, 4, samples);
      expect_agreement(bench, {batch_sum(sum(x))}, 4, 2 * samples * shape.elements());  // terms reach 2
      if (samples > 0) {
        expect_agreement(bench, {batch_mean(x), x - batch_mean(x), batch_mean(square(x - batch_mean(x)))}, 8, samples);
      }
      expect_agreement(bench, {batch_size(x) + w}, 2);
    }
  }
}

TEST_P(Operations, Structure) {
  for (const Size samples : kBatches) {
    Workbench bench(samples);
    for (const Span span : kSpans) {
      const Tensor x = bench.variable({3, 5}, span), cube = bench.variable({2, 3, 4}, span);
      const Tensor other = bench.variable({2, 5}, Span::shared), row = bench.variable({5}, span);
      expect_agreement(bench, {reshape(x, {5, 3}), reshape(x, {15}), transpose(x), transpose(cube, {2, 0, 1})}, 0);
      expect_agreement(bench, {concat({x, other}, 0), concat({x, x}, 1), concat({row, row, row}, 0)}, 0);
      expect_agreement(bench, {slice(x, {1, 2}, {3, 4}), slice(row, {0}, {1}), slice(cube, {0, 1, 1}, {2, 2, 4})}, 0);
      expect_agreement(bench, {pad(x, {1, 0}, {0, 2}), pad(row, {3}, {3}), pad(cube, {0, 0, 1}, {1, 0, 0})}, 0);
      expect_agreement(bench, {transpose(2.0 * x) + 1.0, slice(exp(row), {1}, {3}) * 3.0, sum(reshape(x, {5, 3}), {0})}, 4, 5);
    }
  }
}

// [tables]
TEST_P(Operations, Tables) {
  for (const Size samples : kBatches) {
    Workbench bench(samples);
    for (unsigned spans = 0; spans < 4; ++spans) {
      const Span first = kSpans[spans & 1U], second = kSpans[spans >> 1U];
      const Tensor table = bench.variable({6, 3}, first), flat = bench.variable({6}, first);
      const Tensor index = bench.index({4}, second, 6), one = bench.index({}, second, 6);
      const Tensor rows = bench.variable({4, 3}, first);
      expect_agreement(bench, {gather(table, index), gather(flat, index), gather(table, one), gather(flat, one)}, 0);
      expect_agreement(bench, {apply(Op::scatter_add, {index, rows}, {{6}, {}})}, 1, 4);
      expect_agreement(bench, {one_hot(index, 6), one_hot(one, 9)}, 0);
      const Tensor place = bench.variable({}, second, {0, 5, 0}), whole = floor(place);
      expect_agreement(bench, {row(table, one), row(flat, one), row(table, whole)}, 0);
      expect_agreement(bench, {set_row(table, one, row(rows, 1.0)), set_row(flat, whole, sum(row(rows, 0.0)))}, 4);
    }
  }
}
// [/tables]

TEST_P(Operations, AnIndexOutsideItsTableIsAnError) {
  Workbench bench(3);
  const Tensor table = bench.variable({6}, Span::shared), index = bench.index({2}, Span::per_sample, 6);
  for (const double wrong : {6.0, -1.0}) {
    bench.data(index)[4] = wrong;
    const Tensor place = row(index, 0.0);
    for (const Tensor& x : {gather(table, index), one_hot(index, 6), row(table, place), set_row(table, place, 0.0 * place)}) {
      EXPECT_THROW(evaluate(bench, {x}, *GetParam().backend, GetParam().precision), std::out_of_range);
    }
  }
}

TEST_P(Operations, RandomDrawsAreTheSameEverywhere) {
  for (const Size samples : kBatches) {
    Workbench bench(samples);
    const Tensor step = bench.variable({}, Span::shared);
    bench.data(step) = {3};
    std::vector<Tensor> draws;
    for (const Size per_sample : {0, 1}) {
      for (const Shape& shape : kShapes) {
        draws.push_back(apply(Op::random_uniform, {step}, {{11, per_sample}, {}}, shape));
        draws.push_back(apply(Op::random_normal, {step}, {{12, per_sample}, {}}, shape));
        draws.push_back(apply(Op::random_bernoulli, {step}, {{13, per_sample}, {0.3}}, shape));
      }
    }
    expect_agreement(bench, draws, 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, Operations, testing::ValuesIn(subjects()), name_of);

}  // namespace
}  // namespace pcxx::test

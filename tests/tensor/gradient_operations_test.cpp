/// First and second gradients of every operation against central differences, for shared, per-sample and mixed operands.
#include <gtest/gtest.h>

#include <functional>

#include "pcxx/tensor/gradient.h"
#include "support/finite_difference.h"
#include "tensor/rules.h"

namespace pcxx::test {
namespace {

using Operands = std::vector<Tensor>;
constexpr Range kPositive{0.3, 2, 0};

struct Case {
  std::string name;
  std::vector<Shape> shapes;
  std::function<Tensor(const Operands&)> build;
  Range range{};
};

void PrintTo(const Case& each, std::ostream* out) { *out << each.name; }

/// Lets the same check run for every way to share out the operands: bit i of `spans` makes operand i per sample.
Operands variables_for(Workbench& bench, const Case& each, unsigned spans) {
  Operands operands;
  for (std::size_t i = 0; i < each.shapes.size(); ++i) {
    const Span span = (spans >> i & 1U) != 0 ? Span::per_sample : Span::shared;
    operands.push_back(bench.variable(each.shapes[i], span, each.range));
  }
  return operands;
}

/// Returns a scalar in which every element of every gradient has a weight of its own.
Tensor total_of_gradients(Workbench& bench, const Tensor& output, const Operands& operands) {
  Tensor total(0.0);
  for (const Tensor& each : gradient(output, operands)) {
    total = total + weighted_total(bench, each);
  }
  return total;
}

class Gradients : public testing::TestWithParam<Case> {
 protected:
  template <class Check>
  void for_every_span(const Check& check) {
    for (unsigned spans = 0; spans < (1U << GetParam().shapes.size()); ++spans) {
      SCOPED_TRACE("per-sample operands: bits of " + std::to_string(spans));
      Workbench bench(3, 11 + spans);
      const Operands operands = variables_for(bench, GetParam(), spans);
      check(bench, operands, GetParam().build(operands));
    }
  }
};

TEST_P(Gradients, First) {
  for_every_span([](Workbench& bench, const Operands& operands, const Tensor& result) {
    EXPECT_TRUE(gradient_matches(bench, weighted_total(bench, result), operands));
    EXPECT_TRUE(gradient_matches(bench, sum(result), operands));  // a constant as cotangent
  });
}

TEST_P(Gradients, OfMeansOverTheBatch) {
  for_every_span([](Workbench& bench, const Operands& operands, const Tensor& result) {
    EXPECT_TRUE(gradient_matches(bench, batch_mean(weighted_total(bench, result)), operands));
    EXPECT_TRUE(gradient_matches(bench, weighted_total(bench, sin(0.5 * batch_sum(result))), operands));
  });
}

TEST_P(Gradients, Second) {
  for_every_span([](Workbench& bench, const Operands& operands, const Tensor& result) {
    const Tensor curved = weighted_total(bench, result * (1.0 + 0.25 * result));
    EXPECT_TRUE(gradient_matches(bench, total_of_gradients(bench, curved, operands), operands));
  });
}

template <class F>
Case unary(const std::string& name, const F& f, Range range = {}) {
  return {name, {{2, 3}}, [f](const Operands& x) { return f(x[0]); }, range};
}

std::vector<Case> elementwise_cases() {
  return {
      unary("negate", [](const Tensor& x) { return -x; }),
      unary("exp", [](const Tensor& x) { return exp(x); }),
      unary("log", [](const Tensor& x) { return log(x); }, kPositive),
      unary("sqrt", [](const Tensor& x) { return sqrt(x); }, kPositive),
      unary("square", [](const Tensor& x) { return square(x); }),
      unary("abs", [](const Tensor& x) { return abs(x); }),
      unary("sign", [](const Tensor& x) { return sign(x) * x; }),
      unary("floor", [](const Tensor& x) { return floor(x) * x; }),
      unary("sin", [](const Tensor& x) { return sin(x); }),
      unary("cos", [](const Tensor& x) { return cos(x); }),
      unary("erf", [](const Tensor& x) { return erf(x); }),
      unary("select", [](const Tensor& x) { return select(x < 0.0, square(x), sin(x)); }),
      unary("logic", [](const Tensor& x) { return x * ((x < 0.5 && x > -0.5) || !(x <= 1.5)); }),
      {"add", {{2, 3}, {2, 3}}, [](const Operands& x) { return x[0] + x[1]; }},
      {"add_broadcast", {{2, 1}, {3}}, [](const Operands& x) { return x[0] + x[1]; }},
      {"subtract", {{2, 3}, {2, 1}}, [](const Operands& x) { return x[0] - x[1]; }},
      {"multiply", {{2, 3}, {3}}, [](const Operands& x) { return x[0] * x[1]; }},
      {"multiply_scalar", {{}, {2, 3}}, [](const Operands& x) { return x[0] * x[1]; }},
      {"divide", {{2, 3}, {1, 3}}, [](const Operands& x) { return x[0] / x[1]; }, kPositive},
      {"maximum", {{2, 3}, {2, 3}}, [](const Operands& x) { return maximum(x[0], x[1]); }},
      {"minimum", {{2, 3}, {3}}, [](const Operands& x) { return minimum(x[0], x[1]); }},
      {"power", {{2, 3}, {3}}, [](const Operands& x) { return power(x[0], x[1]); }, kPositive},
      unary("power_of_constant", [](const Tensor& x) { return power(2.5, x); }),
      unary("cube", [](const Tensor& x) { return power(x, 3.0); }),
      {"select_of_three", {{2, 1}, {3}, {2, 3}},
       [](const Operands& x) { return select(x[0] < 0.0, x[1], x[2] * x[1]); }},
  };
}

std::vector<Case> activation_cases() {
  std::vector<Case> cases;
  for (const std::string_view name : activation_names()) {
    cases.push_back(unary(std::string(name), [name](const Tensor& x) { return activate(name, x); }));
  }
  for (Size kind = 0; kind < static_cast<Size>(Activation::count); ++kind) {
    cases.push_back(unary("derivative_of_" + std::string(activation_names()[static_cast<std::size_t>(kind)]),
                          [kind](const Tensor& x) { return apply(Op::activation_derivative, {x}, {{kind}, {}}); }));
  }
  return cases;
}

std::vector<Case> reduction_cases() {
  return {
      unary("sum", [](const Tensor& x) { return sum(x); }),
      unary("sum_rows", [](const Tensor& x) { return sum(x, {1}); }),
      unary("sum_columns", [](const Tensor& x) { return sum(x, {0}); }),
      {"sum_middle", {{2, 3, 2}}, [](const Operands& x) { return sum(x[0], {1}); }},
      unary("mean", [](const Tensor& x) { return mean(x, {-1}); }),
      unary("max", [](const Tensor& x) { return max(x); }),
      unary("max_columns", [](const Tensor& x) { return max(x, {0}); }),
      unary("logsumexp", [](const Tensor& x) { return logsumexp(x); }),
      {"logsumexp_outer", {{2, 3, 2}}, [](const Operands& x) { return logsumexp(x[0], {0, 2}); }},
      unary("softmax", [](const Tensor& x) { return softmax(x); }),
      unary("log_softmax", [](const Tensor& x) { return log_softmax(x); }),
      unary("batch_sum", [](const Tensor& x) { return x * batch_sum(x); }),
      unary("batch_mean", [](const Tensor& x) { return square(x - batch_mean(x)); }),
      unary("batch_sum_moved", [](const Tensor& x) { return batch_sum(reshape(transpose(x), {2, 3})) * x; }),
      unary("batch_size", [](const Tensor& x) { return x / batch_size(x); }),
  };
}

std::vector<Case> structure_cases() {
  return {
      unary("reshape", [](const Tensor& x) { return reshape(x, {3, 2}); }),
      unary("transpose", [](const Tensor& x) { return transpose(x); }),
      {"transpose_three", {{2, 3, 2}}, [](const Operands& x) { return transpose(x[0], {2, 0, 1}); }},
      {"broadcast", {{2, 1}}, [](const Operands& x) { return broadcast(x[0], {4, 2, 3}); }},
      {"broadcast_ones", {{1}}, [](const Operands& x) { return broadcast(x[0], {1, 1}); }},
      {"concat", {{2, 3}, {2, 1}, {2, 2}}, [](const Operands& x) { return concat(x, 1); }},
      {"concat_rows", {{1, 3}, {2, 3}}, [](const Operands& x) { return concat(x, 0); }},
      {"concat_twice", {{2}}, [](const Operands& x) { return concat({x[0], square(x[0]), x[0]}, 0); }},
      {"slice", {{4, 5}}, [](const Operands& x) { return slice(x[0], {1, 2}, {3, 5}); }},
      {"slice_empty", {{4}}, [](const Operands& x) { return sum(slice(x[0], {2}, {2})) + sum(x[0]); }},
      unary("pad", [](const Tensor& x) { return pad(x, {1, 0}, {0, 2}); }),
  };
}

std::string name_of(const testing::TestParamInfo<Case>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Elementwise, Gradients, testing::ValuesIn(elementwise_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(Activations, Gradients, testing::ValuesIn(activation_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(Reductions, Gradients, testing::ValuesIn(reduction_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(Structure, Gradients, testing::ValuesIn(structure_cases()), name_of);

std::vector<Case> product_cases() {
  std::vector<Case> cases;
  for (const bool ta : {false, true}) {
    for (const bool tb : {false, true}) {
      for (const bool sum_samples : {false, true}) {
        const Attributes flags{{ta, tb, sum_samples}, {}};
        cases.push_back({std::string("matmul") + (ta ? "_ta" : "") + (tb ? "_tb" : "") + (sum_samples ? "_sum" : ""),
                         {ta ? Shape{3, 2} : Shape{2, 3}, tb ? Shape{2, 3} : Shape{3, 2}},
                         [flags](const Operands& x) { return apply(Op::matmul, {x[0], x[1]}, flags); }});
      }
    }
  }
  const auto product = [](const Operands& x) { return matmul(x[0], x[1]); };
  cases.push_back({"vector_matrix", {{3}, {3, 2}}, product});
  cases.push_back({"matrix_vector", {{2, 3}, {3}}, product});
  cases.push_back({"vector_vector", {{3}, {3}}, product});
  cases.push_back({"transposed", {{3, 2}, {2, 3}},
                   [](const Operands& x) { return matmul(transpose(x[0]), transpose(x[1])); }});
  cases.push_back({"gram", {{2, 3}}, [](const Operands& x) { return matmul(transpose(x[0]), x[0]); }});
  cases.push_back({"layer", {{3}, {2, 3}, {2}},
                   [](const Operands& x) { return tanh(matmul(x[0], transpose(x[1])) + x[2]); }});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Products, Gradients, testing::ValuesIn(product_cases()), name_of);

// [gather]
TEST(GradientsOfTables, GatherAndScatter) {
  for (const Span table_span : {Span::shared, Span::per_sample}) {
    for (const Span index_span : {Span::shared, Span::per_sample}) {
      Workbench bench(3);
      const Tensor table = bench.variable({4, 2}, table_span), index = bench.index({2, 3}, index_span, 4);
      EXPECT_TRUE(gradient_matches(bench, weighted_total(bench, sin(gather(table, index))), {table}));
      const Tensor rows = bench.variable({2, 3, 2}, table_span);
      const Tensor scattered = apply(Op::scatter_add, {index, rows}, {{4}, {}});
      EXPECT_TRUE(gradient_matches(bench, weighted_total(bench, sin(scattered)), {rows}));
      const Tensor first = gradient(weighted_total(bench, square(gather(table, index))), {table})[0];
      EXPECT_TRUE(gradient_matches(bench, weighted_total(bench, first * table), {table}));
    }
  }
}
// [/gather]

TEST(GradientsOfTables, Rows) {
  for (const Span sequence_span : {Span::shared, Span::per_sample}) {
    for (const Span place_span : {Span::shared, Span::per_sample}) {
      Workbench bench(3);
      const Tensor sequence = bench.variable({4, 2}, sequence_span), place = bench.index({}, place_span, 4);
      const Tensor other = bench.variable({2}, sequence_span);
      EXPECT_TRUE(gradient_matches(bench, weighted_total(bench, sin(row(sequence, place))), {sequence}));
      EXPECT_TRUE(gradient_matches(bench, weighted_total(bench, sin(set_row(sequence, place, other))), {sequence, other}));
      const Tensor first = gradient(weighted_total(bench, square(row(sequence, place))), {sequence})[0];
      EXPECT_TRUE(gradient_matches(bench, weighted_total(bench, first * sequence), {sequence}));
    }
  }
}

}  // namespace
}  // namespace pcxx::test

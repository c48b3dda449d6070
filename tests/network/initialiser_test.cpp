/// Initialisers: moments, limits, orthogonality; independence of order.
#include "pcxx/network/initialiser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "pcxx/core/errors.h"
#include "pcxx/network/layers.h"
#include "pcxx/network/network.h"
#include "support/matrix.h"
#include "support/message.h"
#include "support/workbench.h"

namespace pcxx::test {
namespace {

Matrix drawn(const Initialiser& initialiser, Size rows, Size columns) {
  Array array({rows, columns}, ElementType::f64);
  RandomStream random(4);
  initialiser.fill(array, {columns, rows}, random);
  return {rows, columns, numbers_of(array)};
}

/// 60,000 numbers: their mean is within 5 / sqrt(60000) = .02 deviations of 0, and their deviation as near its own.
void expect_moments(const Initialiser& initialiser, double deviation, double limit = 0) {
  const Matrix m = drawn(initialiser, 300, 200);
  double sum = 0, squares = 0;
  for (const double x : m.elements()) {
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / 60000, 0, 0.02 * deviation) << initialiser.name;
  EXPECT_NEAR(std::sqrt(squares / 60000), deviation, 0.02 * deviation) << initialiser.name;
  if (limit > 0) {
    EXPECT_LE(largest(m), limit) << initialiser.name;
    EXPECT_GE(largest(m), 0.99 * limit) << initialiser.name;
  }
}

TEST(Initialiser, HasTheMomentsThatItClaims) {
  const double root3 = std::sqrt(3.0);
  expect_moments(fan_in_uniform(), 1 / std::sqrt(200.0) / root3, 1 / std::sqrt(200.0));
  expect_moments(xavier_uniform(), std::sqrt(6.0 / 500) / root3, std::sqrt(6.0 / 500));
  expect_moments(xavier_normal(2), 2 * std::sqrt(2.0 / 500));
  expect_moments(he_uniform(), std::sqrt(2.0 / 200), std::sqrt(6.0 / 200));
  expect_moments(he_normal(1), std::sqrt(1.0 / 200));
  expect_moments(normal(0.5), 0.5);
  expect_moments(uniform(-2, 2), 2 / root3, 2);
  EXPECT_EQ(largest(drawn(zeros(), 3, 4)), 0);
  EXPECT_EQ(drawn(constant(1.5), 1, 2).elements(), (Numbers{1.5, 1.5}));
}

TEST(Initialiser, OrthogonalHasOrthonormalRowsOrColumns) {
  for (const auto& [rows, columns] : {std::pair<Size, Size>{30, 30}, {7, 20}, {20, 7}, {1, 5}, {5, 1}}) {
    const Matrix m = drawn(orthogonal(2), rows, columns);
    const Matrix product = rows <= columns ? m * m.transposed() : m.transposed() * m;
    EXPECT_LE(largest(product - 4.0 * Matrix::identity(std::min(rows, columns))), 1e-13) << rows << " " << columns;
  }
  const auto of_a_vector = [] {
    Array bias({3}, ElementType::f64);
    RandomStream random(1);
    orthogonal().fill(bias, {3, 3}, random);
  };
  EXPECT_EQ(message_of<ShapeError>(of_a_vector), "[orthogonal] a parameter of shape (3); expected at least two axes");
}

TEST(Initialiser, KnowsItsNames) {
  for (const char* name : {"fan_in_uniform", "xavier_uniform", "xavier_normal", "he_uniform", "he_normal", "orthogonal",
                           "normal", "zeros"}) {
    EXPECT_EQ(initialiser_from(name).name, name);
  }
  EXPECT_EQ(message_of<NameError>([] { initialiser_from("zeroes"); }).substr(0, 50),
            "[initialiser] unknown name 'zeroes'; nearest: zero");
}

/// The draw depends on seed and name alone, not on what else there is; f32 is the rounded f64; PCX's limits hold.
TEST(Initialiser, DependsOnSeedAndName) {
  Network one, two;
  const Node x = one.node("x", {25}), z = two.node("x", {25});
  two.node("first", {3}, linear(z, 3));
  one.node("y", {4}, linear(x, 4));
  two.node("y", {4}, linear(z, 4));
  const State a = one.initialise(7), b = two.initialise(7), c = one.initialise(8), wide = one.initialise(7, Precision::f64);
  for (const char* name : {"y.weight", "y.bias"}) {
    EXPECT_EQ(numbers_of(a.at(name)), numbers_of(b.at(name)));
    EXPECT_NE(numbers_of(a.at(name)), numbers_of(c.at(name)));
    EXPECT_EQ(numbers_of(a.at(name)), numbers_of(wide.at(name).to(ElementType::f32)));
    for (const double number : numbers_of(a.at(name))) {
      EXPECT_LE(std::abs(number), 0.2);  // 1 / sqrt(25), for the bias as well
    }
  }
}

}  // namespace
}  // namespace pcxx::test

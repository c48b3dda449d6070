/// Initialisers: draws in f64, one number after the other from the parameter's own stream.
#include "pcxx/network/initialiser.h"

#include <cmath>
#include <vector>

#include "core/names.h"
#include "pcxx/core/errors.h"

namespace pcxx {
namespace {

Initialiser uniform_within(std::string name, std::function<double(const Fans&)> limit) {
  return {std::move(name), [limit = std::move(limit)](Array& parameter, const Fans& fans, RandomStream& random) {
            const double a = limit(fans);
            random.uniform(parameter.as<double>(), -a, a);
          }};
}

Initialiser normal_with(std::string name, std::function<double(const Fans&)> deviation, double mean = 0) {
  return {std::move(name), [deviation = std::move(deviation), mean](Array& parameter, const Fans& fans, RandomStream& random) {
            const double scale = deviation(fans);
            for (double& element : parameter.as<double>()) {
              element = mean + scale * random.normal();
            }
          }};
}

double inputs(const Fans& fans) { return static_cast<double>(fans.in); }
double both(const Fans& fans) { return static_cast<double>(fans.in + fans.out); }

using Row = std::vector<double>;

double dot(const Row& a, const Row& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += a[i] * b[i];
  }
  return sum;
}

/// Gram-Schmidt on rows that are not longer in number than in length. Each row is cleaned twice: once leaves errors of
/// the size of the condition number, the second time those of rounding. R's diagonal is positive, so that normal rows
/// become uniformly distributed orthonormal ones.
void make_orthonormal(std::vector<Row>& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (int pass = 0; pass < 2; ++pass) {
      for (std::size_t j = 0; j < i; ++j) {
        const double along = dot(rows[i], rows[j]);
        for (std::size_t k = 0; k < rows[i].size(); ++k) {
          rows[i][k] -= along * rows[j][k];
        }
      }
    }
    const double length = std::sqrt(dot(rows[i], rows[i]));
    for (double& element : rows[i]) {
      element /= length;
    }
  }
}

void fill_orthogonal(Array& parameter, double gain, RandomStream& random) {
  if (parameter.shape().rank() < 2) {
    throw ShapeError("[orthogonal] a parameter of shape " + to_string(parameter.shape()) + "; expected at least two axes");
  }
  const auto height = static_cast<std::size_t>(parameter.shape()[0]);
  const auto elements = static_cast<std::size_t>(parameter.elements());
  const std::size_t width = height == 0 ? 0 : elements / height;
  const bool tall = height > width;
  std::vector<Row> rows(tall ? width : height, Row(tall ? height : width));
  for (Row& row : rows) {
    for (double& element : row) {
      element = random.normal();
    }
  }
  make_orthonormal(rows);
  const auto target = parameter.as<double>();
  for (std::size_t i = 0; i < elements; ++i) {
    const std::size_t row = i / width, column = i % width;
    target[i] = gain * (tall ? rows[column][row] : rows[row][column]);
  }
}

}  // namespace

Initialiser fan_in_uniform() {
  return uniform_within("fan_in_uniform", [](const Fans& fans) { return 1 / std::sqrt(inputs(fans)); });
}

Initialiser xavier_uniform(double gain) {
  return uniform_within("xavier_uniform", [gain](const Fans& fans) { return gain * std::sqrt(6 / both(fans)); });
}

Initialiser xavier_normal(double gain) {
  return normal_with("xavier_normal", [gain](const Fans& fans) { return gain * std::sqrt(2 / both(fans)); });
}

Initialiser he_uniform(double gain) {
  return uniform_within("he_uniform", [gain](const Fans& fans) { return gain * std::sqrt(3 / inputs(fans)); });
}

Initialiser he_normal(double gain) {
  return normal_with("he_normal", [gain](const Fans& fans) { return gain / std::sqrt(inputs(fans)); });
}

Initialiser orthogonal(double gain) {
  return {"orthogonal",
          [gain](Array& parameter, const Fans&, RandomStream& random) { fill_orthogonal(parameter, gain, random); }};
}

Initialiser normal(double standard_deviation, double mean) {
  return normal_with("normal", [standard_deviation](const Fans&) { return standard_deviation; }, mean);
}

Initialiser uniform(double low, double high) {
  if (!(low <= high)) {
    throw ArgumentError("[uniform] from " + std::to_string(low) + " to " + std::to_string(high) +
                        "; expected the lower end first");
  }
  return {"uniform", [low, high](Array& parameter, const Fans&, RandomStream& random) {
            random.uniform(parameter.as<double>(), low, high);
          }};
}

Initialiser constant(double value) {
  return {"constant", [value](Array& parameter, const Fans&, RandomStream&) {
            for (double& element : parameter.as<double>()) {
              element = value;
            }
          }};
}

Initialiser zeros() {
  Initialiser result = constant(0);
  result.name = "zeros";
  return result;
}

Initialiser initialiser_from(const std::string& name) {
  std::vector<std::string> known;
  for (const Initialiser& each : {fan_in_uniform(), xavier_uniform(), xavier_normal(), he_uniform(), he_normal(),
                                  orthogonal(), normal(), zeros()}) {
    if (each.name == name) {
      return each;
    }
    known.push_back(each.name);
  }
  throw NameError("[initialiser] " + unknown_name(name, known));
}

}  // namespace pcxx

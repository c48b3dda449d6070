/// Small dense linear algebra: plain loops.
#include "support/matrix.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace pcxx::test {

Matrix Matrix::identity(Size size) {
  Matrix result(size, size);
  for (Size i = 0; i < size; ++i) {
    result(i, i) = 1;
  }
  return result;
}

Matrix Matrix::transposed() const {
  Matrix result(columns_, rows_);
  for (Size i = 0; i < rows_; ++i) {
    for (Size j = 0; j < columns_; ++j) {
      result(j, i) = (*this)(i, j);
    }
  }
  return result;
}

void Matrix::place(Size row, Size column, const Matrix& block) {
  for (Size i = 0; i < block.rows(); ++i) {
    for (Size j = 0; j < block.columns(); ++j) {
      (*this)(row + i, column + j) = block(i, j);
    }
  }
}

Matrix Matrix::rows_from(Size first, Size count) const {
  const auto begin = elements_.begin() + first * columns_;
  return {count, columns_, {begin, begin + count * columns_}};
}

Matrix operator*(const Matrix& a, const Matrix& b) {
  if (a.columns() != b.rows()) {
    throw std::logic_error("matrix product of shapes that do not fit");
  }
  Matrix result(a.rows(), b.columns());
  for (Size i = 0; i < a.rows(); ++i) {
    for (Size j = 0; j < b.columns(); ++j) {
      for (Size k = 0; k < a.columns(); ++k) {
        result(i, j) += a(i, k) * b(k, j);
      }
    }
  }
  return result;
}

static Matrix combined(const Matrix& a, const Matrix& b, const std::function<double(double, double)>& f) {
  if (a.rows() != b.rows() || a.columns() != b.columns()) {
    throw std::logic_error("matrices of different shapes");
  }
  Matrix result = a;
  for (Size i = 0; i < a.rows() * a.columns(); ++i) {
    result[i] = f(a[i], b[i]);
  }
  return result;
}

Matrix operator*(double a, const Matrix& b) {
  return elementwise(b, [a](double x) { return a * x; });
}
Matrix operator+(const Matrix& a, const Matrix& b) { return combined(a, b, std::plus<>()); }
Matrix operator-(const Matrix& a, const Matrix& b) { return combined(a, b, std::minus<>()); }
Matrix times_elementwise(const Matrix& a, const Matrix& b) { return combined(a, b, std::multiplies<>()); }

Matrix elementwise(const Matrix& a, const std::function<double(double)>& f) {
  Matrix result = a;
  for (Size i = 0; i < a.rows() * a.columns(); ++i) {
    result[i] = f(a[i]);
  }
  return result;
}

double dot(const Matrix& a, const Matrix& b) {
  double sum = 0;
  const Matrix products = times_elementwise(a, b);
  for (const double element : products.elements()) {
    sum += element;
  }
  return sum;
}

double largest(const Matrix& a) {
  double result = 0;
  for (const double element : a.elements()) {
    result = std::max(result, std::abs(element));
  }
  return result;
}

Matrix solve(Matrix a, Matrix b) {
  const Size n = a.rows();
  for (Size pivot = 0; pivot < n; ++pivot) {
    Size best = pivot;
    for (Size i = pivot; i < n; ++i) {
      best = std::abs(a(i, pivot)) > std::abs(a(best, pivot)) ? i : best;
    }
    for (Size j = 0; j < n; ++j) {
      std::swap(a(pivot, j), a(best, j));
    }
    for (Size j = 0; j < b.columns(); ++j) {
      std::swap(b(pivot, j), b(best, j));
    }
    for (Size i = 0; i < n; ++i) {
      const double factor = i == pivot ? 0 : a(i, pivot) / a(pivot, pivot);
      for (Size j = 0; j < n && factor != 0; ++j) {
        a(i, j) -= factor * a(pivot, j);
      }
      for (Size j = 0; j < b.columns() && factor != 0; ++j) {
        b(i, j) -= factor * b(pivot, j);
      }
    }
  }
  for (Size i = 0; i < n; ++i) {
    for (Size j = 0; j < b.columns(); ++j) {
      b(i, j) /= a(i, i);
    }
  }
  return b;
}

/// Turns rows and columns p and q so that a(p, q) becomes 0.
static void rotate(Matrix& a, Size p, Size q) {
  const double theta = (a(q, q) - a(p, p)) / (2 * a(p, q));
  const double t = (theta >= 0 ? 1 : -1) / (std::abs(theta) + std::sqrt(theta * theta + 1));
  const double c = 1 / std::sqrt(t * t + 1), s = t * c;
  for (Size k = 0; k < a.rows(); ++k) {
    const double kp = a(k, p), kq = a(k, q);
    a(k, p) = c * kp - s * kq;
    a(k, q) = s * kp + c * kq;
  }
  for (Size k = 0; k < a.rows(); ++k) {
    const double pk = a(p, k), qk = a(q, k);
    a(p, k) = c * pk - s * qk;
    a(q, k) = s * pk + c * qk;
  }
}

std::vector<double> symmetric_eigenvalues(Matrix a) {
  for (int sweep = 0; sweep < 60; ++sweep) {
    for (Size p = 0; p < a.rows(); ++p) {
      for (Size q = p + 1; q < a.rows(); ++q) {
        if (std::abs(a(p, q)) > 1e-300) {
          rotate(a, p, q);
        }
      }
    }
  }
  std::vector<double> values;
  for (Size i = 0; i < a.rows(); ++i) {
    values.push_back(a(i, i));
  }
  std::sort(values.begin(), values.end());
  return values;
}

}  // namespace pcxx::test

/// Small dense linear algebra in f64, for closed forms.
#pragma once

#include <functional>
#include <vector>

#include "pcxx/core/types.h"

namespace pcxx::test {

class Matrix {
 public:
  Matrix(Size rows, Size columns) : rows_(rows), columns_(columns), elements_(static_cast<std::size_t>(rows * columns)) {}
  Matrix(Size rows, Size columns, std::vector<double> elements)
      : rows_(rows), columns_(columns), elements_(std::move(elements)) {}
  static Matrix identity(Size size);

  Size rows() const { return rows_; }
  Size columns() const { return columns_; }
  double& operator()(Size i, Size j) { return elements_[static_cast<std::size_t>(i * columns_ + j)]; }
  double operator()(Size i, Size j) const { return elements_[static_cast<std::size_t>(i * columns_ + j)]; }
  double& operator[](Size i) { return elements_[static_cast<std::size_t>(i)]; }
  double operator[](Size i) const { return elements_[static_cast<std::size_t>(i)]; }
  const std::vector<double>& elements() const { return elements_; }

  Matrix transposed() const;
  /// Sets the block whose first element is (i, j).
  void place(Size i, Size j, const Matrix& block);
  Matrix rows_from(Size first, Size count) const;

 private:
  Size rows_, columns_;
  std::vector<double> elements_;
};

/// A column vector.
using Vector = Matrix;

Matrix operator*(const Matrix& a, const Matrix& b);
Matrix operator*(double a, const Matrix& b);
Matrix operator+(const Matrix& a, const Matrix& b);
Matrix operator-(const Matrix& a, const Matrix& b);
Matrix elementwise(const Matrix& a, const std::function<double(double)>& f);
Matrix times_elementwise(const Matrix& a, const Matrix& b);
double dot(const Matrix& a, const Matrix& b);
/// Returns the largest magnitude.
double largest(const Matrix& a);

/// Returns x with a x = b, by elimination with pivoting.
Matrix solve(Matrix a, Matrix b);
/// Returns the eigenvalues of a symmetric matrix in ascending order, by Jacobi rotations.
std::vector<double> symmetric_eigenvalues(Matrix a);

}  // namespace pcxx::test

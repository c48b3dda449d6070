/// Matrix products of the reference backend.
#include "backend/reference/bf16.h"

namespace pcxx::reference {
namespace {

/// result[i, j] = sum over l of op(a)[i, l] op(b)[l, j], l ascending.
template <class T>
void matmul(const Job<T>& job) {
  const auto &a = job.operands[0], &b = job.operands[1];
  const bool transpose_a = job.expression.attributes.integers[0] != 0;
  const bool transpose_b = job.expression.attributes.integers[1] != 0;
  const Size m = job.expression.shape[0], n = job.expression.shape[1], k = a.shape[transpose_a ? 0 : 1];
  for (Size i = 0; i < m; ++i) {
    for (Size j = 0; j < n; ++j) {
      T total = 0;
      for (Size l = 0; l < k; ++l) {
        const T left = a.numbers[static_cast<std::size_t>(transpose_a ? l * m + i : i * k + l)];
        const T right = b.numbers[static_cast<std::size_t>(transpose_b ? j * k + l : l * n + j)];
        total += term(job.context, left, right);
      }
      job.result[static_cast<std::size_t>(i * n + j)] = total;
    }
  }
}

}  // namespace

template <class T>
std::span<const Function<T>> product_functions() {
  static const Function<T> table[] = {{Op::matmul, matmul<T>}};
  return table;
}

template std::span<const Function<float>> product_functions();
template std::span<const Function<double>> product_functions();

}  // namespace pcxx::reference

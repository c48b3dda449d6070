/// Matrix products of the reference backend.
#include <bit>
#include <cmath>

#include "backend/reference/operations.h"

namespace pcxx::reference {
namespace {

/// Returns x rounded to the nearest bf16, ties to even: the upper half of an f32.
template <class T>
T as_bf16(T x) {
  if (!std::isfinite(x)) {
    return x;
  }
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(x));
  const std::uint32_t odd = (bits >> 16) & 1;
  return static_cast<T>(std::bit_cast<float>((bits + 0x7fffU + odd) & 0xffff0000U));
}

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
        total += job.context.bf16_products ? as_bf16(left) * as_bf16(right) : left * right;
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

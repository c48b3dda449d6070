/// Reductions of the reference backend: over axes of one sample, and the sum over samples.
#include <algorithm>
#include <cmath>
#include <limits>

#include "backend/reference/indices.h"
#include "backend/reference/operations.h"

namespace pcxx::reference {
namespace {

/// Calls visit(element, place of its result) for every element of the operand, in row-major order.
template <class T, class Visit>
void for_each_reduced(const Job<T>& job, const Visit& visit) {
  const auto& axes = job.expression.attributes.integers;
  const std::vector<Size> kept_strides = strides_of(job.expression.shape);
  std::vector<Size> strides;  // of the result along the operand's axes; 0 where reduced
  std::size_t kept = 0;
  for (Size axis = 0; axis < job.operands[0].shape.rank(); ++axis) {
    const bool reduced = std::find(axes.begin(), axes.end(), axis) != axes.end();
    strides.push_back(reduced ? 0 : kept_strides[kept++]);
  }
  for_each_index(job.operands[0].shape, [&](const std::vector<Size>& index, std::size_t place) {
    visit(job.operands[0].numbers[place], place_of(index, strides));
  });
}

template <class T>
void sum(const Job<T>& job) {
  std::fill(job.result.begin(), job.result.end(), T(0));
  for_each_reduced(job, [&](T x, std::size_t to) { job.result[to] += x; });
}

/// The largest element; NaN if there is one.
template <class T>
void max(const Job<T>& job) {
  std::fill(job.result.begin(), job.result.end(), -std::numeric_limits<T>::infinity());
  for_each_reduced(job, [&](T x, std::size_t to) {
    T& best = job.result[to];
    best = x > best || std::isnan(x) ? x : best;
  });
}

/// m + log sum exp(x - m) with m the largest element; m itself where that is infinite or NaN.
template <class T>
void logsumexp(const Job<T>& job) {
  max(job);
  std::vector<T> sums(job.result.size(), T(0));
  for_each_reduced(job, [&](T x, std::size_t to) { sums[to] += std::exp(x - job.result[to]); });
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (std::isfinite(job.result[i])) {
      job.result[i] += std::log(sums[i]);
    }
  }
}

/// One sample's part of the sum over samples: itself.
template <class T>
void batch_sum(const Job<T>& job) {
  std::copy(job.operands[0].numbers.begin(), job.operands[0].numbers.end(), job.result.begin());
}

}  // namespace

template <class T>
std::span<const Function<T>> reduction_functions() {
  static const Function<T> table[] = {
      {Op::sum, sum<T>},
      {Op::max, max<T>},
      {Op::logsumexp, logsumexp<T>},
      {Op::batch_sum, batch_sum<T>},
  };
  return table;
}

template std::span<const Function<float>> reduction_functions();
template std::span<const Function<double>> reduction_functions();

}  // namespace pcxx::reference

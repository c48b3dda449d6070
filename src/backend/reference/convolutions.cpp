/// The three convolutions of the reference backend: one sum of products, contracted in three ways.
#include <algorithm>

#include "backend/reference/bf16.h"
#include "backend/reference/operations.h"
#include "backend/reference/taps.h"

namespace pcxx::reference {
namespace {

/// Calls visit(place in x, place in w, place in y) for every term of
///   y[o, j] = sum over taps k and channels c of w[j, k, c] x[o stride - before + k dilation, g C / groups + c],
/// g = j / (O / groups), with x (in..., C), w (O, k..., C / groups), y (out..., O); outside the picture x is zero.
template <class Visit>
void for_each_term(const Expression& e, const Shape& x, const Shape& w, const Shape& y, const Visit& visit) {
  const Convolution convolution = convolution_of(e);
  const auto taps = static_cast<std::size_t>(Shape(convolution.windows.extents).elements());
  const auto channels = static_cast<std::size_t>(x[-1]), results = static_cast<std::size_t>(y[-1]);
  const auto own = static_cast<std::size_t>(w[-1]), results_of_group = results / static_cast<std::size_t>(convolution.groups);
  for_each_tap(convolution.windows, x, y, [&](std::size_t pixel, std::size_t result, std::size_t tap) {
    for (std::size_t j = 0; j < results; ++j) {
      for (std::size_t c = 0; c < own; ++c) {
        const std::size_t channel = j / results_of_group * own + c;
        visit(pixel * channels + channel, (j * taps + tap) * own + c, result * results + j);
      }
    }
  });
}

template <class T>
void convolve(const Job<T>& job) {
  const auto &x = job.operands[0], &w = job.operands[1];
  std::fill(job.result.begin(), job.result.end(), T(0));
  for_each_term(job.expression, x.shape, w.shape, job.expression.shape, [&](std::size_t at_x, std::size_t at_w, std::size_t at_y) {
    job.result[at_y] += term(job.context, x.numbers[at_x], w.numbers[at_w]);
  });
}

template <class T>
void convolve_transposed(const Job<T>& job) {
  const auto &y = job.operands[0], &w = job.operands[1];
  std::fill(job.result.begin(), job.result.end(), T(0));
  for_each_term(job.expression, job.expression.shape, w.shape, y.shape, [&](std::size_t at_x, std::size_t at_w, std::size_t at_y) {
    job.result[at_x] += term(job.context, y.numbers[at_y], w.numbers[at_w]);
  });
}

template <class T>
void convolve_weight(const Job<T>& job) {
  const auto &x = job.operands[0], &y = job.operands[1];
  std::fill(job.result.begin(), job.result.end(), T(0));
  for_each_term(job.expression, x.shape, job.expression.shape, y.shape, [&](std::size_t at_x, std::size_t at_w, std::size_t at_y) {
    job.result[at_w] += term(job.context, x.numbers[at_x], y.numbers[at_y]);
  });
}

}  // namespace

template <class T>
std::span<const Function<T>> convolution_functions() {
  static const Function<T> table[] = {{Op::convolve, convolve<T>},
                                      {Op::convolve_transposed, convolve_transposed<T>},
                                      {Op::convolve_weight, convolve_weight<T>}};
  return table;
}

template std::span<const Function<float>> convolution_functions();
template std::span<const Function<double>> convolution_functions();

}  // namespace pcxx::reference

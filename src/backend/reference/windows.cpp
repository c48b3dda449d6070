/// Sums and maxima over windows, and their adjoints, of the reference backend.
#include <algorithm>
#include <cmath>

#include "backend/reference/operations.h"
#include "backend/reference/taps.h"

namespace pcxx::reference {
namespace {

/// Calls visit(place in the picture, place in the result) for every place of every window: the same channel of both.
template <class Visit>
void for_each_pair(const Expression& e, const Shape& picture, const Shape& result, const Visit& visit) {
  const auto channels = static_cast<std::size_t>(picture[-1]);
  for_each_tap(windows_of(e), picture, result, [&](std::size_t pixel, std::size_t result_pixel, std::size_t) {
    for (std::size_t c = 0; c < channels; ++c) {
      visit(pixel * channels + c, result_pixel * channels + c);
    }
  });
}

/// result[o, c] = sum over taps k of x[o stride - before + k dilation, c]; outside the picture x is zero.
template <class T>
void window_sum(const Job<T>& job) {
  const auto& x = job.operands[0];
  std::fill(job.result.begin(), job.result.end(), T(0));
  for_each_pair(job.expression, x.shape, job.expression.shape,
                [&](std::size_t from, std::size_t to) { job.result[to] += x.numbers[from]; });
}

/// The adjoint: what stands at a result goes to every place of its window.
template <class T>
void window_spread(const Job<T>& job) {
  const auto& g = job.operands[0];
  std::fill(job.result.begin(), job.result.end(), T(0));
  for_each_pair(job.expression, job.expression.shape, g.shape,
                [&](std::size_t to, std::size_t from) { job.result[to] += g.numbers[from]; });
}

constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

/// Returns, for each element of the result, the first place of its window's maximum in the picture; kNowhere for a window
/// that lies outside. A NaN is larger than any number.
template <class T>
std::vector<std::size_t> places_of_maxima(const Expression& e, const Operand<T>& x, const Shape& result) {
  std::vector<std::size_t> places(static_cast<std::size_t>(result.elements()), kNowhere);
  for_each_pair(e, x.shape, result, [&](std::size_t from, std::size_t to) {
    const T best = places[to] == kNowhere ? T(0) : x.numbers[places[to]], own = x.numbers[from];
    if (places[to] == kNowhere || own > best || (std::isnan(own) && !std::isnan(best))) {
      places[to] = from;
    }
  });
  return places;
}

/// result[o, c] = v at the place of x's maximum; 0 for a window outside the picture.
template <class T>
void window_pick(const Job<T>& job) {
  const auto places = places_of_maxima(job.expression, job.operands[0], job.expression.shape);
  for (std::size_t i = 0; i < places.size(); ++i) {
    job.result[i] = places[i] == kNowhere ? T(0) : job.operands[1].numbers[places[i]];
  }
}

/// The adjoint in v: g is added to the place of x's maximum.
template <class T>
void window_route(const Job<T>& job) {
  const auto places = places_of_maxima(job.expression, job.operands[0], job.operands[1].shape);
  std::fill(job.result.begin(), job.result.end(), T(0));
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i] != kNowhere) {
      job.result[places[i]] += job.operands[1].numbers[i];
    }
  }
}

}  // namespace

template <class T>
std::span<const Function<T>> window_functions() {
  static const Function<T> table[] = {{Op::window_sum, window_sum<T>},
                                      {Op::window_spread, window_spread<T>},
                                      {Op::window_pick, window_pick<T>},
                                      {Op::window_route, window_route<T>}};
  return table;
}

template std::span<const Function<float>> window_functions();
template std::span<const Function<double>> window_functions();

}  // namespace pcxx::reference

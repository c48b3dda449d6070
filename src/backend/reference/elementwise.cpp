/// Elementwise operations of the reference backend: arithmetic, comparison, selection.
#include <cmath>

#include "backend/reference/operations.h"

namespace pcxx::reference {
namespace {

template <class T, class F>
void for_each_element(const Job<T>& job, const F& f) {
  const auto x = job.operands[0].numbers;
  for (std::size_t i = 0; i < job.result.size(); ++i) {
    job.result[i] = f(x[i]);
  }
}

template <class T, class F>
void for_each_pair(const Job<T>& job, const F& f) {
  const auto a = job.operands[0].numbers, b = job.operands[1].numbers;
  for (std::size_t i = 0; i < job.result.size(); ++i) {
    job.result[i] = f(a[i], b[i]);
  }
}

template <class T>
T truth(bool condition) {
  return condition ? T(1) : T(0);
}

// --- one operand

template <class T>
void negate(const Job<T>& job) {
  for_each_element(job, [](T x) { return -x; });
}

template <class T>
void exponential(const Job<T>& job) {
  for_each_element(job, [](T x) { return std::exp(x); });
}

template <class T>
void logarithm(const Job<T>& job) {
  for_each_element(job, [](T x) { return std::log(x); });
}

template <class T>
void square_root(const Job<T>& job) {
  for_each_element(job, [](T x) { return std::sqrt(x); });
}

template <class T>
void absolute(const Job<T>& job) {
  for_each_element(job, [](T x) { return std::abs(x); });
}

/// -1, 0 or 1; a NaN stays one.
template <class T>
void sign(const Job<T>& job) {
  for_each_element(job, [](T x) { return x > 0 ? T(1) : x < 0 ? T(-1) : x == 0 ? T(0) : x; });
}

template <class T>
void floor(const Job<T>& job) {
  for_each_element(job, [](T x) { return std::floor(x); });
}

template <class T>
void sine(const Job<T>& job) {
  for_each_element(job, [](T x) { return std::sin(x); });
}

template <class T>
void cosine(const Job<T>& job) {
  for_each_element(job, [](T x) { return std::cos(x); });
}

// [erf]
template <class T>
void error_function(const Job<T>& job) {
  for_each_element(job, [](T x) { return std::erf(x); });
}
// [/erf]

template <class T>
void logical_not(const Job<T>& job) {
  for_each_element(job, [](T x) { return truth<T>(x == 0); });
}

template <class T>
void stop_gradient(const Job<T>& job) {
  for_each_element(job, [](T x) { return x; });
}

// --- two operands

template <class T>
void add(const Job<T>& job) {
  for_each_pair(job, [](T a, T b) { return a + b; });
}

template <class T>
void subtract(const Job<T>& job) {
  for_each_pair(job, [](T a, T b) { return a - b; });
}

template <class T>
void multiply(const Job<T>& job) {
  for_each_pair(job, [](T a, T b) { return a * b; });
}

template <class T>
void divide(const Job<T>& job) {
  for_each_pair(job, [](T a, T b) { return a / b; });
}

/// The first of equal operands, as the gradient has it.
template <class T>
void maximum(const Job<T>& job) {
  for_each_pair(job, [](T a, T b) { return a >= b ? a : b; });
}

template <class T>
void minimum(const Job<T>& job) {
  for_each_pair(job, [](T a, T b) { return a <= b ? a : b; });
}

template <class T>
void power(const Job<T>& job) {
  for_each_pair(job, [](T base, T exponent) { return std::pow(base, exponent); });
}

template <class T>
void less(const Job<T>& job) {
  for_each_pair(job, [](T a, T b) { return truth<T>(a < b); });
}

template <class T>
void less_equal(const Job<T>& job) {
  for_each_pair(job, [](T a, T b) { return truth<T>(a <= b); });
}

template <class T>
void equal(const Job<T>& job) {
  for_each_pair(job, [](T a, T b) { return truth<T>(a == b); });
}

// --- three operands

template <class T>
void select(const Job<T>& job) {
  const auto condition = job.operands[0].numbers, yes = job.operands[1].numbers, no = job.operands[2].numbers;
  for (std::size_t i = 0; i < job.result.size(); ++i) {
    job.result[i] = condition[i] != 0 ? yes[i] : no[i];
  }
}

}  // namespace

template <class T>
std::span<const Function<T>> elementwise_functions() {
  static const Function<T> table[] = {
      {Op::negate, negate<T>},
      {Op::exp, exponential<T>},
      {Op::log, logarithm<T>},
      {Op::sqrt, square_root<T>},
      {Op::abs, absolute<T>},
      {Op::sign, sign<T>},
      {Op::floor, floor<T>},
      {Op::sin, sine<T>},
      {Op::cos, cosine<T>},
      {Op::erf, error_function<T>},
      {Op::logical_not, logical_not<T>},
      {Op::stop_gradient, stop_gradient<T>},
      {Op::add, add<T>},
      {Op::subtract, subtract<T>},
      {Op::multiply, multiply<T>},
      {Op::divide, divide<T>},
      {Op::maximum, maximum<T>},
      {Op::minimum, minimum<T>},
      {Op::power, power<T>},
      {Op::less, less<T>},
      {Op::less_equal, less_equal<T>},
      {Op::equal, equal<T>},
      {Op::select, select<T>},
  };
  return table;
}

template std::span<const Function<float>> elementwise_functions();
template std::span<const Function<double>> elementwise_functions();

}  // namespace pcxx::reference

/// Operations of the reference backend that make numbers: constants, the batch size, random draws.
#include <algorithm>

#include "backend/reference/operations.h"
#include "program/random_draw.h"

namespace pcxx::reference {
namespace {

template <class T>
void constant(const Job<T>& job) {
  std::fill(job.result.begin(), job.result.end(), static_cast<T>(job.expression.attributes.reals[0]));
}

template <class T>
void batch_size(const Job<T>& job) {
  job.result[0] = static_cast<T>(job.context.samples);
}

/// Every number is a function of the seed, the stream, the counters, the sample and the element's place.
template <class T>
void random(const Job<T>& job) {
  std::vector<double> counters;
  for (const Operand<T>& operand : job.operands) {
    counters.insert(counters.end(), operand.numbers.begin(), operand.numbers.end());
  }
  const DrawKey key = draw_key(job.context.seed, job.expression, counters);
  for (std::size_t i = 0; i < job.result.size(); ++i) {
    job.result[i] = static_cast<T>(draw(job.expression, key, job.sample, static_cast<Size>(i)));
  }
}

}  // namespace

template <class T>
std::span<const Function<T>> source_functions() {
  static const Function<T> table[] = {
      {Op::constant, constant<T>},
      {Op::batch_size, batch_size<T>},
      {Op::random_uniform, random<T>},
      {Op::random_normal, random<T>},
      {Op::random_bernoulli, random<T>},
  };
  return table;
}

template std::span<const Function<float>> source_functions();
template std::span<const Function<double>> source_functions();

}  // namespace pcxx::reference

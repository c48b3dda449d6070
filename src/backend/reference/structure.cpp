/// Operations of the reference backend that move elements: reshape, transpose, concat, gather and the like.
#include <algorithm>
#include <stdexcept>
#include <string>

#include "backend/reference/indices.h"
#include "backend/reference/operations.h"

namespace pcxx::reference {
namespace {

template <class T>
void reshape(const Job<T>& job) {
  std::copy(job.operands[0].numbers.begin(), job.operands[0].numbers.end(), job.result.begin());
}

/// result[i_0, i_1, ...] = x[...] with i_a at the operand's axis axes[a].
template <class T>
void transpose(const Job<T>& job) {
  const std::vector<Size> own = strides_of(job.operands[0].shape);
  std::vector<Size> strides;
  for (const Size axis : job.expression.attributes.integers) {
    strides.push_back(own[static_cast<std::size_t>(axis)]);
  }
  for_each_index(job.expression.shape, [&](const std::vector<Size>& index, std::size_t place) {
    job.result[place] = job.operands[0].numbers[place_of(index, strides)];
  });
}

/// Axes align from the last; along missing axes and those of extent 1 the same element is read.
template <class T>
void broadcast(const Job<T>& job) {
  const Shape& from = job.operands[0].shape;
  std::vector<Size> strides = strides_of(from);
  for (std::size_t axis = 0; axis < strides.size(); ++axis) {
    strides[axis] = from.extents()[axis] == 1 ? 0 : strides[axis];
  }
  strides.insert(strides.begin(), job.expression.shape.extents().size() - strides.size(), 0);
  for_each_index(job.expression.shape, [&](const std::vector<Size>& index, std::size_t place) {
    job.result[place] = job.operands[0].numbers[place_of(index, strides)];
  });
}

template <class T>
void concat(const Job<T>& job) {
  const auto axis = static_cast<std::size_t>(job.expression.attributes.integers[0]);
  const std::vector<Size> strides = strides_of(job.expression.shape);
  Size start = 0;  // along the axis
  for (const Operand<T>& part : job.operands) {
    for_each_index(part.shape, [&](const std::vector<Size>& index, std::size_t place) {
      job.result[place_of(index, strides) + static_cast<std::size_t>(start * strides[axis])] = part.numbers[place];
    });
    start += part.shape.extents()[axis];
  }
}

template <class T>
void slice(const Job<T>& job) {
  const std::vector<Size> strides = strides_of(job.operands[0].shape);
  const std::size_t start = place_of(job.expression.attributes.integers, strides);
  for_each_index(job.expression.shape, [&](const std::vector<Size>& index, std::size_t place) {
    job.result[place] = job.operands[0].numbers[start + place_of(index, strides)];
  });
}

template <class T>
void pad(const Job<T>& job) {
  const std::vector<Size> strides = strides_of(job.expression.shape);
  const std::size_t start = place_of(job.expression.attributes.integers, strides);
  std::fill(job.result.begin(), job.result.end(), T(0));
  for_each_index(job.operands[0].shape, [&](const std::vector<Size>& index, std::size_t place) {
    job.result[start + place_of(index, strides)] = job.operands[0].numbers[place];
  });
}

/// Returns an index as a row number; throws std::out_of_range if the table has no such row.
template <class T>
std::size_t checked_row(const char* who, T index, Size rows) {
  if (!(index >= 0 && index < static_cast<T>(rows))) {
    throw std::out_of_range("[" + std::string(who) + "] index " + std::to_string(static_cast<long long>(index)) +
                            " in a table of " + std::to_string(rows) + " rows; expected 0 to " +
                            std::to_string(rows - 1));
  }
  return static_cast<std::size_t>(index);
}

// [gather]
/// result[i, ...] = table[index[i], ...].
template <class T>
void gather(const Job<T>& job) {
  const auto &table = job.operands[0], &index = job.operands[1];
  const std::size_t width = index.numbers.empty() ? 0 : job.result.size() / index.numbers.size();
  for (std::size_t i = 0; i < index.numbers.size(); ++i) {
    const std::size_t row = checked_row("gather", index.numbers[i], table.shape[0]);
    for (std::size_t j = 0; j < width; ++j) {
      job.result[i * width + j] = table.numbers[row * width + j];
    }
  }
}
// [/gather]

/// result[index[i], ...] += rows[i, ...], from zeros.
template <class T>
void scatter_add(const Job<T>& job) {
  const auto &index = job.operands[0], &rows = job.operands[1];
  const std::size_t width = index.numbers.empty() ? 0 : rows.numbers.size() / index.numbers.size();
  std::fill(job.result.begin(), job.result.end(), T(0));
  for (std::size_t i = 0; i < index.numbers.size(); ++i) {
    const std::size_t row = checked_row("scatter_add", index.numbers[i], job.expression.shape[0]);
    for (std::size_t j = 0; j < width; ++j) {
      job.result[row * width + j] += rows.numbers[i * width + j];
    }
  }
}

/// result[...] = sequence[place, ...].
template <class T>
void row(const Job<T>& job) {
  const auto& sequence = job.operands[0];
  const std::size_t start = checked_row("row", job.operands[1].numbers[0], sequence.shape[0]) * job.result.size();
  std::copy_n(sequence.numbers.begin() + static_cast<std::ptrdiff_t>(start), job.result.size(), job.result.begin());
}

/// result = sequence, but result[place, ...] = row[...].
template <class T>
void set_row(const Job<T>& job) {
  const auto &sequence = job.operands[0], &row = job.operands[2];
  const std::size_t start = checked_row("set_row", job.operands[1].numbers[0], sequence.shape[0]) * row.numbers.size();
  std::copy(sequence.numbers.begin(), sequence.numbers.end(), job.result.begin());
  std::copy(row.numbers.begin(), row.numbers.end(), job.result.begin() + static_cast<std::ptrdiff_t>(start));
}

/// 1 at the index, else 0.
template <class T>
void one_hot(const Job<T>& job) {
  const auto index = job.operands[0].numbers;
  const auto depth = static_cast<std::size_t>(job.expression.attributes.integers[0]);
  std::fill(job.result.begin(), job.result.end(), T(0));
  for (std::size_t i = 0; i < index.size(); ++i) {
    job.result[i * depth + checked_row("one_hot", index[i], job.expression.attributes.integers[0])] = T(1);
  }
}

/// Calls visit(place in the whole array, place in what is taken) for each element that a table takes along an axis.
template <class Visit>
void for_each_taken(const Expression& e, const Shape& from, const Shape& taken, const Visit& visit) {
  const auto& numbers = e.attributes.integers;
  const auto axis = static_cast<std::size_t>(numbers[0]);
  const std::vector<Size> strides = strides_of(from);
  for_each_index(taken, [&](std::vector<Size> index, std::size_t place) {
    index[axis] = numbers[1 + static_cast<std::size_t>(index[axis])];
    visit(place_of(index, strides), place);
  });
}

/// result[..., i, ...] = x[..., table[i], ...].
template <class T>
void take(const Job<T>& job) {
  for_each_taken(job.expression, job.operands[0].shape, job.expression.shape,
                 [&](std::size_t from, std::size_t place) { job.result[place] = job.operands[0].numbers[from]; });
}

/// result[..., table[i], ...] += x[..., i, ...], from zeros.
template <class T>
void take_add(const Job<T>& job) {
  std::fill(job.result.begin(), job.result.end(), T(0));
  for_each_taken(job.expression, job.expression.shape, job.operands[0].shape,
                 [&](std::size_t to, std::size_t place) { job.result[to] += job.operands[0].numbers[place]; });
}

}  // namespace

template <class T>
std::span<const Function<T>> structure_functions() {
  static const Function<T> table[] = {
      {Op::reshape, reshape<T>},
      {Op::transpose, transpose<T>},
      {Op::broadcast, broadcast<T>},
      {Op::concat, concat<T>},
      {Op::slice, slice<T>},
      {Op::pad, pad<T>},
      {Op::gather, gather<T>},
      {Op::scatter_add, scatter_add<T>},
      {Op::row, row<T>},
      {Op::set_row, set_row<T>},
      {Op::one_hot, one_hot<T>},
      {Op::take, take<T>},
      {Op::take_add, take_add<T>},
  };
  return table;
}

template std::span<const Function<float>> structure_functions();
template std::span<const Function<double>> structure_functions();

}  // namespace pcxx::reference

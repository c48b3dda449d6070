/// Value: the numbers of one variable or expression for a whole batch.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "pcxx/core/shape.h"
#include "tensor/graph.h"

namespace pcxx::reference {

/// (samples, shape...) if per sample, (shape...) if shared. Indices and booleans are stored as numbers too: booleans as
/// 0 and 1, indices exactly up to 2^24 in f32.
template <class T>
struct Value {
  Span span = Span::shared;
  Shape shape;
  std::vector<T> numbers;

  Value() = default;
  Value(Span its_span, Shape its_shape, Size samples)
      : span(its_span),
        shape(std::move(its_shape)),
        numbers(static_cast<std::size_t>((its_span == Span::per_sample ? samples : 1) * shape.elements())) {}

  /// Returns what one sample sees: its own part, or all of a shared value.
  std::span<T> seen_by(Size sample) { return std::span<T>(numbers).subspan(offset(sample), elements()); }
  std::span<const T> seen_by(Size sample) const {
    return std::span<const T>(numbers).subspan(offset(sample), elements());
  }

 private:
  std::size_t elements() const { return static_cast<std::size_t>(shape.elements()); }
  std::size_t offset(Size sample) const {
    return span == Span::per_sample ? static_cast<std::size_t>(sample) * elements() : 0;
  }
};

template <class T>
using Variables = std::map<SymbolId, Value<T>>;

}  // namespace pcxx::reference

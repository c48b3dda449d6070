/// One plain function for each operation: what it computes for one sample. Together they are the specification.
#pragma once

#include <span>

#include "backend/reference/value.h"
#include "tensor/graph.h"

namespace pcxx::reference {

/// What a run is the same for in all its operations.
struct Context {
  Size samples = 0;
  std::uint64_t seed = 0;
  bool bf16_products = false;  // round the inputs of products and convolutions to bf16
};

/// An operand as one sample sees it.
template <class T>
struct Operand {
  std::span<const T> numbers;
  const Shape& shape;
};

/// One operation on one sample. The result has expression.shape, row-major.
template <class T>
struct Job {
  const Context& context;
  const Expression& expression;
  Size sample;
  std::span<const Operand<T>> operands;
  std::span<T> result;
};

template <class T>
struct Function {
  Op op;
  void (*run)(const Job<T>& job);
};

/// Returns the function of an operation. Symbols have none: they are looked up.
template <class T>
void (*function_of(Op op))(const Job<T>& job);

// One table per file of operations; each exists for float and double.
template <class T>
std::span<const Function<T>> elementwise_functions();
template <class T>
std::span<const Function<T>> activation_functions();
template <class T>
std::span<const Function<T>> reduction_functions();
template <class T>
std::span<const Function<T>> structure_functions();
template <class T>
std::span<const Function<T>> product_functions();
template <class T>
std::span<const Function<T>> convolution_functions();
template <class T>
std::span<const Function<T>> window_functions();
template <class T>
std::span<const Function<T>> source_functions();

}  // namespace pcxx::reference

/// Rounding to bf16, which products of the reference backend do to their inputs when asked.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "backend/reference/operations.h"

namespace pcxx::reference {

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

/// Returns one term of a product, of inputs as the run rounds them.
template <class T>
T term(const Context& context, T left, T right) {
  return context.bf16_products ? as_bf16(left) * as_bf16(right) : left * right;
}

}  // namespace pcxx::reference

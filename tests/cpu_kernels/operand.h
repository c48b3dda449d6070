/// Random operands of products, in f32 or bf16, and as the numbers that they stand for.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <random>
#include <vector>

#include "backend/cpu/product.h"

namespace pcxx::cpu {

using Floats = std::vector<float>;

inline Floats random_floats(Size count, unsigned seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  Floats values(static_cast<std::size_t>(count));
  std::generate(values.begin(), values.end(), [&] { return uniform(engine); });
  return values;
}

inline float from_bf16(std::uint16_t half) { return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16U); }

/// Operands as a product reads them, and as numbers.
struct Operand {
  std::vector<std::uint16_t> halves;
  Floats values;
  ElementType type;

  Operand(Floats from, ElementType t) : values(std::move(from)), type(t) {
    if (type == ElementType::bf16) {
      halves.resize(values.size());
      to_bf16(values.data(), halves.data(), static_cast<Size>(values.size()));
      std::transform(halves.begin(), halves.end(), values.begin(), from_bf16);
    }
  }
  const void* at(Size element) const {
    return type == ElementType::bf16 ? static_cast<const void*>(halves.data() + element) : values.data() + element;
  }
};

/// Sums of k products of numbers below 1 in f32: k roundings, each at random and of a partial sum of about sqrt(k), so
/// an error of about k half units in the last place; twice that for the worst of many.
inline double tolerance(Size k) { return 0x1p-23 * static_cast<double>(k + 4); }

}  // namespace pcxx::cpu

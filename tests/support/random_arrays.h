/// Arrays with random shapes, types and bits, for property tests of the file formats.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "pcxx/core/array.h"
#include "pcxx/core/random.h"

namespace pcxx::test {

/// Returns an array whose bytes are random: NaNs, infinities and denormals included.
inline Array random_array(RandomStream& random, std::span<const ElementType> types) {
  std::vector<Size> extents(static_cast<std::size_t>(random.below(4)));
  for (Size& extent : extents) {
    extent = random.below(6);
  }
  Array array{Shape(extents),
              types[static_cast<std::size_t>(random.below(static_cast<Size>(types.size())))]};
  for (std::size_t i = 0; i < array.bytes(); ++i) {
    array.data()[i] = static_cast<std::byte>(random.below(256));
  }
  return array;
}

inline NamedArrays random_arrays(RandomStream& random, std::span<const ElementType> types) {
  const std::string letters[] = {"a",  "B",  "/", ".", " ",    "\"",
                                 "\\", "\n", "é", "λ", "🧠", "weight"};
  NamedArrays arrays;
  for (Size left = random.below(6); left > 0; --left) {
    std::string name;
    for (Size length = random.below(8); length > 0; --length) {
      name += letters[random.below(static_cast<Size>(std::size(letters)))];
    }
    arrays.insert_or_assign(name, random_array(random, types));
  }
  return arrays;
}

/// Returns whether two arrays agree in shape, type and every bit.
inline bool same_bits(const Array& a, const Array& b) {
  return a.shape() == b.shape() && a.type() == b.type() &&
         (a.bytes() == 0 || std::memcmp(a.data(), b.data(), a.bytes()) == 0);
}

inline bool same_bits(const NamedArrays& a, const NamedArrays& b) {
  if (a.size() != b.size()) {
    return false;
  }
  for (const auto& [name, array] : a) {
    const auto found = b.find(name);
    if (found == b.end() || !same_bits(array, found->second)) {
      return false;
    }
  }
  return true;
}

}  // namespace pcxx::test

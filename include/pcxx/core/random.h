/// Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011), keyed by seed and stream.
///
/// A number depends on (seed, stream, position) alone: never on threads, call order or global state.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "pcxx/core/types.h"

namespace pcxx {

/// Returns the four words of Philox4x32-10 for one counter and key.
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

/// Returns a uniform number in [0, 1) with 24 random bits, exact in f32.
constexpr double unit_from(std::uint32_t word) { return static_cast<double>(word >> 8) * 0x1p-24; }

/// Returns a stream number made from a name, so that streams do not depend on the order of creation (FNV-1a).
std::uint64_t stream_from(std::string_view name);

/// A sequence of random numbers; its position can be stored and resumed.
class RandomStream {
 public:
  explicit RandomStream(std::uint64_t seed, std::uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  std::uint32_t word();
  /// Returns a uniform number in [low, high).
  double uniform(double low = 0, double high = 1);
  /// Fills with uniform numbers in [low, high): the same as one call for each.
  void uniform(std::span<double> values, double low, double high);
  /// Returns a standard normal number (Box-Muller; two words each, nothing cached).
  double normal();
  /// Returns a uniform integer in [0, bound), without modulo bias. Throws ArgumentError if bound < 1.
  Size below(Size bound);
  /// Returns a uniformly random order of 0..count-1 (Fisher-Yates).
  std::vector<Size> permutation(Size count);

  std::uint64_t position() const noexcept { return position_; }
  void seek(std::uint64_t position) noexcept { position_ = position; }

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint64_t position_ = 0;
  std::uint64_t block_ = UINT64_MAX;           // number of the block of four words in words_
  std::array<std::uint32_t, 4> words_{};
};

}  // namespace pcxx

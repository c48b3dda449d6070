/// Bytes to scaled numbers: vectorised by the compiler for each instruction set, without a
/// division.
#include "data/scale_bytes.h"

#include <cstddef>

namespace pcxx {
namespace {

/// 1 / 255 = kHigh + kLow: kHigh has 16 bits, so byte * kHigh is exact, and byte * kHigh + byte *
/// kLow rounds once where it matters. It equals byte / 255 for each of the 256 bytes, which a test
/// checks.
constexpr float kHigh = 0x1.0101p-8F;
constexpr float kLow = static_cast<float>(1.0 / 255 - static_cast<double>(kHigh));

[[gnu::always_inline]] inline void scale(const std::uint8_t* bytes, std::size_t count, float mean,
                                         float inverse, float* numbers) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto byte = static_cast<float>(bytes[i]);
    numbers[i] = (byte * kHigh + byte * kLow - mean) * inverse;
  }
}

#if defined(__x86_64__)
/// The same loop, which the compiler makes eight numbers wide here. (Function clones chosen by the
/// loader would be shorter, but crash under ThreadSanitizer.)
[[gnu::target("avx2")]] void scale_avx2(const std::uint8_t* bytes, std::size_t count, float mean,
                                        float inverse, float* numbers) {
  scale(bytes, count, mean, inverse, numbers);
}
#endif

}  // namespace

void scale_bytes(std::span<const std::uint8_t> bytes, const Scaling& scaling,
                 std::span<float> numbers) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) {
    scale_avx2(bytes.data(), bytes.size(), scaling.mean, 1 / scaling.deviation, numbers.data());
    return;
  }
#endif
  scale(bytes.data(), bytes.size(), scaling.mean, 1 / scaling.deviation, numbers.data());
}

}  // namespace pcxx

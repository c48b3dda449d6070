/// Bytes to scaled numbers: vectorised by the compiler for each instruction set, without a
/// division.
#include "data/scale_bytes.h"

#include <cstddef>

namespace pcxx {
namespace {

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__)
#define PCXX_EACH_INSTRUCTION_SET __attribute__((target_clones("avx2", "default")))
#else
#define PCXX_EACH_INSTRUCTION_SET
#endif

/// 1 / 255 = kHigh + kLow: kHigh has 16 bits, so byte * kHigh is exact, and byte * kHigh + byte *
/// kLow rounds once where it matters. It equals byte / 255 for each of the 256 bytes, which a test
/// checks.
constexpr float kHigh = 0x1.0101p-8F;
constexpr float kLow = static_cast<float>(1.0 / 255 - static_cast<double>(kHigh));

PCXX_EACH_INSTRUCTION_SET
void scale(const std::uint8_t* __restrict bytes, std::size_t count, float mean, float inverse,
           float* __restrict numbers) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto byte = static_cast<float>(bytes[i]);
    numbers[i] = (byte * kHigh + byte * kLow - mean) * inverse;
  }
}

}  // namespace

void scale_bytes(std::span<const std::uint8_t> bytes, const Scaling& scaling,
                 std::span<float> numbers) {
  scale(bytes.data(), bytes.size(), scaling.mean, 1 / scaling.deviation, numbers.data());
}

}  // namespace pcxx

/// What kernels of products share: how scratch and packed bytes are cut, and how work is cut into blocks.
#pragma once

#include <cstddef>

#include "pcxx/core/types.h"

namespace pcxx::cpu {

constexpr Size kVendorPack = 32 * 1024;  // elements of one part of packing by oneDNN

inline Size blocks(Size count, Size each) { return (count + each - 1) / each; }
/// Rounded up, so that what comes next is aligned.
inline std::size_t whole_lines(std::size_t bytes) { return (bytes + 63) / 64 * 64; }
inline std::size_t aligned_bytes(Size count, std::size_t each) { return whole_lines(static_cast<std::size_t>(count) * each); }
inline std::size_t float_bytes(Size count) { return aligned_bytes(count, sizeof(float)); }
inline float* floats(std::byte* bytes) { return reinterpret_cast<float*>(bytes); }
inline const float* floats(const std::byte* bytes) { return reinterpret_cast<const float*>(bytes); }

}  // namespace pcxx::cpu

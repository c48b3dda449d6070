/// Bytes to scaled numbers, at the speed of memory.
#pragma once

#include <cstdint>
#include <span>

#include "pcxx/data/dataset.h"

namespace pcxx {

/// Writes (byte / 255 - mean) * (1 / deviation), every operation rounded to f32; the same bits on
/// every machine.
void scale_bytes(std::span<const std::uint8_t> bytes, const Scaling& scaling,
                 std::span<float> numbers);

}  // namespace pcxx

/// What the convolutions share: rows that are gathered while they are multiplied.
#pragma once

#include <cstddef>
#include <cstdint>

#include "backend/cpu/window_rows.h"
#include "pcxx/core/types.h"

namespace pcxx::cpu {

/// What a RowSource's function finds behind `self`.
struct Gathered {
  const WindowRows& rows;
  const void* pictures;  // at the group's first channel
  ElementType type;

  static const void* at_channel(const void* pictures, Size channel, ElementType type) {
    return static_cast<const std::byte*>(pictures) + static_cast<std::size_t>(channel) * size_of(type);
  }

  /// The function of a RowSource.
  static void copy(const void* self, Size row, Size rows, Size from, Size to, float* out, Size step) {
    const auto& source = *static_cast<const Gathered*>(self);
    if (source.type == ElementType::bf16) {
      source.rows.copy(static_cast<const std::uint16_t*>(source.pictures), row, rows, from, to, out, step);
    } else {
      source.rows.copy(static_cast<const float*>(source.pictures), row, rows, from, to, out, step);
    }
  }
};

}  // namespace pcxx::cpu

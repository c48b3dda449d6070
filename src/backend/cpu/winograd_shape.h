/// Which convolutions Winograd's F(2x2, 3x3) takes, and what they look like to it.
#pragma once

#include <algorithm>

#include "backend/cpu/window_rows.h"
#include "pcxx/core/types.h"

namespace pcxx::cpu {

constexpr Size kWinogradPlaces = 16;  // of a 4x4 patch
constexpr Size kWinogradTaps = 9;

/// Pictures (rows, columns, channels) correlated with 3x3 filters: results (out_rows, out_columns, features). Block
/// (i, j) of a result is its places (2i, 2j) to (2i + 1, 2j + 1), and needs the 4x4 patch of the picture that begins at
/// (2i - before_row, 2j - before_column); zeros are outside.
struct WinogradShape {
  Size rows, columns, out_rows, out_columns, before_row, before_column, channels, features;

  Size block_columns() const { return (out_columns + 1) / 2; }
  Size blocks() const { return (out_rows + 1) / 2 * block_columns(); }  // of one picture
};

/// A convolution as a correlation of its operand's pictures, or of its results' if transposed. Axis 0 is one picture after
/// another.
inline WinogradShape winograd_shape(const WindowGeometry& g, bool transposed) {
  constexpr Size kLast = 2;  // tap
  return transposed ? WinogradShape{g.out[1], g.out[2], g.in[1], g.in[2], kLast - g.before[1], kLast - g.before[2], g.features, g.channels}
                    : WinogradShape{g.in[1], g.in[2], g.out[1], g.out[2], g.before[1], g.before[2], g.channels, g.features};
}

/// Returns whether a convolution has 3x3 windows at steps of one, and channels enough to be worth the transforms.
inline bool fits_winograd(const WindowGeometry& g) {
  constexpr Size kChannels = 32;
  const bool flat = g.extent[0] == 1 && g.stride[0] == 1 && g.before[0] == 0 && g.in[0] == g.out[0];
  return flat && g.extent[1] == 3 && g.extent[2] == 3 && g.stride[1] == 1 && g.stride[2] == 1 && g.dilation[1] == 1 &&
         g.dilation[2] == 1 && g.groups == 1 && std::min(g.channels, g.features) >= kChannels;
}

}  // namespace pcxx::cpu

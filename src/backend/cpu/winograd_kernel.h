/// The transforms of Winograd's minimal filtering F(2x2, 3x3), compiled for every instruction set.
///
/// A 3x3 correlation with steps of one makes each 2x2 block of its result from 16 products for each channel instead of 36
/// (Lavin & Gray 2016, eq. 8): y = A' [(G w G') * (B' x B)] A with
///
///     B' = 1  0 -1  0     G = 1    0    0     A' = 1  1  1  0
///          0  1  1  0         1/2  1/2  1/2        0  1 -1 -1
///          0 -1  1  0         1/2 -1/2  1/2
///          0  1  0 -1         0    0    1
///
/// The products at each of the 16 places are a matrix product over channels. All factors are powers of two: what is lost
/// to rounding is as little as in the direct sum.
#pragma once

#include <cstdint>

#include "pcxx/core/types.h"

namespace pcxx::cpu {

constexpr Size kWinogradPlaces = 16;  // of a 4x4 patch

/// Pictures (rows, columns, channels) correlated with 3x3 filters: results (out_rows, out_columns, features). Block
/// (i, j) of a result is its places (2i, 2j) to (2i + 1, 2j + 1), and needs the 4x4 patch of the picture that begins at
/// (2i - before_row, 2j - before_column); zeros are outside.
struct WinogradShape {
  Size rows, columns, out_rows, out_columns, before_row, before_column, channels, features;

  Size block_columns() const { return (out_columns + 1) / 2; }
  Size blocks() const { return (out_rows + 1) / 2 * block_columns(); }  // of one picture
};

/// 3x3 filters in memory: tap t, from 0 to 8, of channel c of filter f at w[f * step + t * tap_step + c].
struct WinogradFilters {
  const float* w;
  Size count, channels, step, tap_step;
  bool reversed;  // taps are counted from the last: the adjoint's filters
};

struct WinogradKernels {
  /// Writes B' x B of blocks [first, first + count), counted through all pictures: channel c of block b at place p to
  /// to[p * place_step + (b - first) * row_step + c].
  void (*patches)(const WinogradShape& shape, const float* pictures, Size first, Size count, float* to, Size row_step, Size place_step);
  /// The same of bf16 pictures, rounded to bf16 once more.
  void (*half_patches)(const WinogradShape& shape, const std::uint16_t* pictures, Size first, Size count, std::uint16_t* to, Size row_step,
                       Size place_step);
  /// The same of bf16 pictures, as they are.
  void (*widened_patches)(const WinogradShape& shape, const std::uint16_t* pictures, Size first, Size count, float* to, Size row_step,
                          Size place_step);
  /// Writes A' m A of the same blocks to so many features of the results, from d on; feature f of block b at place p stands
  /// at m[p * place_step + (b - first) * row_step + f].
  void (*results)(const WinogradShape& shape, Size features, const float* m, Size row_step, Size place_step, Size first, Size count,
                  float* d);
  /// Writes G w G': channel c of filter f at place p to to[p * place_step + f * row_step + c].
  void (*filters)(const WinogradFilters& filters, float* to, Size row_step, Size place_step);
};

/// Returns the kernels of the best instruction set that this CPU has.
const WinogradKernels& winograd_kernels();

}  // namespace pcxx::cpu

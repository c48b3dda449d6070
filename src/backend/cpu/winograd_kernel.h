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

#include "backend/cpu/winograd_shape.h"
#include "pcxx/core/types.h"

namespace pcxx::cpu {

/// 3x3 filters in memory: tap t, from 0 to 8, of channel c of filter f at w[f * step + t * tap_step + c].
template <class Float>
struct WinogradFilters {
  Float* w;
  Size count, channels, step, tap_step;
  bool reversed = false;  // taps are counted from the last: the adjoint's filters
};

/// Blocks [first, first + count) are counted through all pictures. A transformed block has its channel c at place p at
/// [p * place_step + (b - first) * row_step + c]. Pictures and results may begin at any channel, of which so many are used.
struct WinogradKernels {
  /// Writes B' x B.
  void (*patches)(const WinogradShape& shape, Size channels, const float* pictures, Size first, Size count, float* to, Size row_step,
                  Size place_step);
  /// The same of bf16 pictures, rounded to bf16 once more.
  void (*half_patches)(const WinogradShape& shape, Size channels, const std::uint16_t* pictures, Size first, Size count, std::uint16_t* to,
                       Size row_step, Size place_step);
  /// The same of bf16 pictures, as they are.
  void (*widened_patches)(const WinogradShape& shape, Size channels, const std::uint16_t* pictures, Size first, Size count, float* to,
                          Size row_step, Size place_step);
  /// Writes A' m A to the results d.
  void (*results)(const WinogradShape& shape, Size features, const float* m, Size row_step, Size place_step, Size first, Size count, float* d);
  /// Writes G w G': channel c of filter f at place p to to[p * place_step + f * row_step + c].
  void (*filters)(const WinogradFilters<const float>& filters, float* to, Size row_step, Size place_step);

  /// The adjoints of the last two: writes A y A' of results y ...
  void (*spread)(const WinogradShape& shape, Size features, const float* y, Size first, Size count, float* to, Size row_step, Size place_step);
  /// ... and G' s G to filters.
  void (*sums)(const float* s, Size row_step, Size place_step, const WinogradFilters<float>& filters);
};

/// Returns the kernels of the best instruction set that this CPU has.
const WinogradKernels& winograd_kernels();

}  // namespace pcxx::cpu

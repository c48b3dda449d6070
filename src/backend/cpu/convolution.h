/// Convolutions of channels-last pictures as matrix products whose rows are gathered while they are multiplied.
///
/// As with products, bits depend on the operands alone: not on the number of samples, not on who computes which part.
#pragma once

#include <cstddef>
#include <memory>

#include "backend/cpu/window_rows.h"
#include "pcxx/core/types.h"

namespace pcxx::cpu {

struct ConvolutionShape {
  WindowGeometry geometry;
  bool transposed;     // the adjoint: from pictures (out..., features) to (in..., channels)
  ElementType inputs;  // f32, or bf16: pictures and the packed weight are bf16, sums are f32

  friend auto operator<=>(const ConvolutionShape&, const ConvolutionShape&) = default;
};

/// Pictures times a packed shared weight (features, taps..., channels / groups).
class Convolution {
 public:
  explicit Convolution(const ConvolutionShape& shape);
  ~Convolution();

  /// Returns the bytes of the packed weight (64-byte aligned by the caller).
  std::size_t packed_bytes() const;
  /// Returns into how many independent parts packing may be cut.
  Size pack_parts() const;
  /// Packs parts [first, last) of the f32 weight.
  void pack(const float* weight, std::byte* packed, Size first, Size last) const;
  std::size_t scratch_bytes() const;
  /// Computes the results of so many samples; pictures are f32 or bf16, as `inputs` says.
  void run(Size samples, const void* pictures, const std::byte* packed, float* d, std::byte* scratch) const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

struct ConvolutionSumShape {
  WindowGeometry geometry;
  ElementType inputs;

  friend auto operator<=>(const ConvolutionSumShape&, const ConvolutionSumShape&) = default;
};

/// d(features, taps..., channels / groups) = sum over samples and places of result(feature) * picture(tap, channel): the
/// adjoint in the weight.
class ConvolutionSum {
 public:
  explicit ConvolutionSum(const ConvolutionSumShape& shape);
  ~ConvolutionSum();

  /// Returns into how many parts, each a block of d, the work may be cut; depends on the shape alone.
  Size parts() const;
  std::size_t scratch_bytes(Size samples) const;
  /// Computes parts [first, last) of d from pictures (in..., channels) and results (out..., features); no samples give zeros.
  void run(Size samples, const void* pictures, const void* results, float* d, Size first, Size last, std::byte* scratch) const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace pcxx::cpu

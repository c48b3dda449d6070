/// Convolutions of channels-last pictures as matrix products whose rows are made while they are multiplied.
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

/// Pictures times a packed shared weight (features, taps..., channels / groups). Immutable; used by many threads at once.
class Convolution {
 public:
  virtual ~Convolution() = default;

  /// Returns the bytes of the packed weight (64-byte aligned by the caller).
  virtual std::size_t packed_bytes() const = 0;
  /// Returns into how many independent parts packing may be cut.
  virtual Size pack_parts() const = 0;
  virtual std::size_t pack_scratch_bytes() const { return 0; }
  /// Packs parts [first, last) of the f32 weight.
  virtual void pack(const float* weight, std::byte* packed, Size first, Size last, std::byte* scratch) const = 0;
  virtual std::size_t scratch_bytes() const = 0;
  /// Computes the results of so many samples; pictures are f32 or bf16, as `inputs` says.
  virtual void run(Size samples, const void* pictures, const std::byte* packed, float* d, std::byte* scratch) const = 0;
};

/// Returns the fastest way that we have for a shape.
std::shared_ptr<const Convolution> make_convolution(const ConvolutionShape& shape);

/// Any geometry: rows are gathered while they are multiplied.
std::shared_ptr<const Convolution> gathered_convolution(const ConvolutionShape& shape);

/// Returns whether winograd_convolution takes a shape, and is worth it.
bool winograd_takes(const ConvolutionShape& shape);

/// 3x3 windows at steps of one: products of transformed blocks, 16 for 36. A last place may differ from the direct sum.
std::shared_ptr<const Convolution> winograd_convolution(const ConvolutionShape& shape);

struct ConvolutionSumShape {
  WindowGeometry geometry;
  ElementType inputs;

  friend auto operator<=>(const ConvolutionSumShape&, const ConvolutionSumShape&) = default;
};

/// d(features, taps..., channels / groups) = sum over samples and places of result(feature) * picture(tap, channel): the
/// adjoint in the weight. Immutable; used by many threads at once.
class ConvolutionSum {
 public:
  virtual ~ConvolutionSum() = default;

  /// Returns into how many parts, each a block of d, the work may be cut; depends on the shape alone.
  virtual Size parts() const = 0;
  virtual std::size_t scratch_bytes(Size samples) const = 0;
  /// Computes parts [first, last) of d from pictures (in..., channels) and results (out..., features); no samples give zeros.
  virtual void run(Size samples, const void* pictures, const void* results, float* d, Size first, Size last, std::byte* scratch) const = 0;
};

/// Returns the fastest way that we have for a shape.
std::shared_ptr<const ConvolutionSum> make_convolution_sum(const ConvolutionSumShape& shape);

/// Any geometry: panels of windows are gathered while they are multiplied.
std::shared_ptr<const ConvolutionSum> gathered_sum(const ConvolutionSumShape& shape);

/// The same two for the adjoint of what winograd_convolution computes, in f32.
bool winograd_takes(const ConvolutionSumShape& shape);
std::shared_ptr<const ConvolutionSum> winograd_sum(const ConvolutionSumShape& shape);

}  // namespace pcxx::cpu

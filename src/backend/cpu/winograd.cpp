/// Convolutions by Winograd's F(2x2, 3x3): transformed blocks of pictures times transformed filters, place by place.
#include <algorithm>

#include "backend/cpu/convolution.h"
#include "backend/cpu/gathered.h"
#include "backend/cpu/product_kernel.h"
#include "backend/cpu/product_pack.h"
#include "backend/cpu/winograd_kernel.h"

namespace pcxx::cpu {
namespace {

constexpr Size kBlocks = 64;     // of results that go through together
constexpr Size kFeatures = 128;  // of them at a time: products stay in the cache
constexpr Size kApart = 16;      // floats between rows that would else lie a power of two apart

/// A convolution, or its adjoint, as a correlation of pictures of its operand. Axis 0 is one picture after another.
WinogradShape winograd_shape(const ConvolutionShape& shape) {
  const WindowGeometry& g = shape.geometry;
  if (!shape.transposed) {
    return {g.in[1], g.in[2], g.out[1], g.out[2], g.before[1], g.before[2], g.channels, g.features};
  }
  constexpr Size kLast = 2;  // tap
  return {g.out[1], g.out[2], g.in[1], g.in[2], kLast - g.before[1], kLast - g.before[2], g.features, g.channels};
}

class WinogradConvolution final : public Convolution {
 public:
  explicit WinogradConvolution(const ConvolutionShape& s)
      : shape_(winograd_shape(s)), transposed_(s.transposed), pictures_(s.geometry.in[0]), kernels_(product_kernels()),
        transforms_(winograd_kernels()), matrix_(packed_floats(kernels_, shape_.features, shape_.channels)) {}

  std::size_t packed_bytes() const override { return float_bytes(kWinogradPlaces * matrix_); }
  Size pack_parts() const override { return blocks(shape_.features, kernels_.panel_columns); }
  std::size_t pack_scratch_bytes() const override {
    return float_bytes(kWinogradPlaces * kernels_.panel_columns * shape_.channels);
  }

  /// A part is one panel of each of the 16 matrices.
  void pack(const float* weight, std::byte* packed, Size first, Size last, std::byte* scratch) const override {
    const Size k = shape_.channels;
    for (Size part = first; part < last; ++part) {
      const Size column = part * kernels_.panel_columns;
      const Size columns = std::min(kernels_.panel_columns, shape_.features - column), place_step = columns * k;
      transforms_.filters(filters(weight, column, columns), floats(scratch), transposed_ ? columns : k, place_step);
      for (Size place = 0; place < kWinogradPlaces; ++place) {
        const PackSource source = PackSource::dense(floats(scratch) + place * place_step, columns, k, !transposed_);
        pack_kernels().panels(source, false, 0, columns, floats(packed) + place * matrix_ + column * k);
      }
    }
  }

  std::size_t scratch_bytes() const override {
    return float_bytes(kWinogradPlaces * kBlocks * patch_step()) + float_bytes(kWinogradPlaces * kBlocks * result_step());
  }

  void run(Size samples, const void* pictures, const std::byte* packed, float* d, std::byte* scratch) const override {
    const Size all = samples * pictures_ * shape_.blocks(), groups = blocks(all, kBlocks);
    float* patches = floats(scratch);
    float* products = floats(scratch + float_bytes(kWinogradPlaces * kBlocks * patch_step()));
    for (Size group = 0; group < groups; ++group) {
      const Size first = all * group / groups, count = all * (group + 1) / groups - first;
      const Size patch_place = count * patch_step(), product_place = count * result_step();
      transforms_.patches(shape_, static_cast<const float*>(pictures), first, count, patches, patch_step(), patch_place);
      for (Size feature = 0; feature < shape_.features; feature += kFeatures) {
        const Size features = std::min(kFeatures, shape_.features - feature);
        for (Size place = 0; place < kWinogradPlaces; ++place) {
          kernels_.placed_rows(count, features, shape_.channels, patches + place * patch_place, patch_step(),
                               floats(packed) + place * matrix_ + feature * shape_.channels, products + place * product_place,
                               result_step());
        }
        transforms_.results(shape_, features, products, result_step(), product_place, first, count, d + feature);
      }
    }
  }

 private:
  Size patch_step() const { return shape_.channels + kApart; }
  Size result_step() const { return std::min(kFeatures, shape_.features) + kApart; }

  /// The filters that make some features of the result, of a weight (features, taps, channels) of the convolution.
  WinogradFilters filters(const float* weight, Size from, Size count) const {
    constexpr Size kTaps = 9;
    if (!transposed_) {
      return {weight + from * kTaps * shape_.channels, count, shape_.channels, kTaps * shape_.channels, shape_.channels, false};
    }
    return {weight + from, shape_.channels, count, kTaps * shape_.features, shape_.features, true};
  }

  WinogradShape shape_;
  bool transposed_;
  Size pictures_;  // of one sample
  const ProductKernels& kernels_;
  const WinogradKernels& transforms_;
  Size matrix_;    // floats of one packed matrix
};

}  // namespace

bool winograd_takes(const ConvolutionShape& shape) {
  constexpr Size kChannels = 32;  // on both sides: below them the transforms cost more than they save
  constexpr Size kBlocksLeast = 16;  // of one picture: filters are nearly twice as large, and read again for each few pictures
  const WindowGeometry& g = shape.geometry;
  const bool flat = g.extent[0] == 1 && g.stride[0] == 1 && g.before[0] == 0 && g.in[0] == g.out[0];
  return flat && g.extent[1] == 3 && g.extent[2] == 3 && g.stride[1] == 1 && g.stride[2] == 1 && g.dilation[1] == 1 &&
         g.dilation[2] == 1 && g.groups == 1 && std::min(g.channels, g.features) >= kChannels &&
         g.in[0] * winograd_shape(shape).blocks() >= kBlocksLeast && shape.inputs == ElementType::f32;
}

std::shared_ptr<const Convolution> winograd_convolution(const ConvolutionShape& shape) {
  return std::make_shared<WinogradConvolution>(shape);
}

}  // namespace pcxx::cpu

/// Convolutions by Winograd's F(2x2, 3x3): transformed blocks of pictures times transformed filters, place by place.
#include <algorithm>

#include "backend/cpu/convolution.h"
#include "backend/cpu/product_kernel.h"
#include "backend/cpu/product_pack.h"
#include "backend/cpu/product_vendor.h"
#include "backend/cpu/scratch.h"
#include "backend/cpu/winograd_kernel.h"

namespace pcxx::cpu {
namespace {

constexpr Size kBlocks = 64;     // of results that go through together
constexpr Size kFeatures = 128;  // of them at a time with our kernels: products stay in the cache
constexpr Size kApart = 16;      // floats between rows that would else lie a power of two apart; oneDNN wants them dense

/// Sums are f32. In bf16, what oneDNN multiplies is rounded after the transforms; without it pictures alone are bf16.
class WinogradConvolution final : public Convolution {
 public:
  explicit WinogradConvolution(const ConvolutionShape& s)
      : shape_(winograd_shape(s.geometry, s.transposed)), transposed_(s.transposed), inputs_(s.inputs), pictures_(s.geometry.in[0]), kernels_(product_kernels()),
        transforms_(winograd_kernels()), together_(std::min(kFeatures, shape_.features)),
        matrix_(float_bytes(packed_floats(kernels_, shape_.features, shape_.channels))) {
    const Size n = shape_.features, k = shape_.channels;
    if (vendor_takes(n, k, inputs_)) {
      together_ = n;
      apart_ = 0;
      vendor_ = std::make_unique<VendorProduct>(VendorProduct::Shape{kBlocks, n, k, patch_step(), 1, result_step(), true, false}, kVendorPack);
      matrix_ = whole_lines(vendor_->packed_bytes());
    }
  }

  std::size_t packed_bytes() const override { return kWinogradPlaces * matrix_; }
  Size pack_parts() const override { return vendor_ ? vendor_->pack_parts() : blocks(shape_.features, kernels_.panel_columns); }
  std::size_t pack_scratch_bytes() const override {
    const VendorProduct::Columns widest = columns_of(0);
    return float_bytes(kWinogradPlaces * (widest.to - widest.from) * shape_.channels);
  }

  /// A part is some columns of each of the 16 matrices.
  void pack(const float* weight, std::byte* packed, Size first, Size last, std::byte* scratch) const override {
    const Size n = shape_.features, k = shape_.channels;
    for (Size part = first; part < last; ++part) {
      const auto [from, to] = columns_of(part);
      const Size columns = to - from, place_step = columns * k;
      transforms_.filters(filters(weight, from, columns), floats(scratch), transposed_ ? columns : k, place_step);
      for (Size place = 0; place < kWinogradPlaces; ++place) {
        const PackSource source{.b = floats(scratch) + place * place_step,
                                .n = n,
                                .k = k,
                                .transposed = !transposed_,
                                .step = transposed_ ? columns : k,
                                .first = from};
        if (vendor_) {
          vendor_->pack(source, at_place(packed, place), part);
        } else {
          pack_kernels().panels(source, false, from, to, floats(at_place(packed, place)));
        }
      }
    }
  }

  std::size_t scratch_bytes() const override {
    return patches_bytes() + products_bytes() + (vendor_ ? vendor_->scratch_bytes() : 0);
  }

  void run(Size samples, const void* pictures, const std::byte* packed, float* d, std::byte* scratch) const override {
    const Size all = samples * pictures_ * shape_.blocks(), groups = blocks(all, kBlocks);
    float* products = floats(scratch + patches_bytes());
    for (Size group = 0; group < groups; ++group) {
      const Size first = all * group / groups, count = all * (group + 1) / groups - first;
      transform(pictures, first, count, scratch);
      for (Size feature = 0; feature < shape_.features; feature += together_) {
        for (Size place = 0; place < kWinogradPlaces; ++place) {
          multiply(count, feature, scratch, packed, products, place);
        }
        transforms_.results(shape_, std::min(together_, shape_.features - feature), products, result_step(), product_place(), first, count,
                            d + feature);
      }
    }
  }

 private:
  Size patch_step() const { return shape_.channels + apart_; }
  Size patch_place() const { return kBlocks * patch_step(); }
  Size result_step() const { return together_ + apart_; }
  Size product_place() const { return kBlocks * result_step(); }
  std::size_t patches_bytes() const { return float_bytes(kWinogradPlaces * patch_place()); }
  std::size_t products_bytes() const { return float_bytes(kWinogradPlaces * product_place()); }

  std::byte* at_place(std::byte* packed, Size place) const { return packed + static_cast<std::size_t>(place) * matrix_; }
  const std::byte* at_place(const std::byte* packed, Size place) const { return packed + static_cast<std::size_t>(place) * matrix_; }

  VendorProduct::Columns columns_of(Size part) const {
    const Size panel = kernels_.panel_columns;
    return vendor_ ? vendor_->columns_of(part) : VendorProduct::Columns{part * panel, std::min(shape_.features, (part + 1) * panel)};
  }

  /// The filters that make some features of the result, of a weight (features, taps, channels) of the convolution.
  WinogradFilters<const float> filters(const float* weight, Size from, Size count) const {
    if (!transposed_) {
      return {weight + from * kWinogradTaps * shape_.channels, count, shape_.channels, kWinogradTaps * shape_.channels, shape_.channels, false};
    }
    return {weight + from, shape_.channels, count, kWinogradTaps * shape_.features, shape_.features, true};
  }

  void transform(const void* pictures, Size first, Size count, std::byte* patches) const {
    const auto* halves = static_cast<const std::uint16_t*>(pictures);
    if (vendor_) {
      transforms_.half_patches(shape_, shape_.channels, halves, first, count, reinterpret_cast<std::uint16_t*>(patches), patch_step(), patch_place());
    } else if (inputs_ == ElementType::bf16) {
      transforms_.widened_patches(shape_, shape_.channels, halves, first, count, floats(patches), patch_step(), patch_place());
    } else {
      transforms_.patches(shape_, shape_.channels, static_cast<const float*>(pictures), first, count, floats(patches), patch_step(), patch_place());
    }
  }

  /// Some features of the blocks' products at one place. oneDNN multiplies all rows, also those that no block fills.
  void multiply(Size count, Size feature, std::byte* patches, const std::byte* packed, float* products, Size place) const {
    float* to = products + place * product_place();
    if (!vendor_) {
      kernels_.placed_rows(count, std::min(together_, shape_.features - feature), shape_.channels, floats(patches) + place * patch_place(),
                           patch_step(), floats(at_place(packed, place)) + feature * shape_.channels, to, result_step());
      return;
    }
    auto* from = reinterpret_cast<std::uint16_t*>(patches) + place * patch_place();
    std::fill(from + count * patch_step(), from + patch_place(), std::uint16_t{0});
    vendor_->run(from, at_place(packed, place), to, reinterpret_cast<std::byte*>(products) + products_bytes());
  }

  WinogradShape shape_;
  bool transposed_;
  ElementType inputs_;
  Size pictures_;  // of one sample
  const ProductKernels& kernels_;
  const WinogradKernels& transforms_;
  Size together_;       // features of the result
  Size apart_ = kApart;
  std::size_t matrix_;  // bytes of one packed matrix
  std::unique_ptr<VendorProduct> vendor_;
};

}  // namespace

bool winograd_takes(const ConvolutionShape& shape) {
  constexpr Size kLeast = 16;  // blocks of a sample: filters are nearly twice as large, and read again for each few pictures
  const WindowGeometry& g = shape.geometry;
  return fits_winograd(g) && g.in[0] * winograd_shape(g, shape.transposed).blocks() >= kLeast;
}

std::shared_ptr<const Convolution> winograd_convolution(const ConvolutionShape& shape) {
  return std::make_shared<WinogradConvolution>(shape);
}

}  // namespace pcxx::cpu

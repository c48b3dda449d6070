/// The adjoint of Winograd's convolutions in the filters: patches times transformed results, summed over all blocks.
#include <algorithm>

#include "backend/cpu/convolution.h"
#include "backend/cpu/product_kernel.h"
#include "backend/cpu/scratch.h"
#include "backend/cpu/winograd_kernel.h"

namespace pcxx::cpu {
namespace {

constexpr Size kBlocks = 64;    // that go through together
constexpr Size kFeatures = 48;  // of a part; with its patches and sums it stays in the cache
constexpr Size kChannels = 64;  // of a part

/// Parts are blocks of features, and in them of channels.
class WinogradSum final : public ConvolutionSum {
 public:
  explicit WinogradSum(const ConvolutionSumShape& s)
      : shape_(winograd_shape(s.geometry, false)), pictures_(s.geometry.in[0]), kernels_(product_kernels()), transforms_(winograd_kernels()) {}

  Size parts() const override { return blocks(shape_.features, kFeatures) * blocks(shape_.channels, kChannels); }
  std::size_t scratch_bytes(Size) const override {
    return float_bytes(kWinogradPlaces * kPatches) + float_bytes(kWinogradPlaces * kResults) + float_bytes(kWinogradPlaces * kSums);
  }

  void run(Size samples, const void* pictures, const void* results, float* d, Size first, Size last, std::byte* scratch) const override {
    const Size columns = blocks(shape_.channels, kChannels);
    for (Size part = first; part < last; ++part) {
      const Size feature = part / columns * kFeatures, channel = part % columns * kChannels;
      run_part({samples * pictures_ * shape_.blocks(), feature, std::min(kFeatures, shape_.features - feature), channel,
                std::min(kChannels, shape_.channels - channel)},
               static_cast<const float*>(pictures), static_cast<const float*>(results), d, scratch);
    }
  }

 private:
  static constexpr Size kPatches = kBlocks * kChannels, kResults = kBlocks * kFeatures, kSums = kFeatures * kChannels;  // at one place

  struct Part {
    Size blocks, feature, features, channel, channels;
  };

  void run_part(const Part& part, const float* pictures, const float* results, float* d, std::byte* scratch) const {
    float* patches = floats(scratch);
    float* spread = floats(scratch + float_bytes(kWinogradPlaces * kPatches));
    float* sums = floats(scratch + float_bytes(kWinogradPlaces * kPatches) + float_bytes(kWinogradPlaces * kResults));
    if (part.blocks == 0) {
      std::fill_n(sums, kWinogradPlaces * kSums, 0.0F);
    }
    for (Size block = 0; block < part.blocks; block += kBlocks) {
      const Size count = std::min(kBlocks, part.blocks - block);
      transforms_.patches(shape_, part.channels, pictures + part.channel, block, count, patches, kChannels, kPatches);
      transforms_.spread(shape_, part.features, results + part.feature, block, count, spread, kFeatures, kResults);
      for (Size place = 0; place < kWinogradPlaces; ++place) {
        kernels_.placed_samples({.samples = count,
                                 .a = spread + place * kResults,
                                 .a_step = kFeatures,
                                 .rows = part.features,
                                 .b = patches + place * kPatches,
                                 .b_step = kChannels,
                                 .columns = part.channels,
                                 .d = sums + place * kSums,
                                 .d_step = kChannels,
                                 .first = block == 0});
      }
    }
    const Size step = kWinogradTaps * shape_.channels;
    transforms_.sums(sums, kChannels, kSums,
                     {d + part.feature * step + part.channel, part.features, part.channels, step, shape_.channels});
  }

  WinogradShape shape_;
  Size pictures_;  // of one sample
  const ProductKernels& kernels_;
  const WinogradKernels& transforms_;
};

}  // namespace

bool winograd_takes(const ConvolutionSumShape& shape) { return shape.inputs == ElementType::f32 && fits_winograd(shape.geometry); }

std::shared_ptr<const ConvolutionSum> winograd_sum(const ConvolutionSumShape& shape) { return std::make_shared<WinogradSum>(shape); }

}  // namespace pcxx::cpu

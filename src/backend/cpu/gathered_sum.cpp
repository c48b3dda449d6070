/// Sums of convolutions over samples and places, cut into blocks of the weight. bf16 by oneDNN where it is worth it.
#include <algorithm>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>

#include "backend/cpu/convolution.h"
#include "backend/cpu/gathered.h"
#include "backend/cpu/product_kernel.h"
#include "backend/cpu/product_pack.h"
#include "backend/cpu/product_vendor.h"
#include "backend/cpu/scratch.h"

namespace pcxx::cpu {

namespace {

/// Parts are blocks of d: of rows (features), and in them of columns (taps and channels).
class GatheredConvolutionSum final : public ConvolutionSum {
 public:
  explicit GatheredConvolutionSum(const ConvolutionSumShape& s)
      : shape_(s), kernels_(product_kernels()), rows_(forward_rows(s.geometry)), m_(s.geometry.group_features()), n_(rows_.columns()),
        by_vendor_(vendor_takes(n_, m_, s.inputs)) {
    constexpr Size kVendorColumns = 192, kMostRows = 192, kFewRows = 16, kFewBlocks = 8;
    column_each_ = by_vendor_ ? kVendorColumns : kernels_.panel_columns;
    column_blocks_ = std::max<Size>(1, blocks(n_, column_each_));
    row_blocks_ = by_vendor_ ? 1 : std::max<Size>(1, blocks(m_, column_blocks_ < kFewBlocks ? kFewRows : kMostRows));
    row_each_ = blocks(m_, row_blocks_);
  }

  Size parts() const override { return group_parts() * geometry().groups; }

  std::size_t scratch_bytes(Size samples) const override {
    if (by_vendor_) {
      return aligned_bytes(kDepth * column_each_, sizeof(std::uint16_t)) + vendor_scratch(samples);
    }
    const Size widened = shape_.inputs == ElementType::bf16 ? samples * rows_.rows() * geometry().features : 0;
    return float_bytes(kernels_.gathered_sample_scratch(row_each_)) + float_bytes(widened);
  }

  /// A run of panels goes through together: the block of results that is copied for it serves all of them.
  void run(Size samples, const void* pictures, const void* results, float* d, Size first, Size last, std::byte* scratch) const override {
    constexpr Size kTogether = 8;
    const auto* half_results = static_cast<const std::uint16_t*>(results);
    if (by_vendor_ && samples > 0) {
      for (Size part = first; part < last; ++part) {
        run_vendor(samples, static_cast<const std::uint16_t*>(pictures), half_results, d, part / column_blocks_, part % column_blocks_, scratch);
      }
      return;
    }
    if (shape_.inputs == ElementType::bf16) {
      float* widened = floats(scratch + float_bytes(kernels_.gathered_sample_scratch(row_each_)));
      pack_kernels().from_bf16(half_results, widened, samples * rows_.rows() * geometry().features);
      results = widened;
    }
    for (Size part = first; part < last;) {
      const Size in_group = part % group_parts(), column = in_group % column_blocks_;
      const Size count = std::min({last - part, column_blocks_ - column, kTogether});
      run_ours(samples, pictures, static_cast<const float*>(results), d, part / group_parts(), in_group / column_blocks_, column,
               column + count, floats(scratch));
      part += count;
    }
  }

 private:
  static constexpr Size kDepth = 1024;  // rows that are gathered for one call of oneDNN

  Size group_parts() const { return row_blocks_ * column_blocks_; }
  const WindowGeometry& geometry() const { return shape_.geometry; }

  Gathered source(const void* pictures, Size group) const {
    return {rows_, Gathered::at_channel(pictures, group * geometry().group_channels(), shape_.inputs), shape_.inputs};
  }

  /// One block of rows, some panels of columns.
  void run_ours(Size samples, const void* pictures, const float* results, float* d, Size group, Size row_block, Size from, Size to,
                float* scratch) const {
    const Size first = std::min(m_, row_block * row_each_), last = std::min(m_, first + row_each_);
    const Gathered gathered = source(pictures, group);
    kernels_.gathered_samples({.samples = samples * rows_.rows(),
                              .a = results + group * m_ + first,
                              .a_step = geometry().features,
                              .rows = last - first,
                              .b = {&gathered, Gathered::copy},
                              .from = from * column_each_,
                              .to = std::min(n_, to * column_each_),
                              .d = d + (group * m_ + first) * n_,
                              .d_step = n_},
                             scratch);
  }

  /// The number of samples is known only when the plan runs: a primitive is made when it is first needed.
  const VendorProduct& product(Size columns, Size depth, bool accumulate) const {
    const std::lock_guard lock(mutex_);
    auto& entry = products_[{columns, depth, accumulate}];
    if (!entry) {
      entry = std::make_unique<VendorProduct>(
          VendorProduct::Shape{m_, columns, depth, 1, geometry().features, n_, false, accumulate}, kVendorPack);
    }
    return *entry;
  }

  std::size_t vendor_scratch(Size samples) const {
    std::size_t most = 0;
    const Size all = samples * rows_.rows();
    for (const Size columns : {std::min(n_, column_each_), n_ - (column_blocks_ - 1) * column_each_}) {
      for (const Size depth : {std::min(all, kDepth), all % kDepth}) {
        most = depth == 0 ? most : std::max(most, product(columns, depth, depth != all).scratch_bytes());
      }
    }
    return most;
  }

  void run_vendor(Size samples, const std::uint16_t* pictures, const std::uint16_t* results, float* d, Size group, Size column_block,
                  std::byte* scratch) const {
    const Size from = column_block * column_each_, columns = std::min(column_each_, n_ - from), all = samples * rows_.rows();
    const auto* picture = static_cast<const std::uint16_t*>(source(pictures, group).pictures);
    auto* gathered = reinterpret_cast<std::uint16_t*>(scratch);
    std::byte* rest = scratch + aligned_bytes(kDepth * column_each_, sizeof(std::uint16_t));
    for (Size row = 0; row < all; row += kDepth) {
      const Size depth = std::min(kDepth, all - row);
      rows_.copy(picture, row, depth, from, from + columns, gathered, columns);
      product(columns, depth, row > 0).run(results + row * geometry().features + group * m_, gathered, d + group * m_ * n_ + from, rest);
    }
  }

  ConvolutionSumShape shape_;
  const ProductKernels& kernels_;
  WindowRows rows_;
  Size m_, n_;  // of one group's d
  bool by_vendor_;
  Size row_blocks_, row_each_;
  Size column_blocks_, column_each_;
  mutable std::mutex mutex_;  // guards products
  mutable std::map<std::tuple<Size, Size, bool>, std::unique_ptr<VendorProduct>> products_;  // by columns, depth, accumulate
};

}  // namespace

std::shared_ptr<const ConvolutionSum> gathered_sum(const ConvolutionSumShape& shape) {
  return std::make_shared<GatheredConvolutionSum>(shape);
}

}  // namespace pcxx::cpu

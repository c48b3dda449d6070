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

namespace pcxx::cpu {

/// Parts are blocks of d: of rows (features), and in them of columns (taps and channels).
struct ConvolutionSum::Implementation {
  ConvolutionSumShape shape;
  const ProductKernels& kernels;
  WindowRows rows;
  Size m, n;                         // of one group's d
  bool by_vendor;
  Size row_blocks, row_each;
  Size column_blocks, column_each;
  mutable std::mutex mutex;          // guards products
  mutable std::map<std::tuple<Size, Size, bool>, std::unique_ptr<VendorProduct>> products;  // by columns, depth, accumulate

  static constexpr Size kDepth = 1024;  // rows that are gathered for one call of oneDNN

  explicit Implementation(const ConvolutionSumShape& s)
      : shape(s), kernels(product_kernels()), rows(forward_rows(s.geometry)), m(s.geometry.group_features()), n(rows.columns()),
        by_vendor(vendor_takes(n, m, s.inputs)) {
    constexpr Size kVendorColumns = 192, kMostRows = 192, kFewRows = 16, kFewBlocks = 8;
    column_each = by_vendor ? kVendorColumns : kernels.panel_columns;
    column_blocks = std::max<Size>(1, blocks(n, column_each));
    row_blocks = by_vendor ? 1 : std::max<Size>(1, blocks(m, column_blocks < kFewBlocks ? kFewRows : kMostRows));
    row_each = blocks(m, row_blocks);
  }

  Size group_parts() const { return row_blocks * column_blocks; }
  const WindowGeometry& geometry() const { return shape.geometry; }

  Gathered source(const void* pictures, Size group) const {
    return {rows, Gathered::at_channel(pictures, group * geometry().group_channels(), shape.inputs), shape.inputs};
  }

  /// One block of rows, some panels of columns.
  void run_ours(Size samples, const void* pictures, const float* results, float* d, Size group, Size row_block, Size from, Size to,
                float* scratch) const {
    const Size first = std::min(m, row_block * row_each), last = std::min(m, first + row_each);
    const Gathered gathered = source(pictures, group);
    kernels.gathered_samples({.samples = samples * rows.rows(),
                              .a = results + group * m + first,
                              .a_step = geometry().features,
                              .rows = last - first,
                              .b = {&gathered, Gathered::copy},
                              .from = from * column_each,
                              .to = std::min(n, to * column_each),
                              .d = d + (group * m + first) * n,
                              .d_step = n},
                             scratch);
  }

  /// The number of samples is known only when the plan runs: a primitive is made when it is first needed.
  const VendorProduct& product(Size columns, Size depth, bool accumulate) const {
    const std::lock_guard lock(mutex);
    auto& entry = products[{columns, depth, accumulate}];
    if (!entry) {
      entry = std::make_unique<VendorProduct>(
          VendorProduct::Shape{m, columns, depth, 1, geometry().features, n, false, accumulate}, kVendorPack);
    }
    return *entry;
  }

  std::size_t vendor_scratch(Size samples) const {
    std::size_t most = 0;
    const Size all = samples * rows.rows();
    for (const Size columns : {std::min(n, column_each), n - (column_blocks - 1) * column_each}) {
      for (const Size depth : {std::min(all, kDepth), all % kDepth}) {
        most = depth == 0 ? most : std::max(most, product(columns, depth, depth != all).scratch_bytes());
      }
    }
    return most;
  }

  void run_vendor(Size samples, const std::uint16_t* pictures, const std::uint16_t* results, float* d, Size group, Size column_block,
                  std::byte* scratch) const {
    const Size from = column_block * column_each, columns = std::min(column_each, n - from), all = samples * rows.rows();
    const auto* picture = static_cast<const std::uint16_t*>(source(pictures, group).pictures);
    auto* gathered = reinterpret_cast<std::uint16_t*>(scratch);
    std::byte* rest = scratch + aligned_bytes(kDepth * column_each, sizeof(std::uint16_t));
    for (Size row = 0; row < all; row += kDepth) {
      const Size depth = std::min(kDepth, all - row);
      rows.copy(picture, row, depth, from, from + columns, gathered, columns);
      product(columns, depth, row > 0).run(results + row * geometry().features + group * m, gathered, d + group * m * n + from, rest);
    }
  }
};

ConvolutionSum::ConvolutionSum(const ConvolutionSumShape& shape) : implementation_(std::make_unique<Implementation>(shape)) {}
ConvolutionSum::~ConvolutionSum() = default;

Size ConvolutionSum::parts() const { return implementation_->group_parts() * implementation_->geometry().groups; }

std::size_t ConvolutionSum::scratch_bytes(Size samples) const {
  const Implementation& self = *implementation_;
  if (self.by_vendor) {
    return aligned_bytes(Implementation::kDepth * self.column_each, sizeof(std::uint16_t)) + self.vendor_scratch(samples);
  }
  const Size widened = self.shape.inputs == ElementType::bf16 ? samples * self.rows.rows() * self.geometry().features : 0;
  return float_bytes(self.kernels.gathered_sample_scratch(self.row_each)) + float_bytes(widened);
}

/// A run of panels goes through together: the block of results that is copied for it serves all of them.
void ConvolutionSum::run(Size samples, const void* pictures, const void* results, float* d, Size first, Size last,
                         std::byte* scratch) const {
  const Implementation& self = *implementation_;
  constexpr Size kTogether = 8;
  const auto* half_results = static_cast<const std::uint16_t*>(results);
  if (self.by_vendor && samples > 0) {
    for (Size part = first; part < last; ++part) {
      self.run_vendor(samples, static_cast<const std::uint16_t*>(pictures), half_results, d, part / self.column_blocks,
                      part % self.column_blocks, scratch);
    }
    return;
  }
  if (self.shape.inputs == ElementType::bf16) {
    float* widened = floats(scratch + float_bytes(self.kernels.gathered_sample_scratch(self.row_each)));
    pack_kernels().from_bf16(half_results, widened, samples * self.rows.rows() * self.geometry().features);
    results = widened;
  }
  for (Size part = first; part < last;) {
    const Size in_group = part % self.group_parts(), column = in_group % self.column_blocks;
    const Size count = std::min({last - part, self.column_blocks - column, kTogether});
    self.run_ours(samples, pictures, static_cast<const float*>(results), d, part / self.group_parts(), in_group / self.column_blocks,
                  column, column + count, floats(scratch));
    part += count;
  }
}

}  // namespace pcxx::cpu

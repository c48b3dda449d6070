/// Matrix products of the CPU backend: which kernel takes a shape, and how work is cut into parts.
///
/// The rule looks at the shape alone, never at the number of rows, so that a row's bits do not depend on it:
/// f32 is ours at every size (measured equal or better than oneDNN from 2x32 to 1024x1024); bf16 is oneDNN's from
/// some size on where the CPU multiplies bf16 natively, else it is widened to f32 and ours.
#include "backend/cpu/product.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "backend/cpu/product_kernel.h"
#include "backend/cpu/product_pack.h"
#include "backend/cpu/product_vendor.h"
#include "backend/cpu/scratch.h"

namespace pcxx::cpu {

namespace {

constexpr Size kVendorRows = 64;           // of d in one call of oneDNN that sums over samples
constexpr Size kPartElements = 2048;       // of one part of packing, or of a narrow d: little enough to be shared evenly
constexpr Size kPartRows = 16;             // of d in a part of a sum over samples; of a narrow d more
constexpr Size kBlockRows = 192;           // of d in one go: its columns of a stay in the cache

}  // namespace

// ---- rows times a packed matrix ------------------------------------------------------------------------------------

struct RowProduct::Implementation {
  RowProductShape shape;
  Size tile;
  const ProductKernels& kernels;
  const PackKernels& packing;
  std::unique_ptr<VendorProduct> vendor;
  Size part_columns = 0;

  Implementation(const RowProductShape& s, Size rows) : shape(s), tile(std::max<Size>(rows, 1)), kernels(product_kernels()), packing(pack_kernels()) {
    if (vendor_takes(s.n, s.k, s.inputs)) {
      vendor = std::make_unique<VendorProduct>(VendorProduct::Shape{tile, s.n, s.k, s.k, 1, s.n, true, false}, kVendorPack);
    }
    const Size panels = std::max<Size>(1, kPartElements / std::max<Size>(1, s.k * kernels.panel_columns));
    part_columns = panels * kernels.panel_columns;
  }

  /// Whole tiles as they are; a tail is filled up to a tile, so that one primitive does every row.
  void run_vendor(Size rows, const std::byte* a, const std::byte* packed, float* d, std::byte* scratch) const {
    const std::size_t row_bytes = static_cast<std::size_t>(shape.k) * size_of(ElementType::bf16);
    const Size whole = rows / tile * tile;
    for (Size row = 0; row < whole; row += tile) {
      vendor->run(a + static_cast<std::size_t>(row) * row_bytes, packed, d + row * shape.n, scratch);
    }
    if (whole == rows) {
      return;
    }
    const std::size_t tile_bytes = static_cast<std::size_t>(tile) * row_bytes;
    const std::size_t tail_bytes = static_cast<std::size_t>(rows - whole) * row_bytes;
    std::byte* tail = scratch + whole_lines(vendor->scratch_bytes());
    float* result = floats(tail + whole_lines(tile_bytes));
    std::copy_n(a + static_cast<std::size_t>(whole) * row_bytes, tail_bytes, tail);
    std::fill_n(tail + tail_bytes, tile_bytes - tail_bytes, std::byte{0});
    vendor->run(tail, packed, result, scratch);
    std::copy_n(result, (rows - whole) * shape.n, d + whole * shape.n);
  }

  void run_widened(Size rows, const std::uint16_t* a, const std::byte* packed, float* d, std::byte* scratch) const {
    float* wide = floats(scratch) + kernels.row_scratch(shape.n, shape.k);
    for (Size row = 0; row < rows; row += tile) {
      const Size count = std::min(tile, rows - row);
      packing.from_bf16(a + row * shape.k, wide, count * shape.k);
      kernels.rows(count, shape.n, shape.k, wide, floats(packed), d + row * shape.n, floats(scratch));
    }
  }
};

RowProduct::RowProduct(const RowProductShape& shape, Size tile)
    : implementation_(std::make_unique<Implementation>(shape, tile)) {}

RowProduct::~RowProduct() = default;

std::size_t RowProduct::packed_bytes() const {
  const Implementation& self = *implementation_;
  return self.vendor ? whole_lines(self.vendor->packed_bytes())
                     : float_bytes(packed_floats(self.kernels, self.shape.n, self.shape.k));
}

Size RowProduct::pack_parts() const {
  const Implementation& self = *implementation_;
  return self.vendor ? self.vendor->pack_parts() : std::max<Size>(1, (self.shape.n + self.part_columns - 1) / self.part_columns);
}

void RowProduct::pack(const float* b, std::byte* packed, Size first, Size last) const {
  const Implementation& self = *implementation_;
  const RowProductShape& s = self.shape;
  if (self.vendor) {
    for (Size part = first; part < last; ++part) {
      self.vendor->pack(PackSource::dense(b, s.n, s.k, s.transposed_b), packed, part);
    }
    return;
  }
  const Size from = first * self.part_columns;
  const Size to = std::min(s.n, last * self.part_columns);
  self.packing.panels(PackSource::dense(b, s.n, s.k, s.transposed_b), s.inputs == ElementType::bf16, from, to, floats(packed));
}

std::size_t RowProduct::scratch_bytes() const {
  const Implementation& self = *implementation_;
  const RowProductShape& s = self.shape;
  if (self.vendor) {
    return whole_lines(self.vendor->scratch_bytes()) + float_bytes(self.tile * s.k / 2 + 1) + float_bytes(self.tile * s.n);
  }
  const Size widened = s.inputs == ElementType::bf16 ? self.tile * s.k : 0;
  return float_bytes(self.kernels.row_scratch(s.n, s.k) + widened);
}

void RowProduct::run(Size rows, const void* a, const std::byte* packed, float* d, std::byte* scratch) const {
  const Implementation& self = *implementation_;
  if (self.vendor) {
    self.run_vendor(rows, static_cast<const std::byte*>(a), packed, d, scratch);
  } else if (self.shape.inputs == ElementType::bf16) {
    self.run_widened(rows, static_cast<const std::uint16_t*>(a), packed, d, scratch);
  } else {
    self.kernels.rows(rows, self.shape.n, self.shape.k, static_cast<const float*>(a), floats(packed), d,
                      floats(scratch));
  }
}

// ---- sums of outer products over samples ---------------------------------------------------------------------------

struct SampleProduct::Implementation {
  SampleProductShape shape;
  const ProductKernels& kernels;
  bool by_vendor;
  Size part_rows, block_rows;
  mutable std::mutex mutex;  // guards products
  mutable std::map<std::pair<Size, Size>, std::unique_ptr<VendorProduct>> products;  // by rows of d, samples

  explicit Implementation(const SampleProductShape& s)
      : shape(s), kernels(product_kernels()), by_vendor(vendor_takes(s.n, s.m, s.inputs)) {
    part_rows = by_vendor ? kVendorRows : std::max(kPartRows, kPartElements / std::max<Size>(1, s.n));
    block_rows = std::min(s.m, std::max(kBlockRows, part_rows));
  }

  Size parts() const { return std::max<Size>(1, (shape.m + part_rows - 1) / part_rows); }
  Size start_of(Size part) const { return std::min(shape.m, part * part_rows); }
  Size rows_of(Size part) const { return start_of(part + 1) - start_of(part); }

  /// The number of samples is known only when the plan runs: a primitive is made when it is first needed.
  const VendorProduct& product(Size rows, Size samples) const {
    const std::lock_guard lock(mutex);
    auto& entry = products[{rows, samples}];
    if (!entry) {
      entry = std::make_unique<VendorProduct>(VendorProduct::Shape{rows, shape.n, samples, 1, shape.m, shape.n, false, false}, kVendorPack);
    }
    return *entry;
  }

  /// Rows [from, to) of d, in blocks of nearly equal height.
  void run_blocks(Size samples, const float* a, const float* b, float* d, Size from, Size to, float* scratch) const {
    const Size rows = to - from, count = (rows + block_rows - 1) / block_rows;
    for (Size i = 0; i < count; ++i) {
      kernels.samples(samples, shape.m, shape.n, from + rows * i / count, from + rows * (i + 1) / count, a, b, d, scratch);
    }
  }

  void run_widened(Size samples, const std::uint16_t* a, const std::uint16_t* b, float* d, Size from, Size to,
                   float* scratch) const {
    float* wide_a = scratch + kernels.sample_scratch(samples, shape.m, shape.n, block_rows);  // the kernel's own comes first: aligned
    float* wide_b = wide_a + samples * shape.m;
    pack_kernels().from_bf16(a, wide_a, samples * shape.m);
    pack_kernels().from_bf16(b, wide_b, samples * shape.n);
    run_blocks(samples, wide_a, wide_b, d, from, to, scratch);
  }

  void run_vendor(Size samples, const std::uint16_t* a, const void* b, float* d, Size first, Size last, std::byte* scratch) const {
    for (Size part = first; part < last; ++part) {
      product(rows_of(part), samples).run(a + start_of(part), b, d + start_of(part) * shape.n, scratch);
    }
  }
};

SampleProduct::SampleProduct(const SampleProductShape& shape) : implementation_(std::make_unique<Implementation>(shape)) {}

SampleProduct::~SampleProduct() = default;

Size SampleProduct::parts() const { return implementation_->parts(); }

std::size_t SampleProduct::scratch_bytes(Size samples) const {
  const Implementation& self = *implementation_;
  const SampleProductShape& s = self.shape;
  if (self.by_vendor && samples > 0) {
    std::size_t most = 0;
    for (const Size part : {Size{0}, parts() - 1}) {
      most = std::max(most, self.product(self.rows_of(part), samples).scratch_bytes());
    }
    return whole_lines(most);
  }
  const Size widened = s.inputs == ElementType::bf16 ? samples * (s.m + s.n) : 0;
  return float_bytes(widened + self.kernels.sample_scratch(samples, s.m, s.n, self.block_rows));
}

void SampleProduct::run(Size samples, const void* a, const void* b, float* d, Size first, Size last, std::byte* scratch) const {
  const Implementation& self = *implementation_;
  const Size from = self.start_of(first), to = self.start_of(last);
  const auto* half_a = static_cast<const std::uint16_t*>(a);
  if (self.by_vendor && samples > 0) {
    self.run_vendor(samples, half_a, b, d, first, last, scratch);
  } else if (self.shape.inputs == ElementType::bf16) {
    self.run_widened(samples, half_a, static_cast<const std::uint16_t*>(b), d, from, to, floats(scratch));
  } else {
    self.run_blocks(samples, static_cast<const float*>(a), static_cast<const float*>(b), d, from, to, floats(scratch));
  }
}

// ---- the rest ------------------------------------------------------------------------------------------------------

void plain_product(bool transpose_a, bool transpose_b, Size m, Size n, Size k, const float* a, const float* b, float* d) {
  const Size a_row = transpose_a ? 1 : k, a_depth = transpose_a ? m : 1;
  const Size b_depth = transpose_b ? 1 : n, b_column = transpose_b ? k : 1;
  for (Size i = 0; i < m; ++i) {
    float* row = d + i * n;
    std::fill_n(row, n, 0.0F);
    for (Size p = 0; p < k; ++p) {
      const float x = a[i * a_row + p * a_depth];
      const float* from = b + p * b_depth;
      for (Size j = 0; j < n; ++j) {
        row[j] += x * from[j * b_column];
      }
    }
  }
}

void to_bf16(const float* from, void* to, Size count) {
  pack_kernels().to_bf16(from, static_cast<std::uint16_t*>(to), count);
}

}  // namespace pcxx::cpu

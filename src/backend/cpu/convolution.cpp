/// Convolutions: classes of places, packed weights, blocks of rows. f32 by our kernels; bf16 by oneDNN's where it is worth it.
#include "backend/cpu/convolution.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>

#include "backend/cpu/product_kernel.h"
#include "backend/cpu/product_pack.h"
#include "backend/cpu/product_vendor.h"

namespace pcxx::cpu {
namespace {

constexpr Size kVendorRows = 64;         // rows that one call of oneDNN takes
constexpr Size kVendorPack = 32 * 1024;  // elements of one part of packing by oneDNN

Size blocks(Size count, Size each) { return (count + each - 1) / each; }
std::size_t aligned_bytes(Size count, std::size_t each) { return (static_cast<std::size_t>(count) * each + 63) / 64 * 64; }
std::size_t float_bytes(Size count) { return aligned_bytes(count, sizeof(float)); }
float* floats(std::byte* bytes) { return reinterpret_cast<float*>(bytes); }

/// What a RowSource's function finds behind `self`.
struct Gathered {
  const WindowRows& rows;
  const void* pictures;  // at the group's first channel
  ElementType type;
};

void copy_gathered(const void* self, Size row, Size rows, Size from, Size to, float* out, Size step) {
  const auto& source = *static_cast<const Gathered*>(self);
  if (source.type == ElementType::bf16) {
    source.rows.copy(static_cast<const std::uint16_t*>(source.pictures), row, rows, from, to, out, step);
  } else {
    source.rows.copy(static_cast<const float*>(source.pictures), row, rows, from, to, out, step);
  }
}

const void* at_channel(const void* pictures, Size channel, ElementType type) {
  return static_cast<const std::byte*>(pictures) + static_cast<std::size_t>(channel) * size_of(type);
}

}  // namespace

// ---- pictures times weights ------------------------------------------------------------------------------------------

struct Convolution::Implementation {
  ConvolutionShape shape;
  const ProductKernels& kernels;
  const PackKernels& packing;

  /// Places that see the same taps, and the weight as they want it: B(columns of rows, n) for each group.
  struct Class {
    WindowRows rows;
    std::vector<Size> places;  // of the result, one for each row; empty: as they come
    std::vector<Size> starts;  // of the weight's segments for each tap, if transposed
    std::unique_ptr<VendorProduct> vendor;
    std::size_t packed = 0;       // bytes before this class
    std::size_t group_bytes = 0;  // of one group's packed weight
    Size group_parts = 0;         // of packing one group
    Size first_part = 0;          // parts before this class
  };
  std::vector<Class> classes;
  Size n = 0;       // columns of one group of the result
  Size pitch = 0;   // channels of a place of the result
  Size places = 0;  // of one result
  std::size_t bytes = 0;
  Size parts = 0;

  explicit Implementation(const ConvolutionShape& s) : shape(s), kernels(product_kernels()), packing(pack_kernels()) {
    const WindowGeometry& g = s.geometry;
    n = s.transposed ? g.group_channels() : g.group_features();
    pitch = n * g.groups;
    places = s.transposed ? g.in_places() : g.out_places();
    if (!s.transposed) {
      add({forward_rows(g), {}, {}, nullptr});
      return;
    }
    std::vector<AdjointRows> found = adjoint_rows(g);
    const bool one = found.size() == 1;
    for (AdjointRows& each : found) {
      std::vector<Size> starts;
      for (const Size tap : each.taps) {
        starts.push_back(tap * g.group_channels());
      }
      add({std::move(each.rows), one ? std::vector<Size>() : std::move(each.places), std::move(starts), nullptr});
    }
  }

  void add(Class made) {
    const Size k = made.rows.columns();
    if (vendor_takes(n, k, shape.inputs)) {
      made.vendor = std::make_unique<VendorProduct>(VendorProduct::Shape{kVendorRows, n, k, k, 1, n, true, false}, kVendorPack);
    }
    made.packed = bytes;
    made.group_bytes = made.vendor ? aligned_bytes(static_cast<Size>(made.vendor->packed_bytes()), 1)
                                   : float_bytes(packed_floats(kernels, n, k));
    made.group_parts = made.vendor ? made.vendor->pack_parts() : std::max<Size>(1, blocks(n, kernels.panel_columns));
    made.first_part = parts;
    bytes += made.group_bytes * static_cast<std::size_t>(shape.geometry.groups);
    parts += made.group_parts * shape.geometry.groups;
    classes.push_back(std::move(made));
  }

  const std::byte* packed_group(const Class& c, const std::byte* packed, Size group) const {
    return packed + c.packed + static_cast<std::size_t>(group) * c.group_bytes;
  }

  /// The weight of one group, (features, taps, channels), as B(taps x channels, features) or B(taps x features, channels).
  PackSource source(const Class& c, const float* weight, Size group) const {
    const WindowGeometry& g = shape.geometry;
    const Size filter = g.taps() * g.group_channels(), k = c.rows.columns();
    const float* own = weight + group * g.group_features() * filter;
    if (!shape.transposed) {
      return {own, n, k, true, filter};
    }
    return {own, n, k, false, filter, g.group_features(), c.starts.data()};
  }

  void pack_part(const Class& c, const float* weight, std::byte* packed, Size group, Size part) const {
    std::byte* to = packed + c.packed + static_cast<std::size_t>(group) * c.group_bytes;
    const PackSource from = source(c, weight, group);
    if (c.vendor) {
      c.vendor->pack(from, to, part);
    } else if (from.k > 0) {
      const Size first = part * kernels.panel_columns, last = std::min(n, first + kernels.panel_columns);
      packing.panels(from, shape.inputs == ElementType::bf16, first, last, floats(to));
    }
  }

  /// Rows that go through one after another.
  Size group_rows(const Class& c) const { return c.vendor ? kVendorRows : kernels.gathered_group; }

  std::size_t rows_bytes(const Class& c) const {
    return c.vendor ? aligned_bytes(kVendorRows * c.rows.columns(), sizeof(std::uint16_t)) +
                          aligned_bytes(static_cast<Size>(c.vendor->scratch_bytes()), 1)
                    : float_bytes(kernels.gathered_scratch());
  }

  void compute(const Class& c, const Gathered& from, Size row, Size rows, const std::byte* packed, float* to, Size step,
               std::byte* scratch) const {
    const Size k = c.rows.columns();
    if (!c.vendor) {
      kernels.gathered_rows(row, rows, n, k, {&from, copy_gathered}, reinterpret_cast<const float*>(packed), to, step, floats(scratch));
      return;
    }
    auto* gathered = reinterpret_cast<std::uint16_t*>(scratch);
    c.rows.copy(static_cast<const std::uint16_t*>(from.pictures), row, rows, 0, k, gathered, k);
    std::fill(gathered + rows * k, gathered + kVendorRows * k, std::uint16_t{0});
    c.vendor->run(gathered, packed, to, scratch + aligned_bytes(kVendorRows * k, sizeof(std::uint16_t)));
  }

  void run_class(const Class& c, Size samples, const void* pictures, const std::byte* packed, float* d, std::byte* scratch) const {
    const WindowGeometry& g = shape.geometry;
    const Size all = samples * c.rows.rows(), each = group_rows(c);
    const Size used = shape.transposed ? g.group_features() : g.group_channels();
    float* aside = floats(scratch + rows_bytes(c));
    for (Size row = 0; row < all; row += each) {
      const Size rows = std::min(each, all - row);
      const bool direct = c.places.empty() && (!c.vendor || (rows == each && g.groups == 1));
      for (Size group = 0; group < g.groups; ++group) {
        const Gathered from{c.rows, at_channel(pictures, group * used, shape.inputs), shape.inputs};
        float* to = direct ? d + row * pitch + group * n : aside;
        compute(c, from, row, rows, packed_group(c, packed, group), to, direct ? pitch : n, scratch);
        if (!direct) {
          scatter(c, row, rows, aside, d + group * n);
        }
      }
    }
  }

  void scatter(const Class& c, Size row, Size rows, const float* from, float* d) const {
    for (Size r = row; r < row + rows; ++r, from += n) {
      const Size in_class = r % c.rows.rows();
      const Size place = c.places.empty() ? in_class : c.places[static_cast<std::size_t>(in_class)];
      std::copy_n(from, n, d + (r / c.rows.rows() * places + place) * pitch);
    }
  }
};

Convolution::Convolution(const ConvolutionShape& shape) : implementation_(std::make_unique<Implementation>(shape)) {}
Convolution::~Convolution() = default;

std::size_t Convolution::packed_bytes() const { return implementation_->bytes; }
Size Convolution::pack_parts() const { return implementation_->parts; }

void Convolution::pack(const float* weight, std::byte* packed, Size first, Size last) const {
  const Implementation& self = *implementation_;
  for (const auto& c : self.classes) {
    const Size end = c.first_part + c.group_parts * self.shape.geometry.groups;
    for (Size part = std::max(first, c.first_part); part < std::min(last, end); ++part) {
      self.pack_part(c, weight, packed, (part - c.first_part) / c.group_parts, (part - c.first_part) % c.group_parts);
    }
  }
}

std::size_t Convolution::scratch_bytes() const {
  const Implementation& self = *implementation_;
  std::size_t most = 0;
  for (const auto& c : self.classes) {
    most = std::max(most, self.rows_bytes(c) + float_bytes(self.group_rows(c) * self.n));
  }
  return most;
}

void Convolution::run(Size samples, const void* pictures, const std::byte* packed, float* d, std::byte* scratch) const {
  for (const auto& c : implementation_->classes) {
    implementation_->run_class(c, samples, pictures, packed, d, scratch);
  }
}

// ---- sums over samples and places ------------------------------------------------------------------------------------

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
    return {rows, at_channel(pictures, group * geometry().group_channels(), shape.inputs), shape.inputs};
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
                              .b = {&gathered, copy_gathered},
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

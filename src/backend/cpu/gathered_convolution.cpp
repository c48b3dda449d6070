/// Convolutions of any geometry: classes of places, packed weights, blocks of rows. f32 by our kernels; bf16 by oneDNN's
/// where it is worth it.
#include <algorithm>
#include <utility>

#include "backend/cpu/convolution.h"
#include "backend/cpu/gathered.h"
#include "backend/cpu/product_kernel.h"
#include "backend/cpu/product_pack.h"
#include "backend/cpu/product_vendor.h"
#include "backend/cpu/scratch.h"

namespace pcxx::cpu {
namespace {

constexpr Size kVendorRows = 64;  // rows that one call of oneDNN takes

class GatheredConvolution final : public Convolution {
 public:
  explicit GatheredConvolution(const ConvolutionShape& s) : shape_(s), kernels_(product_kernels()), packing_(pack_kernels()) {
    const WindowGeometry& g = s.geometry;
    n_ = s.transposed ? g.group_channels() : g.group_features();
    pitch_ = n_ * g.groups;
    places_ = s.transposed ? g.in_places() : g.out_places();
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

  std::size_t packed_bytes() const override { return bytes_; }
  Size pack_parts() const override { return parts_; }

  void pack(const float* weight, std::byte* packed, Size first, Size last, std::byte*) const override {
    for (const Class& c : classes_) {
      const Size end = c.first_part + c.group_parts * shape_.geometry.groups;
      for (Size part = std::max(first, c.first_part); part < std::min(last, end); ++part) {
        pack_part(c, weight, packed, (part - c.first_part) / c.group_parts, (part - c.first_part) % c.group_parts);
      }
    }
  }

  std::size_t scratch_bytes() const override {
    std::size_t most = 0;
    for (const Class& c : classes_) {
      most = std::max(most, rows_bytes(c) + float_bytes(group_rows(c) * n_));
    }
    return most;
  }

  void run(Size samples, const void* pictures, const std::byte* packed, float* d, std::byte* scratch) const override {
    for (const Class& c : classes_) {
      run_class(c, samples, pictures, packed, d, scratch);
    }
  }

 private:
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

  void add(Class made) {
    const Size k = made.rows.columns();
    if (vendor_takes(n_, k, shape_.inputs)) {
      made.vendor = std::make_unique<VendorProduct>(VendorProduct::Shape{kVendorRows, n_, k, k, 1, n_, true, false}, kVendorPack);
    }
    made.packed = bytes_;
    made.group_bytes = made.vendor ? whole_lines(made.vendor->packed_bytes())
                                   : float_bytes(packed_floats(kernels_, n_, k));
    made.group_parts = made.vendor ? made.vendor->pack_parts() : std::max<Size>(1, blocks(n_, kernels_.panel_columns));
    made.first_part = parts_;
    bytes_ += made.group_bytes * static_cast<std::size_t>(shape_.geometry.groups);
    parts_ += made.group_parts * shape_.geometry.groups;
    classes_.push_back(std::move(made));
  }

  const std::byte* packed_group(const Class& c, const std::byte* packed, Size group) const {
    return packed + c.packed + static_cast<std::size_t>(group) * c.group_bytes;
  }

  /// The weight of one group, (features, taps, channels), as B(taps x channels, features) or B(taps x features, channels).
  PackSource source(const Class& c, const float* weight, Size group) const {
    const WindowGeometry& g = shape_.geometry;
    const Size filter = g.taps() * g.group_channels(), k = c.rows.columns();
    const float* own = weight + group * g.group_features() * filter;
    if (!shape_.transposed) {
      return {own, n_, k, true, filter};
    }
    return {own, n_, k, false, filter, g.group_features(), c.starts.data()};
  }

  void pack_part(const Class& c, const float* weight, std::byte* packed, Size group, Size part) const {
    std::byte* to = packed + c.packed + static_cast<std::size_t>(group) * c.group_bytes;
    const PackSource from = source(c, weight, group);
    if (c.vendor) {
      c.vendor->pack(from, to, part);
    } else if (from.k > 0) {
      const Size first = part * kernels_.panel_columns, last = std::min(n_, first + kernels_.panel_columns);
      packing_.panels(from, shape_.inputs == ElementType::bf16, first, last, floats(to));
    }
  }

  /// Rows that go through one after another.
  Size group_rows(const Class& c) const { return c.vendor ? kVendorRows : kernels_.gathered_group; }

  std::size_t rows_bytes(const Class& c) const {
    return c.vendor ? aligned_bytes(kVendorRows * c.rows.columns(), sizeof(std::uint16_t)) +
                          whole_lines(c.vendor->scratch_bytes())
                    : float_bytes(kernels_.gathered_scratch());
  }

  void compute(const Class& c, const Gathered& from, Size row, Size rows, const std::byte* packed, float* to, Size step,
               std::byte* scratch) const {
    const Size k = c.rows.columns();
    if (!c.vendor) {
      kernels_.gathered_rows(row, rows, n_, k, {&from, Gathered::copy}, reinterpret_cast<const float*>(packed), to, step, floats(scratch));
      return;
    }
    auto* gathered = reinterpret_cast<std::uint16_t*>(scratch);
    c.rows.copy(static_cast<const std::uint16_t*>(from.pictures), row, rows, 0, k, gathered, k);
    std::fill(gathered + rows * k, gathered + kVendorRows * k, std::uint16_t{0});
    c.vendor->run(gathered, packed, to, scratch + aligned_bytes(kVendorRows * k, sizeof(std::uint16_t)));
  }

  void run_class(const Class& c, Size samples, const void* pictures, const std::byte* packed, float* d, std::byte* scratch) const {
    const WindowGeometry& g = shape_.geometry;
    const Size all = samples * c.rows.rows(), each = group_rows(c);
    const Size used = shape_.transposed ? g.group_features() : g.group_channels();
    float* aside = floats(scratch + rows_bytes(c));
    for (Size row = 0; row < all; row += each) {
      const Size rows = std::min(each, all - row);
      const bool direct = c.places.empty() && (!c.vendor || (rows == each && g.groups == 1));
      for (Size group = 0; group < g.groups; ++group) {
        const Gathered from{c.rows, Gathered::at_channel(pictures, group * used, shape_.inputs), shape_.inputs};
        float* to = direct ? d + row * pitch_ + group * n_ : aside;
        compute(c, from, row, rows, packed_group(c, packed, group), to, direct ? pitch_ : n_, scratch);
        if (!direct) {
          scatter(c, row, rows, aside, d + group * n_);
        }
      }
    }
  }

  void scatter(const Class& c, Size row, Size rows, const float* from, float* d) const {
    for (Size r = row; r < row + rows; ++r, from += n_) {
      const Size in_class = r % c.rows.rows();
      const Size place = c.places.empty() ? in_class : c.places[static_cast<std::size_t>(in_class)];
      std::copy_n(from, n_, d + (r / c.rows.rows() * places_ + place) * pitch_);
    }
  }

  ConvolutionShape shape_;
  const ProductKernels& kernels_;
  const PackKernels& packing_;
  std::vector<Class> classes_;
  Size n_ = 0;       // columns of one group of the result
  Size pitch_ = 0;   // channels of a place of the result
  Size places_ = 0;  // of one result
  std::size_t bytes_ = 0;
  Size parts_ = 0;
};

}  // namespace

std::shared_ptr<const Convolution> gathered_convolution(const ConvolutionShape& shape) {
  return std::make_shared<GatheredConvolution>(shape);
}

}  // namespace pcxx::cpu

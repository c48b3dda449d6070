/// Matrix products by oneDNN for bf16 inputs, each call on the calling thread alone.
#pragma once

#include <cstddef>
#include <memory>

#include "backend/cpu/product_pack.h"
#include "pcxx/core/types.h"

namespace pcxx::cpu {

/// Returns whether this CPU multiplies bf16 natively (AVX-512 BF16 or AMX), so that oneDNN is worth calling.
bool has_native_bf16();

/// Returns whether oneDNN is to multiply by a b(k, n): the rule looks at the shape alone, never at the number of rows, so
/// that a row's bits do not depend on it.
bool vendor_takes(Size n, Size k, ElementType inputs);

/// d(m, n) [+]= a(m, k) b(k, n) in f32 from bf16. Immutable after construction; may be run by many threads at once.
class VendorProduct {
 public:
  struct Shape {
    Size m, n, k;
    Size a_row_step, a_depth_step;  // element (i, p) of a is a[i * a_row_step + p * a_depth_step]
    Size d_row_step;
    bool packed_b;    // in a layout of oneDNN's choice; else row-major
    bool accumulate;  // adds to d
  };

  /// `pack_elements` is the size of a part of packing.
  VendorProduct(const Shape& shape, Size pack_elements);
  ~VendorProduct();

  /// Returns the bytes of b as run expects it.
  std::size_t packed_bytes() const;
  /// Returns into how many independent parts packing is cut.
  Size pack_parts() const;
  /// Returns the columns of b that a part of packing reads.
  struct Columns {
    Size from, to;
  };
  Columns columns_of(Size part) const;
  /// Packs one part of an f32 matrix.
  void pack(const PackSource& b, std::byte* packed, Size part) const;
  std::size_t scratch_bytes() const;
  void run(const void* a, const void* b, float* d, std::byte* scratch) const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace pcxx::cpu

/// Matrix products of the CPU backend: rows times a packed shared matrix, and sums of outer products over samples.
///
/// Results depend on the operands alone: a row's bits owe nothing to how many rows are in the call, a block's bits
/// nothing to the thread that runs it. Objects are immutable after construction and may be run by many threads at once.
#pragma once

#include <cstddef>
#include <memory>

#include "pcxx/core/types.h"

namespace pcxx::cpu {

/// d(rows, n) = a(rows, k) * B, where B is b(k, n), or the transpose of b(n, k). d is f32.
struct RowProductShape {
  Size n;
  Size k;
  bool transposed_b;
  ElementType inputs;  // f32, or bf16: a and the packed b are bf16, sums are f32

  friend auto operator<=>(const RowProductShape&, const RowProductShape&) = default;
};

class RowProduct {
 public:
  /// `tile` is the number of rows most calls have.
  RowProduct(const RowProductShape& shape, Size tile);
  ~RowProduct();

  /// Returns the bytes of packed b (64-byte aligned by the caller).
  std::size_t packed_bytes() const;
  /// Returns into how many independent parts packing may be cut.
  Size pack_parts() const;
  /// Packs parts [first, last) of the f32 matrix b.
  void pack(const float* b, std::byte* packed, Size first, Size last) const;
  /// Returns the bytes of scratch that one call of run needs (64-byte aligned by the caller; may be 0).
  std::size_t scratch_bytes() const;
  /// Computes d for any number of rows; a is f32 or bf16 (as `inputs` says), dense.
  void run(Size rows, const void* a, const std::byte* packed, float* d, std::byte* scratch) const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

/// d(m, n) = sum over samples i of a(i, m) b(i, n), a and b dense, both f32 or both bf16; d is f32.
struct SampleProductShape {
  Size m;
  Size n;
  ElementType inputs;

  friend auto operator<=>(const SampleProductShape&, const SampleProductShape&) = default;
};

class SampleProduct {
 public:
  explicit SampleProduct(const SampleProductShape& shape);
  ~SampleProduct();

  /// Returns into how many parts, each some rows of d, the work may be cut; depends on the shape alone.
  Size parts() const;
  /// Returns the bytes of scratch that one call of run needs for so many samples.
  std::size_t scratch_bytes(Size samples) const;
  /// Computes parts [first, last) of d; zero samples give zeros.
  void run(Size samples, const void* a, const void* b, float* d, Size first, Size last, std::byte* scratch) const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

/// d(m, n) = op(a) op(b) for one pair of small f32 matrices, row-major: shared times shared, sample times sample.
void plain_product(bool transpose_a, bool transpose_b, Size m, Size n, Size k, const float* a, const float* b, float* d);

/// Converts f32 to bf16, to nearest even.
void to_bf16(const float* from, void* to, Size count);

}  // namespace pcxx::cpu

/// Elementwise kernels of the CPU backend: a fused expression as a short list of coarse vector instructions.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "program/fused_kernel.h"

namespace pcxx::cpu {

/// A FusedKernel compiled for this CPU. Immutable after construction; may be run by many threads at once.
///
/// Blocks of rows pass through all instructions while they stay in L1. An element's bits depend on its inputs alone,
/// not on its position, the number of rows or the thread; sample_sum adds rows in order.
class ElementwiseKernel {
 public:
  explicit ElementwiseKernel(const FusedKernel& kernel);
  ~ElementwiseKernel();
  ElementwiseKernel(ElementwiseKernel&&) noexcept;
  ElementwiseKernel& operator=(ElementwiseKernel&&) noexcept;

  /// Returns the bytes of scratch that one call of run needs (64-byte aligned by the caller).
  std::size_t scratch_bytes() const;
  /// Runs over rows x columns. An output may be the same memory as a full input (in place).
  void run(Size rows, std::span<const float* const> inputs, std::span<float* const> outputs, std::byte* scratch) const;
  /// Returns the instructions, one a line, for explain().
  std::string listing() const;
  /// Returns how many instructions a block passes through.
  Size instructions() const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace pcxx::cpu

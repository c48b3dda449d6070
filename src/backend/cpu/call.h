/// Prepared calls: a plan's kernel calls with their kernels built and their operands resolved to places.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backend/cpu/convolution.h"
#include "backend/cpu/product.h"
#include "program/program.h"

namespace pcxx::cpu {

/// Where an operand's bytes begin: a base that is looked up when the plan runs, and steps for rows and tiles.
struct Operand {
  std::size_t base;     // index into Frame::bases
  Size row_bytes = 0;   // per-sample variables of the batch
  Size tile_bytes = 0;  // sums that tiles leave
};

class Recorder;

/// What a call sees of a run: the samples it works on and where variables are.
struct Frame {
  std::span<std::byte* const> bases;
  std::byte* scratch;
  Size samples;         // of the whole batch
  std::uint64_t seed;
  Size row = 0;         // the first row of the tile
  Size rows = 0;        // of the tile; of the batch for shared calls
  Size tile = 0;
  Recorder* recorder = nullptr;  // of this thread, if the run is measured

  template <class T>
  T* at(const Operand& operand) const {
    return reinterpret_cast<T*>(bases[operand.base] + row * operand.row_bytes + tile * operand.tile_bytes);
  }
};

/// One call of a plan. Immutable; run by many threads at once.
class PreparedCall {
 public:
  virtual ~PreparedCall() = default;
  /// Returns into how many pieces a shared call may be cut; depends on the shapes alone. A row call is one piece a tile.
  virtual Size parts() const { return 1; }
  /// Computes the pieces [first, last). Bits do not depend on how the pieces are put together.
  virtual void run(const Frame& frame, Size first, Size last) const = 0;
  virtual std::size_t scratch_bytes(Size samples) const {
    static_cast<void>(samples);
    return 0;
  }
  /// Returns the floating-point operations of the whole batch.
  virtual double flops(Size samples) const = 0;
  /// Returns about how long the whole batch takes, in operations of a product: shares of work are cut by it.
  virtual double cost(Size samples) const = 0;
  /// Returns what explain() adds below the call, or nothing.
  virtual std::string details() const { return {}; }
};

/// Builds kernels, each shape once, and tells where operands are.
class CallBuilder {
 public:
  virtual ~CallBuilder() = default;
  virtual Operand operand(SymbolId symbol) const = 0;
  virtual std::shared_ptr<const RowProduct> row_product(const RowProductShape& shape) = 0;
  virtual std::shared_ptr<const SampleProduct> sample_product(const SampleProductShape& shape) = 0;
  virtual std::shared_ptr<const Convolution> convolution(const ConvolutionShape& shape) = 0;
  virtual std::shared_ptr<const ConvolutionSum> convolution_sum(const ConvolutionSumShape& shape) = 0;
};

/// Returns the prepared form of a call; throws DeviceError for an operation that the backend lacks.
std::unique_ptr<const PreparedCall> prepare(const Program& program, const Call& call, CallBuilder& builder);

/// The same for an OperationKernel: structure, inner reductions, random numbers.
std::unique_ptr<const PreparedCall> prepare_operation(const Program& program, const Call& call, CallBuilder& builder);

/// The same for a convolution or the packing of its weight.
std::unique_ptr<const PreparedCall> prepare_convolution(const Program& program, const Call& call, CallBuilder& builder);

/// Returns the shape by which a convolution of pictures and its packed weight are found.
ConvolutionShape convolution_shape(const ConvolutionKernel& kernel, ElementType inputs);

}  // namespace pcxx::cpu

/// Kernel: what one call of a plan computes. A closed list, which every compiling backend provides.
#pragma once

#include <string>
#include <variant>

#include "program/fused_kernel.h"
#include "tensor/graph.h"
#include "tensor/windows.h"

namespace pcxx {

/// d(m, n) = op(a) op(b); per-sample operands are one matrix a sample. With sum_samples, summed over the samples.
struct ProductKernel {
  Size m;
  Size n;
  Size k;
  bool transpose_a;
  bool transpose_b;
  bool sum_samples;
  bool packed_b = false;  // the second input is the output of a PackKernel
};

/// Rearranges a shared matrix once for the products that read it many times.
struct PackKernel {
  Size n;
  Size k;
  bool transposed;  // the matrix is (n, k)
  ElementType inputs;
};

/// A convolution of channels-last pictures with a shared weight (features, taps..., channels / groups), or an adjoint of it;
/// the adjoint in the weight is summed over the samples.
struct ConvolutionKernel {
  Op op;  // convolve, convolve_transposed or convolve_weight
  Convolution convolution;
  Shape picture;  // (in..., channels)
  Shape result;   // (out..., features)
};

/// Rearranges a weight once for the convolutions that read it.
struct PackWeightKernel {
  ConvolutionKernel reader;
  ElementType inputs;
};

/// Converts f32 to bf16.
struct ConvertKernel {};

/// Adds up what the tiles of a stage left: sum over the samples, in the order of the tiles.
struct CombineKernel {};

/// One operation as it stands, for those that do not fuse: structure, random numbers, reductions over inner axes.
struct OperationKernel {
  ExpressionId expression;  // operands are the call's inputs, in order
};

using Kernel = std::variant<FusedKernel, ProductKernel, ConvolutionKernel, PackKernel, PackWeightKernel, ConvertKernel, CombineKernel, OperationKernel>;

/// Returns a kernel's name and sizes, e.g. "product (1, 128, 64) b' packed".
std::string describe(const Graph& graph, const Kernel& kernel);

}  // namespace pcxx

/// Kernels as text.
#include "program/kernel.h"

#include <fmt/format.h>

namespace pcxx {
namespace {

struct Words {
  const Graph& graph;

  std::string operator()(const FusedKernel& kernel) const {
    return fmt::format("fused, {} steps over {} columns", kernel.steps.size(), kernel.columns);
  }
  std::string operator()(const ProductKernel& kernel) const {
    return fmt::format("product ({}, {}, {}){}{}{}{}", kernel.m, kernel.k, kernel.n, kernel.transpose_a ? " a'" : "",
                       kernel.transpose_b ? " b'" : "", kernel.sum_samples ? " summed over samples" : "",
                       kernel.packed_b ? " packed" : "");
  }
  std::string operator()(const PackKernel& kernel) const {
    return fmt::format("pack ({}, {}){}", kernel.k, kernel.n, kernel.transposed ? " transposed" : "");
  }
  std::string operator()(const ConvolutionKernel& kernel) const {
    return fmt::format("{} {} with {}", to_string(kernel.op), to_string(kernel.picture), to_string(kernel.result));
  }
  std::string operator()(const PackWeightKernel& kernel) const { return "pack for " + (*this)(kernel.reader); }
  std::string operator()(const ConvertKernel&) const { return "to bf16"; }
  std::string operator()(const CombineKernel&) const { return "sum over tiles"; }
  std::string operator()(const OperationKernel& kernel) const {
    const Expression& e = graph[kernel.expression];
    return fmt::format("{} to {}", to_string(e.op), to_string(e.shape));
  }
};

}  // namespace

std::string describe(const Graph& graph, const Kernel& kernel) { return std::visit(Words{graph}, kernel); }

}  // namespace pcxx

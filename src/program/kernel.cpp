/// Kernels as text.
#include "program/kernel.h"

#include <fmt/format.h>

namespace pcxx {
namespace {

std::string words(const FusedKernel& kernel) {
  return fmt::format("fused, {} steps over {} columns", kernel.steps.size(), kernel.columns);
}
std::string words(const ProductKernel& kernel) {
  return fmt::format("product ({}, {}, {}){}{}{}{}", kernel.m, kernel.k, kernel.n, kernel.transpose_a ? " a'" : "",
                     kernel.transpose_b ? " b'" : "", kernel.sum_samples ? " summed over samples" : "",
                     kernel.packed_b ? " packed" : "");
}
std::string words(const PackKernel& kernel) { return fmt::format("pack ({}, {}){}", kernel.k, kernel.n, kernel.transposed ? " transposed" : ""); }
std::string words(const ConvolutionKernel& kernel) {
  return fmt::format("{} {} with {}", to_string(kernel.op), to_string(kernel.picture), to_string(kernel.result));
}
std::string words(const PackWeightKernel& kernel) { return "pack for " + words(kernel.reader); }
std::string words(const ConvertKernel&) { return "to bf16"; }
std::string words(const CombineKernel&) { return "sum over tiles"; }
std::string words(const OperationKernel& kernel) { return fmt::format("operation %{}", kernel.expression); }

}  // namespace

std::string describe(const Kernel& kernel) {
  return std::visit([](const auto& each) { return words(each); }, kernel);
}

}  // namespace pcxx

/// Windows as attributes of an operation: extent, stride, places before and dilation, axis by axis.
#include "tensor/windows.h"

namespace pcxx {
namespace {

constexpr std::size_t kNumbersOfAxis = 4;
constexpr std::size_t kNumbersOfConvolution = 2;  // before those of the windows

}  // namespace

bool is_convolution(Op op) {
  return op == Op::convolve || op == Op::convolve_transposed || op == Op::convolve_weight;
}

Attributes attributes_of(const Windows& windows) {
  Attributes attributes;
  for (std::size_t axis = 0; axis < windows.extents.size(); ++axis) {
    attributes.integers.insert(attributes.integers.end(), {windows.extents[axis], windows.strides[axis],
                                                           windows.before[axis], windows.dilations[axis]});
  }
  return attributes;
}

Attributes attributes_of(const Convolution& convolution) {
  Attributes attributes = attributes_of(convolution.windows);
  attributes.integers.insert(attributes.integers.begin(), {convolution.groups, convolution.sum_samples ? 1 : 0});
  return attributes;
}

Windows windows_of(const Expression& e) {
  Windows windows;
  const auto& numbers = e.attributes.integers;
  for (std::size_t i = is_convolution(e.op) ? kNumbersOfConvolution : 0; i + 3 < numbers.size(); i += kNumbersOfAxis) {
    windows.extents.push_back(numbers[i]);
    windows.strides.push_back(numbers[i + 1]);
    windows.before.push_back(numbers[i + 2]);
    windows.dilations.push_back(numbers[i + 3]);
  }
  return windows;
}

Convolution convolution_of(const Expression& e) {
  return {windows_of(e), e.attributes.integers[0], e.attributes.integers[1] != 0};
}

Size multiply_adds(const Graph& graph, const Expression& e) {
  const Shape& weight = e.op == Op::convolve_weight ? e.shape : graph[e.operands[1]].shape;
  const Shape& result = e.op == Op::convolve ? e.shape : graph[e.operands[e.op == Op::convolve_weight ? 1 : 0]].shape;
  return weight[0] == 0 ? 0 : result.elements() * (weight.elements() / weight[0]);
}

}  // namespace pcxx

/// Which kind of convolution takes a shape.
#include "backend/cpu/convolution.h"

namespace pcxx::cpu {

std::shared_ptr<const Convolution> make_convolution(const ConvolutionShape& shape) {
  return winograd_takes(shape) ? winograd_convolution(shape) : gathered_convolution(shape);
}

std::shared_ptr<const ConvolutionSum> make_convolution_sum(const ConvolutionSumShape& shape) {
  return winograd_takes(shape) ? winograd_sum(shape) : gathered_sum(shape);
}

}  // namespace pcxx::cpu

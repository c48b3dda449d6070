/// Random geometry of convolutions and pools.
#pragma once

#include <vector>

#include "pcxx/core/random.h"
#include "tensor/windows.h"

namespace pcxx::test {

/// A convolution of small random pictures, one to three axes: strides, padding, dilation, groups.
struct RandomConvolution {
  Convolution convolution;
  Shape picture, weight, result;
};

/// Returns windows and shapes that fit; every few results lie partly outside, and part of the picture may be unread.
RandomConvolution random_convolution(RandomStream& random, Size axes);

}  // namespace pcxx::test

/// Dropout: elements that are left out at random while a program trains.
#pragma once

#include "pcxx/tensor/tensor.h"

namespace pcxx {

/// Returns x with each element 0 with this probability and else divided by 1 - probability, in programs that train; x in
/// those that evaluate (Flow::mode). Which elements are left out is drawn once for each run, sample and use of this
/// function: it stays the same from the start through all steps of relaxation to the step of the weights, so that the
/// energy that values descend is one function. Keys follow from the seed. Throws ArgumentError unless
/// 0 <= probability < 1. Srivastava et al. 2014.
Tensor dropout(const Tensor& x, double probability);

}  // namespace pcxx

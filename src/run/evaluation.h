/// How well a network predicts the labels of a data set.
#pragma once

#include <functional>

#include "pcxx/data/dataset.h"

namespace pcxx {

/// Returns the part of the samples whose largest prediction is at their label. `predict` gets rows
/// of inputs and returns (samples, classes).
double accuracy_on(const Dataset& data,
                   const std::function<Array(Size samples, const float* rows)>& predict);

}  // namespace pcxx

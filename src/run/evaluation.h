/// How well a network predicts the labels of a data set.
#pragma once

#include <functional>

#include "pcxx/data/dataset.h"
#include "pcxx/data/loader.h"
#include "pcxx/run/recipe.h"

namespace pcxx {

/// Returns a loader of all samples as they lie, prepared as a recipe says.
Loader test_loader(const Dataset& data, const DataRecipe& recipe);

/// Returns the part of the samples whose largest prediction is at their label. `predict` gets rows
/// of inputs and returns (samples, classes).
double accuracy_on(const Dataset& data, const DataRecipe& recipe,
                   const std::function<Array(Size samples, const float* rows)>& predict);

}  // namespace pcxx

/// How well a network predicts the labels of a data set.
#pragma once

#include <functional>

#include "pcxx/data/dataset.h"
#include "pcxx/data/loader.h"
#include "pcxx/run/confusion.h"
#include "pcxx/run/recipe.h"

namespace pcxx {

/// Returns a loader of all samples as they lie, prepared as a recipe says.
Loader test_loader(const Dataset& data, const DataRecipe& recipe);

/// Returns which classes of the data are taken for which. `predict` gets rows of inputs and returns (samples, classes).
ConfusionMatrix confusion_on(const Dataset& data, const DataRecipe& recipe,
                             const std::function<Array(Size samples, const float* rows)>& predict);

}  // namespace pcxx

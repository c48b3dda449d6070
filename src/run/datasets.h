/// Data sets by the names that recipes use.
#pragma once

#include <string>
#include <vector>

#include "pcxx/data/dataset.h"
#include "pcxx/run/recipe.h"

namespace pcxx {

std::vector<std::string> dataset_names();

/// Returns whether a data set is made, not read.
bool is_generator(const std::string& name);

/// Throws RecipeError if the network's input or label does not fit the data.
void check_fit(const Recipe& recipe, const Split& data);

}  // namespace pcxx

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

/// Reads or makes the data set of a recipe, with the transforms of its pictures, to be read through a Loader.
/// Throws FileError naming where the files were looked for and the remedy, RecipeError if the transforms do not fit.
Split load_data(const DataRecipe& recipe);

/// Throws RecipeError if the network's input or label does not fit the data.
void check_fit(const Recipe& recipe, const Split& data);

}  // namespace pcxx

/// The optimisers and rates of a recipe, as its tables say them.
#pragma once

#include <string>
#include <vector>

#include "pcxx/run/recipe.h"
#include "run/recipe_table.h"

namespace pcxx {

/// Returns an optimiser with its rate; what the table leaves out is the fallback's, or the default of another optimiser.
/// `further` are keys of the table that are the caller's. Throws RecipeError.
OptimiserRecipe read_optimiser(const RecipeTable& table, const OptimiserRecipe& fallback,
                               const std::vector<std::string>& further);

}  // namespace pcxx

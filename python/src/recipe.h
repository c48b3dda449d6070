/// Recipes as functions of the module take them.
#pragma once

#include <pcxx/run/recipe.h>

#include <filesystem>
#include <variant>

#include "bindings.h"

namespace pcxx::python {

/// A recipe, or the file that holds it.
using RecipeLike = std::variant<Recipe, std::filesystem::path>;
Recipe recipe_of(const RecipeLike& recipe);

/// Returns the Python object of a network that a recipe describes.
nb::object built_network(const Recipe& recipe);

}  // namespace pcxx::python

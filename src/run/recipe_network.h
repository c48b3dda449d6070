/// The network of a recipe: read from its table, and built layer by layer.
#pragma once

#include <string>

#include "pcxx/run/recipe.h"
#include "run/recipe_table.h"

namespace pcxx {

/// Returns what [network] says in one of its three forms: widths, a model's name, or layers one by one. Throws RecipeError,
/// also for a layer that cannot follow the one below it.
NetworkRecipe read_network(const RecipeTable& table);

/// Returns the names of the models that a recipe can name.
std::vector<std::string> picture_model_names();

/// What a model leaves open.
struct PictureModelRecipe {
  Shape picture = {3, 32, 32};
  Size classes = 10;
  Size channels = 0;  // of the first convolution, to which all others and the widths are in proportion; 0: the published
  std::string activation = "gelu";
  std::string energy = "squared_error";  // of the label
  std::string initialiser = "fan_in_uniform";
  bool bias = true;
};

/// Returns a model of models.h layer by layer.
NetworkRecipe picture_model(const std::string& name, const PictureModelRecipe& options);

/// Adds the node of a layer that reads `below` and returns it. Throws ShapeError if a kernel or a pool exceeds what it reads,
/// NameError if the name is taken.
Node add_layer(Network& network, const Tensor& below, const LayerRecipe& layer, const Energy& energy);

}  // namespace pcxx

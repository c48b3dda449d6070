/// Networks of convolutional blocks: the list of each one's blocks, spelled out as layers.
#include "pcxx/run/models.h"

#include <fmt/format.h>

#include <map>
#include <vector>

#include "run/recipe_network.h"

namespace pcxx {
namespace {

/// A convolution 3x3, an activation and perhaps a maximum pool of 2: one node.
struct PictureBlock {
  Size channels;  // as the widths below in units of the first block's
  Size stride = 1;
  bool pool = false;
};

/// Blocks of pictures, then blocks of vectors; the label is linear in the last.
struct PictureModel {
  Size channels;
  std::vector<PictureBlock> blocks;
  std::vector<Size> widths;
};

const std::map<std::string, PictureModel>& picture_models() {
  static const std::map<std::string, PictureModel> kModels = {
      {"alexnet", {64, {{1, 2, true}, {3, 1, true}, {6}, {4}, {4, 1, true}}, {64, 64}}},
      {"vgg5", {128, {{1, 1, true}, {2, 1, true}, {4, 1, true}, {4, 1, true}}, {}}}};
  return kModels;
}

std::unique_ptr<Network> picture_network(const char* name, const PictureModelOptions& options) {
  const NetworkRecipe recipe = picture_model(
      name, {.picture = options.picture, .classes = options.classes, .activation = options.activation});
  auto network = std::make_unique<Network>();
  Node below = network->node("input", recipe.input);
  for (const LayerRecipe& layer : recipe.layers) {
    below = add_layer(*network, below, layer, layer.name == "label" ? options.output : squared_error());
  }
  return network;
}

}  // namespace

std::vector<std::string> picture_model_names() {
  std::vector<std::string> names;
  for (const auto& [name, model] : picture_models()) {
    names.push_back(name);
  }
  return names;
}

NetworkRecipe picture_model(const std::string& name, const PictureModelRecipe& options) {
  const PictureModel& model = picture_models().at(name);
  const Size unit = options.channels > 0 ? options.channels : model.channels;
  NetworkRecipe network{options.picture, {}};
  const auto add = [&](LayerRecipe layer) {
    layer.name = fmt::format("block{}", network.layers.size() + 1);
    layer.activation = options.activation;
    layer.initialiser = options.initialiser;
    layer.bias = options.bias;
    network.layers.push_back(std::move(layer));
  };
  for (const PictureBlock& block : model.blocks) {
    add({.channels = block.channels * unit, .kernel = 3, .stride = block.stride, .padding = 1, .max_pool = block.pool ? 2 : 0});
  }
  for (const Size width : model.widths) {
    add({.width = width * unit});
  }
  add({.width = options.classes});
  LayerRecipe& label = network.layers.back();
  label.name = "label";
  label.activation = "identity";
  label.energy = options.energy;
  return network;
}

std::unique_ptr<Network> vgg5(const PictureModelOptions& options) { return picture_network("vgg5", options); }

std::unique_ptr<Network> alexnet(const PictureModelOptions& options) { return picture_network("alexnet", options); }

}  // namespace pcxx

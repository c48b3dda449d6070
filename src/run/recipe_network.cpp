/// Reading networks: from widths, a model's name or layers one by one to the layers, each tried on the one below.
#include "run/recipe_network.h"

#include <fmt/format.h>

#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {
namespace {

/// Returns a message of the library without the "[who] " that it begins with.
std::string without_speaker(const std::string& message) {
  const std::size_t begin = message.find("] ");
  return begin == std::string::npos ? message : message.substr(begin + 2);
}

/// Runs a lookup; an unknown name becomes a RecipeError at the key.
template <class Lookup>
void check_name(const RecipeTable& table, std::string_view key, const Lookup& lookup) {
  try {
    lookup();
  } catch (const NameError& error) {
    table.fail(key, fmt::format("'{}': {}", table.full(key), without_speaker(error.what())));
  }
}

std::string activation(const RecipeTable& table, const std::string& fallback) {
  Names known;
  for (const std::string_view name : activation_names()) {
    known.emplace_back(name);
  }
  return table.choice("activation", known, fallback);
}

std::string energy(const RecipeTable& table, const std::string& fallback) {
  const std::string name = table.text("energy", fallback);
  check_name(table, "energy", [&] { energy_from(name); });
  return name;
}

std::string initialiser(const RecipeTable& table, const std::string& fallback) {
  const std::string name = table.text("initialiser", fallback);
  check_name(table, "initialiser", [&] { initialiser_from(name); });
  return name;
}

std::string default_name(std::size_t layer, std::size_t count) {
  return layer + 1 == count ? "label" : fmt::format("hidden{}", layer + 1);
}

/// The extents of a picture, (channels, height, width).
Shape read_picture(const RecipeTable& table) {
  const std::vector<Size> extents = table.integers("input", 1);
  if (extents.size() != 3) {
    table.fail("input", fmt::format("'{}' has {} number{}; expected the three of a picture: channels, height, width",
                                    table.full("input"), extents.size(), extents.size() == 1 ? "" : "s"));
  }
  return Shape(extents);
}

/// widths = [input, hidden..., label], and one activation for the hidden layers.
NetworkRecipe network_from_widths(const RecipeTable& table) {
  table.expect_keys(Names{"widths", "activation", "energy", "initialiser", "bias"});
  const std::vector<Size> widths = table.integers("widths", 1);
  if (widths.size() < 2) {
    table.fail(
        "widths",
        fmt::format(
            "'network.widths' has {} number{}; expected at least the input's and the label's",
            widths.size(), widths.size() == 1 ? "" : "s"));
  }
  NetworkRecipe network{{widths.front()}, {}};
  const std::string hidden = activation(table, "gelu");
  const std::string label = energy(table, "squared_error");
  for (std::size_t i = 1; i < widths.size(); ++i) {
    const bool last = i + 1 == widths.size();
    network.layers.push_back({default_name(i - 1, widths.size() - 1), widths[i],
                              last ? "identity" : hidden, last ? label : "squared_error",
                              initialiser(table, "fan_in_uniform"), table.flag("bias", true)});
  }
  return network;
}

/// model = "vgg5", and what it leaves open.
NetworkRecipe network_from_model(const RecipeTable& table) {
  table.expect_keys(Names{"model", "input", "classes", "channels", "activation", "energy", "initialiser", "bias"});
  const std::string name = table.choice("model", picture_model_names());
  const PictureModelRecipe options{.picture = read_picture(table),
                                   .classes = table.integer("classes", 1),
                                   .channels = table.integer("channels", 1, 0),
                                   .activation = activation(table, "gelu"),
                                   .energy = energy(table, "squared_error"),
                                   .initialiser = initialiser(table, "fan_in_uniform"),
                                   .bias = table.flag("bias", true)};
  return picture_model(name, options);
}

/// A layer with `channels` is a convolution, one with a `width` dense.
void read_kind(const RecipeTable& table, LayerRecipe& layer) {
  const Names common{"name", "activation", "energy", "initialiser", "bias"};
  if (!table.has("channels")) {
    table.expect_keys(common + Names{"width", "channels"});
    layer.width = table.integer("width", 1);
    return;
  }
  if (table.has("width")) {
    table.fail("width", fmt::format("'{}' stands beside '{}'; expected a width for a dense layer or channels for a convolution",
                                    table.full("width"), table.full("channels")));
  }
  table.expect_keys(common + Names{"channels", "kernel", "stride", "padding", "max_pool", "average_pool"});
  layer.channels = table.integer("channels", 1);
  layer.kernel = table.integer("kernel", 1);
  layer.stride = table.integer("stride", 1, 1);
  layer.padding = table.integer("padding", 0, 0);
  layer.max_pool = table.integer("max_pool", 1, 0);
  layer.average_pool = table.integer("average_pool", 1, 0);
  if (layer.max_pool > 0 && layer.average_pool > 0) {
    table.fail("average_pool", fmt::format("'{}' stands beside '{}'; expected one pool at most", table.full("average_pool"),
                                           table.full("max_pool")));
  }
}

LayerRecipe read_layer(const RecipeTable& table, std::size_t i, std::size_t count) {
  LayerRecipe layer;
  layer.name = table.text("name", default_name(i, count));
  read_kind(table, layer);
  layer.activation = activation(table, "identity");
  layer.energy = energy(table, "squared_error");
  layer.initialiser = initialiser(table, "fan_in_uniform");
  layer.bias = table.flag("bias", true);
  if (i + 1 < count) {
    return layer;
  }
  if (layer.name != "label") {
    table.fail("name", fmt::format("'{}' is \"{}\"; the last layer's name is \"label\"", table.full("name"), layer.name));
  }
  if (layer.channels > 0) {
    table.fail("channels", fmt::format("'{}' makes a picture of the label; the last layer has a width", table.full("channels")));
  }
  return layer;
}

/// input = 784 or [3, 32, 32] and one [[network.layer]] each; the last one is the label.
NetworkRecipe network_from_layers(const RecipeTable& table) {
  table.expect_keys(Names{"input", "layer"});
  NetworkRecipe network{table.is_array("input") ? read_picture(table) : Shape{table.integer("input", 1)}, {}};
  const std::vector<RecipeTable> layers = table.tables("layer");
  if (layers.empty()) {
    table.fail("layer",
               "'network' has neither 'widths' nor a 'model' nor layers; expected widths = [784, 128, 10], model = \"vgg5\", "
               "or [[network.layer]] tables");
  }
  for (std::size_t i = 0; i < layers.size(); ++i) {
    network.layers.push_back(read_layer(layers[i], i, layers.size()));
  }
  return network;
}

/// The table that a layer comes from, for the place of an error.
RecipeTable table_of(const RecipeTable& table, std::size_t layer) {
  return table.has("layer") ? table.tables("layer")[layer] : table;
}

/// Throws at the first layer that cannot be built.
void check_layers(const RecipeTable& table, const NetworkRecipe& recipe) {
  Network network;
  Node below = network.node("input", recipe.input);
  for (std::size_t i = 0; i < recipe.layers.size(); ++i) {
    const LayerRecipe& layer = recipe.layers[i];
    if (layer.channels > 0 && below.shape().rank() != 3) {
      table_of(table, i).fail("channels", fmt::format("layer '{}' is a convolution, but '{}' below it is {}; expected a "
                                                      "picture: channels, height, width",
                                                      layer.name, below.name(), to_string(below.shape())));
    }
    try {
      below = add_layer(network, below, layer, energy_from(layer.energy));
    } catch (const ArgumentError& error) {
      table_of(table, i).fail("", fmt::format("layer '{}' cannot be built on '{}', {}: {}", layer.name, below.name(),
                                              to_string(below.shape()), without_speaker(error.what())));
    }
  }
}

}  // namespace

NetworkRecipe read_network(const RecipeTable& table) {
  const NetworkRecipe network = table.has("widths")  ? network_from_widths(table)
                                : table.has("model") ? network_from_model(table)
                                                     : network_from_layers(table);
  check_layers(table, network);
  return network;
}

}  // namespace pcxx

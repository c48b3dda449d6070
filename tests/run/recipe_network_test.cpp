/// Tests of networks for pictures in recipes: models by name, convolutions layer by layer, and what cannot be built.
#include "run/recipe_network.h"

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pcxx/core/errors.h"
#include "pcxx/core/random.h"
#include "pcxx/data/dataset.h"
#include "pcxx/network/layers.h"
#include "pcxx/run/models.h"
#include "pcxx/run/trainer.h"
#include "pcxx/tensor/operations.h"
#include "support/message.h"

namespace pcxx {
namespace {

using test::message_of;

const std::string kData = "[data]\nname = \"fashion_mnist\"\n";

Recipe parse(const std::string& network, const std::vector<std::string>& overrides = {}) {
  return parse_recipe("[network]\n" + network + kData, "a.toml", overrides);
}

std::string problem(const std::string& network) {
  return message_of<RecipeError>([&] { parse(network); });
}

using NamedShapes = std::vector<std::pair<std::string, Shape>>;

template <class Things>
NamedShapes shapes_of(const Things& things) {
  NamedShapes shapes;
  for (const auto& thing : things) {
    shapes.emplace_back(thing.name(), thing.shape());
  }
  return shapes;
}

TEST(RecipeNetwork, AModelByNameIsThatOfTheLibrary) {
  const auto expect_same = [](const Network& read, const Network& made) {
    EXPECT_EQ(shapes_of(read.nodes()), shapes_of(made.nodes()));
    EXPECT_EQ(shapes_of(read.parameters()), shapes_of(made.parameters()));
  };
  expect_same(*build_network(parse("model = \"vgg5\"\ninput = [1, 32, 32]\nclasses = 7\n")),
              *vgg5({.picture = {1, 32, 32}, .classes = 7}));
  expect_same(*build_network(parse("model = \"alexnet\"\ninput = [3, 32, 32]\nclasses = 10\n")), *alexnet());
}

TEST(RecipeNetwork, AModelKeepsItsProportions) {
  const auto network = build_network(parse("model = \"alexnet\"\ninput = [3, 32, 32]\nclasses = 10\nchannels = 2\n"));
  const NamedShapes expected = {{"input", {3, 32, 32}}, {"block1", {2, 8, 8}}, {"block2", {6, 4, 4}}, {"block3", {12, 4, 4}},
                                {"block4", {8, 4, 4}},  {"block5", {8, 2, 2}}, {"block6", {128}},     {"block7", {128}},
                                {"label", {10}}};
  EXPECT_EQ(shapes_of(network->nodes()), expected);
}

const char* const kLayers = R"(
# [layers]
input = [2, 9, 8]             # channels, height, width

[[network.layer]]
name = "edges"
channels = 3
kernel = 3
stride = 2
padding = 1
activation = "tanh"
max_pool = 2

[[network.layer]]
channels = 4
kernel = 2
bias = false
activation = "gelu"
average_pool = 1

[[network.layer]]
width = 5
activation = "relu"

[[network.layer]]
width = 3
energy = "categorical"
# [/layers]
)";

/// The same network, written out.
struct Written : Network {
  Node input = node("input", {2, 9, 8});
  Written() {
    const Tensor first = tanh(conv2d(input, 3, 3, {.stride = 2, .padding = 1, .name = "edges"}));
    const Node edges = node("edges", {3, 2, 2}, max_pool2d(first, 2));
    const Tensor second = gelu(conv2d(edges, 4, 2, {.bias = false, .name = "hidden2"}));
    const Node hidden2 = node("hidden2", {4, 1, 1}, avg_pool2d(second, 1));
    const Node hidden3 = node("hidden3", {5}, relu(linear(reshape(hidden2, {4}), 5, {.name = "hidden3"})));
    node("label", {3}, linear(hidden3, 3, {.name = "label"}), categorical());
  }
};

constexpr std::int32_t kLabels[] = {0, 1, 2, 2, 1, 0};

/// Returns the energies of three steps of training on random pictures.
std::vector<double> energies(const Network& network) {
  const Node input = network.node_named("input"), label = network.node_named("label");
  Trainer trainer(network, PredictiveCoding{.steps = 4, .values = sgd({.rate = 0.1})}, {.seed = 5, .threads = 1});
  Array pictures(Shape{6, 2, 9, 8}, ElementType::f32);
  RandomStream random(1, 0);
  for (float& pixel : pictures.as<float>()) {
    pixel = static_cast<float>(random.normal());
  }
  const Array targets = one_hot(std::span<const std::int32_t>(kLabels), 3);
  std::vector<double> result;
  for (int step = 0; step < 3; ++step) {
    result.push_back(trainer.step({{input, pictures}, {label, targets}}).energy);
  }
  return result;
}

TEST(RecipeNetwork, LayersOneByOneLearnAsTheNetworkWrittenOut) {
  EXPECT_EQ(energies(*build_network(parse(kLayers))), energies(Written()));
}

TEST(RecipeNetwork, TextReadAgainIsTheSameAndChangesAreNamed) {
  const Recipe recipe = parse(kLayers, {"network.layer.0.stride=1", "network.layer.0.max_pool=3"});
  EXPECT_EQ(differences(parse_recipe(recipe.text, "b.toml"), recipe), std::vector<std::string>{});
  EXPECT_EQ(differences(recipe, parse(kLayers)),
            std::vector<std::string>{"network.layer.0.convolution: 3 3 1 1 3 0, was 3 3 2 1 2 0"});
}

TEST(RecipeNetworkErrors, ModelsAreChecked) {
  EXPECT_EQ(problem("model = \"vgg\"\ninput = [1, 32, 32]\nclasses = 10\n"),
            "[recipe] a.toml:2:9: 'network.model' is \"vgg\"; nearest: \"vgg5\"; known: alexnet, vgg5");
  EXPECT_EQ(problem("model = \"vgg5\"\ninput = [32, 32]\nclasses = 10\n"),
            "[recipe] a.toml:3:9: 'network.input' has 2 numbers; expected the three of a picture: channels, height, width");
  EXPECT_EQ(problem("model = \"vgg5\"\ninput = [1, 32, 32]\n"),
            "[recipe] a.toml:1:1: 'network.classes' is missing; expected an integer of at least 1");
  EXPECT_EQ(problem("model = \"vgg5\"\ninput = [1, 32, 32]\nclasses = 10\nwidth = 3\n"),
            "[recipe] a.toml:5:1: unknown key 'network.width'; nearest: 'network.model'; known: model, input, classes, "
            "channels, activation, energy, initialiser, bias");
  EXPECT_EQ(problem("model = \"vgg5\"\ninput = [1, 8, 8]\nclasses = 10\n"),
            "[recipe] a.toml:1:1: layer 'block4' cannot be built on 'block3', (512, 1, 1): kernel (2, 2) with dilation (1, 1) "
            "exceeds the padded input (1, 1) (the input is (1, 1)); expected a smaller kernel or more padding");
}

TEST(RecipeNetworkErrors, LayersAreChecked) {
  const std::string label = "[[network.layer]]\nwidth = 10\n";
  const auto with = [&](const std::string& layer) { return problem("input = [1, 4, 4]\n[[network.layer]]\n" + layer + label); };
  EXPECT_EQ(with("channels = 3\n"),
            "[recipe] a.toml:3:1: 'network.layer.0.kernel' is missing; expected an integer of at least 1");
  EXPECT_EQ(with("channels = 3\nwidth = 2\n"),
            "[recipe] a.toml:5:9: 'network.layer.0.width' stands beside 'network.layer.0.channels'; expected a width for a "
            "dense layer or channels for a convolution");
  EXPECT_EQ(with("channels = 3\nkernel = 3\nmax_pool = 2\naverage_pool = 2\n"),
            "[recipe] a.toml:7:16: 'network.layer.0.average_pool' stands beside 'network.layer.0.max_pool'; expected one pool "
            "at most");
  EXPECT_EQ(with("width = 3\nkernel = 3\n"),
            "[recipe] a.toml:5:1: unknown key 'network.layer.0.kernel'; nearest: 'network.layer.0.name'; known: name, "
            "activation, energy, initialiser, bias, width, channels");
  EXPECT_EQ(with("channels = 3\nkernel = 5\n"),
            "[recipe] a.toml:3:1: layer 'hidden1' cannot be built on 'input', (1, 4, 4): kernel (5, 5) with dilation (1, 1) "
            "exceeds the padded input (4, 4) (the input is (4, 4)); expected a smaller kernel or more padding");
  EXPECT_EQ(with("width = 3\n[[network.layer]]\nchannels = 3\nkernel = 3\n"),
            "[recipe] a.toml:6:12: layer 'hidden2' is a convolution, but 'hidden1' below it is (3); expected a picture: "
            "channels, height, width");
  EXPECT_EQ(problem("input = [1, 4, 4]\n[[network.layer]]\nchannels = 10\nkernel = 4\n"),
            "[recipe] a.toml:4:12: 'network.layer.0.channels' makes a picture of the label; the last layer has a width");
  EXPECT_EQ(with("width = 3\nname = \"label\"\n"),
            "[recipe] a.toml:6:1: layer 'label' cannot be built on 'label', (3): name 'label.weight' is taken; expected "
            "one for each");
}

}  // namespace
}  // namespace pcxx

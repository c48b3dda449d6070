/// Tests of recipes: what they mean, and what is said of those that make no sense.
#include "pcxx/run/recipe.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pcxx/core/errors.h"
#include "support/message.h"

namespace pcxx {
namespace {

using test::message_of;

const std::string kMinimal = R"(
[network]
widths = [2, 8, 2]

[data]
name = "moons"
)";

Recipe parse(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return parse_recipe(text, "a.toml", overrides);
}

std::string problem(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return message_of<RecipeError>([&] { parse(text, overrides); });
}

TEST(Recipe, HasDefaults) {
  const Recipe recipe = parse(kMinimal);
  EXPECT_EQ(recipe.name, "a");
  EXPECT_EQ(recipe.seed, 0U);
  EXPECT_EQ(recipe.epochs, 1);
  EXPECT_EQ(recipe.device, "cpu");
  EXPECT_EQ(recipe.rule.name, "pc");
  EXPECT_EQ(recipe.rule.steps, 8);
  ASSERT_EQ(recipe.network.layers.size(), 2U);
  EXPECT_EQ(recipe.network.input, Shape{2});
  EXPECT_EQ(recipe.network.layers[0].name, "hidden1");
  EXPECT_EQ(recipe.network.layers[0].activation, "gelu");
  EXPECT_EQ(recipe.network.layers[1].name, "label");
  EXPECT_EQ(recipe.network.layers[1].activation, "identity");
  ASSERT_EQ(recipe.weights.size(), 1U);
  EXPECT_EQ(recipe.weights[0].optimiser, "adamw");
  EXPECT_EQ(recipe.data.train, 1024);
}

TEST(Recipe, OfFashionMnistIsThePublishedOne) {
  const Recipe recipe = load_recipe(PCXX_SOURCE_DIR "/recipes/fashion_mnist_mlp.toml");
  EXPECT_EQ(recipe.name, "fashion_mnist_mlp");
  EXPECT_EQ(recipe.epochs, 25);
  EXPECT_EQ(recipe.seed, 0U);
  EXPECT_EQ(recipe.network.input, Shape{784});
  ASSERT_EQ(recipe.network.layers.size(), 4U);
  for (const LayerRecipe& layer : recipe.network.layers) {
    const bool last = layer.name == "label";
    EXPECT_EQ(layer.width, last ? 10 : 128);
    EXPECT_EQ(layer.activation, last ? "identity" : "gelu");
    EXPECT_EQ(layer.energy, "squared_error");
    EXPECT_TRUE(layer.bias);
  }
  EXPECT_EQ(recipe.rule.steps, 5);
  EXPECT_EQ(recipe.rule.values.optimiser, "sgd");
  EXPECT_EQ(recipe.rule.values.rate.first, 0.0261);
  EXPECT_EQ(recipe.rule.values.momentum, 0.1);
  const OptimiserRecipe& weights = recipe.weights.at(0);
  EXPECT_EQ(weights.optimiser, "adamw");
  EXPECT_EQ(weights.weight_decay, 1.8e-3);
  EXPECT_EQ(weights.rate.schedule, "warmup_cosine");
  EXPECT_EQ(weights.rate.first, 2.97e-4);
  EXPECT_DOUBLE_EQ(weights.rate.peak, 1.1 * 2.97e-4);
  EXPECT_DOUBLE_EQ(weights.rate.last, 0.1 * 2.97e-4);
  EXPECT_EQ(weights.rate.warmup, 0.1);
  EXPECT_EQ(recipe.data.batch, 128);
  EXPECT_TRUE(recipe.data.drop_last);
  EXPECT_TRUE(recipe.data.shuffle);
  EXPECT_EQ(batches_per_epoch(recipe.data, 60000), 468);
}

TEST(Recipe, OfEveryFileInTheFolderCanBeRead) {
  for (const char* name : {"cifar10_mlp", "fashion_mnist_mlp", "fashion_mnist_mlp_bp", "fashion_mnist_vgg5",
                           "fashion_mnist_vgg5_bp", "two_moons", "two_moons_layers"}) {
    const Recipe recipe = load_recipe(std::string(PCXX_SOURCE_DIR "/recipes/") + name + ".toml");
    EXPECT_NO_THROW(build_rule(recipe, 100));
    EXPECT_EQ(build_network(recipe)->nodes().size(), recipe.network.layers.size() + 1);
  }
}

TEST(Recipe, TakesLayersOneByOne) {
  const Recipe recipe = parse(R"(
[network]
input = 2
[[network.layer]]
name = "low"
width = 16
activation = "tanh"
initialiser = "orthogonal"
[[network.layer]]
width = 2
energy = "categorical"
bias = false
[data]
name = "moons"
)");
  ASSERT_EQ(recipe.network.layers.size(), 2U);
  EXPECT_EQ(recipe.network.layers[0].name, "low");
  EXPECT_EQ(recipe.network.layers[0].initialiser, "orthogonal");
  EXPECT_EQ(recipe.network.layers[1].name, "label");
  EXPECT_FALSE(recipe.network.layers[1].bias);
  const auto network = build_network(recipe);
  std::vector<std::string> names;
  for (const Parameter& parameter : network->parameters()) {
    names.push_back(parameter.name());
  }
  EXPECT_EQ(names, (std::vector<std::string>{"low.weight", "low.bias", "label.weight"}));
}

TEST(Recipe, TakesGroupsOfParameters) {
  const Recipe recipe = parse(kMinimal + R"(
[[weights.group]]
parameters = "*.weight"
optimiser = "adam"
rate = 0.01
[[weights.group]]
parameters = "*.bias"
optimiser = "sgd"
rate = { schedule = "step", first = 0.1, factor = 0.5, every = 10 }
)");
  ASSERT_EQ(recipe.weights.size(), 2U);
  EXPECT_EQ(recipe.weights[0].parameters, "*.weight");
  EXPECT_EQ(recipe.weights[1].rate.every, 10);
}

TEST(Recipe, IsOverridden) {
  const Recipe recipe =
      parse(kMinimal, {"rule.steps=3", "device=reference", "rule.values.rate=0.25",
                       "network.widths.1=32", "data.shuffle=false"});
  EXPECT_EQ(recipe.rule.steps, 3);
  EXPECT_EQ(recipe.device, "reference");
  EXPECT_EQ(recipe.rule.values.rate.first, 0.25);
  EXPECT_EQ(recipe.network.layers[0].width, 32);
  EXPECT_FALSE(recipe.data.shuffle);
}

TEST(Recipe, TextReadAgainIsTheSameRecipe) {
  const Recipe recipe = parse(kMinimal, {"rule.values.rate=0.0261", "weights.rate.schedule=linear",
                                         "weights.rate.first=1e-3", "weights.rate.last=0.1"});
  EXPECT_EQ(differences(parse_recipe(recipe.text, "b.toml"), recipe), std::vector<std::string>{});
}

TEST(Recipe, DifferencesNameKeysAndValues) {
  EXPECT_EQ(differences(parse(kMinimal, {"rule.steps=5"}), parse(kMinimal)),
            std::vector<std::string>{"rule.steps: 5, was 8"});
}

TEST(RecipeErrors, UnknownKeyHasPlaceAndNearestName) {
  EXPECT_EQ(problem(kMinimal + "[rule]\nstpes = 5\n"),
            "[recipe] a.toml:8:1: unknown key 'rule.stpes'; nearest: 'rule.steps'; known: name, "
            "steps, values");
  EXPECT_EQ(problem("epoch = 3\n" + kMinimal),
            "[recipe] a.toml:1:1: unknown key 'epoch'; nearest: 'epochs'; known: seed, epochs, "
            "device, precision, threads, network, rule, "
            "weights, data, checkpoint, log");
}

TEST(RecipeErrors, WrongTypeHasPlaceOfTheValue) {
  EXPECT_EQ(problem("seed = \"one\"\n" + kMinimal),
            "[recipe] a.toml:1:8: 'seed' is the text \"one\"; expected an integer of at least 0");
  EXPECT_EQ(problem("epochs = 2.5\n" + kMinimal),
            "[recipe] a.toml:1:10: 'epochs' is the number 2.5; expected an integer of at least 0");
  EXPECT_EQ(problem(kMinimal + "shuffle = 1\n"),
            "[recipe] a.toml:7:11: 'data.shuffle' is the integer 1; expected true or false");
  EXPECT_EQ(problem("rule = 5\n" + kMinimal),
            "[recipe] a.toml:1:8: 'rule' is the integer 5; expected a table, [rule]");
}

TEST(RecipeErrors, ValueOutOfRange) {
  EXPECT_EQ(
      problem(kMinimal + "batch = 0\n"),
      "[recipe] a.toml:7:9: 'data.batch' is the integer 0; expected an integer of at least 1");
  EXPECT_EQ(
      problem(kMinimal + "[rule.values]\nrate = nan\n"),
      "[recipe] a.toml:8:8: 'rule.values.rate' is the number nan; expected a number of at least 0");
  EXPECT_EQ(problem(kMinimal + "[rule.values]\nmomentum = 1.5\n"),
            "[recipe] a.toml:8:12: 'rule.values.momentum' is the number 1.5; expected a number "
            "from 0 to below 1");
}

TEST(RecipeErrors, UnknownNamesHaveTheNearest) {
  EXPECT_EQ(problem("device = \"cup\"\n" + kMinimal),
            "[recipe] a.toml:1:10: 'device' is \"cup\"; nearest: \"cpu\"; known: cpu, reference");
  const std::string activation = problem(kMinimal, {"network.activation=gleu"});
  EXPECT_TRUE(
      activation.starts_with("[recipe] --set network.activation=gleu: 'network.activation' is "
                             "\"gleu\"; nearest: \"gelu\"; known: "))
      << activation;
  const std::string energy = problem(kMinimal, {"network.energy=categoric"});
  EXPECT_NE(energy.find("--set network.energy=categoric: 'network.energy':"), std::string::npos)
      << energy;
  EXPECT_NE(energy.find("categorical"), std::string::npos) << energy;
}

TEST(RecipeErrors, KeyOfAnotherOptimiser) {
  EXPECT_EQ(problem(kMinimal + "[weights]\noptimiser = \"adamw\"\nmomentum = 0.9\n"),
            "[recipe] a.toml:9:12: 'weights.momentum' is not a setting of adamw, which has "
            "first_decay, second_decay, epsilon, weight_decay, decays");
}

TEST(RecipeErrors, MissingParts) {
  EXPECT_EQ(problem("[network]\nwidths = [2, 2]\n"),
            "[recipe] a.toml:1:1: the table [data] is missing");
  EXPECT_EQ(problem("[network]\nwidths = [2]\n[data]\nname = \"moons\"\n"),
            "[recipe] a.toml:2:10: 'network.widths' has 1 number; expected at least the input's "
            "and the label's");
  EXPECT_EQ(problem("[network]\ninput = 2\n[data]\nname = \"moons\"\n"),
            "[recipe] a.toml:1:1: 'network' has neither 'widths' nor a 'model' nor layers; expected widths = "
            "[784, 128, 10], model = \"vgg5\", or [[network.layer]] tables");
  EXPECT_EQ(problem("[network]\nwidths = [2, 2]\n[data]\nbatch = 3\n"),
            "[recipe] a.toml:3:1: 'data.name' is missing; expected one of cifar10, cifar100, "
            "fashion_mnist, idx, mnist, moons, rings, spirals, tiny_imagenet");
}

TEST(RecipeErrors, SyntaxHasItsPlace) {
  const std::string message = problem("seed = = 3\n");
  EXPECT_TRUE(message.starts_with("[recipe] a.toml:1:8: not TOML: ")) << message;
}

TEST(RecipeErrors, OverridesThatCannotBeApplied) {
  EXPECT_EQ(problem(kMinimal, {"rule.steps"}),
            "[recipe] --set rule.steps: expected dotted.key=value, as in rule.steps=5");
  EXPECT_EQ(problem(kMinimal, {"rule.stesp=5"}),
            "[recipe] --set rule.stesp=5: unknown key 'rule.stesp'; nearest: 'rule.steps'; known: "
            "name, steps, values");
  EXPECT_EQ(problem(kMinimal, {"data.name.x=5"}),
            "[recipe] --set data.name.x=5: 'name' is not a table");
  EXPECT_EQ(problem(kMinimal, {"network.widths.7=5"}),
            "[recipe] --set network.widths.7=5: '7' is not a place in an array of 3");
  EXPECT_EQ(problem(kMinimal, {"rule..steps=5"}),
            "[recipe] --set rule..steps=5: a part of the key is empty; expected dotted.key=value, "
            "as in rule.steps=5");
}

TEST(RecipeErrors, MissingFile) {
  const std::string message = message_of<FileError>([] { load_recipe("/nowhere/a.toml"); });
  EXPECT_NE(message.find("/nowhere/a.toml"), std::string::npos) << message;
}

}  // namespace
}  // namespace pcxx

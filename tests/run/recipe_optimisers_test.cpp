/// Tests of the optimisers and rates of recipes: what every key means, and what is said of those that make no sense.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pcxx/core/errors.h"
#include "pcxx/run/recipe.h"
#include "pcxx/run/trainer.h"
#include "support/message.h"
#include "support/runs.h"

namespace pcxx {
namespace {

const std::string kMinimal = R"(
[network]
widths = [2, 4, 2]
[data]
name = "moons"
batch = 8
)";

Recipe parse(const std::string& weights) { return parse_recipe(kMinimal + "[weights]\n" + weights, "a.toml"); }

std::string problem(const std::string& weights) {
  return test::message_of<RecipeError>([&] { parse(weights); });
}

/// Returns the parameters after three steps of backpropagation on fixed data, by what a recipe says or by hand.
NamedArrays trained(const Recipe& recipe, const LearningRule& rule) {
  const auto network = build_network(recipe);
  Trainer trainer(*network, rule, {.device = "reference", .precision = Precision::f64});
  for (int i = 0; i < 3; ++i) {
    trainer.step({{network->node_named("input"), test::random_rows(6, 2, 1)},
                  {network->node_named("label"), test::random_rows(6, 2, 2)}});
  }
  return trainer.state().arrays();
}

struct Case {
  std::string weights;
  Optimisers optimisers;
};

std::vector<Case> cases() {
  const Selection weight = named("*.weight");
  return {
      {"optimiser = 'lion'\nrate = 0.01", lion({.rate = 0.01})},
      {"optimiser = 'lion'\nrate = 0.01\nfirst_decay = 0.5\nsecond_decay = 0.6\nweight_decay = 0.3\ndecays = '*.weight'",
       lion({.rate = 0.01, .weight_decay = 0.3, .first_decay = 0.5, .second_decay = 0.6, .decays = weight})},
      {"optimiser = 'rmsprop'\nrate = 0.01", rmsprop({.rate = 0.01})},
      {"optimiser = 'rmsprop'\nrate = 0.01\ndecay = 0.5\nepsilon = 0.1\ncentred = true\nmomentum = 0.5\nnesterov = true\n"
       "initial = 2\nepsilon_in_root = false\nl2 = 0.2",
       decayed(rmsprop({.rate = 0.01, .decay = 0.5, .epsilon = 0.1, .centred = true, .momentum = 0.5, .nesterov = true,
                        .initial = 2, .epsilon_in_root = false}), 0.2)},
      {"optimiser = 'sgd'\nrate = 0.1\nl2 = 0.3\ndecays = '*.weight'\nclip_value = 0.2\nclip_norm = 0.3\ngradient_scale = 2",
       scaled(clipped_by_value(clipped_by_norm(decayed(sgd({.rate = 0.1}), 0.3, weight), 0.3), 0.2), 2.0)},
      {"decays = '*.weight'\nweight_decay = 0.5\naverage = 0.5", averaged(adamw({.weight_decay = 0.5, .decays = weight}), 0.5)},
      {"[[weights.group]]\nparameters = '*.weight'\noptimiser = 'adam'\n[[weights.group]]\nparameters = '*.bias'\n"
       "optimiser = 'frozen'", std::vector<OptimiserGroup>{{weight, adam({}), {}}, {!weight, frozen(), {}}}},
      {"optimiser = 'sgd'\nrate = { schedule = 'cosine', first = 0.5 }", sgd({.rate = cosine_schedule(0.5, 0, 10)})},
      {"optimiser = 'sgd'\nrate = { schedule = 'cosine_restarts', first = 0.5, last = 0.1, updates = 1, cycles = 2, growth = "
       "2, factor = 0.5 }",
       sgd({.rate = cosine_restarts({{.first = 0.5, .peak = 0.5, .warmup = 0, .updates = 1, .last = 0.1},
                                     {.first = 0.25, .peak = 0.25, .warmup = 0, .updates = 2, .last = 0.1}})})},
      {"optimiser = 'sgd'\nrate = { schedule = 'exponential', first = 0.5, factor = 0.1, updates = 2, begin = 1, last = 0.2 }",
       sgd({.rate = exponential_decay({.first = 0.5, .factor = 0.1, .updates = 2, .begin = 1, .last = 0.2})})},
      {"optimiser = 'sgd'\nrate = { schedule = 'exponential', first = 0.5, factor = 0.1, staircase = true }",
       sgd({.rate = exponential_decay({.first = 0.5, .factor = 0.1, .updates = 10, .staircase = true})})},
      {"optimiser = 'sgd'\nrate = { schedule = 'piecewise_constant', first = 0.5, at = [1, 2], factors = [0.5, 3] }",
       sgd({.rate = piecewise_constant(0.5, {{1, 0.5}, {2, 3}})})},
      {"optimiser = 'sgd'\nrate = { schedule = 'sequence', parts = [\n  { schedule = 'linear', first = 0, last = 1, until = 2 "
       "},\n  { schedule = 'linear', first = 0.5, last = 0 } ] }",
       sgd({.rate = joined({linear_schedule(0, 1, 2), linear_schedule(0.5, 0, 8)}, {2})})},
  };
}

/// Schedules without a length span ten updates here.
TEST(RecipeOptimisers, AreWhatTheirKeysSay) {
  for (const Case& each : cases()) {
    Recipe recipe = parse(each.weights);
    recipe.rule.name = "bp";
    const NamedArrays actual = trained(recipe, build_rule(recipe, 10));
    const NamedArrays expected = trained(recipe, Backpropagation{.weights = each.optimisers});
    for (const auto& [name, array] : expected) {
      ASSERT_TRUE(actual.contains(name)) << each.weights << ": " << name;
      EXPECT_EQ(test::numbers_of(actual.at(name)), test::numbers_of(array)) << each.weights << ": " << name;
    }
    EXPECT_EQ(actual.size(), expected.size()) << each.weights;
    EXPECT_EQ(differences(parse(each.weights), parse_recipe(parse(each.weights).text, "b.toml")), std::vector<std::string>{});
    EXPECT_NE(differences(parse(each.weights), parse("rate = 0.9")), std::vector<std::string>{}) << each.weights;
  }
}

TEST(RecipeOptimisers, RefuseWhatMakesNoSense) {
  EXPECT_EQ(problem("optimiser = 'loin'"),
            "[recipe] a.toml:8:13: 'weights.optimiser' is \"loin\"; nearest: \"lion\"; known: adam, adamw, frozen, lion, "
            "rmsprop, sgd");
  EXPECT_EQ(problem("optimiser = 'lion'\nepsilon = 1e-8"),
            "[recipe] a.toml:9:11: 'weights.epsilon' is not a setting of lion, which has first_decay, second_decay, "
            "weight_decay, decays");
  EXPECT_EQ(problem("optimiser = 'frozen'\nmomentum = 0.5"),
            "[recipe] a.toml:9:12: 'weights.momentum' is not a setting of frozen, which has none");
  EXPECT_EQ(problem("clip_nrom = 1.0"),
            "[recipe] a.toml:8:1: unknown key 'weights.clip_nrom'; nearest: 'weights.clip_norm'; known: optimiser, "
            "first_decay, second_decay, epsilon, weight_decay, decays, rate, gradient_scale, clip_value, clip_norm, average");
  EXPECT_EQ(problem("average = 1"),
            "[recipe] a.toml:8:11: 'weights.average' is the integer 1; expected a number from 0 to below 1");
  EXPECT_EQ(problem("rate = { schedule = 'exponental', first = 1 }"),
            "[recipe] a.toml:8:21: 'weights.rate.schedule' is \"exponental\"; nearest: \"exponential\"; known: constant, "
            "cosine, cosine_restarts, exponential, linear, piecewise_constant, sequence, step, warmup_cosine");
  EXPECT_EQ(problem("rate = { schedule = 'piecewise_constant', first = 1, at = [5, 5], factors = [1, 2] }"),
            "[recipe] a.toml:8:59: 'weights.rate.at' is 5, 5; expected rising updates");
  EXPECT_EQ(problem("rate = { schedule = 'piecewise_constant', first = 1, at = [5], factors = [1, 2] }"),
            "[recipe] a.toml:8:74: 'weights.rate.factors' has 2 numbers and 'weights.rate.at' 1; expected one factor for each "
            "update");
  EXPECT_EQ(problem("rate = { schedule = 'piecewise_constant', first = 1, at = [5], factors = [-1] }"),
            "[recipe] a.toml:8:75: 'weights.rate.factors[0]' is the integer -1; expected a number of at least 0");
  EXPECT_EQ(problem("rate = { schedule = 'sequence', parts = [{ schedule = 'constant', first = 1 }] }"),
            "[recipe] a.toml:8:41: 'weights.rate.parts' has 1 part; expected at least two tables");
  EXPECT_EQ(problem("rate = { schedule = 'sequence', parts = [{ schedule = 'constant', first = 1, until = 4 }, "
                    "{ schedule = 'constant', first = 1, until = 3 }, { schedule = 'constant', first = 1 }] }"),
            "[recipe] a.toml:8:135: 'weights.rate.parts.1.until' is the integer 3; expected an integer of at least 5");
}

}  // namespace
}  // namespace pcxx

/// A recipe in a few lines for people.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pcxx/run/recipe.h"
#include "pcxx/run/training.h"

namespace pcxx::cli {

using Lines = std::vector<std::pair<std::string, std::string>>;  // what, and what about it

/// Returns network, energies, rule, weights, data and device, as a run begins.
Lines describe(const Recipe& recipe, const TrainingStart& start);

std::string describe_network(const NetworkRecipe& network);
std::string describe_rule(const RuleRecipe& rule);
std::string describe_weights(const std::vector<OptimiserRecipe>& weights);

/// Returns the lines with their first column aligned and dimmed, cut to the terminal.
std::string aligned(const Lines& lines, int width);

}  // namespace pcxx::cli

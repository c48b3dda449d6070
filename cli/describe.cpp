/// Recipes in words.
#include "cli/describe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <thread>

#include "cli/terminal.h"

namespace pcxx::cli {
namespace {

std::string describe_rate(const RateRecipe& rate) {
  if (rate.schedule == "linear" || rate.schedule == "cosine") {
    return fmt::format("{:g} → {:g}{}", rate.first, rate.last, rate.schedule == "cosine" ? " (cosine)" : "");
  }
  if (rate.schedule == "warmup_cosine") {
    return fmt::format("{:g} → {:g} → {:g} (warm-up, cosine)", rate.first, rate.peak, rate.last);
  }
  if (rate.schedule == "cosine_restarts") {
    return fmt::format("{:g} → {:g} (cosine, {})", rate.first, rate.last, counted(rate.cycles, "cycle"));
  }
  if (rate.schedule == "step" || rate.schedule == "exponential") {
    const Size every = rate.schedule == "step" ? rate.every : rate.updates;
    return fmt::format("{:g} × {:g} {}", rate.first, rate.factor,
                       every > 0 ? "every " + counted(every, "update") : "over the run");
  }
  if (rate.schedule == "piecewise_constant") {
    return fmt::format("{:g} × {:g} at {}", rate.first, fmt::join(rate.factors, ", "), fmt::join(rate.at, ", "));
  }
  std::vector<std::string> parts;
  for (const RateRecipe& part : rate.parts) {
    parts.push_back(describe_rate(part) + (part.until > 0 ? fmt::format(" until {}", part.until) : ""));
  }
  return parts.empty() ? fmt::format("{:g}", rate.first) : fmt::format("{}", fmt::join(parts, ", then "));
}

/// What happens to gradients before, and to parameters after.
std::string describe_parts(const OptimiserRecipe& optimiser) {
  std::string text;
  const auto add = [&](const char* what, double value, double absent) {
    text += value == absent ? "" : fmt::format(", {} {:g}", what, value);
  };
  add("l2", optimiser.l2, 0);
  text += optimiser.decays == "*" ? "" : fmt::format(" of {}", optimiser.decays);
  add("gradients times", optimiser.gradient_scale, 1);
  add("clipped at", optimiser.clip_value, 0);
  add("clipped at norm", optimiser.clip_norm, 0);
  add("averaged by", optimiser.average, 0);
  return text;
}

std::string describe_optimiser(const OptimiserRecipe& optimiser) {
  if (optimiser.optimiser == "frozen") {
    return "frozen";
  }
  std::string text = fmt::format("{}{} {}", optimiser.centred ? "centred " : "", optimiser.optimiser,
                                 describe_rate(optimiser.rate));
  const bool traces = optimiser.optimiser == "sgd" || optimiser.optimiser == "rmsprop";
  if (traces && optimiser.momentum > 0) {
    text +=
        fmt::format(", {}momentum {:g}", optimiser.nesterov ? "Nesterov " : "", optimiser.momentum);
  }
  if (optimiser.optimiser == "adamw" || optimiser.optimiser == "lion") {
    text += fmt::format(", decay {:g}", optimiser.weight_decay);
  }
  return text + describe_parts(optimiser);
}

/// Returns what all hidden layers agree on, or a list.
std::string common(const NetworkRecipe& network, std::string LayerRecipe::*member) {
  std::vector<std::string> values;
  for (std::size_t i = 0; i + 1 < network.layers.size(); ++i) {
    values.push_back(network.layers[i].*member);
  }
  std::vector<std::string> distinct = values;
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  return fmt::format("{}", fmt::join(distinct.size() == 1 ? distinct : values, ", "));
}

}  // namespace

std::string describe_network(const NetworkRecipe& network) {
  std::vector<std::string> sizes{fmt::format("{}", fmt::join(network.input, "x"))};
  for (const LayerRecipe& layer : network.layers) {
    sizes.push_back(layer.channels > 0 ? fmt::format("{} channels", layer.channels) : std::to_string(layer.width));
  }
  const std::string activation = common(network, &LayerRecipe::activation);
  return fmt::format("{}{}{}", fmt::join(sizes, " → "), activation.empty() ? "" : ", ",
                     activation);
}

std::string describe_rule(const RuleRecipe& rule) {
  if (rule.name == "bp") {
    return "backpropagation";
  }
  return fmt::format("predictive coding, {}, values by {}", counted(rule.steps, "step"),
                     describe_optimiser(rule.values));
}

std::string describe_weights(const std::vector<OptimiserRecipe>& weights) {
  std::vector<std::string> groups;
  for (const OptimiserRecipe& group : weights) {
    groups.push_back(weights.size() == 1
                         ? describe_optimiser(group)
                         : fmt::format("{}: {}", group.parameters, describe_optimiser(group)));
  }
  return fmt::format("{}", fmt::join(groups, "; "));
}

Lines describe(const Recipe& recipe, const TrainingStart& start) {
  const unsigned threads = recipe.threads > 0 ? static_cast<unsigned>(recipe.threads)
                                              : std::thread::hardware_concurrency();
  return {{"network", fmt::format("{}, {} parameters", describe_network(recipe.network),
                                  grouped(start.parameters))},
          {"energy", fmt::format("{} at the label", recipe.network.layers.back().energy)},
          {"rule", describe_rule(recipe.rule)},
          {"weights", describe_weights(recipe.weights)},
          {"data", fmt::format("{}, {} samples to learn from, {} to test on", recipe.data.name,
                               grouped(start.train_samples), grouped(start.test_samples))},
          {"plan", fmt::format("{} of {} of {}, seed {}", counted(recipe.epochs, "epoch"),
                               counted(start.batches, "batch"), recipe.data.batch, recipe.seed)},
          {"device", fmt::format("{}, {}, {}", recipe.device, to_string(recipe.precision),
                                 counted(threads, "thread"))}};
}

std::string aligned(const Lines& lines, int width) {
  std::size_t longest = 0;
  for (const auto& [what, text] : lines) {
    longest = std::max(longest, what.size());
  }
  std::string result;
  const int indent = static_cast<int>(longest) + 4;
  for (const auto& [what, text] : lines) {
    result += fmt::format("  {}  {}\n", dim(left(what, static_cast<int>(longest))),
                          width > 0 ? fitted(text, width - indent) : text);
  }
  return result;
}

}  // namespace pcxx::cli

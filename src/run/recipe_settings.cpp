/// A recipe as a flat list of settings: what two recipes differ in.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "pcxx/run/recipe.h"

namespace pcxx {
namespace {

using Settings = std::map<std::string, std::string>;

std::string described(const RateRecipe& rate) {
  if (rate.schedule == "constant") {
    return fmt::format("{}", rate.first);
  }
  std::string text =
      fmt::format("{} {} {} {} {} {} {} {}", rate.schedule, rate.first, rate.peak, rate.has_last ? rate.last : -1,
                  rate.warmup, rate.updates, rate.factor, rate.every);
  text += fmt::format(" {} {} {} {} {} {}", rate.begin, rate.staircase, rate.cycles, rate.growth,
                      fmt::join(rate.at, ","), fmt::join(rate.factors, ","));
  for (const RateRecipe& part : rate.parts) {
    text += fmt::format("; {} until {}", described(part), part.until);
  }
  return text;
}

void add_optimiser(Settings& settings, const std::string& key, const OptimiserRecipe& recipe) {
  settings[key + ".optimiser"] = recipe.optimiser;
  settings[key + ".parameters"] = recipe.parameters;
  settings[key + ".momentum"] =
      fmt::format("{}{}", recipe.momentum, recipe.nesterov ? " nesterov" : "");
  settings[key + ".moments"] =
      fmt::format("{} {} {}", recipe.first_decay, recipe.second_decay, recipe.epsilon);
  settings[key + ".mean_square"] = fmt::format("{} {}{}{}", recipe.decay, recipe.initial, recipe.centred ? " centred" : "",
                                               recipe.epsilon_in_root ? "" : " epsilon outside");
  settings[key + ".weight_decay"] = fmt::format("{}", recipe.weight_decay);
  settings[key + ".l2"] = fmt::format("{}", recipe.l2);
  settings[key + ".decays"] = recipe.decays;
  settings[key + ".gradients"] = fmt::format("{} {} {}", recipe.gradient_scale, recipe.clip_value, recipe.clip_norm);
  settings[key + ".average"] = fmt::format("{}", recipe.average);
  settings[key + ".rate"] = described(recipe.rate);
}

Settings settings_of(const Recipe& recipe) {
  Settings settings;
  settings["seed"] = fmt::format("{}", recipe.seed);
  settings["epochs"] = fmt::format("{}", recipe.epochs);
  settings["device"] = recipe.device;
  settings["precision"] = to_string(recipe.precision);
  settings["threads"] = fmt::format("{}", recipe.threads);
  settings["network.input"] = to_string(recipe.network.input);
  settings["network.layers"] = fmt::format("{}", recipe.network.layers.size());
  for (std::size_t i = 0; i < recipe.network.layers.size(); ++i) {
    const LayerRecipe& layer = recipe.network.layers[i];
    settings[fmt::format("network.layer.{}", i)] =
        fmt::format("{} {} {} {} {}{}", layer.name, layer.width, layer.activation, layer.energy,
                    layer.initialiser, layer.bias ? "" : " without bias");
    if (layer.channels > 0) {
      settings[fmt::format("network.layer.{}.convolution", i)] = fmt::format(
          "{} {} {} {} {} {}", layer.channels, layer.kernel, layer.stride, layer.padding, layer.max_pool, layer.average_pool);
    }
  }
  settings["rule.name"] = recipe.rule.name;
  if (recipe.rule.name == "pc") {
    settings["rule.steps"] = fmt::format("{}", recipe.rule.steps);
    add_optimiser(settings, "rule.values", recipe.rule.values);
  }
  for (std::size_t i = 0; i < recipe.weights.size(); ++i) {
    add_optimiser(settings,
                  recipe.weights.size() == 1 ? "weights" : fmt::format("weights.group.{}", i),
                  recipe.weights[i]);
  }
  const DataRecipe& data = recipe.data;
  settings["data.name"] = data.name;
  settings["data.folder"] = data.folder;
  settings["data.labels"] = data.labels;
  settings["data.skip_corrupt"] = fmt::format("{}", data.skip_corrupt);
  settings["data.pad"] = fmt::format("{}", data.pictures.pad);
  settings["data.mean"] = fmt::format("{}", fmt::join(data.pictures.mean, " "));
  settings["data.deviation"] = fmt::format("{}", fmt::join(data.pictures.deviation, " "));
  settings["data.augment.flip"] = fmt::format("{}", data.pictures.flip);
  settings["data.augment.crop"] = fmt::format("{}", data.pictures.crop);
  settings["data.augment.padding"] = fmt::format("{}", data.pictures.crop_padding);
  settings["data.prefetch"] = fmt::format("{}", data.prefetch);
  settings["data.threads"] = fmt::format("{}", data.threads);
  settings["data.train"] = fmt::format("{}", data.train);
  settings["data.test"] = fmt::format("{}", data.test);
  settings["data.noise"] = fmt::format("{}", data.noise);
  settings["data.train_seed"] = fmt::format("{}", data.train_seed);
  settings["data.test_seed"] = fmt::format("{}", data.test_seed);
  settings["data.batch"] = fmt::format("{}", data.batch);
  settings["data.drop_last"] = fmt::format("{}", data.drop_last);
  settings["data.shuffle"] = fmt::format("{}", data.shuffle);
  settings["checkpoint.every_epochs"] = fmt::format("{}", recipe.checkpoint_epochs);
  settings["checkpoint.every_batches"] = fmt::format("{}", recipe.checkpoint_batches);
  settings["log.every_batches"] = fmt::format("{}", recipe.log_batches);
  return settings;
}

}  // namespace

std::vector<std::string> differences(const Recipe& now, const Recipe& before) {
  const Settings a = settings_of(now), b = settings_of(before);
  std::vector<std::string> result;
  const auto or_absent = [](const Settings& settings, const std::string& key) {
    const auto found = settings.find(key);
    return found == settings.end() ? std::string("absent") : found->second;
  };
  Settings keys = a;
  keys.insert(b.begin(), b.end());
  for (const auto& [key, unused] : keys) {
    if (or_absent(a, key) != or_absent(b, key)) {
      result.push_back(fmt::format("{}: {}, was {}", key, or_absent(a, key), or_absent(b, key)));
    }
  }
  return result;
}

}  // namespace pcxx

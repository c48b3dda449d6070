/// Reading optimisers and rates: every key checked, and refused where it belongs to something else.
#include "run/recipe_optimiser.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

namespace pcxx {
namespace {

// --- rates

/// What a schedule may have besides `schedule`; `first` is required where it is listed.
const std::map<std::string, Names>& schedule_settings() {
  static const std::map<std::string, Names> kSettings = {
      {"constant", {"first"}},
      {"linear", {"first", "last", "updates"}},
      {"cosine", {"first", "last", "updates"}},
      {"warmup_cosine", {"first", "peak", "last", "warmup", "updates"}},
      {"cosine_restarts", {"first", "last", "updates", "cycles", "growth", "factor"}},
      {"step", {"first", "factor", "every"}},
      {"exponential", {"first", "factor", "updates", "begin", "staircase", "last"}},
      {"piecewise_constant", {"first", "at", "factors"}},
      {"sequence", {"parts"}}};
  return kSettings;
}

Names keys_of(const std::map<std::string, Names>& map) {
  Names keys;
  for (const auto& [key, value] : map) {
    keys.push_back(key);
  }
  return keys;
}

RateRecipe read_schedule(const RecipeTable& table, const Names& further);

/// Each part but the last says until which update it holds.
std::vector<RateRecipe> read_parts(const RecipeTable& table) {
  const std::vector<RecipeTable> tables = table.tables("parts");
  if (tables.size() < 2) {
    table.fail("parts", fmt::format("'{}' has {} part{}; expected at least two tables", table.full("parts"),
                                    tables.size(), tables.size() == 1 ? "" : "s"));
  }
  std::vector<RateRecipe> parts;
  Size begin = 0;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const bool last = i + 1 == tables.size();
    parts.push_back(read_schedule(tables[i], last ? Names{} : Names{"until"}));
    if (!last) {
      parts.back().until = tables[i].integer("until", begin + 1);
      begin = parts.back().until;
    }
  }
  return parts;
}

void read_piecewise(const RecipeTable& table, RateRecipe& rate) {
  rate.at = table.integers("at", 1);
  rate.factors = table.numbers("factors", 0, kInfinity);
  if (rate.at.size() != rate.factors.size()) {
    table.fail("factors", fmt::format("'{}' has {} numbers and '{}' {}; expected one factor for each update",
                                      table.full("factors"), rate.factors.size(), table.full("at"), rate.at.size()));
  }
  for (std::size_t i = 1; i < rate.at.size(); ++i) {
    if (rate.at[i] <= rate.at[i - 1]) {
      table.fail("at", fmt::format("'{}' is {}; expected rising updates", table.full("at"), fmt::join(rate.at, ", ")));
    }
  }
}

RateRecipe read_schedule(const RecipeTable& table, const Names& further) {
  RateRecipe rate;
  rate.schedule = table.choice("schedule", keys_of(schedule_settings()));
  const Names& own = schedule_settings().at(rate.schedule);
  table.expect_keys(Names{"schedule"} + own + further);
  const auto has = [&](const char* key) { return std::find(own.begin(), own.end(), key) != own.end(); };
  if (rate.schedule == "sequence") {
    rate.parts = read_parts(table);
    return rate;
  }
  rate.first = table.number("first", 0, kInfinity);
  if (rate.schedule == "piecewise_constant") {
    read_piecewise(table, rate);
    return rate;
  }
  if (has("peak")) {
    rate.peak = table.number("peak", 0, kInfinity);
    rate.warmup = table.number("warmup", 0, 1, 0.1);
  }
  if (has("last") && (rate.schedule != "exponential" || table.has("last"))) {
    rate.last = rate.schedule == "linear" ? table.number("last", 0, kInfinity) : table.number("last", 0, kInfinity, 0.0);
    rate.has_last = true;
  }
  if (has("updates")) {
    rate.updates = rate.schedule == "cosine_restarts" ? table.integer("updates", 1) : table.integer("updates", 1, 0);
  }
  if (has("cycles")) {
    rate.cycles = table.integer("cycles", 1);
    rate.growth = table.number("growth", 1, kInfinity, 1.0);
  }
  if (has("factor")) {
    rate.factor = has("cycles") ? table.number("factor", 0, kInfinity, 1.0) : table.number("factor", 0, kInfinity);
  }
  if (has("every")) {
    rate.every = table.integer("every", 1);
  }
  if (has("begin")) {
    rate.begin = table.integer("begin", 0, 0);
    rate.staircase = table.flag("staircase", false);
  }
  return rate;
}

RateRecipe read_rate(const RecipeTable& table, double fallback) {
  return table.is_table("rate") ? read_schedule(table.table("rate"), {})
                                : RateRecipe{.first = table.number("rate", 0, kInfinity, fallback)};
}

// --- optimisers

const std::map<std::string, Names>& optimiser_settings() {
  static const Names kMoments{"first_decay", "second_decay"}, kTrace{"momentum", "nesterov"};
  static const std::map<std::string, Names> kSettings = {
      {"sgd", kTrace + Names{"l2", "decays"}},
      {"adam", kMoments + Names{"epsilon", "l2", "decays"}},
      {"adamw", kMoments + Names{"epsilon", "weight_decay", "decays"}},
      {"lion", kMoments + Names{"weight_decay", "decays"}},
      {"rmsprop", Names{"decay", "epsilon", "epsilon_in_root", "centred", "initial"} + kTrace + Names{"l2", "decays"}},
      {"frozen", {}}};
  return kSettings;
}

const Names& gradient_settings() {
  static const Names kSettings{"gradient_scale", "clip_value", "clip_norm"};
  return kSettings;
}

/// A setting of another optimiser is a likelier mistake than a slip of the finger.
void refuse_settings_of_others(const RecipeTable& table, const std::string& optimiser) {
  const Names& own = optimiser_settings().at(optimiser);
  for (const auto& [other, settings] : optimiser_settings()) {
    for (const std::string& key : settings) {
      if (table.has(key) && std::find(own.begin(), own.end(), key) == own.end()) {
        table.fail(key, fmt::format("'{}' is not a setting of {}, which has {}", table.full(key), optimiser,
                                    own.empty() ? "none" : fmt::format("{}", fmt::join(own, ", "))));
      }
    }
  }
}

/// Returns the fallback, or if the table names another optimiser the defaults of that one with the fallback's rate.
OptimiserRecipe defaults_of(const std::string& optimiser, const OptimiserRecipe& fallback) {
  OptimiserRecipe result = fallback;
  result.optimiser = optimiser;
  if (optimiser == "lion" && fallback.optimiser != "lion") {
    result.weight_decay = LionOptions().weight_decay;
    result.second_decay = LionOptions().second_decay;
  }
  return result;
}

}  // namespace

OptimiserRecipe read_optimiser(const RecipeTable& table, const OptimiserRecipe& fallback, const Names& further) {
  const std::string name = table.choice("optimiser", keys_of(optimiser_settings()), fallback.optimiser);
  const Names& own = optimiser_settings().at(name);
  refuse_settings_of_others(table, name);
  const bool moves = name != "frozen";
  table.expect_keys(Names{"optimiser"} + own + (moves ? Names{"rate"} + gradient_settings() : Names{}) + further);
  OptimiserRecipe result = defaults_of(name, fallback);
  result.momentum = table.decay("momentum", result.momentum);
  result.nesterov = table.flag("nesterov", result.nesterov);
  result.weight_decay = table.number("weight_decay", 0, kInfinity, result.weight_decay);
  result.first_decay = table.decay("first_decay", result.first_decay);
  result.second_decay = table.decay("second_decay", result.second_decay);
  result.epsilon = table.number("epsilon", 0, kInfinity, result.epsilon);
  result.decay = table.decay("decay", result.decay);
  result.centred = table.flag("centred", result.centred);
  result.initial = table.number("initial", 0, kInfinity, result.initial);
  result.epsilon_in_root = table.flag("epsilon_in_root", result.epsilon_in_root);
  result.l2 = table.number("l2", 0, kInfinity, result.l2);
  result.decays = table.text("decays", result.decays);
  result.gradient_scale = table.number("gradient_scale", 0, kInfinity, result.gradient_scale);
  result.clip_value = table.number("clip_value", 0, kInfinity, result.clip_value);
  result.clip_norm = table.number("clip_norm", 0, kInfinity, result.clip_norm);
  result.rate = read_rate(table, fallback.rate.first);
  return result;
}

}  // namespace pcxx

/// Reading frozen runs.
#include "run/frozen_run.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "pcxx/core/errors.h"
#include "pcxx/io/npz.h"

namespace pcxx {
namespace {

using Json = nlohmann::json;

/// Returns the number after "key=" in a text such as "adamw lr=1e-3 b1=.9"; the fallback if there
/// is none.
double number_in(std::string_view text, std::string_view key, double fallback) {
  const std::string pattern = fmt::format(" {}=", key);
  const std::size_t at = text.find(pattern);
  if (at == std::string_view::npos) {
    return fallback;
  }
  const char* begin = text.data() + at + pattern.size();
  double value = 0;
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), value);
  return error == std::errc() && end != begin
             ? value
             : throw FileError(
                   fmt::format("[replay] w_optimiser says \"{}\"; '{}' is not followed by a number",
                               text, key));
}

AdamwOptions weight_optimiser(const std::string& text) {
  if (!text.starts_with("adamw ")) {
    throw FileError(
        fmt::format("[replay] w_optimiser is \"{}\"; expected adamw with lr=...", text));
  }
  return {.rate = number_in(text, "lr", 1e-3),
          .weight_decay = number_in(text, "weight_decay", 1e-4),
          .first_decay = number_in(text, "b1", 0.9),
          .second_decay = number_in(text, "b2", 0.999),
          .epsilon = number_in(text, "eps", 1e-8)};
}

std::string energy_called(const std::string& name) {
  if (name == "se_energy") {
    return "squared_error";
  }
  if (name == "ce_energy") {
    return "categorical";
  }
  throw NameError(fmt::format("[replay] unknown energy '{}'; known: ce_energy, se_energy", name));
}

void read_meta(const Json& meta, FrozenRun& run) {
  meta.at("widths").get_to(run.widths);
  meta.at("activation").get_to(run.activation);
  run.energy = energy_called(meta.at("energy").get<std::string>());
  meta.at("T").get_to(run.steps);
  meta.at("batch").get_to(run.batch);
  const Json& values = meta.at("h_optimiser");
  const Json momentum = values.value("momentum", Json());
  run.values = {.rate = values.at("lr").get<double>(),
                .momentum = momentum.is_null() ? 0.0 : momentum.get<double>(),
                .nesterov = values.value("nesterov", false)};
  const std::string weights = meta.at("w_optimiser").get<std::string>();
  run.weights = weight_optimiser(weights);
  run.weight_rate = number_in(weights, "lr", 1e-3);
}

}  // namespace

const Array& FrozenRun::at(const std::string& name) const {
  const auto found = arrays.find(name);
  if (found == arrays.end()) {
    throw FileError(fmt::format(
        "[replay] '{}' lacks the array '{}'; expected a file that tools/freeze_oracle.py wrote",
        file, name));
  }
  return found->second;
}

FrozenRun load_frozen_run(const std::filesystem::path& path) {
  NpzFile npz = load_npz(path);
  const auto meta = npz.texts.find("meta");
  if (meta == npz.texts.end()) {
    throw FileError(
        fmt::format("[replay] '{}' lacks 'meta'; expected a file that tools/freeze_oracle.py wrote",
                    path.string()));
  }
  FrozenRun run;
  run.file = path.string();
  run.arrays = std::move(npz.arrays);
  try {
    read_meta(Json::parse(meta->second), run);
  } catch (const Json::exception& error) {
    throw FileError(
        fmt::format("[replay] 'meta' of '{}' cannot be read: {}", path.string(), error.what()));
  }
  if (run.widths.size() < 2 || run.steps < 0) {
    throw FileError(
        fmt::format("[replay] '{}' has {} widths and {} steps; expected at least 2 and 0",
                    path.string(), run.widths.size(), run.steps));
  }
  return run;
}

}  // namespace pcxx

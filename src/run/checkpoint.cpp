/// Checkpoints: what goes into the file, and how the one before is kept.
#include "pcxx/run/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <span>
#include <system_error>

#include "pcxx/core/errors.h"
#include "pcxx/io/safetensors.h"

namespace pcxx {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* kFormat = "pcxx checkpoint";
constexpr int kVersion = 1;

Json to_json(const RunProgress& progress) {
  return {{"epoch", progress.epoch},
          {"batch", progress.batch},
          {"step", progress.step},
          {"samples", progress.samples},
          {"energy_sum", progress.energy_sum},
          {"node_sums", progress.node_sums},
          {"epoch_seconds", progress.epoch_seconds},
          {"seconds", progress.seconds},
          {"accuracy", progress.accuracy},
          {"best_accuracy", progress.best_accuracy},
          {"best_epoch", progress.best_epoch},
          {"confusion", progress.confusion.counts},
          {"log_bytes", progress.log_bytes}};
}

/// Returns a matrix from its rows, one after another; an empty one if they are none of a square.
ConfusionMatrix square(std::vector<Size> counts) {
  const auto side = static_cast<Size>(std::lround(std::sqrt(static_cast<double>(counts.size()))));
  return static_cast<std::size_t>(side * side) == counts.size() ? ConfusionMatrix{side, std::move(counts)} : ConfusionMatrix{};
}

RunProgress progress_from(const Json& json) {
  RunProgress progress;
  json.at("epoch").get_to(progress.epoch);
  json.at("batch").get_to(progress.batch);
  json.at("step").get_to(progress.step);
  json.at("samples").get_to(progress.samples);
  json.at("energy_sum").get_to(progress.energy_sum);
  json.at("node_sums").get_to(progress.node_sums);
  json.at("epoch_seconds").get_to(progress.epoch_seconds);
  json.at("seconds").get_to(progress.seconds);
  json.at("accuracy").get_to(progress.accuracy);
  json.at("best_accuracy").get_to(progress.best_accuracy);
  json.at("best_epoch").get_to(progress.best_epoch);
  json.at("log_bytes").get_to(progress.log_bytes);
  if (json.contains("confusion")) {  // what was saved before there were confusion matrices has none
    progress.confusion = square(json.at("confusion").get<std::vector<Size>>());
  }
  return progress;
}

template <class T>
bool finite(std::span<const T> values) {
  return std::all_of(values.begin(), values.end(), [](T value) { return std::isfinite(value); });
}

void check_finite(const Checkpoint& checkpoint) {
  for (const auto& [name, array] : checkpoint.arrays) {
    const bool good = array.type() == ElementType::f32   ? finite(array.as<float>())
                      : array.type() == ElementType::f64 ? finite(array.as<double>())
                                                         : true;
    if (!good) {
      throw DivergenceError(fmt::format("[checkpoint] '{}' holds a NaN or an infinity after step "
                                        "{}; it was not saved; lower the rate of the "
                                        "weights",
                                        name, checkpoint.progress.step),
                            name, checkpoint.progress.step);
    }
  }
}

/// Gives the present file a second name, so that replacing it leaves it there.
void keep_previous(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    return;
  }
  const fs::path previous = previous_checkpoint(path);
  fs::path second = path;
  second += ".previous";
  fs::remove(second, error);
  fs::create_hard_link(path, second, error);
  if (error) {  // a file system without hard links
    fs::copy_file(path, second, fs::copy_options::overwrite_existing, error);
  }
  if (!error) {
    fs::rename(second, previous, error);
  }
  if (error) {
    throw FileError(fmt::format(
        "[checkpoint] cannot keep '{}' as '{}': {}; the checkpoint itself was not changed",
        path.string(), previous.string(), error.message()));
  }
}

const std::string& entry(const Metadata& metadata, const std::string& key, const fs::path& path) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) {
    throw FileError(fmt::format(
        "[checkpoint] '{}' lacks '{}' in its metadata; expected a checkpoint that pcxx train wrote",
        path.string(), key));
  }
  return found->second;
}

}  // namespace

void save_checkpoint(const fs::path& path, const Checkpoint& checkpoint) {
  check_finite(checkpoint);
  keep_previous(path);
  const Metadata metadata{{"format", kFormat},
                          {"format_version", std::to_string(kVersion)},
                          {"progress", to_json(checkpoint.progress).dump()},
                          {"recipe", checkpoint.recipe},
                          {"recipe_name", checkpoint.recipe_name}};
  save_safetensors(path, checkpoint.arrays, metadata);
}

Checkpoint load_checkpoint(const fs::path& path) {
  SafetensorsFile file = load_safetensors(path);
  if (const std::string format = entry(file.metadata, "format", path); format != kFormat) {
    throw FileError(fmt::format("[checkpoint] '{}' says it is '{}'; expected '{}'", path.string(),
                                format, kFormat));
  }
  const std::string version = entry(file.metadata, "format_version", path);
  if (version != std::to_string(kVersion)) {
    throw FileError(
        fmt::format("[checkpoint] '{}' has format version {}; this program reads version {}; use "
                    "the version that wrote it",
                    path.string(), version, kVersion));
  }
  Checkpoint checkpoint;
  checkpoint.recipe = entry(file.metadata, "recipe", path);
  checkpoint.recipe_name = entry(file.metadata, "recipe_name", path);
  try {
    checkpoint.progress = progress_from(Json::parse(entry(file.metadata, "progress", path)));
  } catch (const Json::exception& error) {
    throw FileError(
        fmt::format("[checkpoint] '{}' has no readable progress: {}", path.string(), error.what()));
  }
  checkpoint.arrays = std::move(file.arrays);
  return checkpoint;
}

fs::path previous_checkpoint(const fs::path& path) {
  fs::path previous = path;
  previous.replace_filename(path.stem().string() + ".previous" + path.extension().string());
  return previous;
}

}  // namespace pcxx

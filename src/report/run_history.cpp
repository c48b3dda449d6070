/// Reading what a run left in its folder.
#include "report/run_history.h"

#include <fmt/format.h>

#include <limits>
#include <system_error>

#include "pcxx/core/errors.h"
#include "pcxx/io/files.h"
#include "run/run_log.h"

namespace pcxx::report {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// Returns a number; NaN for what is not there, or null, as JSON writes what is not finite.
double number(const Json& record, const char* key) {
  const auto found = record.find(key);
  return found == record.end() || found->is_null() ? std::numeric_limits<double>::quiet_NaN() : found->get<double>();
}

std::optional<double> optional_number(const Json& record, const char* key) {
  return record.contains(key) ? std::optional(record.at(key).get<double>()) : std::nullopt;
}

Session session(const Json& record) {
  Session result{.resumed = record.at("event") == "resume",
                 .time = optional_number(record, "time"),
                 .epoch = record.value("epoch", Size{0}),
                 .batch = record.value("batch", Size{0}),
                 .device = record.value("device", ""),
                 .precision = record.value("precision", ""),
                 .load_seconds = optional_number(record, "load_seconds"),
                 .compile_seconds = optional_number(record, "compile_seconds"),
                 .machine = {}};
  if (record.contains("threads")) {
    result.machine.emplace_back("threads", record.at("threads").dump());
  }
  const Json machine = record.value("machine", Json::object());
  for (const auto& [key, value] : machine.items()) {
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    if (!text.empty()) {
      result.machine.emplace_back(key, text);
    }
  }
  return result;
}

EpochRecord epoch(const Json& record) {
  EpochRecord result{.epoch = record.at("epoch").get<Size>(),
                     .step = record.value("step", Size{0}),
                     .energy = number(record, "energy"),
                     .nodes = {},
                     .accuracy = number(record, "test_accuracy"),
                     .seconds = number(record, "seconds"),
                     .evaluation_seconds = number(record, "evaluation_seconds")};
  const Json energies = record.value("energies", Json::object());
  for (const auto& [name, energy] : energies.items()) {
    result.nodes.emplace_back(name, number(energies, name.c_str()));
  }
  return result;
}

void add(RunHistory& history, const Json& record) {
  const std::string event = record.at("event").get<std::string>();
  history.ending = Ending::none;
  if (event == "start" || event == "resume") {
    history.name = record.value("recipe", history.name);
    history.seed = record.value("seed", history.seed);
    history.epochs_planned = record.value("epochs", history.epochs_planned);
    history.train_samples = record.value("train_samples", history.train_samples);
    history.test_samples = record.value("test_samples", history.test_samples);
    history.parameters = record.value("parameters", history.parameters);
    history.batches = record.value("batches", history.batches);
    history.sessions.push_back(session(record));
  } else if (event == "epoch") {
    history.epochs.push_back(epoch(record));
    history.accuracy = history.epochs.back().accuracy;
  } else if (event == "batch") {
    history.steps.push_back({record.at("step").get<Size>(), number(record, "energy")});
  } else if (event == "end") {
    history.ending = Ending::finished;
    history.accuracy = number(record, "test_accuracy");
  } else if (event == "stop") {
    history.ending = Ending::stopped;
    history.stopped_batch = record.value("batch", Size{0});
  } else if (event == "diverged") {
    history.ending = Ending::diverged;
    history.message = record.value("message", "");
  }
}

std::string text_of(const fs::path& path) {
  const std::vector<std::byte> bytes = read_file(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Takes from the checkpoint what the log does not hold: the last test's confusion matrix, and the recipe if its file is gone.
/// A damaged checkpoint is no reason to withhold the curves.
void add_checkpoint(RunHistory& history, const fs::path& folder) {
  try {
    const Checkpoint checkpoint = load_checkpoint(checkpoint_path(folder));
    history.confusion = checkpoint.progress.confusion;
    history.confusion_epoch = checkpoint.progress.epoch;
    if (history.recipe.empty()) {
      history.recipe = checkpoint.recipe;
    }
  } catch (const FileError&) {
    history.confusion = {};
  }
}

}  // namespace

RunHistory read_history(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(log_path(folder), error)) {
    throw FileError(fmt::format("[report] '{}' holds no log.jsonl; name the folder of a run, e.g. runs/two_moons",
                                folder.string()));
  }
  RunHistory history;
  history.accuracy = std::numeric_limits<double>::quiet_NaN();
  Size line = 0;
  try {
    for (const Json& record : read_log(log_path(folder))) {
      ++line;
      add(history, record);
    }
  } catch (const Json::exception& problem) {
    throw FileError(fmt::format("[report] '{}' line {} is not as pcxx train writes it: {}; put the log back, or train anew",
                                log_path(folder).string(), line, problem.what()));
  }
  if (history.sessions.empty()) {
    throw FileError(fmt::format("[report] '{}' has no start of a run; name the folder of a run that has begun",
                                log_path(folder).string()));
  }
  if (fs::exists(folder / "recipe.toml", error)) {
    history.recipe = text_of(folder / "recipe.toml");
  }
  add_checkpoint(history, folder);
  return history;
}

}  // namespace pcxx::report

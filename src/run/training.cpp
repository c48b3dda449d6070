/// Carrying out a recipe: epochs and batches, tests, checkpoints, the log, and going on after a
/// stop.
#include "pcxx/run/training.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <system_error>

#include "pcxx/core/errors.h"
#include "pcxx/data/loader.h"
#include "pcxx/io/files.h"
#include "pcxx/run/trainer.h"
#include "run/datasets.h"
#include "run/evaluation.h"
#include "run/machine.h"
#include "run/run_log.h"
#include "run/tensorboard_log.h"

namespace pcxx {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Json energies_json(const NamedEnergies& nodes) {
  Json json = Json::object();
  for (const auto& [name, energy] : nodes) {
    json[name] = energy;
  }
  return json;
}

Json machine_json(const Machine& machine) {
  return {{"cpu", machine.cpu},         {"cores", machine.cores},     {"instructions", machine.instructions},
          {"system", machine.system},   {"pcxx", machine.version},    {"onednn", machine.onednn},
          {"compiler", machine.compiler}};
}

/// Makes the folder, or says why it cannot be used. Changes nothing in it.
void check_folder(const TrainingOptions& options) {
  std::error_code error;
  fs::create_directories(options.folder, error);
  if (error) {
    throw FileError(fmt::format("[train] cannot make the folder '{}': {}; name another with --out",
                                options.folder.string(), error.message()));
  }
  const bool taken =
      fs::exists(checkpoint_path(options.folder)) || fs::exists(log_path(options.folder));
  if (taken && !options.resume && !options.force) {
    throw FileError(
        fmt::format("[train] '{}' already holds a run; go on with --resume, replace it with "
                    "--force, or name another folder with --out",
                    options.folder.string()));
  }
}

/// Removes what an earlier run left in the folder.
void clear_folder(const fs::path& folder) {
  const fs::path checkpoint = checkpoint_path(folder);
  for (const fs::path& file : {checkpoint, previous_checkpoint(checkpoint), log_path(folder), report_path(folder)}) {
    fs::remove(file);
  }
  remove_event_files(folder);
}

/// The checkpoint to go on from; nothing if there is none yet.
std::optional<Checkpoint> find_checkpoint(const fs::path& path, TrainingObserver& observer) {
  const fs::path previous = previous_checkpoint(path);
  if (!fs::exists(path) && !fs::exists(previous)) {
    observer.notice(fmt::format("'{}' holds no checkpoint yet; starting from the beginning",
                                path.parent_path().string()));
    return {};
  }
  try {
    return load_checkpoint(path);
  } catch (const FileError& error) {
    if (!fs::exists(previous)) {
      throw;
    }
    observer.notice(fmt::format("{}; going on from the one before it, '{}'", error.what(),
                                previous.filename().string()));
    return load_checkpoint(previous);
  }
}

/// Throws if a recipe asks for other numbers than the run that it is to continue.
void check_same_run(const Recipe& recipe, const Checkpoint& checkpoint, const fs::path& folder) {
  std::vector<std::string> changed =
      differences(recipe, parse_recipe(checkpoint.recipe, checkpoint.recipe_name));
  std::erase_if(changed, [](const std::string& change) {
    const auto begins = [&](const char* key) { return change.starts_with(key); };
    return begins("epochs:") || begins("threads:") || begins("device:") || begins("checkpoint.") ||
           begins("log.") || begins("data.folder:") || begins("data.prefetch:") ||
           begins("data.threads:");
  });
  if (!changed.empty()) {
    throw ArgumentError(
        fmt::format("[train] the run in '{}' was started with another recipe ({}); go on with its "
                    "own, or start anew with --force",
                    folder.string(), fmt::join(changed, "; ")));
  }
}

/// One run, from the data in memory to the summary.
class Run {
 public:
  Run(const Recipe& recipe, const TrainingOptions& options, TrainingObserver& observer)
      : recipe_(recipe),
        options_(options),
        observer_(observer),
        started_(Clock::now()),
        data_(load_data(recipe.data)),
        load_seconds_(seconds_since(started_)),
        network_(build_network(recipe)),
        loader_(data_.train, {.batch = recipe.data.batch,
                              .seed = recipe.seed,
                              .shuffle = recipe.data.shuffle,
                              .drop_last = recipe.data.drop_last,
                              .prefetch = recipe.data.prefetch,
                              .threads = recipe.data.threads}) {
    check_fit(recipe, data_);
    trainer_.emplace(*network_, build_rule(recipe, loader_.batches() * std::max<Size>(recipe.epochs, 1)),
                     TrainerOptions{.device = recipe.device,
                                    .precision = recipe.precision,
                                    .seed = recipe.seed,
                                    .threads = recipe.threads,
                                    .averages = averages(recipe)});
    const auto compiling = Clock::now();
    trainer_->executor({input(), label()});  // compiled before anything in the folder changes
    compile_seconds_ = seconds_since(compiling);
  }

  TrainingSummary carry_out() {
    begin();
    try {
      while (progress_.epoch < recipe_.epochs) {
        if (!run_epoch()) {
          write({{"event", "stop"}, {"epoch", progress_.epoch}, {"batch", progress_.batch}, {"step", progress_.step}});
          return summary(false);
        }
      }
    } catch (const DivergenceError& error) {
      write({{"event", "diverged"}, {"epoch", progress_.epoch}, {"step", progress_.step}, {"message", error.what()}});
      throw;
    }
    if (recipe_.epochs == 0) {
      test();
      save();
    }
    write({{"event", "end"},
           {"epoch", progress_.epoch},
           {"step", progress_.step},
           {"test_accuracy", progress_.accuracy}});
    return summary(true);
  }

 private:
  Node input() const { return network_->node_named("input"); }
  Node label() const { return network_->node_named("label"); }

  /// Goes back to the checkpoint, if there is one to go on from, opens the log and says so.
  void begin() {
    const fs::path path = checkpoint_path(options_.folder);
    std::optional<Checkpoint> checkpoint =
        options_.resume ? find_checkpoint(path, observer_) : std::nullopt;
    if (checkpoint) {
      check_same_run(recipe_, *checkpoint, options_.folder);
      progress_ = checkpoint->progress;
      trainer_->restore(checkpoint->arrays, progress_.step, {input(), label()});
    } else {
      clear_folder(options_.folder);
    }
    log_.emplace(log_path(options_.folder), progress_.log_bytes);
    if (options_.tensorboard) {
      events_.emplace(options_.folder);
    }
    if (!checkpoint) {
      write_file_atomically(options_.folder / "recipe.toml", recipe_.text);
    }
    TrainingStart start{data_.train.size(), data_.test.size(), loader_.batches(),
                        parameter_count(),  progress_,         checkpoint.has_value()};
    write({{"event", start.resumed ? "resume" : "start"},
           {"recipe", recipe_.name},
           {"seed", recipe_.seed},
           {"epochs", recipe_.epochs},
           {"device", recipe_.device},
           {"precision", to_string(recipe_.precision)},
           {"epoch", progress_.epoch},
           {"batch", progress_.batch},
           {"train_samples", start.train_samples},
           {"test_samples", start.test_samples},
           {"parameters", start.parameters},
           {"batches", start.batches},
           {"threads", threads_used(recipe_.threads)},
           {"load_seconds", load_seconds_},
           {"compile_seconds", compile_seconds_},
           {"machine", machine_json(this_machine())}});
    observer_.started(start);
    if (!checkpoint) {
      save();  // from here on there is something to go on from
    }
  }

  Size parameter_count() const {
    Size count = 0;
    for (const Parameter& parameter : network_->parameters()) {
      count += parameter.shape().elements();
    }
    return count;
  }

  /// Returns false if it was asked to stop.
  bool run_epoch() {
    Epoch epoch = loader_.epoch(progress_.epoch, progress_.batch);
    std::vector<NodeData> data{{input(), nullptr}, {label(), nullptr}};
    auto mark = Clock::now();
    while (const Batch* batch = epoch.next()) {
      data[0].rows = batch->inputs.data();
      data[1].rows = batch->targets.data();
      const StepReport report = trainer_->step(batch->size, data);
      const auto now = Clock::now();
      add(report, batch->size, std::chrono::duration<double>(now - mark).count());
      mark = now;
      after_batch(report);
      const bool stop = observer_.stop();
      if (progress_.batch == loader_.batches()) {
        finish_epoch(stop);
        return !stop || progress_.epoch == recipe_.epochs;
      }
      if (stop || due(progress_.step, recipe_.checkpoint_batches)) {
        save();
        mark = Clock::now();
      }
      if (stop) {
        return false;
      }
    }
    return true;
  }

  static bool due(Size count, Size every) { return every > 0 && count % every == 0; }

  void add(const StepReport& report, Size samples, double seconds) {
    const auto weight = static_cast<double>(samples);
    progress_.node_sums.resize(report.nodes.size());
    for (std::size_t i = 0; i < report.nodes.size(); ++i) {
      progress_.node_sums[i].first = report.nodes[i].first;
      progress_.node_sums[i].second += weight * report.nodes[i].second;
    }
    progress_.energy_sum += weight * report.energy;
    progress_.samples += samples;
    progress_.epoch_seconds += seconds;
    progress_.seconds += seconds;
    ++progress_.batch;
    ++progress_.step;
  }

  void after_batch(const StepReport& report) {
    if (due(progress_.step, recipe_.log_batches)) {
      write({{"event", "batch"},
             {"epoch", progress_.epoch + 1},
             {"batch", progress_.batch},
             {"step", progress_.step},
             {"energy", report.energy},
             {"energies", energies_json(report.nodes)}});
    }
    observer_.batch({progress_.epoch, progress_.batch, loader_.batches(), progress_.step,
                     report.energy, report.nodes, progress_.epoch_seconds, progress_.seconds});
  }

  void finish_epoch(bool stop) {
    const auto started = Clock::now();
    const auto samples = static_cast<double>(progress_.samples);
    EpochReport report{progress_.epoch + 1,
                       progress_.step,
                       progress_.energy_sum / samples,
                       progress_.node_sums,
                       0,
                       progress_.epoch_seconds,
                       0};
    test();
    report.test_accuracy = progress_.accuracy;
    for (auto& [name, energy] : report.nodes) {
      energy /= samples;
    }
    report.evaluation_seconds = seconds_since(started);
    ++progress_.epoch;
    if (progress_.best_epoch == 0 || report.test_accuracy > progress_.best_accuracy) {
      progress_.best_accuracy = report.test_accuracy;
      progress_.best_epoch = report.epoch;
    }
    progress_.batch = progress_.samples = 0;
    progress_.energy_sum = progress_.epoch_seconds = 0;
    progress_.node_sums.clear();
    write({{"event", "epoch"},
           {"epoch", report.epoch},
           {"step", report.step},
           {"energy", report.energy},
           {"energies", energies_json(report.nodes)},
           {"test_accuracy", report.test_accuracy},
           {"seconds", report.seconds},
           {"evaluation_seconds", report.evaluation_seconds}});
    observer_.epoch(report);
    if (due(progress_.epoch, recipe_.checkpoint_epochs) ||
        due(progress_.step, recipe_.checkpoint_batches) || progress_.epoch == recipe_.epochs ||
        stop) {
      save();
    }
  }

  void test() {
    progress_.confusion = confusion_on(data_.test, recipe_.data, [&](Size samples, const float* rows) {
      return trainer_->predict(label(), samples, {{input(), rows}});
    });
    progress_.accuracy = progress_.confusion.accuracy();
  }

  /// Adds a record to the log and what else follows the run.
  void write(Json record) {
    record = log_->write(std::move(record));
    if (events_) {
      events_->add(record);
    }
  }

  void save() {
    progress_.log_bytes = log_->bytes();
    save_checkpoint(checkpoint_path(options_.folder),
                    {trainer_->state().arrays(), progress_, recipe_.text, recipe_.name});
  }

  TrainingSummary summary(bool finished) const {
    return {finished, progress_, progress_.accuracy, checkpoint_path(options_.folder)};
  }

  const Recipe& recipe_;
  const TrainingOptions& options_;
  TrainingObserver& observer_;
  Clock::time_point started_;
  Split data_;
  double load_seconds_ = 0;
  double compile_seconds_ = 0;
  std::unique_ptr<Network> network_;
  Loader loader_;
  std::optional<Trainer> trainer_;
  std::optional<RunLog> log_;
  std::optional<TensorBoardLog> events_;
  RunProgress progress_;
};

}  // namespace

fs::path checkpoint_path(const fs::path& folder) { return folder / "checkpoint.safetensors"; }
fs::path log_path(const fs::path& folder) { return folder / "log.jsonl"; }
fs::path report_path(const fs::path& folder) { return folder / "report.html"; }

TrainingSummary train(const Recipe& recipe, const TrainingOptions& options,
                      TrainingObserver& observer) {
  check_folder(options);
  return Run(recipe, options, observer).carry_out();
}

void begin_training(const Recipe& recipe, const TrainingOptions& options,
                    const std::function<void(const Network& network, State& state)>& set) {
  check_folder(options);
  const std::unique_ptr<Network> network = build_network(recipe);
  Trainer trainer(*network, build_rule(recipe, 1),
                  {.device = recipe.device, .precision = recipe.precision, .seed = recipe.seed, .threads = recipe.threads});
  trainer.executor({network->node_named("input"), network->node_named("label")});  // adds the optimisers' states
  set(*network, trainer.state());
  clear_folder(options.folder);
  write_file_atomically(options.folder / "recipe.toml", recipe.text);
  save_checkpoint(checkpoint_path(options.folder), {trainer.state().arrays(), {}, recipe.text, recipe.name});
}

}  // namespace pcxx

/// pcxx train: carries out a recipe, shows how it goes, and can be stopped and resumed.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "cli/commands.h"
#include "cli/signals.h"
#include "cli/training_view.h"
#include "pcxx/core/errors.h"
#include "pcxx/report/report.h"
#include "pcxx/run/training.h"

namespace pcxx::cli {
namespace {

struct TrainOptions {
  std::string recipe;
  Overrides overrides;
  std::string folder;
  bool resume = false;
  bool force = false;
  bool json = false;
  bool tensorboard = false;
};

/// Returns a word as a shell reads it back.
std::string quoted(const std::string& word) {
  const bool plain =
      !word.empty() &&
      word.find_first_not_of(
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:+@%") ==
          std::string::npos;
  if (plain) {
    return word;
  }
  std::string result = "'";
  for (const char letter : word) {
    result += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  }
  return result + "'";
}

/// Returns the command that goes on with a run that this one began.
std::string resume_command(const std::vector<std::string>& arguments) {
  std::string command;
  for (const std::string& argument : arguments) {
    if (argument != "--force" && argument != "--resume") {
      command += quoted(argument) + " ";
    }
  }
  return command + "--resume";
}

int train_command(const TrainOptions& options, const std::vector<std::string>& arguments) {
  const Recipe recipe = load_recipe(options.recipe, options.overrides.list());
  const std::string folder = options.folder.empty()
                                 ? (std::filesystem::path("runs") / recipe.name).string()
                                 : options.folder;
  const std::unique_ptr<TrainingView> view =
      make_view(recipe, {.recipe_path = options.recipe, .folder = folder, .json = options.json});
  watch_signals();
  TrainingSummary summary;
  try {
    summary = train(recipe,
                    {.folder = folder,
                     .resume = options.resume,
                     .force = options.force,
                     .tensorboard = options.tensorboard},
                    *view);
    write_report(folder);
  } catch (const DivergenceError&) {
    view->close();
    write_report(folder);  // the curves on which it went wrong
    throw;
  } catch (...) {
    view->close();
    throw;
  }
  if (summary.finished) {
    view->finished(summary);
    return 0;
  }
  view->stopped(summary, resume_command(arguments));
  return 128 + stop_requested();
}

}  // namespace

void add_train(CLI::App& app, Outcome& outcome, const std::vector<std::string>& arguments) {
  CLI::App* command = app.add_subcommand("train", "Train a network as a recipe says");
  const auto options = std::make_shared<TrainOptions>();
  command->add_option("recipe", options->recipe, "TOML file, e.g. recipes/fashion_mnist_mlp.toml")
      ->required()
      ->type_name("RECIPE");
  options->overrides.add_to(*command);
  command->add_option("--seed", options->overrides.seed, "Seed of parameters and sample order")
      ->type_name("N");
  command->add_option("--out", options->folder, "Folder of the run; default runs/<recipe>")
      ->type_name("DIR");
  command->add_flag(
      "--resume", options->resume,
      "Go on from the folder's checkpoint, with the same numbers as if never stopped");
  command->add_flag("--force", options->force, "Replace a run that is in the folder");
  command->add_flag("--tensorboard", options->tensorboard,
                    "Also write an event file for TensorBoard into the folder");
  command->add_flag("--json", options->json, "Print one JSON object a line");
  command->callback(
      [options, &outcome, arguments] { outcome.code = train_command(*options, arguments); });
}

}  // namespace pcxx::cli

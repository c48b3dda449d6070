/// pcxx eval: judges a checkpoint on the test set of its recipe.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/terminal.h"
#include "pcxx/run/training.h"

namespace pcxx::cli {
namespace {

struct EvalOptions {
  std::string path;
  Overrides overrides;
  bool json = false;
};

void eval_command(const EvalOptions& options) {
  const std::string path = checkpoint_in(options.path).value_or(options.path);
  const Checkpoint checkpoint = load_checkpoint(path);
  const Recipe recipe =
      parse_recipe(checkpoint.recipe, checkpoint.recipe_name, options.overrides.list());
  const Evaluation result = evaluate(checkpoint, recipe);
  if (options.json) {
    nlohmann::ordered_json nodes = nlohmann::ordered_json::object();
    for (const auto& [name, energy] : result.nodes) {
      nodes[name] = energy;
    }
    const nlohmann::ordered_json line{{"system", "pcxx"},
                                      {"checkpoint", path},
                                      {"epoch", checkpoint.progress.epoch},
                                      {"step", checkpoint.progress.step},
                                      {"samples", result.samples},
                                      {"energy", result.energy},
                                      {"energies", nodes},
                                      {"test_accuracy", result.accuracy}};
    print(line.dump() + "\n");
    return;
  }
  std::string nodes;
  for (const auto& [name, energy] : result.nodes) {
    nodes += fmt::format("{}{} {}", nodes.empty() ? "" : ", ", name, energy_text(energy));
  }
  print(aligned(
      {{"checkpoint", fmt::format("{} ({}, {})", path, counted(checkpoint.progress.epoch, "epoch"),
                                  counted(checkpoint.progress.step, "batch"))},
       {"network", describe_network(recipe.network)},
       {"data", fmt::format("{}, {} test samples", recipe.data.name, grouped(result.samples))},
       {"energy",
        fmt::format("{} with the label given and values relaxed", energy_text(result.energy))},
       {"of nodes", nodes}},
      0));
  print(fmt::format("test accuracy {:.4f}\n", result.accuracy));
}

}  // namespace

void add_eval(CLI::App& app) {
  CLI::App* command = app.add_subcommand("eval", "Test accuracy and energies of a checkpoint");
  const auto options = std::make_shared<EvalOptions>();
  command->add_option("checkpoint", options->path, "A run's folder or its checkpoint.safetensors")
      ->required()
      ->type_name("CHECKPOINT");
  options->overrides.add_to(*command);
  command->add_flag("--json", options->json, "Print one JSON object");
  command->callback([options] { eval_command(*options); });
}

}  // namespace pcxx::cli

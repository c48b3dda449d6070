/// pcxx inspect: nodes, parameters, the compiled plan and what it costs.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/terminal.h"
#include "pcxx/run/inspection.h"
#include "pcxx/run/training.h"

namespace pcxx::cli {
namespace {

struct InspectOptions {
  std::string path;
  Overrides overrides;
  bool program = false;
  bool json = false;
};

using Json = nlohmann::ordered_json;
using Table = std::vector<std::vector<std::string>>;

/// Returns rows with aligned columns; the first row is the dimmed heading.
std::string tabulated(const Table& rows) {
  std::vector<int> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], columns(row[i]));
    }
  }
  std::string result;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < rows[r].size(); ++i) {
      line += i + 1 == rows[r].size() ? rows[r][i] : left(rows[r][i], widths[i] + 3);
    }
    result += "  " + (r == 0 ? dim(line) : line) + "\n";
  }
  return result;
}

Json to_json(const Inspection& found, const Recipe& recipe,
             const std::optional<Checkpoint>& checkpoint) {
  Json nodes = Json::array(), parameters = Json::array();
  for (const InspectedNode& node : found.nodes) {
    nodes.push_back({{"name", node.name},
                     {"shape", node.shape.extents()},
                     {"given", node.given},
                     {"prediction", node.prediction},
                     {"energy", node.energy}});
  }
  for (const InspectedParameter& parameter : found.parameters) {
    parameters.push_back({{"name", parameter.name},
                          {"shape", parameter.shape.extents()},
                          {"count", parameter.count}});
  }
  Json json{{"system", "pcxx"},
            {"recipe", recipe.name},
            {"device", recipe.device},
            {"precision", to_string(recipe.precision)},
            {"batch", found.batch},
            {"nodes", nodes},
            {"parameters", parameters},
            {"parameter_count", found.parameter_count},
            {"flops", found.flops},
            {"working_bytes", found.working_bytes},
            {"state_bytes", found.state_bytes},
            {"compile_s", found.compile_seconds},
            {"plan", found.plan},
            {"program", found.program}};
  if (checkpoint) {
    const RunProgress& progress = checkpoint->progress;
    json["progress"] = {{"epoch", progress.epoch},
                        {"batch", progress.batch},
                        {"step", progress.step},
                        {"test_accuracy", progress.accuracy},
                        {"best_accuracy", progress.best_accuracy},
                        {"best_epoch", progress.best_epoch}};
  }
  return json;
}

void show(const Inspection& found, const Recipe& recipe,
          const std::optional<Checkpoint>& checkpoint, bool program) {
  Table nodes{{"node", "shape", "prediction", "energy"}},
      parameters{{"parameter", "shape", "count"}};
  for (const InspectedNode& node : found.nodes) {
    nodes.push_back({node.name + (node.given ? " (data)" : ""), to_string(node.shape),
                     node.prediction, node.energy});
  }
  for (const InspectedParameter& parameter : found.parameters) {
    parameters.push_back({parameter.name, to_string(parameter.shape), grouped(parameter.count)});
  }
  parameters.push_back({"", "all", grouped(found.parameter_count)});
  if (checkpoint) {
    const RunProgress& progress = checkpoint->progress;
    print(fmt::format(
        "\ncheckpoint after {}, {}{}\n", counted(progress.epoch, "epoch"),
        counted(progress.step, "batch"),
        progress.epoch > 0 ? fmt::format(", test accuracy {:.4f}", progress.accuracy) : ""));
  }
  print("\n" + aligned({{"network", describe_network(recipe.network)},
                        {"rule", describe_rule(recipe.rule)},
                        {"weights", describe_weights(recipe.weights)}},
                       0));
  print("\n" + tabulated(nodes) + "\n" + tabulated(parameters));
  print(fmt::format("\na training step on {} samples, compiled for {} in {} ({:.1f} ms)\n\n",
                    grouped(found.batch), recipe.device, to_string(recipe.precision),
                    1e3 * found.compile_seconds));
  print(found.plan + (found.plan.ends_with('\n') ? "" : "\n"));
  if (program) {
    print("\nthe program before any pass\n\n" + found.program +
          (found.program.ends_with('\n') ? "" : "\n"));
  }
  print(
      "\n" +
      aligned({{"work", fmt::format("{:.4g} MFLOP a step, {:.4g} kFLOP a sample", found.flops / 1e6,
                                    found.flops / 1e3 / static_cast<double>(found.batch))},
               {"memory", fmt::format("{} for values and work, {} for parameters and optimisers",
                                      bytes_text(static_cast<double>(found.working_bytes)),
                                      bytes_text(static_cast<double>(found.state_bytes)))}},
              0));
}

void inspect_command(const InspectOptions& options) {
  std::optional<Checkpoint> checkpoint;
  if (const auto path = checkpoint_in(options.path)) {
    checkpoint = load_checkpoint(*path);
  }
  const Recipe recipe = checkpoint ? parse_recipe(checkpoint->recipe, checkpoint->recipe_name,
                                                  options.overrides.list())
                                   : load_recipe(options.path, options.overrides.list());
  const Inspection found = inspect(recipe);
  if (options.json) {
    print(to_json(found, recipe, checkpoint).dump() + "\n");
  } else {
    show(found, recipe, checkpoint, options.program);
  }
}

}  // namespace

void add_inspect(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "inspect",
      "Nodes, parameters, the compiled plan, FLOPs and memory of a recipe or checkpoint");
  const auto options = std::make_shared<InspectOptions>();
  command->add_option("what", options->path, "A recipe, a run's folder or a checkpoint")
      ->required()
      ->type_name("RECIPE|CHECKPOINT");
  options->overrides.add_to(*command);
  command->add_flag("--program", options->program, "Also show the program before any pass");
  command->add_flag("--json", options->json, "Print one JSON object");
  command->callback([options] { inspect_command(*options); });
}

}  // namespace pcxx::cli

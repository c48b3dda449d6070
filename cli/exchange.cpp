/// pcxx import and export: parameters from and to PCX's NPZ files.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/terminal.h"
#include "pcxx/run/pcx_params.h"
#include "pcxx/run/training.h"

namespace pcxx::cli {
namespace {

struct ExchangeOptions {
  std::string source, target, like;
  std::vector<std::string> rules;
  std::string folder;
  Overrides overrides;
  bool averages = false;
  bool force = false;

  std::vector<KeyRule> key_rules() const {
    std::vector<KeyRule> result;
    for (const std::string& rule : rules) {
      result.push_back(key_rule(rule));
    }
    return result;
  }
};

void show(const std::vector<KeyPair>& pairs) {
  Lines lines;
  for (const KeyPair& pair : pairs) {
    lines.emplace_back(pair.parameter, fmt::format("{} {}", fmt::join(pair.keys, " = "), to_string(pair.shape)));
  }
  print(aligned(lines, 0));
}

void import_command(const ExchangeOptions& options) {
  const Recipe recipe = load_recipe(options.source, options.overrides.list());
  const std::string folder = options.folder.empty() ? "runs/" + recipe.name : options.folder;
  show(import_pcx_run(recipe, options.target, folder, options.key_rules(), options.force));
  print(fmt::format("{} holds a run that begins with these parameters: pcxx eval {}, or pcxx train --resume\n", folder, folder));
}

void export_command(const ExchangeOptions& options) {
  const std::string path = checkpoint_in(options.source).value_or(options.source);
  PcxSaveOptions how{options.key_rules(), {}};
  if (!options.like.empty()) {
    how.like = options.like;
  }
  show(export_pcx_run(load_checkpoint(path), options.target, how, options.averages));
  print(fmt::format("{} is for PCX's load_params\n", options.target));
}

void add_rules(CLI::App& command, ExchangeOptions& options) {
  command.add_option("--map", options.rules,
                     "Which keys a parameter has, as in 'hidden{i}.{what} = .layers[{i-1}].nn.{what}'; may be repeated. "
                     "What no rule names goes by order")
      ->type_name("RULE")
      ->allow_extra_args(false);
}

}  // namespace

void add_import(CLI::App& app) {
  CLI::App* command = app.add_subcommand("import", "Begin a run with parameters from a file of PCX's save_params");
  const auto options = std::make_shared<ExchangeOptions>();
  command->add_option("recipe", options->source, "TOML file that describes the same network")->required()->type_name("RECIPE");
  command->add_option("file", options->target, "NPZ file that save_params wrote")->required()->type_name("NPZ");
  options->overrides.add_to(*command);
  command->add_option("--out", options->folder, "Folder of the run; default runs/<recipe>")->type_name("DIR");
  add_rules(*command, *options);
  command->add_flag("--force", options->force, "Replace a run that is in the folder");
  command->callback([options] { import_command(*options); });
}

void add_export(CLI::App& app) {
  CLI::App* command = app.add_subcommand("export", "Write a checkpoint's parameters for PCX's load_params");
  const auto options = std::make_shared<ExchangeOptions>();
  command->add_option("checkpoint", options->source, "A run's folder or its checkpoint.safetensors")
      ->required()
      ->type_name("CHECKPOINT");
  command->add_option("file", options->target, "NPZ file to write")->required()->type_name("NPZ");
  command->add_option("--like", options->like, "A file of save_params of the same model: its keys and shapes")->type_name("NPZ");
  add_rules(*command, *options);
  command->add_flag("--averages", options->averages, "Write the averages of the parameters");
  command->callback([options] { export_command(*options); });
}

}  // namespace pcxx::cli

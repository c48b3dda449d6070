/// Reading recipes: from TOML to a Recipe, every key checked.
#include "pcxx/run/recipe.h"

#include <fmt/format.h>

#include <limits>
#include <sstream>

#include "pcxx/core/errors.h"
#include "pcxx/io/files.h"
#include "run/datasets.h"
#include "run/recipe_network.h"
#include "run/recipe_optimiser.h"
#include "run/recipe_table.h"

namespace pcxx {
namespace {

RuleRecipe read_rule(const RecipeTable& table) {
  RuleRecipe rule;
  rule.name = table.choice("name", Names{"pc", "bp"}, "pc");
  if (rule.name == "bp") {
    table.expect_keys(Names{"name"});
    return rule;
  }
  table.expect_keys(Names{"name", "steps", "values"});
  rule.steps = table.integer("steps", 0, 8);
  rule.values =
      read_optimiser(table.table("values"), {.optimiser = "sgd", .rate = {.first = 0.05}}, {});
  return rule;
}

std::vector<OptimiserRecipe> read_weights(const RecipeTable& table) {
  const OptimiserRecipe fallback{.optimiser = "adamw", .rate = {.first = 1e-3}};
  const auto read = [&](const RecipeTable& group, const Names& further) {
    OptimiserRecipe optimiser = read_optimiser(group, fallback, Names{"average"} + further);
    optimiser.average = group.decay("average", 0);
    return optimiser;
  };
  if (!table.has("group")) {
    return {read(table, {})};
  }
  table.expect_keys(Names{"group"});
  std::vector<OptimiserRecipe> groups;
  for (const RecipeTable& group : table.tables("group")) {
    OptimiserRecipe optimiser = read(group, {"parameters"});
    optimiser.parameters = group.text("parameters");
    groups.push_back(std::move(optimiser));
  }
  return groups;
}

PictureRecipe read_pictures(const RecipeTable& table) {
  PictureRecipe pictures;
  pictures.pad = table.integer("pad", 0, 0);
  pictures.mean = table.numbers("mean", -1e6, 1e6);
  pictures.deviation = table.numbers("deviation", 1e-6, 1e6);
  if (pictures.mean.size() != pictures.deviation.size()) {
    table.fail(table.has("mean") ? "mean" : "deviation",
               fmt::format("'{}' has {} numbers and '{}' {}; expected as many of both, one for each channel or one for all",
                           table.full("mean"), pictures.mean.size(), table.full("deviation"),
                           pictures.deviation.size()));
  }
  const RecipeTable augment = table.table("augment");
  augment.expect_keys(Names{"flip", "crop", "padding"});
  pictures.flip = augment.flag("flip", false);
  pictures.crop = augment.integer("crop", 1, 0);
  pictures.crop_padding = augment.integer("padding", 0, 0);
  if (pictures.crop == 0 && pictures.crop_padding > 0) {
    augment.fail("padding", fmt::format("'{}' is given without '{}', the side of what is cut out of the padded picture",
                                        augment.full("padding"), augment.full("crop")));
  }
  return pictures;
}

void read_generator(const RecipeTable& table, const Names& common, DataRecipe& data) {
  table.expect_keys(common + Names{"noise", "train_seed", "test_seed"});
  data.train = table.integer("train", 1, 1024);
  data.test = table.integer("test", 1, 512);
  data.noise = table.number("noise", 0, kInfinity, 0.2);
  data.train_seed = static_cast<std::uint64_t>(table.integer("train_seed", 0, 42));
  data.test_seed = static_cast<std::uint64_t>(table.integer("test_seed", 0, 0));
}

void read_files(const RecipeTable& table, const Names& common, DataRecipe& data) {
  Names keys = common + Names{"folder", "pad", "mean", "deviation", "augment"};
  if (data.name == "cifar100") {
    keys.emplace_back("labels");
  } else if (data.name == "tiny_imagenet") {
    keys.emplace_back("skip_corrupt");
  }
  table.expect_keys(keys);
  data.folder = table.text("folder", "");
  data.labels = table.choice("labels", Names{"fine", "coarse"}, "fine");
  data.skip_corrupt = table.flag("skip_corrupt", false);
  data.train = table.integer("train", 0, 0);
  data.test = table.integer("test", 0, 0);
  data.pictures = read_pictures(table);
}

DataRecipe read_data(const RecipeTable& table) {
  DataRecipe data;
  data.name = table.choice("name", dataset_names());
  const Names common{"name", "batch", "drop_last", "shuffle", "train", "test", "prefetch", "threads"};
  if (is_generator(data.name)) {
    read_generator(table, common, data);
  } else {
    read_files(table, common, data);
  }
  data.batch = table.integer("batch", 1, 128);
  data.drop_last = table.flag("drop_last", false);
  data.shuffle = table.flag("shuffle", true);
  data.prefetch = table.integer("prefetch", 0, 0);
  data.threads = table.integer("threads", 1, 1);
  return data;
}

std::string to_text(const toml::table& document) {
  std::ostringstream out;
  out << document << '\n';
  return out.str();
}

}  // namespace

Recipe parse_recipe(const std::string& text, const std::string& file,
                    const std::vector<std::string>& overrides) {
  const toml::table document = parse_recipe_document(text, file, overrides);
  const RecipeTable table(file, document, "");
  table.expect_keys(Names{"seed", "epochs", "device", "precision", "threads", "network", "rule",
                          "weights", "data", "checkpoint", "log"});
  for (const char* section : {"network", "data"}) {
    if (!table.has(section)) {
      table.fail("", fmt::format("the table [{}] is missing", section));
    }
  }
  Recipe recipe;
  recipe.name = std::filesystem::path(file).stem().string();
  recipe.seed = static_cast<std::uint64_t>(table.integer("seed", 0, 0));
  recipe.epochs = table.integer("epochs", 0, 1);
  recipe.device = table.choice("device", Names{"cpu", "reference"}, "cpu");
  recipe.precision = precision_from(table.choice("precision", Names{"f32", "bf16", "f64"}, "f32"));
  recipe.threads = static_cast<int>(
      std::min<Size>(table.integer("threads", 0, 0), std::numeric_limits<int>::max()));
  recipe.network = read_network(table.table("network"));
  recipe.rule = read_rule(table.table("rule"));
  recipe.weights = read_weights(table.table("weights"));
  recipe.data = read_data(table.table("data"));
  const RecipeTable checkpoint = table.table("checkpoint");
  checkpoint.expect_keys(Names{"every_epochs", "every_batches"});
  recipe.checkpoint_epochs = checkpoint.integer("every_epochs", 0, 1);
  recipe.checkpoint_batches = checkpoint.integer("every_batches", 0, 0);
  const RecipeTable log = table.table("log");
  log.expect_keys(Names{"every_batches"});
  recipe.log_batches = log.integer("every_batches", 0, 0);
  recipe.text = overrides.empty() ? text : to_text(document);
  return recipe;
}

Recipe load_recipe(const std::filesystem::path& path, const std::vector<std::string>& overrides) {
  const std::vector<std::byte> bytes = read_file(path);
  return parse_recipe({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string(),
                      overrides);
}

Size batches_per_epoch(const DataRecipe& data, Size samples) {
  return data.drop_last ? samples / data.batch : (samples + data.batch - 1) / data.batch;
}

}  // namespace pcxx

/// Data sets by name: made by generators or read from files.
#include "run/datasets.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "pcxx/core/errors.h"
#include "pcxx/data/fashion_mnist.h"
#include "pcxx/data/generators.h"
#include "pcxx/data/idx.h"

namespace pcxx {
namespace {

namespace fs = std::filesystem;

Dataset generate(const DataRecipe& recipe, Size samples, std::uint64_t seed) {
  const GeneratorOptions options{.samples = samples, .noise = recipe.noise, .seed = seed};
  if (recipe.name == "moons") {
    return two_moons(options);
  }
  if (recipe.name == "rings") {
    return rings(2, options);
  }
  return spirals(2, 1, options);
}

fs::path idx_file(const fs::path& folder, const std::string& name) {
  for (const std::string& form : {name + ".gz", name}) {
    std::error_code ignored;
    if (fs::exists(folder / form, ignored)) {
      return folder / form;
    }
  }
  throw FileError(
      fmt::format("[data] '{}' has neither {} nor {}.gz; expected IDX files named as MNIST's; name "
                  "their folder by data.folder or "
                  "PCXX_DATA",
                  folder.string(), name, name));
}

/// Returns pictures as rows.
Array flattened(const Array& pictures) {
  const Size samples = pictures.shape().rank() == 0 ? 0 : pictures.shape()[0];
  Array rows({samples, samples == 0 ? 0 : pictures.elements() / samples}, ElementType::u8);
  std::memcpy(rows.data(), pictures.data(), rows.bytes());
  return rows;
}

Dataset read_idx(const fs::path& folder, const std::string& prefix) {
  const fs::path images = idx_file(folder, prefix + "-images-idx3-ubyte");
  const fs::path labels = idx_file(folder, prefix + "-labels-idx1-ubyte");
  Dataset set;
  set.inputs = flattened(load_idx(images));
  set.scaling = {.mean = 0.5F, .deviation = 0.5F};  // pixels of 0..255 are -1..1, as in PCX
  set.labels = load_idx(labels).to(ElementType::i32);
  if (set.labels.shape() != Shape{set.size()} || set.size() == 0) {
    throw FileError(fmt::format(
        "[data] '{}' holds {} pictures but '{}' labels {}; expected one label a picture",
        images.string(), set.size(), labels.string(), to_string(set.labels.shape())));
  }
  return set;
}

Split read_idx_folder(const DataRecipe& recipe) {
  const char* variable = std::getenv("PCXX_DATA");
  const fs::path folder = !recipe.folder.empty() ? recipe.folder
                          : variable == nullptr  ? ""
                                                 : variable;
  if (folder.empty()) {
    throw FileError(
        "[data] no folder for the IDX files; name it by data.folder in the recipe or by PCXX_DATA");
  }
  Split split{read_idx(folder, "train"), read_idx(folder, "t10k")};
  std::int32_t largest = 0;
  for (const Dataset* set : {&split.train, &split.test}) {
    for (const std::int32_t label : set->labels.as<std::int32_t>()) {
      largest = std::max(largest, label);
    }
  }
  split.train.classes = split.test.classes = largest + 1;
  return split;
}

void keep(Dataset& set, Size wanted, const char* which) {
  if (wanted > set.size()) {
    throw ArgumentError(fmt::format("[data] data.{} asks for {} samples, but there are {}", which,
                                    wanted, set.size()));
  }
  if (wanted > 0 && wanted < set.size()) {
    set = slice(set, 0, wanted);
  }
}

}  // namespace

std::vector<std::string> dataset_names() {
  return {"fashion_mnist", "idx", "moons", "rings", "spirals"};
}

bool is_generator(const std::string& name) { return name != "fashion_mnist" && name != "idx"; }

Split load_data(const DataRecipe& recipe) {
  if (is_generator(recipe.name)) {
    return {generate(recipe, recipe.train, recipe.train_seed),
            generate(recipe, recipe.test, recipe.test_seed)};
  }
  Split split = recipe.name == "idx"
                    ? read_idx_folder(recipe)
                    : load_fashion_mnist({.folder = recipe.folder, .keep_bytes = true});
  keep(split.train, recipe.train, "train");
  keep(split.test, recipe.test, "test");
  return split;
}

void check_fit(const Recipe& recipe, const Split& data) {
  const Size features = data.train.inputs.elements() / std::max<Size>(data.train.size(), 1);
  const auto complain = [&](const char* what, Size has, Size needs) {
    throw RecipeError(
        fmt::format("[recipe] {}: the network's {} has {} values, but {} has {}; correct [network]",
                    recipe.name, what, has, recipe.data.name, needs));
  };
  if (recipe.network.input != features) {
    complain("input", recipe.network.input, features);
  }
  if (recipe.network.layers.back().width != data.train.classes) {
    complain("label", recipe.network.layers.back().width, data.train.classes);
  }
  if (recipe.data.drop_last && data.train.size() < recipe.data.batch) {
    throw RecipeError(
        fmt::format("[recipe] {}: data.batch is {} but there are {} samples, and drop_last leaves "
                    "none; lower data.batch",
                    recipe.name, recipe.data.batch, data.train.size()));
  }
}

}  // namespace pcxx

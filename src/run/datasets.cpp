/// Data sets by name: made by generators or read from files.
#include "run/datasets.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <tuple>
#include <utility>

#include "data/folders.h"
#include "pcxx/core/errors.h"
#include "pcxx/data/cifar.h"
#include "pcxx/data/fashion_mnist.h"
#include "pcxx/data/generators.h"
#include "pcxx/data/idx.h"
#include "pcxx/data/tiny_imagenet.h"

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
  if (fs::path file = plain_or_gzipped(folder, name); !file.empty()) {
    return file;
  }
  throw FileError(
      fmt::format("[data] '{}' has neither {} nor {}.gz; expected IDX files named as MNIST's; name "
                  "their folder by data.folder or "
                  "PCXX_DATA",
                  folder.string(), name, name));
}

/// Returns pictures, (n, height, width), as such of one channel; anything else as rows of numbers.
Array as_samples(Array pictures) {
  const Shape shape = pictures.shape();
  const Size samples = shape.rank() == 0 ? 0 : shape[0];
  return std::move(pictures).reshaped(shape.rank() == 3 ? Shape{samples, 1, shape[1], shape[2]}
                                                        : Shape{samples, shape.elements() / std::max<Size>(samples, 1)});
}

Dataset read_idx(const fs::path& folder, const std::string& prefix) {
  const fs::path images = idx_file(folder, prefix + "-images-idx3-ubyte");
  const fs::path labels = idx_file(folder, prefix + "-labels-idx1-ubyte");
  Dataset set;
  set.inputs = as_samples(load_idx(images));
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

Split read_files(const DataRecipe& recipe) {
  if (recipe.name == "cifar10") {
    return load_cifar10(recipe.folder);
  }
  if (recipe.name == "cifar100") {
    return load_cifar100(recipe.folder, recipe.labels == "coarse" ? Cifar100Labels::coarse : Cifar100Labels::fine);
  }
  if (recipe.name == "tiny_imagenet") {
    return load_tiny_imagenet({.folder = recipe.folder, .skip_corrupt = recipe.skip_corrupt});
  }
  const MnistOptions options{.folder = recipe.folder, .mean = 0, .deviation = 1, .flatten = false, .keep_bytes = true};
  return recipe.name == "idx" ? read_idx_folder(recipe)
         : recipe.name == "mnist" ? load_mnist(options)
                                  : load_fashion_mnist(options);
}

/// Returns mean and deviation of pixels from 0 to 1: the recipe's, else the set's own.
ChannelStatistics statistics(const DataRecipe& recipe) {
  if (!recipe.pictures.mean.empty()) {
    const auto& [mean, deviation] = std::tie(recipe.pictures.mean, recipe.pictures.deviation);
    ChannelStatistics result;
    std::transform(mean.begin(), mean.end(), std::back_inserter(result.mean), [](double x) { return static_cast<float>(x); });
    std::transform(deviation.begin(), deviation.end(), std::back_inserter(result.deviation),
                   [](double x) { return static_cast<float>(x); });
    return result;
  }
  if (recipe.name == "cifar10") {
    return cifar10_statistics();
  }
  if (recipe.name == "cifar100") {
    return cifar100_statistics();
  }
  if (recipe.name == "tiny_imagenet") {
    return tiny_imagenet_statistics();
  }
  return {{0.5F}, {0.5F}};  // pixels become -1 .. 1, as in PCX
}

/// Says what is done to the pixels of both sets. What is put around a picture is black, so it is normalised with the rest;
/// where there is nothing but one mean, bytes are scaled at once.
void set_transforms(const DataRecipe& recipe, Split& split) {
  const PictureRecipe& pictures = recipe.pictures;
  const ChannelStatistics normal = statistics(recipe);
  std::vector<SampleTransform> train, test;
  if (pictures.pad > 0) {
    train.push_back(pad_picture(pictures.pad));
    test.push_back(pad_picture(pictures.pad));
  }
  if (pictures.crop > 0) {
    train.push_back(random_crop(pictures.crop, pictures.crop, {.padding = pictures.crop_padding}));
    test.push_back(centre_crop(pictures.crop, pictures.crop));
  }
  if (pictures.flip) {
    train.push_back(random_flip());
  }
  for (const auto& [set, transforms] : {std::pair{&split.train, &train}, std::pair{&split.test, &test}}) {
    if (transforms->empty() && normal.mean.size() == 1 && set->source == nullptr) {
      set->scaling = {normal.mean.front(), normal.deviation.front()};
    } else {
      transforms->push_back(normalise(normal));
      set->transforms = *transforms;
    }
    try {
      (void)set->input_shape();
    } catch (const ShapeError& error) {
      throw RecipeError(fmt::format("[recipe] the pictures of {} cannot be treated as [data] says: {}", recipe.name,
                                    error.what()));
    }
  }
}

}  // namespace

std::vector<std::string> dataset_names() {
  return {"cifar10", "cifar100", "fashion_mnist", "idx", "mnist", "moons", "rings", "spirals", "tiny_imagenet"};
}

bool is_generator(const std::string& name) { return name == "moons" || name == "rings" || name == "spirals"; }

Split load_data(const DataRecipe& recipe) {
  if (is_generator(recipe.name)) {
    return {generate(recipe, recipe.train, recipe.train_seed),
            generate(recipe, recipe.test, recipe.test_seed)};
  }
  Split split = read_files(recipe);
  set_transforms(recipe, split);
  keep(split.train, recipe.train, "train");
  keep(split.test, recipe.test, "test");
  return split;
}

void check_fit(const Recipe& recipe, const Split& data) {
  const Shape picture = data.train.input_shape();
  const auto complain = [&](const char* what, const std::string& has, const std::string& needs) {
    throw RecipeError(fmt::format("[recipe] {}: the network's {} has {}, but {} has {}; correct [network]", recipe.name, what,
                                  has, recipe.data.name, needs));
  };
  const auto values = [](Size count) { return fmt::format("{} values", count); };
  const Shape& input = recipe.network.input;
  if (input.elements() != picture.elements()) {
    complain("input", values(input.elements()), std::to_string(picture.elements()));
  }
  if (input.rank() > 1 && input != picture) {
    complain("input", "the shape " + to_string(input), to_string(picture));
  }
  if (recipe.network.layers.back().width != data.train.classes) {
    complain("label", values(recipe.network.layers.back().width), std::to_string(data.train.classes));
  }
  if (recipe.data.drop_last && data.train.size() < recipe.data.batch) {
    throw RecipeError(
        fmt::format("[recipe] {}: data.batch is {} but there are {} samples, and drop_last leaves "
                    "none; lower data.batch",
                    recipe.name, recipe.data.batch, data.train.size()));
  }
}

}  // namespace pcxx

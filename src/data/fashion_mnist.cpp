/// Fashion-MNIST: where its files may be, and what is made of them.
#include "pcxx/data/fashion_mnist.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <future>
#include <string>
#include <utility>

#include "pcxx/core/errors.h"
#include "pcxx/data/idx.h"

namespace pcxx {
namespace fs = std::filesystem;
namespace {

constexpr Size kClasses = 10;
constexpr Size kSide = 28;
constexpr std::array kFiles{"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                            "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

/// Returns the file or its gzipped form; empty if there is neither.
fs::path find_file(const fs::path& folder, const std::string& name) {
  for (const std::string& form : {name + ".gz", name}) {
    std::error_code ignored;
    if (fs::exists(folder / form, ignored)) {
      return folder / form;
    }
  }
  return {};
}

/// Returns the paths of the four files, or nothing if one is missing.
std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const char* name : kFiles) {
    files.push_back(find_file(folder, name));
    if (files.back().empty()) {
      return {};
    }
  }
  return files;
}

std::vector<fs::path> find_files(const FashionMnistOptions& options) {
  const auto folders =
      options.folder.empty() ? fashion_mnist_folders() : std::vector<fs::path>{options.folder};
  std::string looked;
  for (const fs::path& folder : folders) {
    auto files = files_in(folder);
    if (!files.empty()) {
      return files;
    }
    looked += (looked.empty() ? "'" : ", '") + folder.string() + "'";
  }
  throw FileError(
      "[fashion_mnist] the data set is not in " + looked +
      "; expected train-images-idx3-ubyte[.gz] and its three siblings; install the package "
      "dataset-fashion-mnist, set PCXX_DATA to the folder that has them, or run "
      "tools/download_fashion_mnist.sh");
}

Array load_pictures(const fs::path& path, bool flatten) {
  const Array pixels = load_idx(path);
  const Shape& shape = pixels.shape();
  if (shape.rank() != 3 || shape[1] != kSide || shape[2] != kSide) {
    throw FileError("[fashion_mnist] '" + path.string() + "' holds " + to_string(shape) +
                    " instead of (n, 28, 28); get it anew");
  }
  return std::move(pixels).reshaped(flatten ? Shape{shape[0], kSide * kSide}
                                            : Shape{shape[0], 1, kSide, kSide});
}

Dataset load_set(const fs::path& pictures, const fs::path& labels,
                 const FashionMnistOptions& options) {
  Dataset set;
  set.inputs = load_pictures(pictures, options.flatten);
  set.scaling = {options.mean, options.deviation};
  if (!options.keep_bytes) {
    set.inputs = scaled_inputs(set);
  }
  set.labels = load_idx(labels).to(ElementType::i32);
  set.classes = kClasses;
  const auto known = set.labels.as<std::int32_t>();
  if (set.labels.shape() != Shape{set.size()} ||
      std::any_of(known.begin(), known.end(),
                  [](std::int32_t label) { return label >= kClasses; })) {
    throw FileError("[fashion_mnist] '" + labels.string() + "' holds " +
                    to_string(set.labels.shape()) + " labels for " + std::to_string(set.size()) +
                    " pictures, or a label above 9; get it anew");
  }
  return set;
}

fs::path variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? fs::path() : fs::path(value);
}

}  // namespace

std::vector<fs::path> fashion_mnist_folders() {
  std::vector<fs::path> folders;
  if (const fs::path named = variable("PCXX_DATA"); !named.empty()) {
    folders = {named, named / "fashion-mnist"};
  }
  folders.emplace_back("/usr/share/datasets/fashion-mnist");
  if (const fs::path cache = variable("XDG_CACHE_HOME"); !cache.empty()) {
    folders.push_back(cache / "pcxx/fashion-mnist");
  } else if (const fs::path home = variable("HOME"); !home.empty()) {
    folders.push_back(home / ".cache/pcxx/fashion-mnist");
  }
  return folders;
}

Split load_fashion_mnist(const FashionMnistOptions& options) {
  if (!(options.deviation > 0)) {
    throw ArgumentError("[fashion_mnist] deviation is " + std::to_string(options.deviation) +
                        "; it must be above 0");
  }
  const auto files = find_files(options);
  auto test = std::async(std::launch::async, [&] { return load_set(files[2], files[3], options); });
  Dataset train = load_set(files[0], files[1], options);
  return {std::move(train), test.get()};
}

}  // namespace pcxx

/// MNIST and Fashion-MNIST, which have files of the same names: what is made of them.
#include "pcxx/data/mnist.h"

#include <algorithm>
#include <array>
#include <future>
#include <string>
#include <utility>

#include "data/folders.h"
#include "pcxx/core/errors.h"
#include "pcxx/data/fashion_mnist.h"
#include "pcxx/data/idx.h"

namespace pcxx {
namespace fs = std::filesystem;
namespace {

constexpr Size kClasses = 10;
constexpr Size kSide = 28;
constexpr std::array kFiles{"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                            "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

/// One of the sets, for messages.
struct Set {
  std::string name;
  std::vector<fs::path> folders;
  std::string remedy;
};

/// Returns the paths of the four files, or nothing if one is missing.
std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const char* name : kFiles) {
    files.push_back(plain_or_gzipped(folder, name));
    if (files.back().empty()) {
      return {};
    }
  }
  return files;
}

std::vector<fs::path> find_files(const Set& set, const MnistOptions& options) {
  const auto folders = options.folder.empty() ? set.folders : std::vector{options.folder};
  for (const fs::path& folder : folders) {
    if (auto files = files_in(folder); !files.empty()) {
      return files;
    }
  }
  throw FileError("[" + set.name + "] the data set is not in " + listed(folders) +
                  "; expected train-images-idx3-ubyte[.gz] and its three siblings; " + set.remedy);
}

Array load_pictures(const Set& set, const fs::path& path, bool flatten) {
  const Array pixels = load_idx(path);
  const Shape& shape = pixels.shape();
  if (shape.rank() != 3 || shape[1] != kSide || shape[2] != kSide) {
    throw FileError("[" + set.name + "] '" + path.string() + "' holds " + to_string(shape) +
                    " instead of (n, 28, 28); get it anew");
  }
  return std::move(pixels).reshaped(flatten ? Shape{shape[0], kSide * kSide}
                                            : Shape{shape[0], 1, kSide, kSide});
}

Dataset load_part(const Set& which, const fs::path& pictures, const fs::path& labels,
                  const MnistOptions& options) {
  Dataset set;
  set.inputs = load_pictures(which, pictures, options.flatten);
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
    throw FileError("[" + which.name + "] '" + labels.string() + "' holds " +
                    to_string(set.labels.shape()) + " labels for " + std::to_string(set.size()) +
                    " pictures, or a label above 9; get it anew");
  }
  return set;
}

Split load(const Set& set, const MnistOptions& options) {
  if (!(options.deviation > 0)) {
    throw ArgumentError("[" + set.name + "] deviation is " + std::to_string(options.deviation) +
                        "; it must be above 0");
  }
  const auto files = find_files(set, options);
  auto test = std::async(std::launch::async,
                         [&] { return load_part(set, files[2], files[3], options); });
  Dataset train = load_part(set, files[0], files[1], options);
  return {std::move(train), test.get()};
}

}  // namespace

std::vector<fs::path> mnist_folders() { return dataset_folders("mnist"); }

std::vector<fs::path> fashion_mnist_folders() { return dataset_folders("fashion-mnist"); }

Split load_mnist(const MnistOptions& options) {
  return load({"mnist", mnist_folders(), "set PCXX_DATA to the folder that has them"}, options);
}

Split load_fashion_mnist(const FashionMnistOptions& options) {
  return load({"fashion_mnist", fashion_mnist_folders(),
               "install the package dataset-fashion-mnist, set PCXX_DATA to the folder that has "
               "them, or run tools/download_fashion_mnist.sh"},
              options);
}

}  // namespace pcxx

/// Tiny ImageNet's folders: which files there are and what they show.
#include "pcxx/data/tiny_imagenet.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

#include "data/folders.h"
#include "pcxx/core/errors.h"
#include "pcxx/data/picture_files.h"
#include "pcxx/io/files.h"

namespace pcxx {
namespace fs = std::filesystem;
namespace {

constexpr Size kSide = 64;

/// Returns the names in a folder, sorted, that `wanted` picks.
template <class Wanted>
std::vector<std::string> names_in(const fs::path& folder, Wanted&& wanted) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (wanted(*entry)) {
      names.push_back(entry->path().filename().string());
    }
  }
  if (error) {
    throw FileError("[tiny_imagenet] cannot list '" + folder.string() + "': " + error.message() +
                    "; unpack the set anew");
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool is_picture(const fs::directory_entry& entry) {
  const std::string form = entry.path().extension().string();
  return form == ".JPEG" || form == ".jpeg" || form == ".jpg" || form == ".JPG";
}

Dataset dataset_of(std::vector<fs::path> files, const std::vector<std::int32_t>& labels, std::size_t classes) {
  Dataset set;
  set.labels = Array({static_cast<Size>(labels.size())}, ElementType::i32);
  std::copy(labels.begin(), labels.end(), set.labels.as<std::int32_t>().begin());
  set.classes = static_cast<Size>(classes);
  set.source = picture_files(std::move(files), {.height = kSide, .width = kSide});
  return set;
}

Dataset training_set(const fs::path& folder, const std::vector<std::string>& classes) {
  std::vector<fs::path> files;
  std::vector<std::int32_t> labels;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const fs::path images = folder / "train" / classes[i] / "images";
    for (const std::string& name : names_in(images, is_picture)) {
      files.push_back(images / name);
      labels.push_back(static_cast<std::int32_t>(i));
    }
  }
  return dataset_of(std::move(files), labels, classes.size());
}

/// val_annotations.txt: lines of file name, class and a box that is not used here, with tabs between them.
Dataset validation_set(const fs::path& folder, const std::vector<std::string>& classes) {
  std::map<std::string, std::int32_t> number;
  for (const std::string& name : classes) {
    number.emplace(name, static_cast<std::int32_t>(number.size()));
  }
  const fs::path annotations = folder / "val" / "val_annotations.txt";
  const std::vector<std::byte> bytes = read_file(annotations);
  std::istringstream lines(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  std::vector<fs::path> files;
  std::vector<std::int32_t> labels;
  std::string line;
  for (std::size_t count = 1; std::getline(lines, line); ++count) {
    std::istringstream words(line);
    std::string file, name;
    words >> file >> name;
    if (file.empty()) {
      continue;
    }
    if (!number.contains(name) || file.find('/') != std::string::npos) {
      throw FileError("[tiny_imagenet] '" + annotations.string() + "', line " + std::to_string(count) + ", is '" + line +
                      "'; expected a file and a class that has a folder in train/; unpack the set anew");
    }
    files.push_back(folder / "val" / "images" / file);
    labels.push_back(number.at(name));
  }
  return dataset_of(std::move(files), labels, classes.size());
}

fs::path find_folder(const fs::path& named) {
  const auto folders = named.empty() ? tiny_imagenet_folders() : std::vector{named};
  for (const fs::path& folder : folders) {
    if (is_there(folder / "train") && is_there(folder / "val" / "val_annotations.txt")) {
      return folder;
    }
  }
  throw FileError("[tiny_imagenet] the data set is not in " + listed(folders) +
                  "; expected train/<class>/images/*.JPEG and val/val_annotations.txt; unpack tiny-imagenet-200.zip and "
                  "set PCXX_DATA to where it is");
}

}  // namespace

std::vector<fs::path> tiny_imagenet_folders() { return dataset_folders("tiny-imagenet-200"); }

std::vector<std::string> tiny_imagenet_classes(const fs::path& folder) {
  return names_in(folder / "train", [](const fs::directory_entry& entry) { return entry.is_directory(); });
}

Split load_tiny_imagenet(const TinyImagenetOptions& options) {
  const fs::path folder = find_folder(options.folder);
  const std::vector<std::string> classes = tiny_imagenet_classes(folder);
  Split split{training_set(folder, classes), validation_set(folder, classes)};
  for (Dataset* set : {&split.train, &split.test}) {
    if (options.skip_corrupt) {
      skip_unreadable(*set, options.threads);
    }
    if (set->size() == 0) {
      throw FileError("[tiny_imagenet] '" + folder.string() + "' has no pictures to " +
                      (set == &split.train ? "train on in train/" : "test on in val/") + "; unpack the set anew");
    }
  }
  return split;
}

ChannelStatistics tiny_imagenet_statistics() {
  return {{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}};
}

}  // namespace pcxx

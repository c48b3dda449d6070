/// Tiny ImageNet: 100,000 training and 10,000 test pictures, 64 x 64 in colour, of 200 classes.
///
/// http://cs231n.stanford.edu/tiny-imagenet-200.zip, unpacked. Pictures stay JPEG files, which a Loader decodes as it needs
/// them, to (3, 64, 64) from 0 to 1; give it `prefetch` and `threads`.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pcxx/data/dataset.h"

namespace pcxx {

struct TinyImagenetOptions {
  /// The folder with train/CLASS/images/*.JPEG and val/val_annotations.txt; empty to look in tiny_imagenet_folders().
  std::filesystem::path folder = {};
  /// Set to true to decode every file once now and to leave out what is damaged; Dataset::skipped then says what and why.
  /// Otherwise a damaged file throws FileError when a batch wants it.
  bool skip_corrupt = false;
  /// Threads for that; 0: all cores. The result does not depend on it.
  int threads = 0;
};

/// Returns the training set, samples in the order of their classes' and files' names, and the validation set, whose labels
/// are known, as test set. Classes are numbered in the order of their names (WordNet's, n01443537 ...).
/// Throws FileError, saying where it looked, if the set is missing, or naming what does not fit in it.
Split load_tiny_imagenet(const TinyImagenetOptions& options = {});

/// Returns the names of the classes in the order of their numbers: the folders in train/.
std::vector<std::string> tiny_imagenet_classes(const std::filesystem::path& folder);

/// Returns the folders that are looked in, in order: $PCXX_DATA/tiny-imagenet-200, $PCXX_DATA,
/// /usr/share/datasets/tiny-imagenet-200 and the user's cache.
std::vector<std::filesystem::path> tiny_imagenet_folders();

/// Returns mean and deviation of red, green and blue over the training pictures of ImageNet, which are usual for this set.
ChannelStatistics tiny_imagenet_statistics();

}  // namespace pcxx

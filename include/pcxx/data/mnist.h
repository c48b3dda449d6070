/// MNIST: 60,000 training and 10,000 test pictures of handwritten digits, 28 x 28 grey, ten classes.
///
/// LeCun, Bottou, Bengio and Haffner 1998.
#pragma once

#include <filesystem>
#include <vector>

#include "pcxx/data/dataset.h"

namespace pcxx {

struct MnistOptions {
  /// Where the four IDX files are, gzipped or not; empty to look in the set's folders.
  std::filesystem::path folder = {};
  /// A pixel of 0 .. 255 stands for (pixel / 255 - mean) / deviation: -1 .. 1 by default, as in
  /// PCX.
  float mean = 0.5F;
  float deviation = 0.5F;
  /// Inputs are (n, 784); set to false for (n, 1, 28, 28), as convolutions and transforms of
  /// pictures want them.
  bool flatten = true;
  /// Set to true to keep the pixels as bytes with a scaling: a quarter of the memory, and batches
  /// are gathered twice as fast. Inputs are then read through a Loader or scaled_inputs.
  bool keep_bytes = false;
};

/// Returns both sets. Throws FileError, saying where it looked, if the set is missing or damaged.
Split load_mnist(const MnistOptions& options = {});

/// Returns the folders that are looked in, in order: $PCXX_DATA/mnist, $PCXX_DATA,
/// /usr/share/datasets/mnist and the user's cache. The set's files are named as Fashion-MNIST's:
/// a folder of its own keeps them apart.
std::vector<std::filesystem::path> mnist_folders();

}  // namespace pcxx

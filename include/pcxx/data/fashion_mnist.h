/// Fashion-MNIST: 60,000 training and 10,000 test pictures of clothes, 28 x 28 grey, ten classes.
///
/// Xiao, Rasul and Vollgraf 2017; https://github.com/zalandoresearch/fashion-mnist
#pragma once

#include <filesystem>
#include <vector>

#include "pcxx/data/dataset.h"

namespace pcxx {

struct FashionMnistOptions {
  /// Where the four IDX files are, gzipped or not; empty to look in fashion_mnist_folders().
  std::filesystem::path folder = {};
  /// A pixel of 0 .. 255 stands for (pixel / 255 - mean) / deviation: -1 .. 1 by default, as in
  /// PCX.
  float mean = 0.5F;
  float deviation = 0.5F;
  /// Inputs are (n, 784); set to false for (n, 1, 28, 28), as convolutions want them.
  bool flatten = true;
  /// Set to true to keep the pixels as bytes with a scaling: a quarter of the memory, and batches
  /// are gathered twice as fast. Inputs are then read through a Loader or scaled_inputs.
  bool keep_bytes = false;
};

/// Returns both sets. Throws FileError, saying where it looked and how to get the set, if it is
/// missing or damaged.
Split load_fashion_mnist(const FashionMnistOptions& options = {});

/// Returns the folders that are looked in, in order: $PCXX_DATA, $PCXX_DATA/fashion-mnist, where
/// Debian's package dataset-fashion-mnist puts it, and the cache that
/// tools/download_fashion_mnist.sh fills.
std::vector<std::filesystem::path> fashion_mnist_folders();

}  // namespace pcxx

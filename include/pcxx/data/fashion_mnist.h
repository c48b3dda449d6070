/// Fashion-MNIST: 60,000 training and 10,000 test pictures of clothes, 28 x 28 grey, ten classes.
///
/// Xiao, Rasul and Vollgraf 2017; https://github.com/zalandoresearch/fashion-mnist
#pragma once

#include <filesystem>
#include <vector>

#include "pcxx/data/mnist.h"

namespace pcxx {

using FashionMnistOptions = MnistOptions;

/// Returns both sets. Throws FileError, saying where it looked and how to get the set, if it is
/// missing or damaged.
Split load_fashion_mnist(const FashionMnistOptions& options = {});

/// Returns the folders that are looked in, in order: $PCXX_DATA/fashion-mnist, $PCXX_DATA, where
/// Debian's package dataset-fashion-mnist puts it, and the cache that
/// tools/download_fashion_mnist.sh fills.
std::vector<std::filesystem::path> fashion_mnist_folders();

}  // namespace pcxx

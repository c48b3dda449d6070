/// CIFAR-10 and CIFAR-100: 50,000 training and 10,000 test pictures, 32 x 32 in colour, of 10 or 100 classes.
///
/// Krizhevsky 2009; https://www.cs.toronto.edu/~kriz/cifar.html, the binary versions. Pictures stay bytes, (n, 3, 32, 32),
/// and stand for 0 .. 1; transforms do the rest:
///   cifar.train.transforms = {random_flip(), random_crop(32, 32, {.padding = 4}), normalise(cifar10_statistics())};
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "pcxx/data/dataset.h"

namespace pcxx {

/// Returns both sets from a folder with data_batch_1.bin .. data_batch_5.bin and test_batch.bin; without one, from the first
/// of cifar10_folders() that has them. Throws FileError, saying where it looked, if the set is missing or damaged.
Split load_cifar10(const std::filesystem::path& folder = {});

/// What CIFAR-100 calls a picture: one of 100 classes, or one of the 20 that they belong to.
enum class Cifar100Labels : std::uint8_t { fine, coarse };

/// The same for CIFAR-100, from train.bin and test.bin.
Split load_cifar100(const std::filesystem::path& folder = {}, Cifar100Labels labels = Cifar100Labels::fine);

/// Return the pictures in a file's bytes; `name` stands for the file in messages. Throw FileError if the bytes are not
/// whole records, or name a class that there is not.
Dataset parse_cifar10(std::span<const std::byte> bytes, const std::string& name);
Dataset parse_cifar100(std::span<const std::byte> bytes, const std::string& name,
                       Cifar100Labels labels = Cifar100Labels::fine);

/// Return the folders that are looked in, in order: $PCXX_DATA/cifar-10-batches-bin (cifar-100-binary), $PCXX_DATA,
/// /usr/share/datasets/... and the user's cache.
std::vector<std::filesystem::path> cifar10_folders();
std::vector<std::filesystem::path> cifar100_folders();

/// Return mean and deviation of red, green and blue over the training pictures, as PCX's benchmark rounds them.
ChannelStatistics cifar10_statistics();
ChannelStatistics cifar100_statistics();

}  // namespace pcxx

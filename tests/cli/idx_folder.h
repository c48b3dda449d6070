/// A small picture set in IDX files, named as Fashion-MNIST's: bright pixels where the class says.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "pcxx/core/random.h"

namespace pcxx::test {

inline void write_big_endian(std::ofstream& file, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    file.put(static_cast<char>(value >> shift & 0xFF));
  }
}

inline void write_idx_set(const std::filesystem::path& folder, const std::string& prefix,
                          std::uint32_t samples, std::uint32_t side, std::uint32_t classes,
                          std::uint64_t seed) {
  std::ofstream images(folder / (prefix + "-images-idx3-ubyte"), std::ios::binary),
      labels(folder / (prefix + "-labels-idx1-ubyte"), std::ios::binary);
  for (const std::uint32_t number : {0x803U, samples, side, side}) {
    write_big_endian(images, number);
  }
  write_big_endian(labels, 0x801);
  write_big_endian(labels, samples);
  RandomStream random(seed);
  for (std::uint32_t sample = 0; sample < samples; ++sample) {
    const auto label = static_cast<std::uint32_t>(random.below(classes));
    labels.put(static_cast<char>(label));
    for (std::uint32_t pixel = 0; pixel < side * side; ++pixel) {
      images.put(static_cast<char>(random.below(100) + (pixel % classes == label ? 150 : 0)));
    }
  }
}

/// Fills a folder with a training set and a test set.
inline void write_idx_folder(const std::filesystem::path& folder, std::uint32_t side = 28,
                             std::uint32_t classes = 10) {
  write_idx_set(folder, "train", 256, side, classes, 1);
  write_idx_set(folder, "t10k", 96, side, classes, 2);
}

}  // namespace pcxx::test

/// Pictures in JPEG files as samples that are decoded when a batch needs them.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "pcxx/data/dataset.h"

namespace pcxx {

struct PictureFilesOptions {
  Size height = 64;
  Size width = 64;
  /// Of the bytes of every pixel: 0 .. 1 by default.
  Scaling scaling = {};
};

/// Returns the pictures as samples (3, height, width), red, green and blue, in the order of the files; a grey picture has
/// three equal channels. Nothing is read before a sample is. A file that is missing, damaged or of another size throws
/// FileError with its path when its sample is read.
std::shared_ptr<const SampleSource> picture_files(std::vector<std::filesystem::path> files,
                                                  const PictureFilesOptions& options = {});

/// Leaves out the samples that cannot be read and moves the error of each to `skipped`; returns how many they are. Every
/// sample of the source is read once, by so many threads (0: all cores). Throws ArgumentError unless the samples come from
/// a source and have labels.
Size skip_unreadable(Dataset& dataset, int threads = 0);

}  // namespace pcxx

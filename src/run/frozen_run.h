/// A frozen run: what a file of tools/freeze_oracle.py says was done, and every array that came of
/// it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pcxx/core/array.h"
#include "pcxx/learn/optimisers.h"

namespace pcxx {

struct FrozenRun {
  std::vector<Size> widths;
  std::string activation;  // of the hidden layers; gelu is the tanh form
  std::string energy;      // of the output: squared_error or categorical
  Size steps = 0;
  Size batch = 0;
  SgdOptions values;
  AdamwOptions weights;
  double weight_rate = 0;
  NamedArrays arrays;

  /// Returns an array; throws FileError naming it if the file lacks it.
  const Array& at(const std::string& name) const;
  std::string file;
};

/// Throws FileError if the file is damaged or says less than is needed.
FrozenRun load_frozen_run(const std::filesystem::path& path);

}  // namespace pcxx

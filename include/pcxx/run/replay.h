/// Replay: repeats a training step that was frozen in another system and compares every number of
/// it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pcxx/core/types.h"

namespace pcxx {

struct ReplayOptions {
  std::string device = "cpu";
  Precision precision = Precision::f32;
  int threads = 0;
  double tolerance = 1e-4;  // largest error allowed, relative to the scale of the array
  bool known_zeros = true;
  bool hoist = true;
};

/// One array: error = max |ours - frozen| / scale; the scale is max |frozen|, but see ReplayReport.
struct ReplayedArray {
  std::string name;
  double error = 0;
  bool passed = false;
  std::string problem;  // why there is no error: another shape, or a name without meaning
};

/// Arrays of one kind: start, energies, gradients, states, output, weight gradients, updated
/// weights.
struct ReplayedGroup {
  std::string name;
  std::vector<ReplayedArray> arrays;
  double largest_error = 0;
  std::string worst;  // the array that has it
};

/// Where an array is no larger than the rounding errors of f32 that went into it, those are its
/// scale: four units in the last place of the states for gradients, and what these change in the
/// first step of AdamW for updated weights.
struct ReplayReport {
  std::vector<Size> widths;
  std::string activation;
  std::string energy;
  Size steps = 0;
  std::vector<ReplayedGroup> groups;
  Size passed = 0;
  Size failed = 0;
};

/// Repeats a run frozen by tools/freeze_oracle.py. Throws FileError if the file is not one,
/// NameError for an activation or energy that is not known.
ReplayReport replay(const std::filesystem::path& path, const ReplayOptions& options = {});

}  // namespace pcxx

/// Benchmarks: the time of training steps, on work that other systems are timed on too.
#pragma once

#include <string>

#include "pcxx/core/types.h"

namespace pcxx {

struct BenchOptions {
  std::string work =
      "mlp";  // mlp: 784-width-width-width-10 on Fashion-MNIST; moons: 2-32-32-2, batch 32, 8 steps
  Size width = 128;  // of mlp, as the next four
  Size batch = 256;
  Size steps = 8;         // T
  Size repeat = 100;      // batches
  std::string data = {};  // folder of Fashion-MNIST; empty: where it is looked for
  std::string device = "cpu";
  Precision precision = Precision::f32;
  int threads = 0;  // 0: all cores
  bool known_zeros = true;
  bool hoist = true;
};

struct BenchResult {
  double first_step_seconds =
      0;  // building the network, tracing, compiling and the first step; neither data nor parameters
  double median_ms = 0;  // of the steps after the second
  double min_ms = 0;
  Size steps_timed = 0;
  double flops = 0;   // of one step
  double energy = 0;  // mean, of the last step
  int threads = 0;
};

/// Times training steps of a Trainer. Throws ArgumentError for a work that is not known.
BenchResult bench(const BenchOptions& options);

}  // namespace pcxx

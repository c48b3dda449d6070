/// Benchmarks: the time of training steps, on work that other systems are timed on too.
#pragma once

#include <string>

#include "pcxx/program/profile.h"

namespace pcxx {

struct BenchOptions {
  /// mlp: 784-width-width-width-10 on Fashion-MNIST; moons: 2-32-32-2, batch 32, 8 steps; vgg5 and alexnet: on one batch
  /// of noise (3, 32, 32).
  std::string work = "mlp";
  std::string rule = "pc";  // predictive coding, or bp: backpropagation of the same network
  Size width = 128;         // of mlp
  Size batch = 256;         // as the next two not of moons
  Size steps = 8;           // T
  Size repeat = 100;        // batches
  std::string data = {};    // folder of Fashion-MNIST; empty: where it is looked for
  std::string device = "cpu";
  Precision precision = Precision::f32;
  int threads = 0;  // 0: all cores
  bool known_zeros = true;
  bool hoist = true;
};

/// Returns the compiled plan of a training step of the work: what bench() times, as Executor::explain() tells it.
std::string bench_plan(const BenchOptions& options);

struct BenchResult {
  double first_step_seconds =
      0;  // building the network, tracing, compiling and the first step; neither data nor parameters
  double median_ms = 0;  // of the steps after the second
  double min_ms = 0;
  Size steps_timed = 0;
  double flops = 0;   // of one step
  Size bytes = 0;     // of parameters, optimiser states and all that the plan works in; not the data
  double energy = 0;  // mean, of the last step
  int threads = 0;
};

/// Times training steps of a Trainer. Throws ArgumentError for a work that is not known.
BenchResult bench(const BenchOptions& options);

/// Measures the same steps call by call; the first two are left out. Throws DeviceError for the device "reference".
std::vector<Profile> bench_profiles(const BenchOptions& options);

}  // namespace pcxx

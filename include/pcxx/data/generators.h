/// Small made-up datasets; the same options give the same bits.
#pragma once

#include <cstdint>

#include "pcxx/data/dataset.h"

namespace pcxx {

/// Options that every generator takes. Samples come in random order.
struct GeneratorOptions {
  Size samples = 1024;
  /// Standard deviation of the Gaussian noise added to every input (to every target for
  /// linear_regression).
  double noise = 0.1;
  std::uint64_t seed = 0;
};

/// Returns two interleaved half circles, inputs (n, 2), by the recipe of scikit-learn's make_moons:
/// class 0 at (cos t, sin t) and class 1 at (1 - cos t, 1/2 - sin t), t evenly from 0 to pi.
Dataset two_moons(const GeneratorOptions& options = {});

/// Returns concentric circles, inputs (n, 2): class k evenly on radius (k + 1) / classes.
Dataset rings(Size classes = 2, const GeneratorOptions& options = {});

/// Returns intertwined spiral arms, inputs (n, 2): class k at radius r from 0 to 1 and angle 2 pi
/// (turns r + k / classes).
Dataset spirals(Size classes = 2, double turns = 1, const GeneratorOptions& options = {});

/// Returns Gaussian blobs, inputs (n, features): class centres are uniform in a cube of side 2 box
/// around 0.
Dataset blobs(Size classes = 3, Size features = 2, double box = 1,
              const GeneratorOptions& options = {});

/// A regression set and the weights that made it.
struct LinearProblem {
  Dataset data;  // inputs (n, inputs) standard normal; targets (n, outputs) = inputs weight^T +
                 // bias + noise
  Array weight;  // (outputs, inputs) f32, normal with variance 1 / inputs
  Array bias;    // (outputs) f32, standard normal
};

/// Returns a linear-regression problem.
LinearProblem linear_regression(Size inputs = 8, Size outputs = 1,
                                const GeneratorOptions& options = {});

}  // namespace pcxx

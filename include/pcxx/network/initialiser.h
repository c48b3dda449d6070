/// Initialisers: where a parameter starts. A draw depends on the seed and the parameter's name alone.
#pragma once

#include <functional>
#include <string>

#include "pcxx/core/array.h"
#include "pcxx/core/random.h"

namespace pcxx {

/// How many inputs and outputs a parameter connects.
struct Fans {
  Size in;
  Size out;
};

struct Initialiser {
  std::string name;
  std::function<void(Array& parameter, const Fans& fans, RandomStream& random)> fill;  // f64 array, (out, in) for weights
};

/// U(-1/sqrt(in), 1/sqrt(in)): PCX's and PyTorch's default for weights and biases.
Initialiser fan_in_uniform();
/// U(-a, a), a = gain sqrt(6 / (in + out)) (Glorot & Bengio 2010).
Initialiser xavier_uniform(double gain = 1);
/// N(0, gain^2 2 / (in + out)).
Initialiser xavier_normal(double gain = 1);
/// U(-a, a), a = gain sqrt(3 / in); gain sqrt 2 suits relu (He et al. 2015).
Initialiser he_uniform(double gain = 1.4142135623730951);
/// N(0, gain^2 / in).
Initialiser he_normal(double gain = 1.4142135623730951);
/// A matrix with orthonormal rows or columns, times the gain (Saxe et al. 2014).
Initialiser orthogonal(double gain = 1);
Initialiser normal(double standard_deviation = 1, double mean = 0);
Initialiser uniform(double low, double high);
Initialiser zeros();
Initialiser constant(double value);
/// Returns the initialiser of that name with its defaults; throws NameError with the known names.
Initialiser initialiser_from(const std::string& name);

}  // namespace pcxx

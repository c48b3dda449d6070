/// Key pairing: which array of a PCX file is which parameter, and all that does not fit.
#pragma once

#include <string>
#include <vector>

#include "pcxx/io/npz.h"
#include "pcxx/run/pcx_params.h"

namespace pcxx {

/// What does not fit between a file and a network, collected so that one error can name all of it.
struct Misfit {
  std::vector<std::string> names;   // missing, unexpected, ambiguous
  std::vector<std::string> shapes;

  bool any() const { return !names.empty() || !shapes.empty(); }
  /// Throws NameError, or ShapeError if only shapes are wrong.
  [[noreturn]] void fail(const std::string& file) const;
};

/// Returns the keys of a file that no parameter has, in the file's order.
std::vector<std::string> unclaimed(const std::vector<KeyPair>& pairs, const NpzFile& file);

/// Returns whether an array of a key may be a parameter: of its shape, or a bias that is (n) here and (n, 1, 1) there, and
/// not a weight there and a bias here.
bool fits(const KeyPair& pair, const std::string& key, const Shape& shape);

/// Returns the keys of every parameter, by rules and, among the arrays of `file` that no rule names, by order; without a
/// file by rules alone. Parameters and arrays that find no partner are in the misfit.
std::vector<KeyPair> pair_keys(const Network& network, const std::vector<KeyRule>& rules, const NpzFile* file, Misfit& misfit);

}  // namespace pcxx

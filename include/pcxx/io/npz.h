/// NPZ: NumPy's archive of named arrays, plain or compressed.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "pcxx/core/array.h"

namespace pcxx {

/// What an archive holds. Names are without the ".npy" that they have inside the archive.
struct NpzFile {
  NamedArrays arrays;
  /// Unicode scalars (np.array("text")) as UTF-8.
  std::map<std::string, std::string> texts;
  /// Names that stand for Python's None, as np.savez writes it.
  std::set<std::string> nones;
  /// All names in the order in which the archive has them.
  std::vector<std::string> order;
};

/// Writes an archive that numpy.load reads, atomically (see write_file_atomically).
/// Throws ArgumentError for bf16 (NumPy has none), NameError for a name used twice, FileError if it
/// cannot be written.
void save_npz(const std::filesystem::path& path, const NamedArrays& arrays,
              const std::map<std::string, std::string>& texts = {}, bool compress = true);

/// Returns what an archive of numpy.savez or numpy.savez_compressed holds: little-endian f4, f8,
/// i4, i8, u1, b1 (as u8), in C or Fortran order, unicode scalars, and None. Throws FileError if it
/// is missing, damaged or holds more.
NpzFile load_npz(const std::filesystem::path& path);

/// Returns what an archive's bytes hold; `name` stands for the file in messages. Throws FileError
/// as load_npz does.
NpzFile parse_npz(std::span<const std::byte> bytes, const std::string& name);

}  // namespace pcxx

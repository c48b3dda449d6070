/// One .npy file in memory: NumPy's header and its numbers, or one unicode scalar.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "pcxx/core/array.h"

namespace pcxx::io {

/// What np.array(None) is read as. No other Python object is.
struct PythonNone {};

/// Returns an array, the text of a unicode scalar as UTF-8, or None. Throws FileError, with `who`
/// first, if the bytes are damaged or of a dtype that pcxx does not read.
std::variant<Array, std::string, PythonNone> parse_npy(std::span<const std::byte> bytes,
                                           const std::string& who);

/// Returns the .npy bytes of an array; throws ArgumentError for bf16, which NumPy lacks.
std::vector<std::byte> npy_from(const Array& array, const std::string& name);

/// Returns the .npy bytes of a unicode scalar; throws NameError if the text is not UTF-8 or ends in
/// a zero, which NumPy would drop.
std::vector<std::byte> npy_from(const std::string& text, const std::string& name);

}  // namespace pcxx::io

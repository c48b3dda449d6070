/// Fuzz target: bytes are a sound NPZ archive or refused with FileError, nothing else.
#include <cstddef>
#include <cstdint>
#include <span>

#include "io/npy.h"
#include "pcxx/core/errors.h"
#include "pcxx/io/npz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    (void)pcxx::parse_npz(bytes, "input");
  } catch (const pcxx::FileError&) {
  }
  try {
    (void)pcxx::io::parse_npy(bytes, "input");  // without a checksum in the way
  } catch (const pcxx::FileError&) {
  }
  return 0;
}

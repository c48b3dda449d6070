/// Fuzz target: bytes are a sound IDX file or refused with FileError, nothing else.
#include <cstddef>
#include <cstdint>
#include <span>

#include "pcxx/core/errors.h"
#include "pcxx/data/idx.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    (void)pcxx::parse_idx(std::as_bytes(std::span(data, size)), "input");
  } catch (const pcxx::FileError&) {
  }
  return 0;
}

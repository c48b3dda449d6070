/// Fuzz target: bytes are a sound JPEG picture or refused with FileError, nothing else.
#include <cstddef>
#include <cstdint>
#include <span>

#include "data/jpeg.h"
#include "pcxx/core/errors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    (void)pcxx::decode_jpeg(std::as_bytes(std::span(data, size)), "input");
  } catch (const pcxx::FileError&) {
  }
  return 0;
}

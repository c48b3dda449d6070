/// Fuzz target: bytes are a sound safetensors file or refused with FileError, nothing else.
#include <cstddef>
#include <cstdint>
#include <span>

#include "pcxx/core/errors.h"
#include "pcxx/io/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto file = pcxx::parse_safetensors(std::as_bytes(std::span(data, size)), "input");
    std::size_t bytes = 0;
    for (const auto& [name, array] : file.arrays) {
      bytes += array.bytes();
    }
    if (bytes > size) {
      __builtin_trap();  // arrays cannot be larger than the file that holds them
    }
  } catch (const pcxx::FileError&) {
  }
  return 0;
}

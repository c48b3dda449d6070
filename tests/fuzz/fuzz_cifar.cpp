/// Fuzz target: bytes are sound CIFAR records, of either set, or refused with FileError, nothing else.
#include <cstddef>
#include <cstdint>
#include <span>

#include "pcxx/core/errors.h"
#include "pcxx/data/cifar.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    check(pcxx::parse_cifar10(bytes, "input"));
  } catch (const pcxx::FileError&) {
  }
  try {
    check(pcxx::parse_cifar100(bytes, "input"));
  } catch (const pcxx::FileError&) {
  }
  return 0;
}

/// JPEG pictures to bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "pcxx/core/types.h"

namespace pcxx {

/// A picture as it is stored: rows of pixels, red, green and blue of each side by side.
struct Pixels {
  Size height = 0;
  Size width = 0;
  std::vector<std::uint8_t> bytes;  // (height, width, 3)
};

/// Returns the picture that a JPEG file's bytes hold; a grey one in equal red, green and blue. `name` stands for the file
/// in messages. Throws FileError for anything that is damaged, also where a decoder would guess what is missing, that has
/// more than 2^26 pixels, or colours (CMYK) that have no one meaning in red, green and blue.
Pixels decode_jpeg(std::span<const std::byte> bytes, const std::string& name);


}  // namespace pcxx

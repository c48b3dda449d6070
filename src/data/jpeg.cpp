/// Decoding JPEG with libjpeg, whose errors jump back here instead of ending the program.
#include "data/jpeg.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>  // jpeglib.h needs it

#include <jpeglib.h>

#include "pcxx/core/errors.h"

namespace pcxx {
namespace {

constexpr std::uint64_t kMostPixels = std::uint64_t{1} << 26;
/// No picture has more pixels to a byte: a block of 8 x 8 takes at least a bit, and stands for 32 x 32 at most.
constexpr std::uint64_t kPixelsOfByte = 8 * 32 * 32;

/// libjpeg's error handler with a way back. Its first member is libjpeg's, so that one pointer is both.
struct Handler {
  jpeg_error_mgr base;
  std::jmp_buf back;
  char message[JMSG_LENGTH_MAX];
};

/// Errors, and warnings of damaged data, which libjpeg would paper over with grey.
[[noreturn]] void jump_back(j_common_ptr decoder) {
  auto* handler = reinterpret_cast<Handler*>(decoder->err);
  handler->base.format_message(decoder, handler->message);
  std::longjmp(handler->back, 1);
}

void on_message(j_common_ptr decoder, int level) {
  if (level < 0) {
    jump_back(decoder);
  }
}

void say_nothing(j_common_ptr) {}

/// A decoder with its handler; nothing in it has a destructor that a jump could miss.
struct Decoder {
  jpeg_decompress_struct state;
  Handler handler;
};

void begin(Decoder& decoder) {
  decoder.state = {};
  decoder.state.err = jpeg_std_error(&decoder.handler.base);
  decoder.handler.base.error_exit = jump_back;
  decoder.handler.base.emit_message = on_message;
  decoder.handler.base.output_message = say_nothing;
}

/// Reads the header and starts. Returns false, with a message in the handler, if that fails.
bool start(Decoder& decoder, std::span<const std::byte> bytes) {
  if (setjmp(decoder.handler.back) != 0) {
    return false;
  }
  jpeg_create_decompress(&decoder.state);
  jpeg_mem_src(&decoder.state, reinterpret_cast<const unsigned char*>(bytes.data()),
               static_cast<unsigned long>(bytes.size()));
  jpeg_read_header(&decoder.state, TRUE);
  decoder.state.out_color_space = JCS_RGB;
  decoder.state.dct_method = JDCT_ISLOW;  // the exact integer one: the same pixels on every machine
  return true;
}

/// Decodes into rows of `width` pixels. Returns false, with a message in the handler, if that fails.
bool decode(Decoder& decoder, std::uint8_t* pixels, std::size_t row_bytes) {
  if (setjmp(decoder.handler.back) != 0) {
    return false;
  }
  jpeg_start_decompress(&decoder.state);
  while (decoder.state.output_scanline < decoder.state.output_height) {
    JSAMPROW row = pixels + decoder.state.output_scanline * row_bytes;
    jpeg_read_scanlines(&decoder.state, &row, 1);
  }
  jpeg_finish_decompress(&decoder.state);
  return true;
}

[[noreturn]] void fail(const std::string& name, const std::string& what) {
  throw FileError("[jpeg] '" + name + "' is not a sound JPEG picture: " + what + "; get it anew or remove it");
}

/// Frees what libjpeg allocated, however a function is left.
struct Release {
  Decoder* decoder;
  ~Release() { jpeg_destroy_decompress(&decoder->state); }
};

}  // namespace

Pixels decode_jpeg(std::span<const std::byte> bytes, const std::string& name) {
  if (bytes.empty()) {
    fail(name, "it is empty");
  }
  Decoder decoder;
  begin(decoder);
  const Release release{&decoder};
  if (!start(decoder, bytes)) {
    fail(name, decoder.handler.message);
  }
  const auto colours = decoder.state.jpeg_color_space;
  if (colours == JCS_CMYK || colours == JCS_YCCK) {
    fail(name, "its colours are CMYK instead of RGB or grey");
  }
  const std::uint64_t height = decoder.state.image_height, width = decoder.state.image_width;
  if (height * width > std::min(kMostPixels, kPixelsOfByte * bytes.size())) {
    fail(name, "it claims " + std::to_string(width) + " x " + std::to_string(height) + " pixels, more than 2^26 or than " +
                   std::to_string(bytes.size()) + " bytes can hold");
  }
  Pixels picture{static_cast<Size>(height), static_cast<Size>(width), {}};
  picture.bytes.resize(3 * height * width);
  if (!decode(decoder, picture.bytes.data(), 3 * width)) {
    fail(name, decoder.handler.message);
  }
  return picture;
}

}  // namespace pcxx

/// Inflater over zlib.
#include "io/inflate.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <utility>

#include "pcxx/core/errors.h"

namespace pcxx::io {

struct Inflater::Stream : z_stream {};

Inflater::Inflater(std::span<const std::byte> compressed, Format format, std::string who)
    : stream_(std::make_unique<Stream>()), left_(compressed), who_(std::move(who)) {
  constexpr int kGzipOnly = 16;
  const int window = format == Format::raw ? -MAX_WBITS : MAX_WBITS + kGzipOnly;
  if (inflateInit2(stream_.get(), window) != Z_OK) {
    throw std::bad_alloc();  // the only way to fail with these arguments
  }
}

Inflater::~Inflater() { inflateEnd(stream_.get()); }

std::size_t Inflater::read(std::span<std::byte> out) {
  constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
  std::size_t filled = 0;
  while (filled < out.size() && !ended_) {
    const auto room = static_cast<uInt>(std::min(out.size() - filled, kMost));
    const auto given = static_cast<uInt>(std::min(left_.size(), kMost));
    stream_->next_out = reinterpret_cast<Bytef*>(out.data() + filled);
    stream_->avail_out = room;
    stream_->next_in =
        reinterpret_cast<Bytef*>(const_cast<std::byte*>(left_.data()));  // zlib only reads it
    stream_->avail_in = given;
    const int result = inflate(stream_.get(), Z_NO_FLUSH);
    const std::size_t made = room - stream_->avail_out;
    const std::size_t used = given - stream_->avail_in;
    filled += made;
    left_ = left_.subspan(used);
    ended_ = result == Z_STREAM_END;
    if (result == Z_MEM_ERROR) {
      throw std::bad_alloc();
    }
    if (!ended_ && (result != Z_OK || (made == 0 && used == 0))) {
      const bool cut = left_.empty() && result != Z_DATA_ERROR;
      throw FileError(who_ +
                      (cut ? " is cut short: its compressed data does not end"
                           : " is damaged: its compressed data makes no sense") +
                      "; get or write it anew");
    }
  }
  return filled;
}

void Inflater::finish() {
  std::array<std::byte, 1> more{};
  const bool longer = read(more) > 0;
  if (longer || !left_.empty()) {
    throw FileError(who_ + " is damaged: " +
                    (longer ? "its compressed data holds more than its header says"
                            : std::to_string(left_.size()) + " bytes follow its compressed data") +
                    "; get or write it anew");
  }
}

}  // namespace pcxx::io

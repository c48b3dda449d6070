/// Writing zip archives: members, directory, end record; zip64 where 32 bits do not do.
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <new>
#include <utility>

#include "io/bytes.h"
#include "io/zip.h"
#include "io/zip_format.h"
#include "pcxx/core/errors.h"

namespace pcxx::io {
namespace {

constexpr std::uint16_t kVersion = 20;    // deflate
constexpr std::uint16_t kVersion64 = 45;  // zip64
constexpr std::uint16_t kUnix = 3 << 8;
constexpr std::uint32_t kReadable = 0100644U << 16;  // mode of an unpacked member
constexpr std::uint32_t kFirstDay = 33 << 16;        // 1980-01-01 00:00, as NumPy writes

std::vector<std::byte> deflated(Bytes contents) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::bad_alloc();
  }
  const std::unique_ptr<z_stream, int (*)(z_streamp)> closing(&stream, deflateEnd);
  constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
  std::vector<std::byte> result(deflateBound(&stream, static_cast<uLong>(contents.size())));
  std::size_t filled = 0;
  int state = Z_OK;
  while (state != Z_STREAM_END) {
    const auto given = static_cast<uInt>(std::min(contents.size(), kMost));
    const auto room = static_cast<uInt>(std::min(result.size() - filled, kMost));
    stream.next_in =
        reinterpret_cast<Bytef*>(const_cast<std::byte*>(contents.data()));  // zlib only reads it
    stream.avail_in = given;
    stream.next_out = reinterpret_cast<Bytef*>(result.data() + filled);
    stream.avail_out = room;
    state = deflate(&stream, given == contents.size() ? Z_FINISH : Z_NO_FLUSH);
    contents = contents.subspan(given - stream.avail_in);
    filled += room - stream.avail_out;
    if (state == Z_STREAM_ERROR || (state != Z_STREAM_END && filled == result.size())) {
      throw FileError("[npz] compression failed in zlib; write without compression");
    }
  }
  result.resize(filled);
  return result;
}

std::uint32_t clipped(std::uint64_t number, bool zip64) {
  return zip64 ? zip::kFull : static_cast<std::uint32_t>(number);
}

std::uint16_t flags_for(const std::string& name) {
  const bool ascii = std::all_of(name.begin(), name.end(), [](char letter) {
    return static_cast<unsigned char>(letter) < 0x80;
  });
  return ascii ? std::uint16_t{0} : zip::kUtf8;
}

}  // namespace

void ZipWriter::add(const std::string& name, Bytes contents) {
  if (name.size() > 0xFFFF) {
    throw NameError("[npz] a name of " + std::to_string(name.size()) +
                    " bytes; at most 65535 fit; shorten it");
  }
  const std::vector<std::byte> packed = compress_ ? deflated(contents) : std::vector<std::byte>();
  const ZipMember member{name, compress_ ? zip::kDeflated : zip::kStored, zip::checksum(contents),
                         contents.size(), compress_ ? Bytes(packed) : contents};
  const std::uint64_t place = bytes_.size();
  const bool zip64 = zip64_ || member.size >= zip::kFull || member.stored.size() >= zip::kFull;
  append_number(bytes_, zip::kLocal);
  append_number(bytes_, zip64 ? kVersion64 : kVersion);
  append_number(bytes_, flags_for(name));
  append_number(bytes_, member.method);
  append_number(bytes_, kFirstDay);
  append_number(bytes_, member.checksum);
  append_number(bytes_, clipped(member.stored.size(), zip64));
  append_number(bytes_, clipped(member.size, zip64));
  append_number(bytes_, static_cast<std::uint16_t>(name.size()));
  append_number(bytes_, static_cast<std::uint16_t>(zip64 ? 20 : 0));
  append(bytes_, name);
  if (zip64) {
    append_number(bytes_, zip::kZip64Field);
    append_number(bytes_, std::uint16_t{16});
    append_number(bytes_, member.size);
    append_number(bytes_, std::uint64_t{member.stored.size()});
  }
  append(bytes_, member.stored);
  append_directory_entry(member, place);
  ++members_;
}

void ZipWriter::append_directory_entry(const ZipMember& member, std::uint64_t place) {
  const bool zip64 =
      zip64_ || std::max({member.size, std::uint64_t{member.stored.size()}, place}) >= zip::kFull;
  append_number(directory_, zip::kDirectory);
  append_number(directory_, static_cast<std::uint16_t>(kUnix | (zip64 ? kVersion64 : kVersion)));
  append_number(directory_, zip64 ? kVersion64 : kVersion);
  append_number(directory_, flags_for(member.name));
  append_number(directory_, member.method);
  append_number(directory_, kFirstDay);
  append_number(directory_, member.checksum);
  append_number(directory_, clipped(member.stored.size(), zip64));
  append_number(directory_, clipped(member.size, zip64));
  append_number(directory_, static_cast<std::uint16_t>(member.name.size()));
  append_number(directory_, static_cast<std::uint16_t>(zip64 ? 28 : 0));
  append_number(directory_, std::uint16_t{0});  // comment
  append_number(directory_, std::uint16_t{0});  // disk
  append_number(directory_, std::uint16_t{0});  // internal attributes
  append_number(directory_, kReadable);
  append_number(directory_, clipped(place, zip64));
  append(directory_, member.name);
  if (zip64) {
    append_number(directory_, zip::kZip64Field);
    append_number(directory_, std::uint16_t{24});
    append_number(directory_, member.size);
    append_number(directory_, std::uint64_t{member.stored.size()});
    append_number(directory_, place);
  }
}

std::vector<std::byte> ZipWriter::finish() {
  const std::uint64_t start = bytes_.size();
  const std::uint64_t length = directory_.size();
  const bool zip64 = zip64_ || std::max(start, length) >= zip::kFull || members_ >= 0xFFFF;
  append(bytes_, directory_);
  if (zip64) {
    const std::uint64_t place = bytes_.size();
    append_number(bytes_, zip::kEnd64);
    append_number(bytes_, std::uint64_t{zip::kEnd64Bytes - 12});
    append_number(bytes_, static_cast<std::uint16_t>(kUnix | kVersion64));
    append_number(bytes_, kVersion64);
    append_number(bytes_, std::uint64_t{0});  // this disk, the directory's disk
    append_number(bytes_, members_);
    append_number(bytes_, members_);
    append_number(bytes_, length);
    append_number(bytes_, start);
    append_number(bytes_, zip::kLocator64);
    append_number(bytes_, std::uint32_t{0});
    append_number(bytes_, place);
    append_number(bytes_, std::uint32_t{1});
  }
  const auto count = static_cast<std::uint16_t>(zip64 ? 0xFFFF : members_);
  append_number(bytes_, zip::kEnd);
  append_number(bytes_, std::uint32_t{0});  // this disk, the directory's disk
  append_number(bytes_, count);
  append_number(bytes_, count);
  append_number(bytes_, clipped(length, zip64));
  append_number(bytes_, clipped(start, zip64));
  append_number(bytes_, std::uint16_t{0});  // comment
  directory_.clear();
  members_ = 0;
  return std::exchange(bytes_, {});
}

}  // namespace pcxx::io

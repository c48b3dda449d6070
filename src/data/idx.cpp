/// Reading IDX: a big-endian header (two zeros, type, rank, extents), then the numbers.
#include "pcxx/data/idx.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "io/bytes.h"
#include "io/inflate.h"
#include "pcxx/core/errors.h"
#include "pcxx/io/files.h"

namespace pcxx {
namespace {

constexpr std::uint8_t kUnsignedByte = 0x08;
constexpr std::size_t kMaximumRank = 8;

/// The contents of a file that may be gzipped, from front to back.
class Contents {
 public:
  Contents(io::Bytes bytes, std::string who) : left_(bytes), who_(std::move(who)) {
    if (bytes.size() >= 2 && bytes[0] == std::byte{0x1F} && bytes[1] == std::byte{0x8B}) {
      most_ = bytes.size() * io::kMaximumInflation;
      inflater_.emplace(bytes, io::Inflater::Format::gzip, who_);
    } else {
      most_ = bytes.size();
    }
  }

  void read(std::span<std::byte> out) {
    std::size_t got = std::min(out.size(), left_.size());
    if (inflater_) {
      got = inflater_->read(out);
    } else {
      std::copy_n(left_.begin(), got, out.begin());
      left_ = left_.subspan(got);
    }
    if (got < out.size()) {
      fail("it is cut short");
    }
  }

  void finish() {
    if (inflater_) {
      inflater_->finish();
    } else if (!left_.empty()) {
      fail(std::to_string(left_.size()) + " bytes follow its numbers");
    }
  }

  /// Returns the most bytes that the contents can have.
  std::uint64_t most() const { return most_; }

  [[noreturn]] void fail(const std::string& what) const {
    throw FileError(who_ + " is not a sound IDX file: " + what + "; get it anew");
  }

 private:
  io::Bytes left_;
  std::string who_;
  std::uint64_t most_ = 0;
  std::optional<io::Inflater> inflater_;
};

std::uint64_t big_endian(std::span<const std::byte, 4> bytes) {
  std::uint64_t value = 0;
  for (const std::byte byte : bytes) {
    value = value << 8 | std::to_integer<std::uint64_t>(byte);
  }
  return value;
}

std::vector<std::uint64_t> read_extents(Contents& contents) {
  std::array<std::byte, 4> word{};
  contents.read(word);
  if (word[0] != std::byte{0} || word[1] != std::byte{0}) {
    contents.fail("it does not start with two zeros");
  }
  if (word[2] != std::byte{kUnsignedByte}) {
    contents.fail("its numbers are of type " + std::to_string(std::to_integer<int>(word[2])) +
                  ", not unsigned bytes (8)");
  }
  std::vector<std::uint64_t> extents(std::to_integer<std::size_t>(word[3]));
  if (extents.empty() || extents.size() > kMaximumRank) {
    contents.fail("it has " + std::to_string(extents.size()) + " axes instead of 1 to 8");
  }
  for (std::uint64_t& extent : extents) {
    contents.read(word);
    extent = big_endian(word);
  }
  return extents;
}

}  // namespace

Array parse_idx(std::span<const std::byte> bytes, const std::string& name) {
  Contents contents(bytes, "[idx] '" + name + "'");
  const auto extents = read_extents(contents);
  const auto length = io::bytes_of(extents, 1);
  if (!length || *length > contents.most()) {
    contents.fail("its header claims more than its " + std::to_string(bytes.size()) +
                  " bytes can hold");
  }
  Array array(Shape(std::vector<Size>(extents.begin(), extents.end())), ElementType::u8);
  contents.read({array.data(), array.bytes()});
  contents.finish();
  return array;
}

Array load_idx(const std::filesystem::path& path) {
  return parse_idx(read_file(path), path.string());
}

}  // namespace pcxx

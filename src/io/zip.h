/// Zip archives in memory: the part of the format that NumPy's archives use.
///
/// Our own reader of some hundred lines instead of libzip: zlib is needed for gzip anyway, the
/// whole file is one buffer, and every size that an archive claims can be checked against that
/// buffer before anything is allocated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pcxx::io {

struct ZipMember {
  std::string name;
  std::uint16_t method = 0;  // 0 stored, 8 deflated
  std::uint32_t checksum = 0;
  std::uint64_t size = 0;
  std::span<const std::byte> stored;  // as it lies in the archive
};

/// Returns the members in the order of the archive's directory; throws FileError, with `who` first,
/// if the archive is damaged, encrypted, split, or has overlapping or repeated members. Zip64 is
/// understood.
std::vector<ZipMember> zip_members(std::span<const std::byte> archive, const std::string& who);

/// Returns a member's contents; throws FileError if they do not have the size and checksum that the
/// archive states.
std::vector<std::byte> zip_contents(const ZipMember& member, const std::string& who);

/// Builds an archive. The same members give the same bytes: the date is always 1980-01-01.
class ZipWriter {
 public:
  /// With `zip64`, sizes are written as 64-bit fields even where 32 bits would do.
  explicit ZipWriter(bool compress, bool zip64 = false) : compress_(compress), zip64_(zip64) {}

  /// Adds a member; the name must be UTF-8.
  void add(const std::string& name, std::span<const std::byte> contents);
  /// Returns the whole archive; the writer is empty afterwards.
  std::vector<std::byte> finish();

 private:
  void append_directory_entry(const ZipMember& member, std::uint64_t place);

  bool compress_;
  bool zip64_;
  std::uint64_t members_ = 0;
  std::vector<std::byte> bytes_;
  std::vector<std::byte> directory_;
};

}  // namespace pcxx::io

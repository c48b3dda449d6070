/// EventFile: scalars in a file that TensorBoard reads.
///
/// The file is a row of TFRecords (length, its checksum, data, its checksum), each an Event message in protobuf's wire
/// format: tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto, framework/summary.proto.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/bytes.h"

namespace pcxx::io {

/// Returns the CRC-32C (Castagnoli; RFC 3720, appendix B.4) of the bytes.
std::uint32_t crc32c(Bytes bytes);

/// Returns the checksum as TFRecords keep it, so that a checksum of data with checksums in it is of use.
std::uint32_t masked(std::uint32_t checksum);

/// Returns the data framed as a TFRecord.
std::vector<std::byte> tf_record(Bytes data);

using Scalars = std::vector<std::pair<std::string, double>>;  // tag and value; kept as f32

class EventFile {
 public:
  /// Makes the file, or empties it, and says what it is. Times are seconds since 1970. Throws FileError, as add does.
  EventFile(std::filesystem::path path, double time);

  /// Adds scalars of one step; they have reached the operating system when this returns.
  void add(double time, std::int64_t step, const Scalars& scalars);

 private:
  void write(Bytes event);
  [[noreturn]] void fail(const char* action) const;

  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace pcxx::io

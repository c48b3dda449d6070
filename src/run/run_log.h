/// The log of a training run: one JSON object a line, never torn, cut back on resume.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "pcxx/core/types.h"

namespace pcxx {

class RunLog {
 public:
  /// Opens a log and drops what it holds beyond the first `keep` bytes. Throws FileError if it
  /// cannot be written.
  RunLog(std::filesystem::path path, Size keep);

  /// Adds a record, with the time (in seconds since 1970) as "time", and returns it so; it has reached the operating
  /// system when this returns. Throws FileError, e.g. for a full disk.
  nlohmann::ordered_json write(nlohmann::ordered_json record);

  /// Returns the bytes written so far.
  Size bytes() const noexcept { return bytes_; }

 private:
  [[noreturn]] void fail(const char* action) const;

  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
  Size bytes_;
};

/// Returns the records of a log. A last line without an end, as a loss of power may leave, does not count. Throws
/// FileError if the log cannot be read or a line is no JSON object with an "event".
std::vector<nlohmann::ordered_json> read_log(const std::filesystem::path& path);

}  // namespace pcxx

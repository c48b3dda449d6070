/// The log of a training run: one JSON object a line, never torn, cut back on resume.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "pcxx/core/types.h"

namespace pcxx {

class RunLog {
 public:
  /// Opens a log and drops what it holds beyond the first `keep` bytes. Throws FileError if it
  /// cannot be written.
  RunLog(std::filesystem::path path, Size keep);

  /// Adds a record; it has reached the operating system when this returns. Throws FileError, e.g.
  /// for a full disk.
  void write(const nlohmann::ordered_json& record);

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

}  // namespace pcxx

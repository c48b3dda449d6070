/// Writing the log of a training run.
#include "run/run_log.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "pcxx/core/errors.h"

namespace pcxx {

RunLog::RunLog(std::filesystem::path path, Size keep) : path_(std::move(path)), bytes_(keep) {
  std::error_code error;
  const auto there = std::filesystem::file_size(path_, error);
  if (keep > 0 && (error || there < static_cast<std::uintmax_t>(keep))) {
    throw FileError(fmt::format(
        "[log] '{}' should hold {} bytes from before, but {}; put it back, or start anew with "
        "--force",
        path_.string(), keep, error ? error.message() : fmt::format("holds {}", there)));
  }
  if (!error) {
    std::filesystem::resize_file(path_, static_cast<std::uintmax_t>(keep), error);
  }
  file_.reset(std::fopen(path_.c_str(), "ab"));
  if (!file_) {
    fail("opened");
  }
}

void RunLog::write(const nlohmann::ordered_json& record) {
  const std::string line = record.dump() + "\n";
  if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size() ||
      std::fflush(file_.get()) != 0) {
    fail("written");
  }
  bytes_ += static_cast<Size>(line.size());
}

void RunLog::fail(const char* action) const {
  throw FileError(
      fmt::format("[log] '{}' cannot be {}: {}; make room or name another folder with --out",
                  path_.string(), action, std::strerror(errno)));
}

}  // namespace pcxx

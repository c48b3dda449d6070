/// Writing the log of a training run.
#include "run/run_log.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <string_view>
#include <system_error>

#include "pcxx/core/errors.h"
#include "pcxx/io/files.h"

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

nlohmann::ordered_json RunLog::write(nlohmann::ordered_json record) {
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  record["time"] = std::round(now.count() * 1000) / 1000;
  const std::string line = record.dump() + "\n";
  if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size() ||
      std::fflush(file_.get()) != 0) {
    fail("written");
  }
  bytes_ += static_cast<Size>(line.size());
  return record;
}

void RunLog::fail(const char* action) const {
  throw FileError(
      fmt::format("[log] '{}' cannot be {}: {}; make room or name another folder with --out",
                  path_.string(), action, std::strerror(errno)));
}

std::vector<nlohmann::ordered_json> read_log(const std::filesystem::path& path) {
  const std::vector<std::byte> bytes = read_file(path);
  std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::vector<nlohmann::ordered_json> records;
  for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    auto record = nlohmann::ordered_json::parse(rest.substr(0, end), nullptr, false);
    if (!record.is_object() || !record.contains("event") || !record["event"].is_string()) {
      throw FileError(fmt::format("[log] '{}' line {}: no record of a run; expected a JSON object with an \"event\", as "
                                  "pcxx train writes",
                                  path.string(), records.size() + 1));
    }
    records.push_back(std::move(record));
    rest.remove_prefix(end + 1);
  }
  return records;
}

}  // namespace pcxx

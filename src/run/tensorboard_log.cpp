/// Turning log records into TensorBoard's scalars.
#include "run/tensorboard_log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <system_error>
#include <vector>

#include "pcxx/core/errors.h"
#include "pcxx/run/tensorboard.h"
#include "pcxx/run/training.h"
#include "run/run_log.h"

namespace pcxx {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kPrefix = "events.out.tfevents.";  // by which TensorBoard knows its files

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

/// Returns whether a number says where in the run a record belongs, not what was found there.
bool is_place(const std::string& key) { return key == "epoch" || key == "batch" || key == "step" || key == "time"; }

void collect(const Json& json, const std::string& tag, io::Scalars& scalars) {
  for (const auto& [key, value] : json.items()) {
    if (value.is_object()) {
      collect(value, tag + "/" + key, scalars);
    } else if (value.is_number() && !is_place(key)) {
      scalars.emplace_back(tag + "/" + key, value.get<double>());
    }
  }
}

}  // namespace

void remove_event_files(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_regular_file() && entry.path().filename().string().starts_with(kPrefix)) {
      files.push_back(entry.path());
    }
  }
  for (const fs::path& file : files) {
    fs::remove(file);
  }
}

TensorBoardLog::TensorBoardLog(const fs::path& folder) {
  const std::vector<Json> records = read_log(log_path(folder));
  remove_event_files(folder);
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  const double time = records.empty() ? now.count() : records.front().value("time", now.count());
  file_.emplace(folder / fmt::format("{}{:010}.{}", kPrefix, static_cast<long long>(now.count()), host_name()), time);
  for (const Json& record : records) {
    add(record);
  }
}

void TensorBoardLog::add(const Json& record) {
  const std::string event = record.at("event").get<std::string>();
  if (event != "batch" && event != "epoch") {
    return;
  }
  io::Scalars scalars;
  collect(record, event, scalars);
  file_->add(record.value("time", 0.0), record.value("step", std::int64_t{0}), scalars);
}

void write_event_file(const fs::path& folder) { TensorBoardLog log(folder); }

}  // namespace pcxx

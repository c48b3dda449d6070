/// Where data sets may be: what the user says first, then the system's places.
#include "data/folders.h"

#include <cstdlib>
#include <system_error>

namespace pcxx {
namespace fs = std::filesystem;
namespace {

fs::path variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? fs::path() : fs::path(value);
}

}  // namespace

std::vector<fs::path> dataset_folders(const std::string& name) {
  std::vector<fs::path> folders;
  if (const fs::path named = variable("PCXX_DATA"); !named.empty()) {
    folders = {named / name, named};
  }
  folders.push_back(fs::path("/usr/share/datasets") / name);
  if (const fs::path cache = variable("XDG_CACHE_HOME"); !cache.empty()) {
    folders.push_back(cache / "pcxx" / name);
  } else if (const fs::path home = variable("HOME"); !home.empty()) {
    folders.push_back(home / ".cache/pcxx" / name);
  }
  return folders;
}

std::string listed(const std::vector<fs::path>& folders) {
  std::string text;
  for (const fs::path& folder : folders) {
    text += (text.empty() ? "'" : ", '") + folder.string() + "'";
  }
  return text;
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

fs::path plain_or_gzipped(const fs::path& folder, const std::string& name) {
  for (const std::string& form : {name + ".gz", name}) {
    if (is_there(folder / form)) {
      return folder / form;
    }
  }
  return {};
}

}  // namespace pcxx

/// AtomicFile: temporary file, lock, fsync, rename, fsync of the folder.
#include "io/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "pcxx/core/errors.h"

namespace pcxx::io {
namespace fs = std::filesystem;
namespace {

std::string remedy(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT: return "free space on that disk or choose another folder";
    case EACCES:
    case EPERM:
    case EROFS: return "make its folder writable or choose another";
    case ENOENT:
    case ENOTDIR: return "make its folder first";
    case EFBIG: return "raise the limit on file sizes (ulimit -f)";
    case ENAMETOOLONG: return "choose a shorter name";
    default: return "check the disk or choose another folder";
  }
}

/// Temporaries of 'net.safetensors' are named '.net.safetensors.<process>-<count>.tmp'.
std::string temporary_prefix(const fs::path& target) {
  std::string prefix(1, '.');
  prefix += target.filename().string();
  prefix += '.';
  return prefix;
}

bool is_temporary(std::string_view name, std::string_view prefix) {
  constexpr std::string_view kSuffix = ".tmp";
  if (name.size() <= prefix.size() + kSuffix.size() || !name.starts_with(prefix) ||
      !name.ends_with(kSuffix)) {
    return false;
  }
  name.remove_prefix(prefix.size());
  name.remove_suffix(kSuffix.size());
  return name.find_first_not_of("0123456789-") == std::string_view::npos;
}

fs::path folder_of(const fs::path& target) {
  return target.has_parent_path() ? target.parent_path() : fs::path(".");
}

/// Returns 0 or the error number.
int sync_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) {
    return 0;  // a folder that may be written but not listed cannot be synced by us
  }
  const int error = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  return error == EINVAL ? 0 : error;  // EINVAL: the file system has no such operation
}

}  // namespace

void AtomicFile::fail(int error) const {
  throw FileError("[file] cannot write '" + asked_.string() +
                  "': " + std::generic_category().message(error) +
                  "; what was there before is unchanged; " + remedy(error));
}

AtomicFile::AtomicFile(fs::path path) : asked_(std::move(path)), target_(asked_) {
  std::error_code error;
  if (fs::is_symlink(target_, error)) {
    target_ = fs::weakly_canonical(target_, error);
  }
  const auto status = fs::status(target_, error);
  if (!target_.has_filename() || (fs::exists(status) && !fs::is_regular_file(status))) {
    throw FileError("[file] cannot write '" + asked_.string() +
                    "': it is not a regular file; what was there before is unchanged; name a file");
  }
  remove_leftovers();
  open_temporary();
  struct stat old = {};
  if (::stat(target_.c_str(), &old) == 0) {
    (void)::fchmod(descriptor_,
                   old.st_mode & 07777);  // best effort: a foreign owner's file keeps our mode
  }
}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) {
    ::unlink(temporary_.c_str());
  }
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

/// A live writer holds a lock on its temporary; one that can be locked belongs to a writer that was
/// killed.
void AtomicFile::remove_leftovers() const {
  const std::string prefix = temporary_prefix(target_);
  std::error_code error;
  for (fs::directory_iterator entry(folder_of(target_), error), end; !error && entry != end;
       entry.increment(error)) {
    if (!is_temporary(entry->path().filename().string(), prefix)) {
      continue;
    }
    const int descriptor =
        ::open(entry->path().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor >= 0) {
      if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) {
        ::unlink(entry->path().c_str());
      }
      ::close(descriptor);
    }
  }
}

void AtomicFile::open_temporary() {
  static std::atomic<unsigned> count{0};
  for (;;) {
    temporary_ = folder_of(target_) / (temporary_prefix(target_) + std::to_string(::getpid()) +
                                       "-" + std::to_string(count++) + ".tmp");
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0) {
      const int error = errno;
      temporary_.clear();
      if (error == EEXIST || error == EINTR) {
        continue;
      }
      fail(error);
    }
    // Another writer may have taken the file for a leftover between open and lock; then it has no
    // name any more.
    struct stat now = {};
    const bool locked = ::flock(descriptor_, LOCK_EX) == 0;
    if (!locked || ::fstat(descriptor_, &now) != 0 || now.st_nlink > 0) {
      return;  // where the file system has no locks, leftovers stay; writing works
    }
    ::close(std::exchange(descriptor_, -1));
  }
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) {
      fail(errno);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written < 0 ? 0 : written));
  }
}

void AtomicFile::commit() {
  if (::fsync(descriptor_) != 0 && errno != EINVAL) {
    fail(errno);
  }
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) {
    fail(errno);
  }
  temporary_.clear();
  ::close(std::exchange(descriptor_, -1));  // cannot lose what was synced
  if (const int error = sync_folder(folder_of(target_)); error != 0) {
    throw FileError("[file] wrote '" + asked_.string() +
                    "' but could not sync its folder: " + std::generic_category().message(error) +
                    "; the file may not survive a power loss; " + remedy(error));
  }
}

}  // namespace pcxx::io

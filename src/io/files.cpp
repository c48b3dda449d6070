/// Reading and replacing whole files.
#include "pcxx/io/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include "io/atomic_file.h"
#include "pcxx/core/errors.h"

namespace pcxx {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }
  int number() const { return number_; }

 private:
  int number_;
};

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& cause,
                       const std::string& remedy) {
  throw FileError("[file] cannot read '" + path.string() + "': " + cause + "; " + remedy);
}

[[noreturn]] void fail(const std::filesystem::path& path, int error) {
  const bool missing = error == ENOENT || error == ENOTDIR;
  fail(path, std::generic_category().message(error),
       missing           ? "check the name"
       : error == EACCES ? "make it readable"
                         : "check the disk");
}

}  // namespace

std::vector<std::byte> read_file(const std::filesystem::path& path) {
  const Descriptor file(
      ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));  // no wait for a pipe's writer
  struct stat status = {};
  if (file.number() < 0 || ::fstat(file.number(), &status) != 0) {
    fail(path, errno);
  }
  if (!S_ISREG(status.st_mode)) {
    fail(path, "it is not a regular file", "name a file");
  }
  std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size));
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got = ::read(file.number(), bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno != EINTR) {
      fail(path, errno);
    }
    if (got == 0) {
      fail(path,
           "it shrank to " + std::to_string(have) + " of " + std::to_string(bytes.size()) +
               " bytes meanwhile",
           "try again when nothing writes to it");
    }
    have += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
  }
  return bytes;
}

void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  io::AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  write_file_atomically(path, std::as_bytes(std::span(text)));
}

}  // namespace pcxx

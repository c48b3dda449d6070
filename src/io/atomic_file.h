/// AtomicFile: a file that appears whole or not at all, written piece by piece.
#pragma once

#include <filesystem>
#include <span>

namespace pcxx::io {

class AtomicFile {
 public:
  /// Opens a temporary file beside `path`. Throws FileError.
  explicit AtomicFile(std::filesystem::path path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  /// Removes the temporary file unless commit() succeeded.
  ~AtomicFile();

  void write(std::span<const std::byte> bytes);
  /// Syncs the temporary file, renames it to the path and syncs the folder.
  void commit();

 private:
  void remove_leftovers() const;
  void open_temporary();
  [[noreturn]] void fail(int error) const;

  std::filesystem::path asked_;      // as the caller wrote it, for messages
  std::filesystem::path target_;     // with symbolic links resolved
  std::filesystem::path temporary_;  // empty once committed
  int descriptor_ = -1;
};

}  // namespace pcxx::io

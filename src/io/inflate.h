/// Inflater: decompresses a DEFLATE or gzip stream piece by piece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace pcxx::io {

/// The most bytes that one compressed byte can stand for, rounded up: what a true claim of a size
/// cannot exceed.
constexpr std::uint64_t kMaximumInflation = 1032;

class Inflater {
 public:
  enum class Format { raw, gzip };

  /// `who` begins the messages, e.g. "[npz] 'a.npz': member 'x.npy'"; `compressed` must outlive the
  /// inflater.
  Inflater(std::span<const std::byte> compressed, Format format, std::string who);
  Inflater(Inflater&&) = delete;
  ~Inflater();

  /// Fills `out`; returns how many bytes, fewer than asked only where the stream ends. Throws
  /// FileError if it is damaged or cut short.
  std::size_t read(std::span<std::byte> out);

  /// Throws FileError unless the stream ends exactly here, checksum and all, with nothing behind
  /// it.
  void finish();

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
  std::span<const std::byte> left_;
  std::string who_;
  bool ended_ = false;
};

}  // namespace pcxx::io

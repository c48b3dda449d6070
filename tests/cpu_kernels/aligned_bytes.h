/// Scratch for tests: 64-byte aligned, full of NaN, so that what is read before it is written shows, with a guard behind.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>

namespace pcxx::cpu {

class AlignedBytes {
 public:
  explicit AlignedBytes(std::size_t count)
      : count_(count), data_(static_cast<std::byte*>(::operator new(count + kGuard, std::align_val_t{64}))) {
    std::memset(data_, 0xff, count + kGuard);
  }
  ~AlignedBytes() { ::operator delete(data_, std::align_val_t{64}); }
  AlignedBytes(const AlignedBytes&) = delete;
  AlignedBytes& operator=(const AlignedBytes&) = delete;

  std::byte* get() const { return data_; }
  bool guard_intact() const {
    return std::all_of(data_ + count_, data_ + count_ + kGuard, [](std::byte b) { return b == std::byte{0xff}; });
  }

 private:
  static constexpr std::size_t kGuard = 256;
  std::size_t count_;
  std::byte* data_;
};

}  // namespace pcxx::cpu

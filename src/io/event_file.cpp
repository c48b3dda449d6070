/// Writing TensorBoard's event files: checksums, records, and as much of protobuf's wire format as scalars need.
#include "io/event_file.h"

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>

#include "pcxx/core/errors.h"

namespace pcxx::io {
namespace {

constexpr std::array<std::uint32_t, 256> castagnoli_table() {
  constexpr std::uint32_t kPolynomial = 0x82F63B78;  // bits reversed
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
    }
    table[byte] = value;
  }
  return table;
}

constexpr std::array<std::uint32_t, 256> kTable = castagnoli_table();

/// A protobuf message, written field by field.
class Message {
 public:
  void add(std::uint32_t field, double value) {
    key(field, kFixed64);
    append_number(bytes_, value);
  }
  void add(std::uint32_t field, float value) {
    key(field, kFixed32);
    append_number(bytes_, value);
  }
  void add(std::uint32_t field, std::int64_t value) {
    key(field, kVarint);
    varint(static_cast<std::uint64_t>(value));
  }
  void add(std::uint32_t field, Bytes text_or_message) {
    key(field, kLength);
    varint(text_or_message.size());
    append(bytes_, text_or_message);
  }
  void add(std::uint32_t field, const std::string& text) { add(field, std::as_bytes(std::span(text))); }
  Bytes bytes() const { return bytes_; }

 private:
  static constexpr std::uint32_t kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5;

  void key(std::uint32_t field, std::uint32_t type) { varint(field << 3 | type); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
      append_number(bytes_, static_cast<std::uint8_t>(value | 0x80));
    }
    append_number(bytes_, static_cast<std::uint8_t>(value));
  }

  std::vector<std::byte> bytes_;
};

namespace event {
constexpr std::uint32_t kTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5;
}
namespace summary {
constexpr std::uint32_t kValue = 1;  // of Summary; the others are fields of its values
constexpr std::uint32_t kTag = 1, kSimpleValue = 2;
}  // namespace summary

}  // namespace

std::uint32_t crc32c(Bytes bytes) {
  std::uint32_t value = ~0U;
  for (const std::byte byte : bytes) {
    value = kTable[(value ^ static_cast<std::uint32_t>(byte)) & 0xFF] ^ (value >> 8);
  }
  return ~value;
}

std::uint32_t masked(std::uint32_t checksum) { return std::rotr(checksum, 15) + 0xA282EAD8; }

std::vector<std::byte> tf_record(Bytes data) {
  std::vector<std::byte> record;
  append_number(record, std::uint64_t{data.size()});
  append_number(record, masked(crc32c(record)));
  append(record, data);
  append_number(record, masked(crc32c(data)));
  return record;
}

EventFile::EventFile(std::filesystem::path path, double time)
    : path_(std::move(path)), file_(std::fopen(path_.c_str(), "wb")) {
  if (!file_) {
    fail("opened");
  }
  Message message;
  message.add(event::kTime, time);
  message.add(event::kFileVersion, std::string("brain.Event:2"));
  write(message.bytes());
}

void EventFile::add(double time, std::int64_t step, const Scalars& scalars) {
  Message values;
  for (const auto& [tag, number] : scalars) {
    Message value;
    value.add(summary::kTag, tag);
    value.add(summary::kSimpleValue, static_cast<float>(number));
    values.add(summary::kValue, value.bytes());
  }
  Message message;
  message.add(event::kTime, time);
  message.add(event::kStep, step);
  message.add(event::kSummary, values.bytes());
  write(message.bytes());
}

void EventFile::write(Bytes event) {
  const std::vector<std::byte> record = tf_record(event);
  if (std::fwrite(record.data(), 1, record.size(), file_.get()) != record.size() || std::fflush(file_.get()) != 0) {
    fail("written");
  }
}

void EventFile::fail(const char* action) const {
  throw FileError("[tensorboard] '" + path_.string() + "' cannot be " + action + ": " + std::strerror(errno) +
                  "; make room, or go on without --tensorboard");
}

}  // namespace pcxx::io

/// Tests of TensorBoard's event files: checksums by their published vectors, records and messages byte by byte.
#include "io/event_file.h"

#include <gtest/gtest.h>

#include <numeric>

#include "pcxx/core/errors.h"
#include "pcxx/io/files.h"
#include "support/message.h"
#include "support/temporary_folder.h"

namespace pcxx::io {
namespace {

std::vector<std::byte> bytes_of_text(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

/// RFC 3720, appendix B.4, and the check value of the catalogue of CRCs.
TEST(EventFile, ChecksumsArePublishedOnes) {
  EXPECT_EQ(crc32c(bytes_of_text("123456789")), 0xE3069283U);
  EXPECT_EQ(crc32c(std::vector<std::byte>(32, std::byte{0})), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::vector<std::byte>(32, std::byte{0xFF})), 0x62A8AB43U);
  std::vector<std::byte> ascending(32);
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    ascending[i] = static_cast<std::byte>(i);
  }
  EXPECT_EQ(crc32c(ascending), 0x46DD794EU);
  EXPECT_EQ(crc32c({}), 0U);
}

/// The mask is a rotation by 15 and a constant, modulo 2^32.
TEST(EventFile, MasksChecksums) {
  EXPECT_EQ(masked(0), 0xA282EAD8U);
  EXPECT_EQ(masked(1), 0xA282EAD8U + (1U << 17));
  EXPECT_EQ(masked(0x8000), 0xA282EAD8U + 1U);
}

TEST(EventFile, FramesRecords) {
  const std::vector<std::byte> record = tf_record(bytes_of_text("123456789"));
  ASSERT_EQ(record.size(), 8U + 4 + 9 + 4);
  EXPECT_EQ(number_at<std::uint64_t>(record, 0), 9U);
  EXPECT_EQ(number_at<std::uint32_t>(record, 8), masked(crc32c(Bytes(record).first(8))));
  EXPECT_EQ(number_at<std::uint32_t>(record, 21), masked(0xE3069283U));
}

TEST(EventFile, WritesMessagesAsProtobufDoes) {
  const test::TemporaryFolder folder;
  EventFile file(folder / "events", 2.0);
  file.add(1.0, 300, {{"a", 1.0}, {"b", 0.5}});
  const std::vector<std::byte> bytes = read_file(folder / "events");
  const std::string version("\x09\0\0\0\0\0\0\0\x40\x1a\x0d" "brain.Event:2", 24);
  const std::string event("\x09\0\0\0\0\0\0\xf0\x3f"       // wall time 1.0
                          "\x10\xac\x02"                     // step 300
                          "\x2a\x14"                         // a summary of 20 bytes, two values of 8 each
                          "\x0a\x08\x0a\x01" "a\x15\0\0\x80\x3f"
                          "\x0a\x08\x0a\x01" "b\x15\0\0\0\x3f", 34);
  std::vector<std::byte> expected = tf_record(bytes_of_text(version));
  append(expected, tf_record(bytes_of_text(event)));
  EXPECT_EQ(bytes, expected);
}

TEST(EventFile, SaysWhatCannotBeWritten) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "none/events";
  EXPECT_EQ(test::message_of<FileError>([&] { EventFile(path, 0); }),
            "[tensorboard] '" + path +
                "' cannot be opened: No such file or directory; make room, or go on without --tensorboard");
}

}  // namespace
}  // namespace pcxx::io

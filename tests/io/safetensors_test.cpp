/// Safetensors: what is written comes back to the bit, and no damaged file is taken for a sound
/// one.
#include "pcxx/io/safetensors.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "pcxx/core/errors.h"
#include "pcxx/io/files.h"
#include "support/message.h"
#include "support/random_arrays.h"
#include "support/temporary_folder.h"

namespace pcxx {
namespace {

using test::message_of;
using test::TemporaryFolder;

constexpr std::array kAllTypes{ElementType::f32, ElementType::f64, ElementType::bf16,
                               ElementType::i32, ElementType::i64, ElementType::u8};

std::vector<std::byte> file_of(const std::string& header, std::size_t data_bytes,
                               std::uint64_t claimed) {
  std::vector<std::byte> bytes(8 + header.size() + data_bytes);
  std::memcpy(bytes.data(), &claimed, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  return bytes;
}

std::string refusal(const std::string& header, std::size_t data_bytes) {
  return message_of<FileError>(
      [&] { parse_safetensors(file_of(header, data_bytes, header.size()), "f"); });
}

std::string unsound(const std::string& what) {
  return "[safetensors] 'f' is not a sound safetensors file: " + what + "; get or write it anew";
}

std::vector<std::byte> sample_file() {
  const TemporaryFolder folder;
  NamedArrays arrays;
  arrays["low.weight"] = Array::from({2, 3}, std::array{1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F});
  arrays["steps"] = Array({1}, ElementType::i64);
  arrays["mask"] = Array({3}, ElementType::u8);
  save_safetensors(folder / "f", arrays, {{"format", "pcxx"}});
  return read_file(folder / "f");
}

TEST(Safetensors, RandomContentsComeBackToTheBit) {
  const TemporaryFolder folder;
  RandomStream random(7);
  for (int trial = 0; trial < 100; ++trial) {
    const NamedArrays arrays = test::random_arrays(random, kAllTypes);
    const Metadata metadata{{"trial", std::to_string(trial)}, {"ключ \"\n", "\x01 λ"}};
    save_safetensors(folder / "f", arrays, metadata);
    const SafetensorsFile file = load_safetensors(folder / "f");
    ASSERT_TRUE(test::same_bits(file.arrays, arrays)) << "trial " << trial;
    ASSERT_EQ(file.metadata, metadata);
  }
}

TEST(Safetensors, TheLayoutIsThePublishedOne) {
  const TemporaryFolder folder;
  NamedArrays arrays;
  arrays["b"] = Array::from({2}, std::array{1.0F, -2.0F});
  arrays["a"] = Array({}, ElementType::u8);
  save_safetensors(folder / "f", arrays, {{"k", "v"}});
  std::string header =
      R"({"__metadata__":{"k":"v"},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
      R"("a":{"dtype":"U8","shape":[],"data_offsets":[8,9]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  auto expected = file_of(header, 9, header.size());
  const std::array values{1.0F, -2.0F};
  std::memcpy(expected.data() + 8 + header.size(), values.data(), 8);
  EXPECT_EQ(read_file(folder / "f"), expected);
}

TEST(Safetensors, EqualContentsGiveEqualBytes) { EXPECT_EQ(sample_file(), sample_file()); }

TEST(Safetensors, AFileWithoutArraysIsSound) {
  const auto file = parse_safetensors(file_of("{}", 0, 2), "f");
  EXPECT_TRUE(file.arrays.empty());
  EXPECT_TRUE(file.metadata.empty());
}

TEST(Safetensors, EveryTruncationIsRefused) {
  const auto bytes = sample_file();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    ASSERT_THROW(parse_safetensors(std::span(bytes).first(length), "f"), FileError) << length;
  }
}

TEST(Safetensors, AByteTooManyIsRefused) {
  auto bytes = sample_file();
  bytes.push_back(std::byte{0});
  EXPECT_EQ(message_of<FileError>([&] { parse_safetensors(bytes, "f"); }),
            unsound("its arrays take 35 bytes, but 36 follow the header"));
}

TEST(Safetensors, AFlippedBitIsRefusedOrChangesNoSize) {
  const auto bytes = sample_file();
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    auto damaged = bytes;
    damaged[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    try {
      std::size_t total = 0;
      for (const auto& [name, array] : parse_safetensors(damaged, "f").arrays) {
        total += array.bytes();
      }
      ASSERT_EQ(total, 35U) << bit;
    } catch (const FileError&) {
    }
  }
}

TEST(Safetensors, ALyingHeaderIsRefused) {
  const std::string tensor = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":)";
  EXPECT_EQ(refusal(tensor + "[0,4]}}", 8),
            unsound("its arrays take 4 bytes, but 8 follow the header"));
  EXPECT_EQ(refusal(tensor + "[0,4]}}", 4),
            unsound("array 'a' has 4 bytes, which its shape and dtype do not give"));
  EXPECT_EQ(refusal(tensor + "[8,0]}}", 8),
            unsound("array 'a' claims bytes 8 to 0 of 8, but the arrays before it end at 0"));
  EXPECT_EQ(refusal(tensor + "[0,16]}}", 8),
            unsound("array 'a' claims bytes 0 to 16 of 8, but the arrays before it end at 0"));
  EXPECT_EQ(refusal(tensor + "[0]}}", 8), unsound("array 'a' has 1 data_offsets instead of 2"));
  EXPECT_EQ(refusal(tensor + "[0,8,8]}}", 8), unsound("array 'a' has 3 data_offsets instead of 2"));
  EXPECT_EQ(refusal(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                    R"("b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})",
                    6),
            unsound("array 'b' claims bytes 2 to 6 of 6, but the arrays before it end at 4"));
}

TEST(Safetensors, HugeSizesAreRefusedWithoutAllocating) {
  for (const std::string shape :
       {"[4611686018427387904,4]", "[9223372036854775807,2,2]", "[18446744073709551615]",
        "[1000000000000]", "[0,18446744073709551615,18446744073709551615]"}) {
    EXPECT_EQ(refusal(R"({"a":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":[0,0]}})", 0),
              unsound("array 'a' has 0 bytes, which its shape and dtype do not give"))
        << shape;
  }
  EXPECT_EQ(message_of<FileError>([] { parse_safetensors(file_of("{}", 0, UINT64_MAX), "f"); }),
            unsound("its header claims 18446744073709551615 bytes in a file of 10"));
  EXPECT_EQ(message_of<FileError>([] { parse_safetensors(std::vector<std::byte>(7), "f"); }),
            unsound("it has only 7 bytes"));
}

TEST(Safetensors, OnlyTheDocumentedHeaderIsTaken) {
  const std::string good = R"({"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  EXPECT_EQ(refusal(R"({"a":)" + good + R"(,"a":)" + good + "}", 0),
            unsound("it has two entries for array 'a'"));
  EXPECT_EQ(refusal(R"({"a":{"dtype":"U8","shape":[0]}})", 0),
            unsound("array 'a' lacks one of dtype, shape and data_offsets"));
  EXPECT_EQ(refusal(R"({"a":{"dtype":"U8","dtype":"U8"}})", 0),
            unsound("array 'a' has a second key 'dtype'; known: data_offsets, dtype, shape"));
  EXPECT_EQ(refusal(R"({"a":{"type":"U8"}})", 0),
            unsound("array 'a' has an unknown key 'type'; known: data_offsets, dtype, shape"));
  EXPECT_EQ(refusal(R"({"a":{"shape":[-1]}})", 0),
            unsound("its header has the number -1 where it cannot be, at or after array 'a'"));
  EXPECT_EQ(refusal(R"({"__metadata__":{"k":1}})", 0),
            unsound("its header has the number 1 where it cannot be"));
  EXPECT_EQ(refusal(R"({"__metadata__":{"k":"1","k":"2"}})", 0),
            unsound("it has two entries for metadata key 'k'"));
  EXPECT_EQ(refusal(R"({"__metadata__":{},"__metadata__":{}})", 0),
            unsound("it has two entries __metadata__"));
  EXPECT_EQ(refusal("[]", 0), unsound("its header has a list where it cannot be"));
  EXPECT_EQ(refusal("{} x", 0), unsound("its header is not JSON at byte 12"));
  EXPECT_EQ(refusal("", 0), unsound("its header is not JSON at byte 9"));
  EXPECT_EQ(refusal(std::string(1'000'000, '['), 0),
            unsound("its header has a list where it cannot be"));
}

TEST(Safetensors, AnUnknownDtypeIsNamed) {
  EXPECT_EQ(refusal(R"({"a":{"dtype":"F16","shape":[0],"data_offsets":[0,0]}})", 0),
            "[safetensors] 'f': array 'a' has dtype 'F16'; known: BF16, F32, F64, I32, I64, U8; "
            "convert it where it was made");
}

TEST(Safetensors, NamesThatTheFormatCannotHoldAreRefused) {
  const TemporaryFolder folder;
  EXPECT_EQ(
      message_of<NameError>([&] {
        save_safetensors(folder / "f", {{"__metadata__", Array()}});
      }),
      "[safetensors] an array cannot be named '__metadata__': the format reserves it; rename it");
  EXPECT_EQ(message_of<NameError>([&] {
              save_safetensors(folder / "f", {{"\xFF", Array()}});
            }),
            "[safetensors] a name of an array is not UTF-8 text; encode it");
  EXPECT_THROW(save_safetensors(folder / "f", {}, {{"k", "\xC0\x80"}}), NameError);
  EXPECT_EQ(folder.entries(), 0U);
}

TEST(Safetensors, AMissingFileIsNamed) {
  EXPECT_EQ(message_of<FileError>([] { load_safetensors("/no/net.safetensors"); }),
            "[file] cannot read '/no/net.safetensors': No such file or directory; check the name");
}

}  // namespace
}  // namespace pcxx

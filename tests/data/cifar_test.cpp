/// CIFAR: records become pictures and labels; files that are no records are refused with their names.
#include "pcxx/data/cifar.h"

#include <gtest/gtest.h>

#include "pcxx/core/errors.h"
#include "pcxx/io/files.h"
#include "support/message.h"
#include "support/temporary_folder.h"

namespace pcxx {
namespace {

using test::message_of;
using test::TemporaryFolder;
using ByteList = std::vector<std::byte>;

/// Records of pictures whose pixel p is (7 i + p) mod 251, with label (i + shift) mod classes in the last label byte.
ByteList records(std::size_t count, std::size_t label_bytes, int classes, std::size_t shift = 0) {
  ByteList bytes;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j + 1 < label_bytes; ++j) {
      bytes.push_back(static_cast<std::byte>(i % 20));
    }
    bytes.push_back(static_cast<std::byte>((i + shift) % static_cast<std::size_t>(classes)));
    for (std::size_t p = 0; p < 3072; ++p) {
      bytes.push_back(static_cast<std::byte>((7 * i + p) % 251));
    }
  }
  return bytes;
}

void write_cifar10(const TemporaryFolder& folder) {
  for (std::size_t i = 1; i <= 5; ++i) {
    write_file_atomically(folder / ("data_batch_" + std::to_string(i) + ".bin"), records(2, 1, 10, i));
  }
  write_file_atomically(folder / "test_batch.bin", records(3, 1, 10));
}

TEST(Cifar, RecordsBecomePicturesAndLabels) {
  const Dataset set = parse_cifar10(records(4, 1, 10, 5), "f");
  EXPECT_EQ(set.inputs.shape(), Shape({4, 3, 32, 32}));
  EXPECT_EQ(set.classes, 10);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(set.labels.as<std::int32_t>()[i], static_cast<std::int32_t>(5 + i));
    EXPECT_EQ(set.inputs.as<std::uint8_t>()[i * 3072 + 1000], (7 * i + 1000) % 251);
  }
  check(set);
}

TEST(Cifar, HundredClassesAreFineOrCoarse) {
  const ByteList bytes = records(30, 2, 100, 50);
  EXPECT_EQ(parse_cifar100(bytes, "f").labels.as<std::int32_t>()[29], 79);
  const Dataset coarse = parse_cifar100(bytes, "f", Cifar100Labels::coarse);
  EXPECT_EQ(coarse.labels.as<std::int32_t>()[29], 9);
  EXPECT_EQ(coarse.classes, 20);
}

TEST(Cifar, AFolderIsReadInTheOrderOfItsFiles) {
  const TemporaryFolder folder;
  write_cifar10(folder);
  const Split data = load_cifar10(folder.path());
  EXPECT_EQ(data.train.size(), 10);
  EXPECT_EQ(data.test.size(), 3);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(data.train.labels.as<std::int32_t>()[i], static_cast<std::int32_t>(1 + i / 2 + i % 2));
  }
  write_file_atomically(folder / "train.bin", records(2, 2, 100));
  write_file_atomically(folder / "test.bin", records(1, 2, 100));
  EXPECT_EQ(load_cifar100(folder.path()).train.size(), 2);
}

TEST(Cifar, WhatIsWrongIsNamed) {
  ByteList bytes = records(2, 1, 10);
  bytes.pop_back();
  EXPECT_EQ(message_of<FileError>([&] { parse_cifar10(bytes, "f"); }),
            "[cifar10] 'f' has 6145 bytes; expected records of 3073: it is cut short, or another file; get it anew");
  EXPECT_THROW(parse_cifar10({}, "f"), FileError);
  bytes = records(2, 1, 10);
  bytes[3073] = std::byte{10};
  EXPECT_EQ(message_of<FileError>([&] { parse_cifar10(bytes, "f"); }),
            "[cifar10] 'f' gives picture 1 the label 10; expected 0 to 9; get it anew");
  EXPECT_EQ(message_of<FileError>([] { load_cifar10("/no/such"); }),
            "[cifar10] the data set is not in '/no/such'; expected data_batch_1.bin to data_batch_5.bin and "
            "test_batch.bin, the binary version; set PCXX_DATA to the folder that has them");
  const TemporaryFolder folder;
  write_cifar10(folder);
  const std::filesystem::path damaged = folder / "data_batch_3.bin";
  write_file_atomically(damaged, records(1, 2, 10));
  EXPECT_EQ(message_of<FileError>([&] { load_cifar10(folder.path()); }),
            "[cifar10] '" + damaged.string() +
                "' has 3074 bytes; expected records of 3073: it is cut short, or another file; get it anew");
}

}  // namespace
}  // namespace pcxx

/// IDX and Fashion-MNIST: sound files are read, all others are refused, missing ones are explained.
#include "pcxx/data/idx.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <zlib.h>

#include <algorithm>
#include <string>
#include <vector>

#include "pcxx/core/errors.h"
#include "pcxx/data/fashion_mnist.h"
#include "pcxx/data/mnist.h"
#include "pcxx/io/files.h"
#include "support/message.h"
#include "support/random_arrays.h"
#include "support/temporary_folder.h"

namespace pcxx {
namespace {

using test::message_of;
using test::TemporaryFolder;
using ByteList = std::vector<std::byte>;

ByteList idx(const std::vector<std::uint32_t>& extents, std::size_t numbers, int type = 8) {
  ByteList bytes{std::byte{0}, std::byte{0}, static_cast<std::byte>(type),
                 static_cast<std::byte>(extents.size())};
  for (const std::uint32_t extent : extents) {
    for (const int shift : {24, 16, 8, 0}) {
      bytes.push_back(static_cast<std::byte>(extent >> shift));
    }
  }
  for (std::size_t i = 0; i < numbers; ++i) {
    bytes.push_back(static_cast<std::byte>(i * 7));
  }
  return bytes;
}

ByteList gzipped(const ByteList& bytes) {
  ByteList result(bytes.size() + 200);
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

std::string refusal(const ByteList& bytes) {
  return message_of<FileError>([&] { parse_idx(bytes, "f"); });
}

std::string unsound(const std::string& what) {
  return "[idx] 'f' is not a sound IDX file: " + what + "; get it anew";
}

TEST(Idx, PlainAndGzippedFilesAreRead) {
  const ByteList plain = idx({2, 3}, 6);
  for (const ByteList& bytes : {plain, gzipped(plain)}) {
    const Array array = parse_idx(bytes, "f");
    EXPECT_EQ(array.shape(), Shape({2, 3}));
    EXPECT_EQ(array.as<std::uint8_t>()[5], 35);
  }
  EXPECT_EQ(parse_idx(idx({0, 28, 28}, 0), "f").elements(), 0);
}

TEST(Idx, EveryTruncationIsRefused) {
  const ByteList plain = idx({2, 3}, 6);
  for (const ByteList& bytes : {plain, gzipped(plain)}) {
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      ASSERT_THROW(parse_idx(std::span(bytes).first(length), "f"), FileError) << length;
    }
  }
}

TEST(Idx, AFlippedBitIsRefusedOrChangesNoSize) {
  const ByteList plain = idx({2, 3}, 6);
  for (const ByteList& bytes : {plain, gzipped(plain)}) {
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      ByteList damaged = bytes;
      damaged[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
      try {
        ASSERT_EQ(parse_idx(damaged, "f").elements(), 6) << bit;
      } catch (const FileError&) {
      }
    }
  }
}

TEST(Idx, WhatIsWrongIsNamed) {
  EXPECT_EQ(refusal(idx({2, 3}, 7)), unsound("1 bytes follow its numbers"));
  EXPECT_EQ(refusal(idx({2, 3}, 5)), unsound("it is cut short"));
  EXPECT_EQ(refusal(idx({2}, 2, 13)),
            unsound("its numbers are of type 13, not unsigned bytes (8)"));
  EXPECT_EQ(refusal(idx({}, 0)), unsound("it has 0 axes instead of 1 to 8"));
  EXPECT_EQ(refusal(idx({1, 1, 1, 1, 1, 1, 1, 1, 1}, 1)),
            unsound("it has 9 axes instead of 1 to 8"));
  ByteList magic = idx({2}, 2);
  magic[0] = std::byte{1};
  EXPECT_EQ(refusal(magic), unsound("it does not start with two zeros"));
  ByteList longer = gzipped(idx({2}, 3));
  EXPECT_EQ(refusal(longer),
            "[idx] 'f' is damaged: its compressed data holds more than its header says; get or "
            "write it anew");
  ByteList tail = gzipped(idx({2}, 2));
  tail.push_back(std::byte{0});
  EXPECT_EQ(refusal(tail),
            "[idx] 'f' is damaged: 1 bytes follow its compressed data; get or write it anew");
}

TEST(Idx, HugeSizesAreRefusedWithoutAllocating) {
  const std::uint32_t most = 0xFFFFFFFF;
  EXPECT_EQ(refusal(idx({most, most, most, most}, 4)),
            unsound("its header claims more than its 24 bytes can hold"));
  EXPECT_EQ(refusal(idx({0, most, most, most}, 4)),
            unsound("its header claims more than its 24 bytes can hold"));
  const ByteList bytes = gzipped(idx({60'000, 28, 28}, 10));
  EXPECT_EQ(refusal(bytes), unsound("its header claims more than its " +
                                    std::to_string(bytes.size()) + " bytes can hold"));
}

void write_set(const TemporaryFolder& folder, std::uint32_t train, std::uint32_t test, bool gzip) {
  const auto write = [&](const std::string& name, const ByteList& bytes) {
    write_file_atomically(folder / (gzip ? name + ".gz" : name), gzip ? gzipped(bytes) : bytes);
  };
  write("train-images-idx3-ubyte", idx({train, 28, 28}, train * 784));
  write("train-labels-idx1-ubyte", idx({train}, std::min(train, 2U)));
  write("t10k-images-idx3-ubyte", idx({test, 28, 28}, test * 784));
  write("t10k-labels-idx1-ubyte", idx({test}, std::min(test, 2U)));
}

/// Sets an environment variable for the length of a scope.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    const char* old = ::getenv(name);
    had_ = old != nullptr;
    old_ = had_ ? old : "";
    ::setenv(name, value.c_str(), 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { had_ ? ::setenv(name_, old_.c_str(), 1) : ::unsetenv(name_); }

 private:
  const char* name_;
  std::string old_;
  bool had_ = false;
};

TEST(FashionMnist, AFolderIsReadPlainOrGzipped) {
  for (const bool gzip : {false, true}) {
    const TemporaryFolder folder;
    write_set(folder, 2, 1, gzip);
    const Split data = load_fashion_mnist({.folder = folder.path()});
    EXPECT_EQ(data.train.inputs.shape(), Shape({2, 784}));
    EXPECT_EQ(data.test.size(), 1);
    EXPECT_EQ(data.train.labels.as<std::int32_t>()[1], 7);
    const Array& inputs = data.train.inputs;
    EXPECT_EQ(inputs.as<float>()[0], -1.0F);                       // pixel 0
    EXPECT_EQ(inputs.as<float>()[1], (7.0F / 255 - 0.5F) / 0.5F);  // pixel 7
    check(data.train);
    const Split bytes = load_fashion_mnist({.folder = folder.path(), .keep_bytes = true});
    EXPECT_EQ(bytes.train.inputs.type(), ElementType::u8);
    EXPECT_TRUE(test::same_bits(scaled_inputs(bytes.train), inputs));
    EXPECT_EQ(load_fashion_mnist({.folder = folder.path(), .flatten = false}).train.inputs.shape(),
              Shape({2, 1, 28, 28}));
  }
}

TEST(FashionMnist, TheEnvironmentNamesTheFolderOrItsParent) {
  const TemporaryFolder folder;
  write_set(folder, 2, 1, true);
  const Variable data("PCXX_DATA", folder.path().string());
  EXPECT_EQ(load_fashion_mnist().train.size(), 2);
  const Variable cache("XDG_CACHE_HOME", "/cache");
  const std::vector<std::filesystem::path> expected{folder / "fashion-mnist", folder.path(),
                                                    "/usr/share/datasets/fashion-mnist",
                                                    "/cache/pcxx/fashion-mnist"};
  EXPECT_EQ(fashion_mnist_folders(), expected);
}

TEST(Mnist, AFolderOfItsOwnKeepsItApartFromFashion) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "mnist");
  write_set(folder, 2, 1, true);
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    if (entry.is_regular_file()) {
      std::filesystem::copy(entry.path(), folder / "mnist" / entry.path().filename());
    }
  }
  write_set(folder, 1, 1, true);
  const Variable data("PCXX_DATA", folder.path().string());
  EXPECT_EQ(load_mnist().train.size(), 2);
  EXPECT_EQ(load_fashion_mnist().train.size(), 1);
  EXPECT_EQ(message_of<FileError>([] { load_mnist({.folder = "/no/such"}); }),
            "[mnist] the data set is not in '/no/such'; expected train-images-idx3-ubyte[.gz] and its three siblings; "
            "set PCXX_DATA to the folder that has them");
}

TEST(FashionMnist, AMissingSetIsExplained) {
  EXPECT_EQ(message_of<FileError>([] { load_fashion_mnist({.folder = "/no/such"}); }),
            "[fashion_mnist] the data set is not in '/no/such'; expected "
            "train-images-idx3-ubyte[.gz] and its three "
            "siblings; install the package dataset-fashion-mnist, set PCXX_DATA to the folder that "
            "has them, or run "
            "tools/download_fashion_mnist.sh");
}

TEST(FashionMnist, FilesThatDoNotFitAreNamed) {
  const TemporaryFolder folder;
  write_set(folder, 2, 1, false);
  const std::string images = folder / "train-images-idx3-ubyte";
  const std::string labels = folder / "train-labels-idx1-ubyte";
  write_file_atomically(labels, idx({3}, 3));
  EXPECT_EQ(message_of<FileError>([&] { load_fashion_mnist({.folder = folder.path()}); }),
            "[fashion_mnist] '" + labels +
                "' holds (3) labels for 2 pictures, or a label above 9; get it anew");
  write_file_atomically(images, idx({2, 5}, 10));
  EXPECT_EQ(message_of<FileError>([&] { load_fashion_mnist({.folder = folder.path()}); }),
            "[fashion_mnist] '" + images + "' holds (2, 5) instead of (n, 28, 28); get it anew");
  EXPECT_EQ(message_of<ArgumentError>(
                [&] { load_fashion_mnist({.folder = folder.path(), .deviation = 0}); }),
            "[fashion_mnist] deviation is 0.000000; it must be above 0");
}

TEST(FashionMnist, TheRealSetHasItsKnownCounts) {
  Split data;
  try {
    data = load_fashion_mnist();
  } catch (const FileError& error) {
    GTEST_SKIP() << error.what();
  }
  EXPECT_EQ(data.train.inputs.shape(), Shape({60'000, 784}));
  EXPECT_EQ(data.test.inputs.shape(), Shape({10'000, 784}));
  for (std::int32_t label = 0; label < 10; ++label) {
    const auto train = data.train.labels.as<std::int32_t>();
    const auto test = data.test.labels.as<std::int32_t>();
    EXPECT_EQ(std::count(train.begin(), train.end(), label), 6000);
    EXPECT_EQ(std::count(test.begin(), test.end(), label), 1000);
  }
  EXPECT_EQ(data.train.labels.as<std::int32_t>()[0], 9);  // an ankle boot
}

}  // namespace
}  // namespace pcxx

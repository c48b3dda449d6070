/// NPZ: round trips, NumPy's own variants, and refusal of everything damaged.
#include "pcxx/io/npz.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "io/bytes.h"
#include "io/zip.h"
#include "io/zip_format.h"
#include "pcxx/core/errors.h"
#include "pcxx/io/files.h"
#include "support/message.h"
#include "support/random_arrays.h"
#include "support/temporary_folder.h"

namespace pcxx {
namespace {

using test::message_of;
using test::TemporaryFolder;

constexpr std::array kNumpyTypes{ElementType::f32, ElementType::f64, ElementType::i32,
                                 ElementType::i64, ElementType::u8};

std::vector<std::byte> bytes_from(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

/// Returns a .npy with any header and data, whether they fit or not.
std::vector<std::byte> npy(const std::string& header, const std::vector<std::byte>& data,
                           int version = 1) {
  std::vector<std::byte> bytes = bytes_from("\x93NUMPY");
  io::append_number(bytes, static_cast<std::uint8_t>(version));
  io::append_number(bytes, std::uint8_t{0});
  if (version == 1) {
    io::append_number(bytes, static_cast<std::uint16_t>(header.size()));
  } else {
    io::append_number(bytes, static_cast<std::uint32_t>(header.size()));
  }
  io::append(bytes, header);
  io::append(bytes, data);
  return bytes;
}

std::vector<std::byte> archive_of(const std::string& member, const std::vector<std::byte>& contents,
                                  bool compress = false) {
  io::ZipWriter archive(compress);
  archive.add(member, contents);
  return archive.finish();
}

std::vector<std::byte> floats(const std::vector<float>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

Array parse_one(const std::string& header, const std::vector<std::byte>& data, int version = 1) {
  return parse_npz(archive_of("x.npy", npy(header, data, version)), "f").arrays.at("x");
}

std::string refusal(const std::vector<std::byte>& archive) {
  return message_of<FileError>([&] { parse_npz(archive, "f"); });
}

std::string refusal(const std::string& header, const std::vector<std::byte>& data) {
  return refusal(archive_of("x.npy", npy(header, data)));
}

std::string unsound_npy(const std::string& what) {
  return "[npz] 'f': member 'x.npy' is not a sound .npy: " + what + "; get or write it anew";
}

std::string unsound_zip(const std::string& what) {
  return "[npz] 'f' is not a sound zip archive: " + what + "; get or write it anew";
}

std::vector<std::byte> sample_archive(bool compress) {
  const TemporaryFolder folder;
  NamedArrays arrays;
  arrays["before/low.weight"] = Array::from({2, 3}, std::array{1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F});
  arrays["y"] = Array({3}, ElementType::i32);
  save_npz(folder / "f", arrays, {{"meta", "{\"λ\": 1}"}}, compress);
  return read_file(folder / "f");
}

TEST(Npz, RandomContentsComeBackToTheBit) {
  const TemporaryFolder folder;
  RandomStream random(11);
  for (int trial = 0; trial < 100; ++trial) {
    const NamedArrays arrays = test::random_arrays(random, kNumpyTypes);
    const std::map<std::string, std::string> texts{
        {"meta!", "trial " + std::to_string(trial) + " é λ 🧠"}, {"none", ""}};
    save_npz(folder / "f", arrays, texts, trial % 2 == 0);
    const NpzFile file = load_npz(folder / "f");
    ASSERT_TRUE(test::same_bits(file.arrays, arrays)) << "trial " << trial;
    ASSERT_EQ(file.texts, texts);
  }
}

TEST(Npz, AnArchiveWithoutArraysIsSound) {
  EXPECT_TRUE(parse_npz(io::ZipWriter(true).finish(), "f").arrays.empty());
}

TEST(Npz, Zip64FieldsAreRead) {
  io::ZipWriter archive(true, true);
  archive.add("x.npy",
              npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", floats({1, 2})));
  archive.add("y.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", floats({3})));
  const NpzFile file = parse_npz(archive.finish(), "f");
  EXPECT_EQ(file.arrays.at("x").as<float>()[1], 2.0F);
  EXPECT_EQ(file.arrays.at("y").as<float>()[0], 3.0F);
}

TEST(Npz, HeadersOfEveryVersionAndSpellingAreRead) {
  const auto data = floats({1, 2, 3});
  for (const int version : {1, 2, 3}) {
    EXPECT_EQ(
        parse_one("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }   \n", data, version)
            .shape(),
        Shape({3}));
  }
  EXPECT_EQ(parse_one(R"({"shape":(3L,1),"fortran_order":False,"descr":"<f4"})", data).shape(),
            Shape({3, 1}));
  EXPECT_EQ(parse_one("{'descr': '|b1', 'fortran_order': False, 'shape': (12,)}", data).type(),
            ElementType::u8);
}

TEST(Npz, ColumnsFirstBecomesRowsFirst) {
  // np.asfortranarray(np.arange(6).reshape(1, 2, 3)) lies in memory as 0 3 1 4 2 5.
  const Array array = parse_one("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2, 3)}",
                                floats({0, 3, 1, 4, 2, 5}));
  const auto values = array.as<float>();
  EXPECT_EQ(array.shape(), Shape({1, 2, 3}));
  EXPECT_EQ(std::vector<float>(values.begin(), values.end()),
            (std::vector<float>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(parse_one("{'descr': '<f4', 'fortran_order': True, 'shape': (0, 3)}", {}).elements(),
            0);
}

TEST(Npz, EveryTruncationIsRefused) {
  for (const bool compress : {false, true}) {
    const auto bytes = sample_archive(compress);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      ASSERT_THROW(parse_npz(std::span(bytes).first(length), "f"), FileError) << length;
    }
  }
}

TEST(Npz, AFlippedBitIsRefusedOrChangesNothing) {
  for (const bool compress : {false, true}) {
    const auto bytes = sample_archive(compress);
    const NpzFile sound = parse_npz(bytes, "f");
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      auto damaged = bytes;
      damaged[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
      try {
        const NpzFile file = parse_npz(damaged, "f");
        ASSERT_TRUE(test::same_bits(file.arrays, sound.arrays) && file.texts == sound.texts) << bit;
      } catch (const FileError&) {
      }
    }
  }
}

TEST(Npz, DamagedContentsAreNamed) {
  auto stored = sample_archive(false);
  stored[500] ^= std::byte{1};
  EXPECT_NE(refusal(stored).find("is damaged: its checksum is wrong; get or write it anew"),
            std::string::npos);
  EXPECT_EQ(
      refusal(bytes_from("PK\x03\x04 and nothing else")),
      unsound_zip("its directory at the end is missing (cut short, or another kind of file)"));
}

TEST(Npz, ALyingShapeIsRefused) {
  const std::string start = "{'descr': '<f4', 'fortran_order': False, 'shape': ";
  EXPECT_EQ(refusal(start + "(3,)}", floats({1, 2})),
            unsound_npy("it has 8 bytes behind its header for shape (3,) of '<f4'"));
  EXPECT_EQ(refusal(start + "(1,)}", floats({1, 2})),
            unsound_npy("it has 8 bytes behind its header for shape (1,) of '<f4'"));
  EXPECT_EQ(
      refusal(start + "(4611686018427387904, 4)}", {}),
      unsound_npy("it has 0 bytes behind its header for shape (4611686018427387904, 4) of '<f4'"));
  EXPECT_EQ(refusal(start + "(0, 9223372036854775807, 9223372036854775807)}", {}),
            unsound_npy("it has 0 bytes behind its header for shape (0, 9223372036854775807, "
                        "9223372036854775807) of '<f4'"));
}

TEST(Npz, AHeaderThatIsNoPlainArrayIsRefused) {
  const std::string expected =
      unsound_npy("its header is none of a plain array with descr, fortran_order and shape");
  for (const std::string header :
       {"", "{", "{}", "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': ()}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (), 'x': 1}",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': ()} x"}) {
    EXPECT_EQ(refusal(header, floats({1})), expected) << header;
  }
  auto damaged = npy("{'descr': '<f4', 'fortran_order': False, 'shape': ()}", floats({1}));
  damaged[6] = std::byte{4};
  EXPECT_EQ(refusal(archive_of("x.npy", damaged)),
            unsound_npy("its version 4.0 is none of 1.0, 2.0, 3.0"));
  damaged[0] = std::byte{0};
  EXPECT_EQ(refusal(archive_of("x.npy", damaged)), unsound_npy("it does not start as one"));
}

/// NumPy's bytes for np.array(None), of both its spellings of pickles; PCX writes it for what it shares.
TEST(Npz, NoneIsReadAndNoOtherObject) {
  using namespace std::string_literals;
  const std::string header = "{'descr': '|O', 'fortran_order': False, 'shape': ()}";
  const auto pickle = [](const std::string& element) {
    return "\x80\x03" "cnumpy.core.multiarray\n_reconstruct\nq\0" "cnumpy\nndarray\nq\x01K\0\x85q\x02" "C\x01" "bq\x03\x87q\x04Rq\x05"
           "(K\x01)cnumpy\ndtype\nq\x06X\x02\0\0\0O8q\x07\x89\x88\x87q\x08Rq\t(K\x03X\x01\0\0\0|q\nNNNJ\xff\xff\xff\xff"
           "J\xff\xff\xff\xffK?tq\x0b" "b\x89]q\x0c"s + element + "atq\rb.";
  };
  const NpzFile file = parse_npz(archive_of("x.npy", npy(header, bytes_from(pickle("N")))), "f");
  EXPECT_EQ(file.nones, std::set<std::string>{"x"});
  EXPECT_EQ(file.order, std::vector<std::string>{"x"});
  EXPECT_TRUE(file.arrays.empty());
  const std::string unknown = "[npz] 'f': member 'x.npy' has dtype '|O'; known: ";
  EXPECT_TRUE(refusal(header, bytes_from(pickle("K\x05"))).starts_with(unknown));
  EXPECT_TRUE(refusal(header, bytes_from(pickle("NN"))).starts_with(unknown));
  EXPECT_TRUE(refusal("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", bytes_from(pickle("N"))).starts_with(unknown));
}

TEST(Npz, UnknownDtypesAreNamed) {
  for (const std::string descr : {">f4", "<f2", "|O", "<c8", "|S3", "|i1"}) {
    EXPECT_EQ(
        refusal("{'descr': '" + descr + "', 'fortran_order': False, 'shape': ()}", floats({1})),
        "[npz] 'f': member 'x.npy' has dtype '" + descr +
            "'; known: <f4, <f8, <i4, <i8, |u1, |b1 and unicode scalars; convert it in NumPy with "
            "astype");
  }
  EXPECT_EQ(
      refusal("{'descr': '<U1', 'fortran_order': False, 'shape': (2,)}", floats({1, 2}))
          .substr(0, 60),
      std::string("[npz] 'f': member 'x.npy' has dtype '<U1' of shape '(2,)'; kno").substr(0, 60));
  EXPECT_EQ(refusal("{'descr': '<U1', 'fortran_order': False, 'shape': ()}",
                    bytes_from("\xFF\xFF\xFF\xFF")),
            unsound_npy("its text holds something that is no code point"));
}

TEST(Npz, AMemberThatIsNoArrayIsRefused) {
  EXPECT_EQ(
      refusal(archive_of("readme.txt", {})),
      "[npz] 'f': member 'readme.txt' is not an array; every member must be a .npy; remove it");
}

TEST(Npz, MembersThatRepeatOverlapOrHideAreRefused) {
  const auto one = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", floats({1}));
  io::ZipWriter twice(false);
  twice.add("x.npy", one);
  twice.add("x.npy", one);
  EXPECT_EQ(refusal(twice.finish()), unsound_zip("it has two members 'x.npy'"));

  auto archive = archive_of("x.npy", one);
  const std::size_t directory = archive.size() - io::zip::kEndBytes - io::zip::kDirectoryBytes - 5;
  auto encrypted = archive;
  encrypted[directory + 8] |= std::byte{1};
  EXPECT_EQ(refusal(encrypted),
            "[npz] 'f': member 'x.npy' is encrypted; known: stored, deflated; "
            "write it anew with numpy.savez or numpy.savez_compressed");
  auto bzip2 = archive;
  bzip2[directory + 10] = std::byte{12};
  EXPECT_EQ(refusal(bzip2),
            "[npz] 'f': member 'x.npy' is compressed by method 12; known: stored, deflated; "
            "write it anew with numpy.savez or numpy.savez_compressed");
  auto elsewhere = archive;
  elsewhere[directory + 42] = std::byte{1};
  EXPECT_EQ(refusal(elsewhere), unsound_zip("member 'x.npy' is not where the directory says"));
}

TEST(Npz, ASizeThatDeflateCannotReachIsRefusedWithoutAllocating) {
  auto archive = archive_of("x.npy", npy("{}", {}), true);
  const std::size_t directory = archive.size() - io::zip::kEndBytes - io::zip::kDirectoryBytes - 5;
  archive[directory + 27] =
      std::byte{0x7F};  // the highest byte of the size: 2 GB from some 20 bytes
  EXPECT_EQ(refusal(archive),
            unsound_zip("member 'x.npy' claims a size that its data cannot have"));
}

TEST(Npz, WhatNumpyCannotHoldIsRefused) {
  const TemporaryFolder folder;
  EXPECT_EQ(message_of<ArgumentError>([&] {
              save_npz(folder / "f", {{"w", Array({1}, ElementType::bf16)}});
            }),
            "[npz] array 'w' is bf16, which NumPy lacks; convert it with to(ElementType::f32)");
  EXPECT_EQ(message_of<NameError>([&] {
              save_npz(folder / "f", {{"w", Array()}}, {{"w", "text"}});
            }),
            "[npz] 'w' names both an array and a text; rename one");
  EXPECT_THROW(save_npz(folder / "f", {}, {{"t", std::string("a\0", 2)}}), NameError);
  EXPECT_EQ(folder.entries(), 0U);
}

TEST(Npz, FrozenRunsOfPcxAreRead) {
  for (const std::string name : {"se_gelu", "se_tanh_deep", "ce_leaky_momentum"}) {
    const NpzFile file = load_npz(std::string(PCXX_SOURCE_DIR) + "/tests/oracle/" + name + ".npz");
    EXPECT_EQ(file.texts.at("meta").substr(0, 1), "{");
    const Array& weight = file.arrays.at("before/layer0.weight");
    EXPECT_EQ(weight.shape()[1], file.arrays.at("x").shape()[1]);
    EXPECT_EQ(weight.type(), ElementType::f32);
    EXPECT_EQ(file.arrays.at("step0/energy").shape(), Shape());
  }
}

/// NumPy writes and reads the same archive, where Python has NumPy.
TEST(Npz, NumpyReadsOursAndWeReadNumpys) {
  if (std::system("python3 -c 'import numpy' >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "python3 has no NumPy";
  }
  const TemporaryFolder folder;
  NamedArrays arrays;
  arrays["a/w"] = Array::from({2, 3}, std::array{1.0F, -2.0F, 3.5F, 4.0F, 5.0F, 6.0F});
  arrays["b"] = Array({4}, ElementType::i64);
  arrays["λ"] = Array({0, 2}, ElementType::f64);
  arrays["u"] = Array({}, ElementType::u8);
  save_npz(folder / "ours.npz", arrays, {{"meta", "{\"λ\": \"🧠\"}"}});
  save_npz(folder / "plain.npz", arrays, {{"meta", "x"}}, false);
  std::ofstream(folder / "check.py") << R"(import sys, zipfile, numpy as np
folder = sys.argv[1] + "/"
for name in "ours.npz", "plain.npz":
    assert zipfile.ZipFile(folder + name).testzip() is None
ours = dict(np.load(folder + "ours.npz"))
assert str(ours["meta"]) == '{"λ": "🧠"}' and ours["a/w"].tolist() == [[1, -2, 3.5], [4, 5, 6]]
assert ours["λ"].shape == (0, 2) and ours["u"].shape == () and ours["b"].dtype == np.int64
np.savez(folder + "stored.npz", fortran=np.asfortranarray(ours["a/w"]), flag=np.array([True, False]), **ours)
np.savez_compressed(folder + "deflated.npz", fortran=np.asfortranarray(ours["a/w"]), flag=np.array([True, False]), **ours)
)";
  ASSERT_EQ(
      std::system(
          ("python3 " + (folder / "check.py").string() + " " + folder.path().string()).c_str()),
      0);
  for (const char* name : {"stored.npz", "deflated.npz"}) {
    NpzFile file = load_npz(folder / name);
    EXPECT_TRUE(test::same_bits(file.arrays.at("fortran"), arrays["a/w"]));
    EXPECT_EQ(file.arrays.at("flag").as<std::uint8_t>()[0], 1);
    EXPECT_EQ(file.texts.at("meta"), "{\"λ\": \"🧠\"}");
    file.arrays.erase("fortran");
    file.arrays.erase("flag");
    EXPECT_TRUE(test::same_bits(file.arrays, arrays));
  }
}

}  // namespace
}  // namespace pcxx

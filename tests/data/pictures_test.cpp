/// JPEG pictures and Tiny ImageNet's folders, made here: decoded, refused by name, or left out and counted.
#include "pcxx/data/picture_files.h"

#include <gtest/gtest.h>

#include <cstdio>

#include <jpeglib.h>

#include <algorithm>
#include <cstdlib>

#include "data/jpeg.h"
#include "pcxx/core/errors.h"
#include "pcxx/data/loader.h"
#include "pcxx/data/tiny_imagenet.h"
#include "pcxx/io/files.h"
#include "support/message.h"
#include "support/temporary_folder.h"

namespace pcxx {
namespace {

using test::message_of;
using test::TemporaryFolder;
using ByteList = std::vector<std::byte>;

/// A JPEG of the best quality: a smooth ramp, different in each colour; `channels` 1 for grey, 4 for CMYK.
ByteList jpeg(int height, int width, int channels = 3, int start = 0) {
  jpeg_compress_struct state{};
  jpeg_error_mgr errors{};
  state.err = jpeg_std_error(&errors);
  jpeg_create_compress(&state);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&state, &memory, &size);
  state.image_height = static_cast<JDIMENSION>(height);
  state.image_width = static_cast<JDIMENSION>(width);
  state.input_components = channels;
  state.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&state);
  jpeg_set_quality(&state, 100, TRUE);
  for (int i = 0; i < channels; ++i) {
    state.comp_info[i].h_samp_factor = state.comp_info[i].v_samp_factor = 1;
  }
  jpeg_start_compress(&state, TRUE);
  std::vector<unsigned char> line(static_cast<std::size_t>(width * channels));
  for (int row = 0; row < height; ++row) {
    for (int i = 0; i < width * channels; ++i) {
      line[static_cast<std::size_t>(i)] =
          static_cast<unsigned char>(start + 20 * (i % channels) + row + 2 * (i / channels));
    }
    JSAMPROW pointer = line.data();
    jpeg_write_scanlines(&state, &pointer, 1);
  }
  jpeg_finish_compress(&state);
  jpeg_destroy_compress(&state);
  const auto* bytes = reinterpret_cast<const std::byte*>(memory);
  ByteList result(bytes, bytes + size);
  std::free(memory);
  return result;
}

std::string refusal(const ByteList& bytes) {
  return message_of<FileError>([&] { decode_jpeg(bytes, "f"); });
}

TEST(Jpeg, APictureIsDecoded) {
  const Pixels picture = decode_jpeg(jpeg(9, 13), "f");
  EXPECT_EQ(picture.height, 9);
  EXPECT_EQ(picture.width, 13);
  for (int row = 0; row < 9; ++row) {
    for (int column = 0; column < 13; ++column) {
      for (int colour = 0; colour < 3; ++colour) {
        const int index = (row * 13 + column) * 3 + colour;
        ASSERT_NEAR(picture.bytes[static_cast<std::size_t>(index)], 20 * colour + row + 2 * column, 3) << index;
      }
    }
  }
}

TEST(Jpeg, AGreyPictureHasThreeEqualColours) {
  const Pixels picture = decode_jpeg(jpeg(8, 8, 1), "f");
  ASSERT_EQ(picture.bytes.size(), 192U);
  for (std::size_t i = 0; i < 192; i += 3) {
    ASSERT_EQ(picture.bytes[i], picture.bytes[i + 1]);
    ASSERT_EQ(picture.bytes[i], picture.bytes[i + 2]);
  }
}

TEST(Jpeg, EveryTruncationIsRefused) {
  const ByteList whole = jpeg(16, 16);
  for (std::size_t length = 0; length + 2 < whole.size(); ++length) {  // the last two bytes say that it ends
    ASSERT_THROW(decode_jpeg(std::span(whole).first(length), "f"), FileError) << length;
  }
}

TEST(Jpeg, AFlippedBitIsRefusedOrDecodes) {
  const ByteList whole = jpeg(16, 16);
  for (std::size_t bit = 0; bit < 8 * whole.size(); bit += 3) {
    ByteList damaged = whole;
    damaged[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    try {
      const Pixels picture = decode_jpeg(damaged, "f");
      ASSERT_EQ(picture.bytes.size(), static_cast<std::size_t>(3 * picture.height * picture.width)) << bit;
    } catch (const FileError&) {
    }
  }
}

TEST(Jpeg, WhatIsWrongIsNamed) {
  EXPECT_EQ(refusal({}), "[jpeg] 'f' is not a sound JPEG picture: it is empty; get it anew or remove it");
  EXPECT_EQ(refusal(ByteList(20, std::byte{7})),
            "[jpeg] 'f' is not a sound JPEG picture: Not a JPEG file: starts with 0x07 0x07; get it anew or remove it");
  ByteList whole = jpeg(16, 16);
  EXPECT_EQ(refusal({whole.begin(), whole.end() - 20}),
            "[jpeg] 'f' is not a sound JPEG picture: Premature end of JPEG file; get it anew or remove it");
  EXPECT_EQ(refusal(jpeg(16, 16, 4)),
            "[jpeg] 'f' is not a sound JPEG picture: its colours are CMYK instead of RGB or grey; get it anew or remove "
            "it");
  for (std::size_t i = 0; i + 8 < whole.size(); ++i) {  // the frame header's height and width
    if (whole[i] == std::byte{0xFF} && whole[i + 1] == std::byte{0xC0}) {
      std::fill_n(whole.begin() + static_cast<std::ptrdiff_t>(i) + 5, 4, std::byte{0xF0});
    }
  }
  EXPECT_EQ(refusal(whole), "[jpeg] 'f' is not a sound JPEG picture: it claims 61680 x 61680 pixels, more than 2^26 or "
                            "than " + std::to_string(whole.size()) + " bytes can hold; get it anew or remove it");
}

TEST(PictureFiles, SamplesArePlanesOfColours) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "a.JPEG", jpeg(4, 6, 3, 10));
  write_file_atomically(folder / "b.JPEG", jpeg(5, 6));
  const auto source = picture_files({folder / "a.JPEG", folder / "b.JPEG", folder / "c.JPEG"}, {.height = 4, .width = 6});
  EXPECT_EQ(source->shape(), Shape({3, 4, 6}));
  std::vector<float> numbers(72);
  source->read(0, numbers);
  for (std::size_t colour = 0; colour < 3; ++colour) {
    EXPECT_NEAR(numbers[24 * colour] * 255, 10 + 20 * static_cast<double>(colour), 3.01);
  }
  EXPECT_EQ(message_of<FileError>([&] { source->read(1, numbers); }),
            "[pictures] '" + (folder / "b.JPEG").string() +
                "' has 6 x 5 pixels; expected 6 x 4; resize or remove it");
  EXPECT_NE(message_of<FileError>([&] { source->read(2, numbers); }).find("c.JPEG"), std::string::npos);
}

/// Two classes of three pictures, and two pictures to test on.
void write_tiny(const TemporaryFolder& folder) {
  int start = 0;
  for (const char* name : {"n02", "n01"}) {
    const auto images = folder.path() / "train" / name / "images";
    std::filesystem::create_directories(images);
    for (int i = 0; i < 3; ++i) {
      write_file_atomically(images / (std::string(name) + "_" + std::to_string(i) + ".JPEG"), jpeg(64, 64, 3, start++));
    }
    write_file_atomically(images.parent_path() / "n_boxes.txt", std::string_view("n01_0.JPEG\t0\t0\t62\t62\n"));
  }
  std::filesystem::create_directories(folder.path() / "val" / "images");
  for (const char* name : {"val_0.JPEG", "val_1.JPEG"}) {
    write_file_atomically(folder.path() / "val" / "images" / name, jpeg(64, 64, 1));
  }
  write_file_atomically(folder.path() / "val" / "val_annotations.txt",
                        std::string_view("val_1.JPEG\tn02\t0\t32\t44\t62\nval_0.JPEG\tn01\t52\t55\t57\t59\n"));
}

TEST(TinyImagenet, FoldersAreClassesAndAnnotationsLabels) {
  const TemporaryFolder folder;
  write_tiny(folder);
  const Split data = load_tiny_imagenet({.folder = folder.path()});
  EXPECT_EQ(tiny_imagenet_classes(folder.path()), (std::vector<std::string>{"n01", "n02"}));
  EXPECT_EQ(data.train.size(), 6);
  EXPECT_EQ(data.train.classes, 2);
  EXPECT_EQ(data.train.input_shape(), Shape({3, 64, 64}));
  EXPECT_EQ(data.test.labels.as<std::int32_t>()[0], 1);
  EXPECT_EQ(data.test.labels.as<std::int32_t>()[1], 0);
  const Array inputs = scaled_inputs(data.train);
  EXPECT_NEAR(inputs.as<float>()[0] * 255, 3, 3.01);  // n01_0 was the fourth to be written
  EXPECT_EQ(slice(data.train, 2, 3).labels.as<std::int32_t>()[1], 1);
  std::vector<float> numbers(3 * 64 * 64);
  slice(data.train, 2, 3).source->read(1, numbers);
  EXPECT_TRUE(std::equal(numbers.begin(), numbers.end(), inputs.as<float>().begin() + 3 * 3 * 64 * 64));
}

TEST(TinyImagenet, DamagedPicturesAreNamedOrLeftOutAndCounted) {
  const TemporaryFolder folder;
  write_tiny(folder);
  const auto damaged = folder.path() / "train" / "n01" / "images" / "n01_1.JPEG";
  ByteList bytes = jpeg(64, 64);
  bytes.resize(bytes.size() / 2);
  write_file_atomically(damaged, bytes);
  const Split strict = load_tiny_imagenet({.folder = folder.path()});
  const std::string expected = "[jpeg] '" + damaged.string() +
                               "' is not a sound JPEG picture: Premature end of JPEG file; get it anew or remove it";
  for (const Size prefetch : {0, 2}) {
    const Loader loader(strict.train, {.batch = 2, .shuffle = false, .prefetch = prefetch, .threads = 2});
    Epoch epoch = loader.epoch(0);
    EXPECT_EQ(message_of<FileError>([&] { epoch.next(); }), expected);
    EXPECT_EQ(message_of<FileError>([&] { epoch.next(); }), expected);
  }
  for (const int threads : {1, 3}) {
    const Split data = load_tiny_imagenet({.folder = folder.path(), .skip_corrupt = true, .threads = threads});
    EXPECT_EQ(data.train.size(), 5);
    EXPECT_EQ(data.train.skipped, std::vector{expected});
    EXPECT_TRUE(data.test.skipped.empty());
    const auto labels = data.train.labels.as<std::int32_t>();
    EXPECT_EQ(std::vector(labels.begin(), labels.end()), (std::vector<std::int32_t>{0, 0, 1, 1, 1}));
    check(data.train);
    EXPECT_EQ(scaled_inputs(data.train).shape(), Shape({5, 3, 64, 64}));
  }
}

TEST(TinyImagenet, WhatDoesNotFitIsNamed) {
  EXPECT_NE(message_of<FileError>([] { load_tiny_imagenet({.folder = "/no/such"}); })
                .find("[tiny_imagenet] the data set is not in '/no/such'; expected train/<class>/images/*.JPEG"),
            std::string::npos);
  const TemporaryFolder folder;
  write_tiny(folder);
  const auto annotations = folder.path() / "val" / "val_annotations.txt";
  write_file_atomically(annotations, std::string_view("val_0.JPEG\tn01\nval_1.JPEG\tn09\n"));
  EXPECT_EQ(message_of<FileError>([&] { load_tiny_imagenet({.folder = folder.path()}); }),
            "[tiny_imagenet] '" + annotations.string() +
                "', line 2, is 'val_1.JPEG\tn09'; expected a file and a class that has a folder in train/; unpack the "
                "set anew");
}

}  // namespace
}  // namespace pcxx

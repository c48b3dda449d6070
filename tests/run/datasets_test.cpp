/// Data sets by name: what recipes say of pictures becomes transforms of both sets.
#include "run/datasets.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "pcxx/core/errors.h"
#include "pcxx/data/loader.h"
#include "pcxx/io/files.h"
#include "support/message.h"
#include "support/temporary_folder.h"

namespace pcxx {
namespace {

using test::message_of;
using test::TemporaryFolder;

/// Five files of two pictures and one of three: picture i has the label i and pixels of i + 100 everywhere.
void write_cifar10(const TemporaryFolder& folder) {
  std::vector<std::byte> bytes;
  const auto add = [&](int i) {
    bytes.push_back(static_cast<std::byte>(i));
    bytes.insert(bytes.end(), 3072, static_cast<std::byte>(100 + i));
  };
  for (int file = 0; file < 5; ++file) {
    bytes.clear();
    add(2 * file);
    add(2 * file + 1);
    write_file_atomically(folder / ("data_batch_" + std::to_string(file + 1) + ".bin"), bytes);
  }
  bytes.clear();
  add(1);
  add(2);
  write_file_atomically(folder / "test_batch.bin", bytes);
}

Recipe cifar10(const TemporaryFolder& folder, const std::string& data = "") {
  return parse_recipe("[network]\nwidths = [3072, 10]\n[data]\nname = \"cifar10\"\nfolder = \"" +
                          folder.path().string() + "\"\n" + data,
                      "a.toml");
}

std::vector<float> inputs_of(const Dataset& set) {
  const Loader loader(set, {.batch = set.size(), .shuffle = false});
  Epoch epoch = loader.epoch(0);
  const auto inputs = epoch.next()->inputs;
  return {inputs.begin(), inputs.end()};
}

TEST(Datasets, PicturesAreNormalisedWithTheSetsOwnNumbers) {
  const TemporaryFolder folder;
  write_cifar10(folder);
  const Recipe recipe = cifar10(folder, "train = 4\n");
  const Split data = load_data(recipe.data);
  check_fit(recipe, data);
  EXPECT_EQ(data.train.size(), 4);
  EXPECT_EQ(data.train.input_shape(), Shape({3, 32, 32}));
  const auto inputs = inputs_of(data.train);
  EXPECT_FLOAT_EQ(inputs[3072 + 1024], (101.0F / 255 - 0.4822F) / 0.1994F);
}

TEST(Datasets, OnlyTrainingPicturesAreAugmented) {
  const TemporaryFolder folder;
  write_cifar10(folder);
  const Recipe recipe = cifar10(folder,
                                "mean = 0.0\ndeviation = 1.0\npad = 1\n"
                                "augment = { flip = true, crop = 30, padding = 30 }\n");
  const Split data = load_data(recipe.data);
  EXPECT_EQ(data.train.input_shape(), Shape({3, 30, 30}));
  EXPECT_EQ(data.train.transforms.size(), 4U);
  const auto train = inputs_of(data.train), test = inputs_of(data.test);
  EXPECT_GT(std::count(train.begin(), train.end(), 0.0F), 1000);  // black from around the picture
  EXPECT_EQ(std::count(test.begin(), test.end(), 0.0F), 0);
  EXPECT_EQ(message_of<RecipeError>([&] { check_fit(recipe, data); }),
            "[recipe] a: the network's input has 3072 values, but cifar10 has 2700; correct [network]");
}

TEST(Datasets, PicturesKeepTheirShapeOnlyForANetworkOfPictures) {
  const TemporaryFolder folder;
  write_cifar10(folder);
  const auto with_input = [&](const std::string& input) {
    return parse_recipe("[network]\ninput = " + input + "\n[[network.layer]]\nwidth = 10\n[data]\nname = \"cifar10\"\nfolder = \"" +
                            folder.path().string() + "\"\n",
                        "a.toml");
  };
  const Split data = load_data(with_input("3072").data);
  EXPECT_NO_THROW(check_fit(with_input("3072"), data));
  EXPECT_NO_THROW(check_fit(with_input("[3, 32, 32]"), data));
  EXPECT_EQ(message_of<RecipeError>([&] { check_fit(with_input("[3, 64, 16]"), data); }),
            "[recipe] a: the network's input has the shape (3, 64, 16), but cifar10 has (3, 32, 32); correct [network]");
}

TEST(Datasets, WhatDoesNotFitIsNamed) {
  const TemporaryFolder folder;
  write_cifar10(folder);
  const auto problem = [&](const std::string& text) {
    return message_of<RecipeError>([&] { load_data(cifar10(folder, text).data); });
  };
  EXPECT_EQ(problem("augment = { crop = 40, padding = 2 }\n"),
            "[recipe] the pictures of cifar10 cannot be treated as [data] says: [random_crop] cannot cut 40 x 40 pixels "
            "out of a sample of (3, 32, 32) with a padding of 2");
  EXPECT_EQ(problem("mean = [0.5, 0.5]\ndeviation = [1.0, 1.0]\n"),
            "[recipe] the pictures of cifar10 cannot be treated as [data] says: [normalise] samples are (3, 32, 32), but "
            "there are means of 2 channels; expected (2, ...), or one mean for all");
  EXPECT_EQ(problem("mean = 0.5\n"),
            "[recipe] a.toml:6:8: 'data.mean' has 1 numbers and 'data.deviation' 0; expected as many of both, one for "
            "each channel or one for all");
  EXPECT_EQ(problem("augment = { padding = 4 }\n"),
            "[recipe] a.toml:6:23: 'data.augment.padding' is given without 'data.augment.crop', the side of what is cut "
            "out of the padded picture");
  EXPECT_EQ(problem("deviation = [1.0, 0.0, 1.0]\n"),
            "[recipe] a.toml:6:19: 'data.deviation[1]' is the number 0; expected a number from 1e-06 to 1000000");
  EXPECT_EQ(problem("labels = \"fine\"\n"),
            "[recipe] a.toml:6:1: unknown key 'data.labels'; nearest: 'data.name'; known: name, batch, drop_last, "
            "shuffle, train, test, prefetch, threads, folder, pad, mean, deviation, augment");
}

}  // namespace
}  // namespace pcxx

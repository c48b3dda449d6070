/// Recipe: everything that a training run is made from, as a TOML file says it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "pcxx/data/dataset.h"
#include "pcxx/learn/rules.h"
#include "pcxx/network/network.h"

namespace pcxx {

/// One predicted node: its prediction is activation(W x + b) of the layer below, then pooled. W x is a product with all
/// numbers below, or for `channels` above 0 a convolution of the picture below.
struct LayerRecipe {
  std::string name = {};
  Size width = 0;  // of a dense layer
  std::string activation = "identity";
  std::string energy = "squared_error";
  std::string initialiser = "fan_in_uniform";
  bool bias = true;
  Size channels = 0;  // of a convolution, as all that follows
  Size kernel = 0;    // side of the square
  Size stride = 1;
  Size padding = 0;       // zeros on every side
  Size max_pool = 0;      // side of the windows; 0: none
  Size average_pool = 0;  // likewise
};

struct NetworkRecipe {
  Shape input;                      // (width), or a picture's (channels, height, width)
  std::vector<LayerRecipe> layers;  // the last one is the label
};

/// A rate as a function of the updates made; which fields count depends on the schedule, see
/// docs/recipes.md.
struct RateRecipe {
  std::string schedule = "constant";  // or linear, cosine, warmup_cosine, cosine_restarts, step,
                                      // exponential, piecewise_constant, sequence
  double first = 0;
  double peak = 0;
  double last = 0;
  bool has_last = false;  // exponential: whether it stops at last
  double warmup = 0.1;    // the part of all updates that rise from first to peak
  Size updates = 0;       // 0: all of the run, or of the part of a sequence
  double factor = 1;
  Size every = 1;
  Size begin = 0;          // updates before an exponential one falls
  bool staircase = false;  // of an exponential one
  Size cycles = 1;         // of cosine_restarts
  double growth = 1;       // of the length from cycle to cycle
  std::vector<Size> at = {};  // updates at which a piecewise constant one changes
  std::vector<double> factors = {};
  std::vector<RateRecipe> parts = {};  // of a sequence
  Size until = 0;                 // of a part but the last: the update at which the next begins
};

struct OptimiserRecipe {
  std::string parameters =
      "*";                // a pattern of parameter names; value optimisers take every free node
  std::string optimiser;  // sgd, adam, adamw, lion, rmsprop or frozen
  RateRecipe rate;
  double momentum = 0;
  bool nesterov = false;
  double weight_decay = 1e-4;  // decoupled, of adamw and lion
  double first_decay = 0.9;
  double second_decay = 0.999;
  double epsilon = 1e-8;
  double decay = 0.9;  // of rmsprop, as the next three
  bool centred = false;
  double initial = 0;
  bool epsilon_in_root = true;
  double l2 = 0;             // added to the gradient, l2 times the value
  std::string decays = "*";  // what weight_decay or l2 is for, a pattern
  double gradient_scale = 1;
  double clip_value = 0;  // 0: none
  double clip_norm = 0;   // 0: none
  double average = 0;     // decay of a moving average of the parameters, 0: none
};

struct RuleRecipe {
  std::string name = "pc";  // pc or bp
  Size steps = 8;
  OptimiserRecipe values;
};

/// What is done to pictures: padded, then, for training alone, cropped and flipped at random, then normalised.
struct PictureRecipe {
  Size pad = 0;                   // black pixels on every side
  std::vector<double> mean;       // of each channel or of all, of pixels from 0 to 1; empty: the set's own
  std::vector<double> deviation;  // likewise
  bool flip = false;              // left to right, every other time
  Size crop = 0;                  // side of the square cut out: anywhere to train on, in the middle to test on; 0: none
  Size crop_padding = 0;          // black pixels around, before it is cut; not for tests
};

struct DataRecipe {
  std::string name;    // a data set of files (fashion_mnist, ...) or a generator (moons, ...)
  std::string folder;  // of its files; empty: PCXX_DATA, then the system's
  std::string labels = "fine";  // of cifar100: fine or coarse
  bool skip_corrupt = false;    // of tiny_imagenet: leave damaged pictures out
  PictureRecipe pictures;
  Size train = 0;      // samples to take, 0: all; generators: how many to make
  Size test = 0;
  double noise = 0.2;  // of generators
  std::uint64_t train_seed = 42;
  std::uint64_t test_seed = 0;
  Size batch = 128;
  bool drop_last = false;
  bool shuffle = true;
  Size prefetch = 0;  // batches prepared ahead, by so many threads; results do not depend on either
  Size threads = 1;
};

struct Recipe {
  std::string name;  // of the file, for messages and folders
  std::string
      text;  // the whole recipe as TOML, overrides applied: reading it again gives the same recipe
  std::uint64_t seed = 0;
  Size epochs = 1;
  std::string device = "cpu";
  Precision precision = Precision::f32;
  int threads = 0;
  NetworkRecipe network;
  RuleRecipe rule;
  std::vector<OptimiserRecipe> weights;
  DataRecipe data;
  Size checkpoint_epochs = 1;   // a checkpoint after so many epochs; 0: only at the end
  Size checkpoint_batches = 0;  // and after so many batches; 0: never
  Size log_batches = 0;         // a log record after so many batches; 0: one an epoch
};

/// Returns the recipe in a TOML text. `overrides` are "dotted.key=value" (values as in TOML, or
/// bare words for text). Throws RecipeError naming file, line, column and key, and the nearest
/// known name.
Recipe parse_recipe(const std::string& text, const std::string& file,
                    const std::vector<std::string>& overrides = {});

/// The same from a file; throws FileError if it cannot be read.
Recipe load_recipe(const std::filesystem::path& path,
                   const std::vector<std::string>& overrides = {});

/// Returns the keys, dotted, in which two recipes differ, with both values: "rule.steps: 5, was 8".
/// Comments do not count.
std::vector<std::string> differences(const Recipe& now, const Recipe& before);

/// Builds the network: nodes "input", the hidden layers, "label".
std::unique_ptr<Network> build_network(const Recipe& recipe);

/// Builds the learning rule; schedules that span the run span `updates` weight updates.
LearningRule build_rule(const Recipe& recipe, Size updates);

/// The same without learning: relaxes, but leaves every parameter alone.
LearningRule build_rule_without_learning(const Recipe& recipe);

/// Returns whether parameters are averaged; then the averages are what is tested.
bool averages(const Recipe& recipe);

/// Reads or makes the data set of a recipe, with the transforms of its pictures, to be read through a Loader.
/// Throws FileError naming where the files were looked for and the remedy, RecipeError if the transforms do not fit.
Split load_data(const DataRecipe& recipe);

/// Returns the recipe's batches an epoch for so many samples.
Size batches_per_epoch(const DataRecipe& data, Size samples);

}  // namespace pcxx

/// PCX parameters: the NPZ files of PCX's save_params and load_params, read into a state and written from one.
///
/// PCX names an array after the attributes that lead to it: ".layers[0].nn.weight", ".blk['a'].nn.bias". Which is which
/// parameter is found by rules, and for what no rule names by order: the k-th parameter that was made is the k-th array
/// of the file, if all shapes and the words weight and bias agree, or if none could be meant but one.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pcxx/network/network.h"
#include "pcxx/run/checkpoint.h"
#include "pcxx/run/recipe.h"

namespace pcxx {

/// Keys of the parameters that match a pattern: {"hidden{i}.{what}", {".layers[{i-1}].nn.{what}"}}. {i} to {n} are whole
/// numbers, any other {word} is a part of a name without dots. Several keys: PCX shares the parameter between modules.
/// The first rule that matches a parameter counts.
struct KeyRule {
  std::string parameter;
  std::vector<std::string> keys;
};

/// Returns the rule that a text says: "parameter = key", "parameter = key = another key". Throws ArgumentError.
KeyRule key_rule(const std::string& text);

/// A parameter and its keys in a file.
struct KeyPair {
  std::string parameter;
  Shape shape;
  std::vector<std::string> keys;
};

/// Sets all parameters of a network in a state of it from a file that PCX's save_params wrote. A bias may be (n) here and
/// (n, 1, 1) there. PCX writes None for a shared parameter where it meets it again; one key with numbers is enough.
/// Returns who took what. Throws NameError with every missing and unexpected key and the nearest to each, ShapeError if
/// only shapes differ, FileError if the file cannot be read; then nothing was changed.
std::vector<KeyPair> load_pcx_params(const std::filesystem::path& file, const Network& network, State& state,
                                     const std::vector<KeyRule>& rules = {});

struct PcxSaveOptions {
  std::vector<KeyRule> rules = {};
  std::optional<std::filesystem::path> like = {};  // a file of save_params of the same model: its keys, order and shapes
};

/// Writes the parameters of a network so that PCX's load_params reads them: f32, a shared parameter under each of its keys
/// (load_params asks for every one), the bias of a convolution as (n, 1, 1). Needs rules or a file to be like. Throws as
/// load_pcx_params does.
std::vector<KeyPair> save_pcx_params(const std::filesystem::path& file, const Network& network, const State& state,
                                     const PcxSaveOptions& options);

/// Makes the folder of a run that has not begun, with the recipe and a first checkpoint whose parameters come from a file
/// of PCX's; `evaluate` and training with `resume` go on from it. Replaces a run in the folder only by `force`.
std::vector<KeyPair> import_pcx_run(const Recipe& recipe, const std::filesystem::path& file,
                                    const std::filesystem::path& folder, const std::vector<KeyRule>& rules = {},
                                    bool force = false);

/// Writes the parameters of a checkpoint, or with `averages` their averages, as save_pcx_params does.
std::vector<KeyPair> export_pcx_run(const Checkpoint& checkpoint, const std::filesystem::path& file,
                                    const PcxSaveOptions& options, bool averages = false);

}  // namespace pcxx

/// Parameters from and to PCX's NPZ files.
#include "pcxx/run/pcx_params.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "core/names.h"
#include "pcxx/core/errors.h"
#include "pcxx/io/npz.h"
#include "pcxx/learn/parameter_groups.h"
#include "pcxx/run/trainer.h"
#include "pcxx/run/training.h"
#include "run/key_pairing.h"

namespace pcxx {
namespace {

namespace fs = std::filesystem;

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t"), end = text.find_last_not_of(" \t");
  return begin == std::string::npos ? "" : text.substr(begin, end - begin + 1);
}

bool same(const Array& a, const Array& b) {
  return a.shape() == b.shape() && a.type() == b.type() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

/// Returns the array that a parameter takes, null if there is none. Several arrays of a shared parameter must be one.
const Array* array_of(const KeyPair& pair, const NpzFile& file, Misfit& misfit) {
  const Array* found = nullptr;
  const std::string* where = nullptr;
  for (const std::string& key : pair.keys) {
    const auto entry = file.arrays.find(key);
    if (entry == file.arrays.end()) {
      continue;
    }
    if (!fits(pair, key, entry->second.shape())) {
      misfit.shapes.push_back(fmt::format("'{}' {} is not '{}' {}", key, to_string(entry->second.shape()), pair.parameter,
                                          to_string(pair.shape)));
    } else if (found != nullptr && !same(*found, entry->second)) {
      misfit.names.push_back(fmt::format("'{}' and '{}' differ but are both '{}'", *where, key, pair.parameter));
    }
    found = &entry->second;
    where = &key;
  }
  return found;
}

/// Says of a key of a parameter that it has no numbers; `free` are keys that nobody has.
std::string absent(const std::string& key, const KeyPair& pair, const NpzFile& file, const std::vector<std::string>& free) {
  if (file.nones.contains(key)) {
    return fmt::format("'{}' of '{}' is None, as PCX writes a shared parameter that it has met before: add its other key",
                       key, pair.parameter);
  }
  const std::string close = nearest(key, free);
  return fmt::format("missing '{}' of '{}'{}", key, pair.parameter, close.empty() ? "" : fmt::format(" (nearest: '{}')", close));
}

void set(State& state, const std::string& parameter, const Array& array) {
  Array& own = state.at(parameter);
  own = array.reshaped(own.shape()).to(own.type());
}

/// Returns the shape that an array has in PCX: the bias of a convolution over n axes ends in n ones.
Shape pcx_shape(const KeyPair& pair, const std::vector<KeyPair>& all) {
  constexpr std::string_view kBias = ".bias";
  if (!pair.parameter.ends_with(kBias) || pair.shape.rank() != 1) {
    return pair.shape;
  }
  const std::string weight = pair.parameter.substr(0, pair.parameter.size() - kBias.size()) + ".weight";
  std::vector<Size> extents = pair.shape.extents();
  for (const KeyPair& other : all) {
    if (other.parameter == weight && other.shape.rank() > 2) {
      extents.resize(static_cast<std::size_t>(other.shape.rank() - 1), 1);
    }
  }
  return Shape(extents);
}

/// Checks the pairs against a file that the new one shall be like; throws what does not fit.
void require_like(const std::vector<KeyPair>& pairs, const NpzFile& like, const std::string& name, Misfit& misfit) {
  const std::vector<std::string> free = unclaimed(pairs, like);
  for (const KeyPair& pair : pairs) {
    array_of(pair, like, misfit);
    for (const std::string& key : pair.keys) {
      if (!like.arrays.contains(key) && !like.nones.contains(key)) {
        misfit.names.push_back(absent(key, pair, like, free));
      }
    }
  }
  for (const std::string& key : free) {
    if (like.nones.contains(key)) {
      misfit.names.push_back(fmt::format("'{}' is None, a parameter that PCX shares: say by a rule whose other key it is", key));
    }
  }
  if (misfit.any()) {
    misfit.fail(name);
  }
}

}  // namespace

KeyRule key_rule(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t equals = text.find('='); ; equals = text.find('=', begin)) {
    parts.push_back(trimmed(text.substr(begin, equals - begin)));
    if (equals == std::string::npos) {
      break;
    }
    begin = equals + 1;
  }
  for (const std::string& part : parts) {
    if (part.empty() || parts.size() < 2) {
      throw ArgumentError(fmt::format("[keys] '{}' is no rule; expected parameter = key, e.g. hidden{{i}}.{{what}} = "
                                      ".layers[{{i-1}}].nn.{{what}}", text));
    }
  }
  return {parts.front(), {parts.begin() + 1, parts.end()}};
}

std::vector<KeyPair> load_pcx_params(const fs::path& file, const Network& network, State& state,
                                     const std::vector<KeyRule>& rules) {
  const NpzFile contents = load_npz(file);
  Misfit misfit;
  std::vector<KeyPair> pairs = pair_keys(network, rules, &contents, misfit);
  const std::vector<std::string> free = unclaimed(pairs, contents);
  std::vector<std::pair<std::string, const Array*>> found;
  for (const KeyPair& pair : pairs) {
    const Array* array = array_of(pair, contents, misfit);
    if (array == nullptr && !pair.keys.empty()) {
      misfit.names.push_back(absent(pair.keys.front(), pair, contents, free));
    }
    found.emplace_back(pair.parameter, array);
  }
  if (misfit.any()) {
    misfit.fail(file.string());
  }
  for (const auto& [parameter, array] : found) {
    set(state, parameter, *array);
  }
  return pairs;
}

std::vector<KeyPair> save_pcx_params(const fs::path& file, const Network& network, const State& state,
                                     const PcxSaveOptions& options) {
  if (options.rules.empty() && !options.like) {
    throw ArgumentError("[pcx] neither rules nor a file to be like; expected what PCX calls the parameters, e.g. hidden{i}.{what} "
                        "= .layers[{i-1}].nn.{what}, or a file of save_params of the same model");
  }
  std::optional<NpzFile> like;
  if (options.like) {
    like = load_npz(*options.like);
  }
  Misfit misfit;
  std::vector<KeyPair> pairs = pair_keys(network, options.rules, like ? &*like : nullptr, misfit);
  if (like) {
    require_like(pairs, *like, options.like->string(), misfit);
  } else if (misfit.any()) {
    misfit.fail(file.string());
  }
  NamedArrays arrays;
  for (const KeyPair& pair : pairs) {
    for (const std::string& key : pair.keys) {
      const bool known = like && like->arrays.contains(key);
      const Shape shape = known ? like->arrays.at(key).shape() : pcx_shape(pair, pairs);
      arrays.emplace(key, state.at(pair.parameter).to(ElementType::f32).reshaped(shape));
    }
  }
  save_npz(file, arrays);
  return pairs;
}

std::vector<KeyPair> import_pcx_run(const Recipe& recipe, const fs::path& file, const fs::path& folder,
                                    const std::vector<KeyRule>& rules, bool force) {
  std::vector<KeyPair> pairs;
  begin_training(recipe, {.folder = folder, .resume = false, .force = force},
                 [&](const Network& network, State& state) { pairs = load_pcx_params(file, network, state, rules); });
  return pairs;
}

std::vector<KeyPair> export_pcx_run(const Checkpoint& checkpoint, const fs::path& file, const PcxSaveOptions& options,
                                    bool averages) {
  const Recipe recipe = parse_recipe(checkpoint.recipe, checkpoint.recipe_name);
  const auto network = build_network(recipe);
  Trainer trainer(*network, build_rule(recipe, 1), {.device = recipe.device, .precision = recipe.precision});
  trainer.restore(checkpoint.arrays, checkpoint.progress.step, {network->node_named("input"), network->node_named("label")});
  const State state = averages ? with_averages(*network, trainer.state()) : trainer.state();
  return save_pcx_params(file, *network, state, options);
}

}  // namespace pcxx

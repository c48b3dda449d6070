/// Pairing parameters with keys: by rules first, then by order.
#include "run/key_pairing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

#include "core/names.h"
#include "pcxx/core/errors.h"
#include "run/key_pattern.h"

namespace pcxx {
namespace {

/// Returns "weight" or "bias" if that is the last word of a name or key, else nothing.
std::string role_of(const std::string& name) {
  const std::string last = name.substr(name.rfind('.') + 1);
  return last == "weight" || last == "bias" ? last : "";
}

/// Returns (n) for (n, 1, 1) unless it is a weight's.
Shape canonical(const Shape& shape, const std::string& role) {
  const bool column = shape.rank() > 1 && std::all_of(shape.begin() + 1, shape.end(), [](Size extent) { return extent == 1; });
  return column && role != "weight" ? Shape{shape[0]} : shape;
}

std::string quoted(const std::string& name, const Shape& shape) { return fmt::format("'{}' {}", name, to_string(shape)); }

/// What is left for order to decide: arrays of a file and parameters.
class ByOrder {
 public:
  ByOrder(std::vector<KeyPair*> pairs, std::vector<std::string> keys, const NpzFile& file, Misfit& misfit)
      : pairs_(std::move(pairs)), keys_(std::move(keys)), file_(file), misfit_(misfit) {}

  void decide() {
    if (pairs_.size() == keys_.size() && one_by_one()) {
      for (std::size_t i = 0; i < pairs_.size(); ++i) {
        pairs_[i]->keys = {keys_[i]};
      }
      return;
    }
    decide_by_kind();
    if (pairs_.size() == keys_.size()) {
      report_shapes();
    } else {
      report_names();
    }
  }

 private:
  const Shape& shape(const std::string& key) const { return file_.arrays.at(key).shape(); }

  bool one_by_one() const {
    return std::equal(pairs_.begin(), pairs_.end(), keys_.begin(),
                      [&](const KeyPair* pair, const std::string& key) { return fits(*pair, key, shape(key)); });
  }

  /// Pairs what is the only one of its role and shape on both sides, and keeps what has no partner at all.
  void decide_by_kind() {
    std::map<std::string, std::pair<std::vector<KeyPair*>, std::vector<std::string>>> kinds;
    const auto kind = [](const std::string& name, const Shape& shape) {
      return role_of(name) + to_string(canonical(shape, role_of(name)));
    };
    for (KeyPair* pair : std::exchange(pairs_, {})) {
      kinds[kind(pair->parameter, pair->shape)].first.push_back(pair);
    }
    for (const std::string& key : std::exchange(keys_, {})) {
      kinds[kind(key, shape(key))].second.push_back(key);
    }
    for (auto& [name, both] : kinds) {
      auto& [pairs, keys] = both;
      if (pairs.size() == 1 && keys.size() == 1) {
        pairs.front()->keys = {keys.front()};
      } else if (pairs.size() == keys.size()) {
        report_ambiguous(pairs, keys);
      } else {
        pairs_.insert(pairs_.end(), pairs.begin(), pairs.end());
        keys_.insert(keys_.end(), keys.begin(), keys.end());
      }
    }
  }

  void report_ambiguous(const std::vector<KeyPair*>& pairs, const std::vector<std::string>& keys) const {
    std::vector<std::string> names;
    for (const KeyPair* pair : pairs) {
      names.push_back(pair->parameter);
    }
    misfit_.names.push_back(fmt::format("'{}' {} may be any of '{}': say which by rules", fmt::join(names, "', '"),
                                        to_string(pairs.front()->shape), fmt::join(keys, "', '")));
  }

  void report_shapes() const {
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      const Shape& own = shape(keys_[i]);
      misfit_.shapes.push_back(fmt::format("{} is not {}", quoted(keys_[i], own), quoted(pairs_[i]->parameter, pairs_[i]->shape)));
    }
  }

  void report_names() const {
    for (const KeyPair* pair : pairs_) {
      misfit_.names.push_back("no array for " + quoted(pair->parameter, pair->shape));
    }
    for (const std::string& key : keys_) {
      misfit_.names.push_back("unexpected " + quoted(key, shape(key)));
    }
  }

  std::vector<KeyPair*> pairs_;
  std::vector<std::string> keys_;
  const NpzFile& file_;
  Misfit& misfit_;
};

/// Returns the keys that the first matching rule gives a parameter.
std::vector<std::string> keys_by_rules(const std::string& parameter, const std::vector<KeyRule>& rules) {
  for (const KeyRule& rule : rules) {
    if (const auto values = KeyPattern(rule.parameter).match(parameter)) {
      std::vector<std::string> keys;
      for (const std::string& key : rule.keys) {
        keys.push_back(KeyPattern(key).filled(*values));
      }
      return keys;
    }
  }
  return {};
}

/// Throws if two parameters have one key.
void require_distinct(const std::vector<KeyPair>& pairs) {
  std::map<std::string, std::string> owners;
  for (const KeyPair& pair : pairs) {
    for (const std::string& key : pair.keys) {
      const auto [owner, fresh] = owners.emplace(key, pair.parameter);
      if (!fresh) {
        throw NameError(fmt::format("[pcx] rules give '{}' to '{}' and to '{}'; expected one parameter for each key", key,
                                    owner->second, pair.parameter));
      }
    }
  }
}

}  // namespace

std::vector<std::string> unclaimed(const std::vector<KeyPair>& pairs, const NpzFile& file) {
  std::vector<std::string> keys = file.order;
  for (const KeyPair& pair : pairs) {
    for (const std::string& key : pair.keys) {
      std::erase(keys, key);
    }
  }
  return keys;
}

void Misfit::fail(const std::string& file) const {
  std::vector<std::string> all = names;
  all.insert(all.end(), shapes.begin(), shapes.end());
  const std::string message =
      fmt::format("[pcx] '{}' does not fit the network: {}; nothing was changed", file, fmt::join(all, "; "));
  if (names.empty()) {
    throw ShapeError(message);
  }
  throw NameError(message);
}

bool fits(const KeyPair& pair, const std::string& key, const Shape& shape) {
  const std::string own = role_of(pair.parameter), other = role_of(key);
  const std::string role = own.empty() ? other : own;
  return (own.empty() || other.empty() || own == other) && canonical(pair.shape, role) == canonical(shape, role);
}

std::vector<KeyPair> pair_keys(const Network& network, const std::vector<KeyRule>& rules, const NpzFile* file, Misfit& misfit) {
  std::vector<KeyPair> pairs;
  for (const Parameter& parameter : network.parameters()) {
    pairs.push_back({parameter.name(), parameter.shape(), keys_by_rules(parameter.name(), rules)});
  }
  require_distinct(pairs);
  std::vector<KeyPair*> open;
  for (KeyPair& pair : pairs) {
    if (pair.keys.empty() && file == nullptr) {
      misfit.names.push_back("no rule for " + quoted(pair.parameter, pair.shape));
    } else if (pair.keys.empty()) {
      open.push_back(&pair);
    }
  }
  if (file != nullptr) {
    std::vector<std::string> keys = unclaimed(pairs, *file);
    std::erase_if(keys, [&](const std::string& key) { return !file->arrays.contains(key); });
    ByOrder(std::move(open), std::move(keys), *file, misfit).decide();
  }
  return pairs;
}

}  // namespace pcxx

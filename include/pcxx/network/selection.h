/// Selection: a predicate over nodes or parameters, by name pattern, tag or anything else (PCX's masks).
#pragma once

#include <functional>
#include <set>
#include <string>

#include "pcxx/core/shape.h"

namespace pcxx {

/// What a selection may ask of a node or parameter.
struct Traits {
  std::string name;
  std::set<std::string> tags;
  Shape shape;
};

class Selection {
 public:
  /// Anything for which the predicate holds.
  explicit Selection(std::function<bool(const Traits&)> predicate) : predicate_(std::move(predicate)) {}
  bool operator()(const Traits& traits) const { return predicate_(traits); }

  friend Selection operator!(Selection a);
  friend Selection operator&&(Selection a, Selection b);
  friend Selection operator||(Selection a, Selection b);

 private:
  std::function<bool(const Traits&)> predicate_;
};

Selection everything();
/// Names that match a pattern, in which * stands for any letters and ? for one ("*.bias").
Selection named(std::string pattern);
Selection tagged(std::string tag);

}  // namespace pcxx

/// Counting which classes are taken for which.
#include "pcxx/run/confusion.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "pcxx/core/errors.h"

namespace pcxx {

void ConfusionMatrix::add(const Array& predictions, std::span<const std::int32_t> labels) {
  const Shape& shape = predictions.shape();
  const Size samples = shape.rank() > 0 ? shape[0] : 0;
  const Size width = samples > 0 ? predictions.elements() / samples : 0;
  if (width == 0 || (classes > 0 && width != classes) || static_cast<Size>(labels.size()) != samples) {
    throw ShapeError(fmt::format("[confusion] predictions are {} for {} labels; expected ({}, {})", to_string(shape),
                                 labels.size(), labels.size(), classes > 0 ? std::to_string(classes) : "classes"));
  }
  const auto wrong = std::find_if(labels.begin(), labels.end(),
                                  [width](std::int32_t label) { return label < 0 || label >= width; });
  if (wrong != labels.end()) {
    throw ArgumentError(fmt::format("[confusion] label {} of sample {} is no class; expected 0 to {}", *wrong,
                                    wrong - labels.begin(), width - 1));
  }
  classes = width;
  counts.resize(static_cast<std::size_t>(width * width));
  const Array values = predictions.to(ElementType::f32);
  for (Size i = 0; i < samples; ++i) {
    const auto row = values.as<float>().subspan(static_cast<std::size_t>(i * width), static_cast<std::size_t>(width));
    const Size predicted = std::max_element(row.begin(), row.end()) - row.begin();
    ++counts[static_cast<std::size_t>(labels[static_cast<std::size_t>(i)] * width + predicted)];
  }
}

Size ConfusionMatrix::samples() const { return std::accumulate(counts.begin(), counts.end(), Size{0}); }

double ConfusionMatrix::accuracy() const {
  const Size all = samples();
  if (all == 0) {
    throw ArgumentError("[accuracy] there are no samples");
  }
  Size right = 0;
  for (Size label = 0; label < classes; ++label) {
    right += at(label, label);
  }
  return static_cast<double>(right) / static_cast<double>(all);
}

}  // namespace pcxx

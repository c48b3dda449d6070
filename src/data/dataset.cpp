/// Datasets: consistency, finite numbers, slices, one-hot targets.
#include "pcxx/data/dataset.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "data/scale_bytes.h"
#include "pcxx/core/errors.h"

namespace pcxx {
namespace {

void check_type(const Array& array, ElementType type, const char* name) {
  if (array.type() != type) {
    throw ArgumentError("[data] " + std::string(name) + " are " +
                        std::string(to_string(array.type())) + ", not " +
                        std::string(to_string(type)) + "; convert with to()");
  }
}

void check_inputs(const Dataset& dataset) {
  const Array& inputs = dataset.inputs;
  if (inputs.type() != ElementType::u8) {
    check_type(inputs, ElementType::f32, "inputs");
  } else if (!(dataset.scaling.deviation > 0) || !std::isfinite(1 / dataset.scaling.deviation) ||
             !std::isfinite(dataset.scaling.mean)) {
    throw ArgumentError("[data] inputs are scaled by mean " + std::to_string(dataset.scaling.mean) +
                        " and deviation " + std::to_string(dataset.scaling.deviation) +
                        "; the deviation must be above 0, both finite");
  }
  if (inputs.shape().rank() == 0) {
    throw ShapeError("[data] inputs have shape (); give one row for each sample");
  }
  if (dataset.source != nullptr && inputs.elements() > 0) {
    throw ArgumentError("[data] there are inputs " + to_string(inputs.shape()) +
                        " and a source of samples; give one of them");
  }
}

void check_rows(const Array& array, Size rows, const char* name) {
  if (array.shape().rank() == 0 || array.shape()[0] != rows) {
    throw ShapeError("[data] " + std::string(name) + " are " + to_string(array.shape()) +
                     " for inputs of " + std::to_string(rows) +
                     " rows; give one row for each sample");
  }
}

void check_label(std::int32_t label, Size classes, std::size_t row) {
  if (label < 0 || label >= classes) {
    throw ArgumentError("[data] label " + std::to_string(label) + " of row " + std::to_string(row) +
                        " is none of the classes 0 to " + std::to_string(classes - 1));
  }
}

/// Finite numbers have an exponent below all ones; looking at bits lets the compiler use vectors.
bool all_finite(std::span<const float> values) {
  constexpr std::uint32_t kExponent = 0x7F800000;
  std::uint32_t bad = 0;
  for (const float value : values) {
    bad |= (std::bit_cast<std::uint32_t>(value) & kExponent) == kExponent ? 1U : 0U;
  }
  return bad == 0;
}

void check_finite(const Array& array, const char* name) {
  const auto values = array.as<float>();
  if (all_finite(values)) {
    return;
  }
  const auto place =
      std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
  const Size index = place - values.begin();
  const Size width = array.elements() / array.shape()[0];
  throw ArgumentError("[data] " + std::string(name) + " row " + std::to_string(index / width) +
                      ", column " + std::to_string(index % width) + " is " +
                      std::to_string(*place) +
                      "; every number must be finite; repair or remove that row");
}

Array rows_of(const Array& array, Size first, Size count) {
  std::vector<Size> extents = array.shape().extents();
  extents[0] = count;
  Array rows(Shape(extents), array.type());
  const std::size_t row_bytes = count == 0 ? 0 : rows.bytes() / static_cast<std::size_t>(count);
  std::copy_n(array.data() + static_cast<std::size_t>(first) * row_bytes, rows.bytes(),
              rows.data());
  return rows;
}

/// Some consecutive samples of another source.
class SliceOfSource : public SampleSource {
 public:
  SliceOfSource(std::shared_ptr<const SampleSource> whole, Size first, Size count)
      : whole_(std::move(whole)), first_(first), count_(count) {}
  Size size() const override { return count_; }
  Shape shape() const override { return whole_->shape(); }
  void read(Size sample, std::span<float> numbers) const override {
    whole_->read(first_ + sample, numbers);
  }

 private:
  std::shared_ptr<const SampleSource> whole_;
  Size first_;
  Size count_;
};

Array read_all(const SampleSource& source) {
  std::vector<Size> extents = source.shape().extents();
  extents.insert(extents.begin(), source.size());
  Array rows(Shape(extents), ElementType::f32);
  const auto width = static_cast<std::size_t>(source.shape().elements());
  for (std::size_t i = 0; i < static_cast<std::size_t>(source.size()); ++i) {
    source.read(static_cast<Size>(i), rows.as<float>().subspan(i * width, width));
  }
  return rows;
}

}  // namespace

Size Dataset::size() const {
  return source != nullptr ? source->size() : inputs.shape().rank() == 0 ? 0 : inputs.shape()[0];
}

Shape Dataset::stored_shape() const {
  if (source != nullptr) {
    return source->shape();
  }
  const auto& extents = inputs.shape().extents();
  return extents.empty() ? Shape{} : Shape(std::vector<Size>(extents.begin() + 1, extents.end()));
}

void check(const Dataset& dataset) {
  check_inputs(dataset);
  (void)dataset.input_shape();
  check_type(dataset.labels, ElementType::i32, "labels");
  check_type(dataset.targets, ElementType::f32, "targets");
  const bool has_targets = dataset.targets.shape() != Shape{0};
  if (dataset.classes < 0 || (dataset.classes > 0 && has_targets)) {
    throw ArgumentError("[data] a dataset of " + std::to_string(dataset.classes) +
                        " classes has targets of shape " + to_string(dataset.targets.shape()) +
                        "; give labels and classes, or targets");
  }
  if (dataset.classes == 0) {
    check_rows(dataset.targets, dataset.size(), "targets");
    return;
  }
  check_rows(dataset.labels, dataset.size(), "labels");
  const auto labels = dataset.labels.as<std::int32_t>();
  if (dataset.labels.shape().rank() != 1) {
    throw ShapeError("[data] labels are " + to_string(dataset.labels.shape()) +
                     "; give one number for each sample");
  }
  for (std::size_t row = 0; row < labels.size(); ++row) {
    check_label(labels[row], dataset.classes, row);
  }
}

void check_finite(const Dataset& dataset) {
  if (dataset.inputs.type() != ElementType::u8) {
    check_finite(dataset.inputs, "inputs");
  }
  check_finite(dataset.targets, "targets");
}

Dataset slice(const Dataset& dataset, Size first, Size count) {
  if (first < 0 || count < 0 || first > dataset.size() || count > dataset.size() - first) {
    throw std::out_of_range("[data] samples " + std::to_string(first) + " to " +
                            std::to_string(first + count - 1) + " of a dataset of " +
                            std::to_string(dataset.size()));
  }
  const bool regression = dataset.classes == 0;
  Dataset part{.scaling = dataset.scaling,
               .labels = regression ? dataset.labels : rows_of(dataset.labels, first, count),
               .targets = regression ? rows_of(dataset.targets, first, count) : dataset.targets,
               .classes = dataset.classes,
               .whole_numbers = dataset.whole_numbers,
               .transforms = dataset.transforms};
  if (dataset.source != nullptr) {
    part.source = std::make_shared<SliceOfSource>(dataset.source, first, count);
  } else {
    part.inputs = rows_of(dataset.inputs, first, count);
  }
  return part;
}

Array scaled_inputs(const Dataset& dataset) {
  if (dataset.source != nullptr) {
    return read_all(*dataset.source);
  }
  if (dataset.inputs.type() != ElementType::u8) {
    return dataset.inputs;
  }
  Array result(dataset.inputs.shape(), ElementType::f32);
  scale_bytes(dataset.inputs.as<std::uint8_t>(), dataset.scaling, result.as<float>());
  return result;
}

Array one_hot(std::span<const std::int32_t> labels, Size classes) {
  Array result({static_cast<Size>(labels.size()), classes}, ElementType::f32);
  const auto values = result.as<float>();
  for (std::size_t row = 0; row < labels.size(); ++row) {
    check_label(labels[row], classes, row);
    values[row * static_cast<std::size_t>(classes) + static_cast<std::size_t>(labels[row])] = 1;
  }
  return result;
}

}  // namespace pcxx

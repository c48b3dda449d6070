/// Gathering rows: straight from memory where there is nothing else to do, else one sample after the other.
#include "data/sample_gatherer.h"

#include <algorithm>

#include "data/scale_bytes.h"

namespace pcxx {
namespace {

constexpr std::size_t kLine = 64;

/// Each sample has so many random words to itself, 2^kWordsPerSample.
constexpr int kWordsPerSample = 24;

/// Rows lie far apart, so the hardware does not foresee them: this one is fetched while others are
/// copied.
template <class T>
void prefetch_row(const T* row, std::size_t width) {
  for (std::size_t i = 0; i < width; i += kLine / sizeof(T)) {
    __builtin_prefetch(row + i);
  }
}

/// Calls copy(row, destination) for each sample's row of `width` numbers.
template <class T, class Copy>
void gather_rows(std::span<const T> from, std::span<const Size> samples, std::size_t width,
                 std::span<float> to, Copy&& copy) {
  constexpr std::size_t kAhead = 3;
  const auto row = [&](std::size_t i) {
    return from.data() + static_cast<std::size_t>(samples[i]) * width;
  };
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (i + kAhead < samples.size()) {
      prefetch_row(row(i + kAhead), width);
    }
    copy(std::span(row(i), width), to.subspan(i * width, width));
  }
}

void copy_row(std::span<const float> row, std::span<float> to) {
  std::copy(row.begin(), row.end(), to.begin());
}

}  // namespace

SampleGatherer::SampleGatherer(const Dataset& dataset, std::uint64_t seed, std::uint64_t stream)
    : dataset_(&dataset), seed_(seed), stream_(stream), shapes_{dataset.stored_shape()} {
  for (const SampleTransform& transform : dataset.transforms) {
    shapes_.push_back(transform.shape(shapes_.back()));
  }
  for (const Shape& shape : shapes_) {
    widths_.push_back(static_cast<std::size_t>(shape.elements()));
  }
  const Shape& targets = dataset.targets.shape();
  target_width_ = static_cast<std::size_t>(
      dataset.classes > 0 ? dataset.classes : targets.elements() / std::max<Size>(targets[0], 1));
}

void SampleGatherer::stored_row(std::size_t sample, std::span<float> row) const {
  const std::size_t width = row.size();
  if (dataset_->source != nullptr) {
    dataset_->source->read(static_cast<Size>(sample), row);
  } else if (dataset_->inputs.type() == ElementType::u8) {
    scale_bytes(dataset_->inputs.as<std::uint8_t>().subspan(sample * width, width), dataset_->scaling, row);
  } else {
    copy_row(dataset_->inputs.as<float>().subspan(sample * width, width), row);
  }
}

/// The sample wanders between the two halves of `scratch`; the last transform writes its row.
void SampleGatherer::transform(Size sample, std::span<float> scratch, std::span<float> row) const {
  RandomStream random(seed_, stream_);
  random.seek(static_cast<std::uint64_t>(sample) << kWordsPerSample);
  const auto half = [&](std::size_t stage) {
    return scratch.subspan(stage % 2 * (scratch.size() / 2), widths_[stage]);
  };
  stored_row(static_cast<std::size_t>(sample), half(0));
  const std::size_t stages = dataset_->transforms.size();
  for (std::size_t stage = 0; stage < stages; ++stage) {
    dataset_->transforms[stage].apply(half(stage), shapes_[stage],
                                      stage + 1 == stages ? row : half(stage + 1), random);
  }
}

void SampleGatherer::inputs(std::span<const Size> samples, std::span<float> rows) const {
  const std::size_t width = input_width();
  if (!dataset_->transforms.empty()) {
    std::vector<float> scratch(2 * *std::max_element(widths_.begin(), widths_.end()));
    for (std::size_t i = 0; i < samples.size(); ++i) {
      transform(samples[i], scratch, rows.subspan(i * width, width));
    }
  } else if (dataset_->source != nullptr) {
    for (std::size_t i = 0; i < samples.size(); ++i) {
      stored_row(static_cast<std::size_t>(samples[i]), rows.subspan(i * width, width));
    }
  } else if (dataset_->inputs.type() == ElementType::u8) {
    gather_rows(dataset_->inputs.as<std::uint8_t>(), samples, width, rows,
                [&](auto row, auto to) { scale_bytes(row, dataset_->scaling, to); });
  } else {
    gather_rows(dataset_->inputs.as<float>(), samples, width, rows, copy_row);
  }
}

void SampleGatherer::labels(std::span<const Size> samples, std::span<std::int32_t> labels) const {
  const auto known = dataset_->labels.as<std::int32_t>();
  std::transform(samples.begin(), samples.end(), labels.begin(),
                 [&](Size sample) { return known[static_cast<std::size_t>(sample)]; });
}

void SampleGatherer::targets(std::span<const Size> samples, std::span<float> rows) const {
  if (dataset_->classes == 0) {
    gather_rows(dataset_->targets.as<float>(), samples, target_width_, rows, copy_row);
    return;
  }
  std::fill(rows.begin(), rows.end(), 0.0F);
  const auto known = dataset_->labels.as<std::int32_t>();
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto label = known[static_cast<std::size_t>(samples[i])];
    rows[i * target_width_ + static_cast<std::size_t>(label)] = 1;
  }
}

}  // namespace pcxx

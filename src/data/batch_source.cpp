/// Gathering rows into contiguous batches, ahead of the caller if asked.
#include "data/batch_source.h"

#include <algorithm>

#include "data/scale_bytes.h"

namespace pcxx {
namespace {

constexpr std::size_t kLine = 64;

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

void write_one_hot(std::span<const std::int32_t> labels, Size classes, std::span<float> targets) {
  std::fill(targets.begin(), targets.end(), 0.0F);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    targets[i * static_cast<std::size_t>(classes) + static_cast<std::size_t>(labels[i])] = 1;
  }
}

Shape with_rows(const Array& array, Size rows) {
  std::vector<Size> extents = array.shape().extents();
  extents[0] = rows;
  return Shape(extents);
}

}  // namespace

BatchSource::BatchSource(const Dataset& dataset, std::vector<Size> order, Size batch, Size first,
                         Size last, Size prefetch)
    : dataset_(dataset),
      order_(std::move(order)),
      batch_(batch),
      last_(last),
      next_(first),
      made_(first),
      done_(first) {
  const Size ahead = std::min(prefetch, last - first);
  const bool labelled = dataset.classes > 0;
  slots_.resize(static_cast<std::size_t>(ahead) + 1);
  for (Slot& slot : slots_) {
    slot.inputs = Array(with_rows(dataset.inputs, batch), ElementType::f32);
    slot.labels = Array({labelled ? batch : 0}, ElementType::i32);
    slot.targets =
        Array(labelled ? Shape{batch, dataset.classes} : with_rows(dataset.targets, batch),
              ElementType::f32);
  }
  if (ahead > 0) {
    thread_ = std::thread([this] { run_ahead(); });
  }
}

BatchSource::~BatchSource() {
  if (thread_.joinable()) {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
}

void BatchSource::gather(Size index, Slot& slot) const {
  const auto start = static_cast<std::size_t>(index * batch_);
  const std::size_t size = std::min(static_cast<std::size_t>(batch_), order_.size() - start);
  const auto samples = std::span(order_).subspan(start, size);
  const std::size_t width = slot.inputs.as<float>().size() / static_cast<std::size_t>(batch_);
  const std::size_t target_width =
      slot.targets.as<float>().size() / static_cast<std::size_t>(batch_);
  const auto inputs = slot.inputs.as<float>().first(size * width);
  const auto targets = slot.targets.as<float>().first(size * target_width);
  slot.batch = {.index = index,
                .size = static_cast<Size>(size),
                .samples = samples,
                .inputs = inputs,
                .targets = targets,
                .labels = {}};
  if (dataset_.inputs.type() == ElementType::u8) {
    gather_rows(dataset_.inputs.as<std::uint8_t>(), samples, width, inputs,
                [&](auto row, auto to) { scale_bytes(row, dataset_.scaling, to); });
  } else {
    gather_rows(dataset_.inputs.as<float>(), samples, width, inputs, copy_row);
  }
  if (dataset_.classes == 0) {
    gather_rows(dataset_.targets.as<float>(), samples, target_width, targets, copy_row);
    return;
  }
  const auto labels = slot.labels.as<std::int32_t>().first(size);
  const auto known = dataset_.labels.as<std::int32_t>();
  std::transform(samples.begin(), samples.end(), labels.begin(),
                 [&](Size sample) { return known[static_cast<std::size_t>(sample)]; });
  write_one_hot(labels, dataset_.classes, targets);
  slot.batch.labels = labels;
}

void BatchSource::run_ahead() {
  const Size slots = static_cast<Size>(slots_.size());
  for (Size index = made_; index < last_; ++index) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stop_ || index - done_ < slots; });
      if (stop_) {
        return;
      }
    }
    gather(index, slot_of(index));
    {
      const std::lock_guard lock(mutex_);
      made_ = index + 1;
    }
    changed_.notify_all();
  }
}

const Batch* BatchSource::next() {
  if (!thread_.joinable()) {
    if (next_ == last_) {
      return nullptr;
    }
    gather(next_, slots_.front());
    ++next_;
    return &slots_.front().batch;
  }
  {
    std::unique_lock lock(mutex_);
    done_ = next_;  // whoever asks for the next batch has done with those before
    changed_.notify_all();
    if (next_ == last_) {
      return nullptr;
    }
    changed_.wait(lock, [&] { return made_ > next_; });
  }
  return &slot_of(next_++).batch;
}

}  // namespace pcxx

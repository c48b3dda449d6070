/// Making batches in order, ahead of the caller if asked, by any number of threads.
#include "data/batch_source.h"

#include <algorithm>
#include <utility>

namespace pcxx {

BatchSource::BatchSource(const SampleGatherer& gatherer, std::vector<Size> order, Size batch,
                         Range range, Ahead ahead)
    : gatherer_(gatherer),
      order_(std::move(order)),
      batch_(batch),
      last_(range.last),
      next_(range.first),
      taken_(range.first),
      done_(range.first) {
  const Size prepared = std::min(ahead.batches, range.last - range.first);
  const bool labelled = gatherer.dataset().classes > 0;
  slots_.resize(static_cast<std::size_t>(prepared) + 1);
  for (Slot& slot : slots_) {
    slot.inputs = Array({batch, static_cast<Size>(gatherer.input_width())}, ElementType::f32);
    slot.targets = Array({batch, static_cast<Size>(gatherer.target_width())}, ElementType::f32);
    slot.labels = Array({labelled ? batch : 0}, ElementType::i32);
    slot.indices = Array({gatherer.whole_numbers() ? slot.inputs.elements() : 0}, ElementType::i32);
  }
  try {
    for (Size i = 0; i < std::min(ahead.threads, prepared); ++i) {
      threads_.emplace_back([this] { work(); });
    }
  } catch (...) {  // no more threads are to be had
    stop();
    throw;
  }
}

BatchSource::~BatchSource() { stop(); }

void BatchSource::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void BatchSource::gather(Size index, Slot& slot) const {
  const auto start = static_cast<std::size_t>(index * batch_);
  const std::size_t size = std::min(static_cast<std::size_t>(batch_), order_.size() - start);
  const auto samples = std::span(order_).subspan(start, size);
  const auto inputs = slot.inputs.as<float>().first(size * gatherer_.input_width());
  const auto targets = slot.targets.as<float>().first(size * gatherer_.target_width());
  slot.batch = {.index = index,
                .size = static_cast<Size>(size),
                .samples = samples,
                .inputs = inputs,
                .targets = targets,
                .labels = {},
                .indices = {}};
  gatherer_.inputs(samples, inputs);
  gatherer_.targets(samples, targets);
  if (gatherer_.dataset().classes > 0) {
    const auto labels = slot.labels.as<std::int32_t>().first(size);
    gatherer_.labels(samples, labels);
    slot.batch.labels = labels;
  }
  if (gatherer_.whole_numbers()) {
    const auto indices = slot.indices.as<std::int32_t>().first(inputs.size());
    std::transform(inputs.begin(), inputs.end(), indices.begin(), [](float x) { return static_cast<std::int32_t>(x); });
    slot.batch.indices = indices;
  }
}

void BatchSource::work() {
  const Size slots = static_cast<Size>(slots_.size());
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stop_ || taken_ == last_ || taken_ - done_ < slots; });
    if (stop_ || taken_ == last_) {
      return;
    }
    const Size index = taken_++;
    Slot& slot = slot_of(index);
    lock.unlock();
    std::exception_ptr error;
    try {
      gather(index, slot);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    slot.error = error;
    slot.made = index;
    changed_.notify_all();
  }
}

const Batch* BatchSource::next() {
  if (next_ == last_) {
    const std::lock_guard lock(mutex_);
    done_ = next_;
    return nullptr;
  }
  Slot& slot = slot_of(next_);
  if (threads_.empty()) {
    gather(next_, slot);
  } else {
    std::unique_lock lock(mutex_);
    done_ = next_;  // whoever asks for the next batch has done with those before
    changed_.notify_all();
    changed_.wait(lock, [&] { return slot.made == next_; });
    if (slot.error) {
      std::rethrow_exception(slot.error);
    }
  }
  ++next_;
  return &slot.batch;
}

}  // namespace pcxx

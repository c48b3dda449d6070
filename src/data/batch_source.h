/// BatchSource: gathers the batches of one epoch, in the calling thread or ahead of it in another.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "pcxx/data/loader.h"

namespace pcxx {

class BatchSource {
 public:
  /// Takes the batches first .. last - 1 of an order of samples; `slots` batches exist at a time.
  BatchSource(const Dataset& dataset, std::vector<Size> order, Size batch, Size first, Size last,
              Size prefetch);
  BatchSource(const BatchSource&) = delete;
  BatchSource& operator=(const BatchSource&) = delete;
  ~BatchSource();

  const Batch* next();

 private:
  /// The memory of one batch, used again and again.
  struct Slot {
    Array inputs;
    Array targets;
    Array labels;
    Batch batch;
  };

  void gather(Size index, Slot& slot) const;
  void run_ahead();
  Slot& slot_of(Size index) { return slots_[static_cast<std::size_t>(index) % slots_.size()]; }

  const Dataset& dataset_;
  std::vector<Size> order_;
  Size batch_;
  Size last_;
  Size next_;  // the batch that the caller gets next
  std::vector<Slot> slots_;

  // The background thread has made the batches before made_; the caller has done with those before
  // done_.
  std::mutex mutex_;
  std::condition_variable changed_;
  Size made_;
  Size done_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace pcxx

/// BatchSource: gathers the batches of one epoch, in the calling thread or ahead of it in others.
#pragma once

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "data/sample_gatherer.h"
#include "pcxx/data/loader.h"

namespace pcxx {

class BatchSource {
 public:
  struct Range {
    Size first;
    Size last;  // not included
  };
  struct Ahead {
    Size batches;  // that may be prepared before they are asked for: the bound of the queue
    Size threads;
  };

  /// Takes a range of the batches of an order of samples.
  BatchSource(const SampleGatherer& gatherer, std::vector<Size> order, Size batch, Range range, Ahead ahead);
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
    Array indices;
    Batch batch;
    Size made = -1;  // the batch that is in it
    std::exception_ptr error;
  };

  void gather(Size index, Slot& slot) const;
  void work();
  void stop();
  Slot& slot_of(Size index) { return slots_[static_cast<std::size_t>(index) % slots_.size()]; }

  SampleGatherer gatherer_;
  std::vector<Size> order_;
  Size batch_;
  Size last_;
  Size next_;  // the batch that the caller gets next
  std::vector<Slot> slots_;

  // Background threads have taken the batches before taken_, one each at a time; the caller has done with those before
  // done_. A slot belongs to the thread that took its batch until `made` says otherwise.
  std::mutex mutex_;
  std::condition_variable changed_;
  Size taken_;
  Size done_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace pcxx

/// Loader: batches of a dataset in an order that depends on seed and epoch alone.
///
///   Loader loader(data.train, {.batch = 128, .seed = 0});
///   for (const Batch& batch : loader.epoch(3)) { train(batch.inputs, batch.targets); }
///
/// A run that stopped within epoch e after b batches goes on with loader.epoch(e, b): the same
/// batches follow.
#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <vector>

#include "pcxx/data/dataset.h"

namespace pcxx {

struct LoaderOptions {
  /// Samples per batch; the last batch of an epoch may have fewer.
  Size batch = 128;
  std::uint64_t seed = 0;
  /// Set to false to take the samples as they lie, e.g. for evaluation.
  bool shuffle = true;
  /// Set to true to leave out a last batch that is not full.
  bool drop_last = false;
  /// Batches that background threads prepare ahead: worth it where a core is free and batches are
  /// large, or samples have to be decoded; 0 gathers in the calling thread. Results do not depend on
  /// it.
  Size prefetch = 0;
  /// Threads that prepare them, each a batch at a time; never more than `prefetch`. Results do not
  /// depend on it.
  Size threads = 1;
};

/// One batch: contiguous rows, valid until the next batch is asked for.
struct Batch {
  Size index = 0;                 // within the epoch
  Size size = 0;                  // samples
  std::span<const Size> samples;  // (size) rows of the dataset
  std::span<const float> inputs;  // (size, ...), transformed, 64-byte aligned
  std::span<const float>
      targets;  // (size, classes) one-hot, or the dataset's targets; 64-byte aligned
  std::span<const std::int32_t> labels;  // (size); empty for regression
  std::span<const std::int32_t> indices = {};  // inputs as index nodes take them; empty unless whole numbers, untransformed
};

class BatchSource;

/// The batches of one epoch, once; made by Loader::epoch.
class Epoch {
 public:
  explicit Epoch(std::unique_ptr<BatchSource> source);
  Epoch(Epoch&&) noexcept;
  Epoch& operator=(Epoch&&) noexcept;
  /// Stops the background thread, if there is one, also in the middle of an epoch.
  ~Epoch();

  /// Returns the next batch, or nullptr after the last one. Throws FileError for a sample that
  /// cannot be read, also if a thread tried ahead, and again when asked again.
  const Batch* next();

  class Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;

    explicit Iterator(Epoch& epoch) : epoch_(&epoch), batch_(epoch.next()) {}
    const Batch& operator*() const { return *batch_; }
    const Batch* operator->() const { return batch_; }
    Iterator& operator++() {
      batch_ = epoch_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return batch_ == nullptr; }

   private:
    Epoch* epoch_;
    const Batch* batch_;
  };

  Iterator begin() { return Iterator(*this); }
  static std::default_sentinel_t end() { return std::default_sentinel; }

 private:
  std::unique_ptr<BatchSource> source_;
};

class Loader {
 public:
  /// The dataset must outlive the loader and its epochs. Throws ArgumentError (ShapeError) if the
  /// dataset is empty or its fields do not fit each other, or if an option makes no sense.
  explicit Loader(const Dataset& dataset, const LoaderOptions& options = {});
  explicit Loader(Dataset&&, const LoaderOptions& = {}) = delete;

  /// Returns the batches of an epoch.
  Size batches() const;
  /// Returns the samples of an epoch: all of them, unless drop_last leaves some out.
  Size samples() const;
  /// Returns the shape of one sample's input, transformed.
  Shape input_shape() const;
  /// Returns the shape of one sample's target: (classes) for classification.
  Shape target_shape() const;

  /// Returns the batches of an epoch (counted from 0), from first_batch on. Throws
  /// std::out_of_range if there is no such batch; first_batch == batches() gives none.
  Epoch epoch(Size number, Size first_batch = 0) const;

  /// Returns the order in which an epoch takes the samples.
  std::vector<Size> order(Size epoch) const;

 private:
  const Dataset* dataset_;
  LoaderOptions options_;
};

}  // namespace pcxx

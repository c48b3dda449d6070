/// Loader: options, order, epochs.
#include "pcxx/data/loader.h"

#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

#include "data/batch_source.h"
#include "pcxx/core/errors.h"
#include "pcxx/core/random.h"

namespace pcxx {
namespace {

Shape without_rows(const Array& array) {
  const auto& extents = array.shape().extents();
  return Shape(std::vector<Size>(extents.begin() + 1, extents.end()));
}

}  // namespace

Epoch::Epoch(std::unique_ptr<BatchSource> source) : source_(std::move(source)) {}
Epoch::Epoch(Epoch&&) noexcept = default;
Epoch& Epoch::operator=(Epoch&&) noexcept = default;
Epoch::~Epoch() = default;

const Batch* Epoch::next() { return source_->next(); }

Loader::Loader(const Dataset& dataset, const LoaderOptions& options)
    : dataset_(&dataset), options_(options) {
  check(dataset);
  if (options.batch < 1 || options.prefetch < 0 || options.threads < 1) {
    throw ArgumentError("[loader] batch " + std::to_string(options.batch) + ", prefetch " +
                        std::to_string(options.prefetch) + ", threads " +
                        std::to_string(options.threads) +
                        "; a batch has at least 1 sample, prefetch is 0 or more, and there is at "
                        "least 1 thread");
  }
  if (batches() == 0) {
    throw ArgumentError("[loader] " + std::to_string(dataset.size()) +
                        " samples give no batch of " + std::to_string(options.batch) +
                        (options.drop_last ? " without a partial one" : "") +
                        "; give more samples" + (options.drop_last ? " or a smaller batch" : ""));
  }
}

Size Loader::batches() const {
  const Size full = dataset_->size() / options_.batch;
  return options_.drop_last || dataset_->size() % options_.batch == 0 ? full : full + 1;
}

Size Loader::samples() const {
  return options_.drop_last ? batches() * options_.batch : dataset_->size();
}

Shape Loader::input_shape() const { return dataset_->input_shape(); }

Shape Loader::target_shape() const {
  return dataset_->classes > 0 ? Shape{dataset_->classes} : without_rows(dataset_->targets);
}

std::vector<Size> Loader::order(Size epoch) const {
  if (options_.shuffle) {
    return RandomStream(options_.seed, stream_from("loader/epoch/" + std::to_string(epoch)))
        .permutation(dataset_->size());
  }
  std::vector<Size> order(static_cast<std::size_t>(dataset_->size()));
  std::iota(order.begin(), order.end(), Size{0});
  return order;
}

Epoch Loader::epoch(Size number, Size first_batch) const {
  if (number < 0 || first_batch < 0 || first_batch > batches()) {
    throw std::out_of_range("[loader] epoch " + std::to_string(number) + ", batch " +
                            std::to_string(first_batch) + "; an epoch has " +
                            std::to_string(batches()) + " batches, both are counted from 0");
  }
  const auto stream = stream_from("loader/transforms/" + std::to_string(number));
  return Epoch(std::make_unique<BatchSource>(
      SampleGatherer(*dataset_, options_.seed, stream), order(number), options_.batch,
      BatchSource::Range{first_batch, batches()}, BatchSource::Ahead{options_.prefetch, options_.threads}));
}

}  // namespace pcxx

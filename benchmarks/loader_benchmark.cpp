/// How fast batches are made: gathering alone, with threads ahead, augmenting, shuffling, decoding
/// Fashion-MNIST.
#include <benchmark/benchmark.h>

#include "pcxx/core/errors.h"
#include "pcxx/data/cifar.h"
#include "pcxx/data/fashion_mnist.h"
#include "pcxx/data/loader.h"

namespace {

using namespace pcxx;

/// As large as Fashion-MNIST: 47 MB as bytes, 188 MB as numbers, both beyond every cache.
const Dataset& pictures(bool bytes) {
  static const Dataset as_bytes = [] {
    Dataset made;
    made.inputs = Array({60'000, 784}, ElementType::u8);
    made.scaling = {0.5F, 0.5F};
    made.labels = Array({60'000}, ElementType::i32);
    made.classes = 10;
    for (Size i = 0; i < made.inputs.elements(); ++i) {
      made.inputs.as<std::uint8_t>()[static_cast<std::size_t>(i)] =
          static_cast<std::uint8_t>(i * 97 >> 3);
    }
    return made;
  }();
  static const Dataset as_numbers = [] {
    Dataset made = as_bytes;
    made.inputs = scaled_inputs(as_bytes);
    return made;
  }();
  return bytes ? as_bytes : as_numbers;
}

/// Whole epochs; the order is made outside of the clock, as it is for all batches of an epoch at
/// once.
void epochs(benchmark::State& state) {
  const Loader loader(pictures(state.range(2) != 0),
                      {.batch = state.range(0), .prefetch = state.range(1)});
  Size epoch = 0;
  std::int64_t bytes = 0;
  std::int64_t batches = 0;
  for ([[maybe_unused]] auto _ : state) {
    state.PauseTiming();
    Epoch source = loader.epoch(epoch++);
    state.ResumeTiming();
    while (const Batch* batch = source.next()) {
      benchmark::DoNotOptimize(batch->inputs.data());
      bytes += static_cast<std::int64_t>(batch->inputs.size_bytes() + batch->targets.size_bytes());
      ++batches;
    }
  }
  state.SetBytesProcessed(bytes);
  state.SetItemsProcessed(batches);
  state.counters["us_per_batch"] =
      benchmark::Counter(static_cast<double>(batches) / 1e6,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(epochs)
    ->ArgNames({"batch", "prefetch", "bytes"})
    ->ArgsProduct({{32, 128, 512}, {0}, {0, 1}})
    ->Args({128, 2, 0})
    ->Args({128, 2, 1})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

/// As CIFAR-10, cropped, flipped and normalised, in the calling thread or ahead of it.
void augmented(benchmark::State& state) {
  static const Dataset set = [] {
    Dataset made;
    made.inputs = Array({50'000, 3, 32, 32}, ElementType::u8);
    made.labels = Array({50'000}, ElementType::i32);
    made.classes = 10;
    made.transforms = {random_crop(32, 32, {.padding = 4}), random_flip(), normalise(cifar10_statistics())};
    return made;
  }();
  const Loader loader(set, {.batch = 128, .prefetch = state.range(0), .threads = state.range(1)});
  Size epoch = 0;
  std::int64_t samples = 0;
  for ([[maybe_unused]] auto _ : state) {
    for (const Batch& batch : loader.epoch(epoch++)) {
      benchmark::DoNotOptimize(batch.inputs.data());
      samples += batch.size;
    }
  }
  state.SetItemsProcessed(samples);
}
BENCHMARK(augmented)
    ->ArgNames({"prefetch", "threads"})
    ->Args({0, 1})
    ->Args({4, 1})
    ->Args({4, 2})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void order(benchmark::State& state) {
  const Loader loader(pictures(true), {});
  Size epoch = 0;
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(loader.order(epoch++));
  }
}
BENCHMARK(order)->Unit(benchmark::kMillisecond);

void load(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) {
    try {
      benchmark::DoNotOptimize(load_fashion_mnist());
    } catch (const FileError& error) {
      state.SkipWithError(error.what());
      return;
    }
  }
}
BENCHMARK(load)->Unit(benchmark::kMillisecond)->UseRealTime();

void finite(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) {
    check_finite(pictures(false));
  }
}
BENCHMARK(finite)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();

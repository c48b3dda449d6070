/// Speed of the CPU backend's kernels on one core: products in GFLOP/s, fused kernels against a hand-written loop.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "backend/cpu/elementwise.h"
#include "backend/cpu/product.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

using namespace pcxx;
using namespace pcxx::cpu;

/// Aligned floats with harmless values.
class Buffer {
 public:
  explicit Buffer(std::size_t bytes) : data_(static_cast<std::byte*>(::operator new(bytes + 64, std::align_val_t{64}))) {
    float* values = reinterpret_cast<float*>(data_);
    for (std::size_t i = 0; i < bytes / sizeof(float); ++i) {
      values[i] = static_cast<float>(i * 7919 % 1999) / 1000.0F - 1.0F;
    }
  }
  ~Buffer() { ::operator delete(data_, std::align_val_t{64}); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  std::byte* bytes() const { return data_; }
  float* floats() const { return reinterpret_cast<float*>(data_); }

 private:
  std::byte* data_;
};

Buffer floats(Size count) { return Buffer(static_cast<std::size_t>(count) * sizeof(float)); }

void report_flops(benchmark::State& state, double flops) {
  state.counters["GFLOP/s"] = benchmark::Counter(flops * static_cast<double>(state.iterations()) / 1e9, benchmark::Counter::kIsRate);
}

// ---- products ------------------------------------------------------------------------------------------------------

void row_product(benchmark::State& state, ElementType type) {
  const Size rows = state.range(0), k = state.range(1), n = state.range(2);
  const RowProduct product({n, k, false, type}, 64);
  const Buffer a = floats(rows * k), b = floats(k * n), d = floats(rows * n), packed(product.packed_bytes()), scratch(product.scratch_bytes());
  std::memset(a.bytes(), 0, static_cast<std::size_t>(rows * k) * 2);
  product.pack(b.floats(), packed.bytes(), 0, product.pack_parts());
  for (auto _ : state) {
    product.run(rows, a.bytes(), packed.bytes(), d.floats(), scratch.bytes());
  }
  report_flops(state, 2.0 * static_cast<double>(rows * k * n));
}

void pack(benchmark::State& state, bool transposed, ElementType type) {
  const Size k = state.range(0), n = state.range(1);
  const RowProduct product({n, k, transposed, type}, 64);
  const Buffer b = floats(k * n), packed(product.packed_bytes());
  for (auto _ : state) {
    product.pack(b.floats(), packed.bytes(), 0, product.pack_parts());
  }
  state.SetBytesProcessed(state.iterations() * k * n * 4);
}

void sample_product(benchmark::State& state, ElementType type) {
  const Size samples = state.range(0), m = state.range(1), n = state.range(2);
  const SampleProduct product({m, n, type});
  const Buffer a = floats(samples * m), b = floats(samples * n), d = floats(m * n), scratch(product.scratch_bytes(samples));
  std::memset(a.bytes(), 0, static_cast<std::size_t>(samples * m) * 2);
  std::memset(b.bytes(), 0, static_cast<std::size_t>(samples * n) * 2);
  for (auto _ : state) {
    product.run(samples, a.bytes(), b.bytes(), d.floats(), 0, product.parts(), scratch.bytes());
  }
  report_flops(state, 2.0 * static_cast<double>(samples * m * n));
}

void row_shapes(benchmark::internal::Benchmark* bench) {
  for (const auto& [k, n] : std::vector<std::pair<Size, Size>>{{784, 128}, {128, 128}, {128, 10}, {10, 128}, {784, 512}, {512, 512}, {512, 10},
                                                              {784, 1024}, {1024, 1024}, {2, 32}, {32, 32}, {32, 2}}) {
    for (const Size rows : {32, 64}) {
      bench->Args({rows, k, n});
    }
  }
}

void pack_shapes(benchmark::internal::Benchmark* bench) {
  for (const Size width : {32, 128, 512, 1024}) {
    bench->Args({width, width});
  }
}

void sample_shapes(benchmark::internal::Benchmark* bench) {
  for (const auto& [m, n] : std::vector<std::pair<Size, Size>>{{128, 784}, {128, 128}, {10, 128}, {512, 784}, {512, 512}, {1024, 1024}}) {
    for (const Size samples : {128, 256}) {
      bench->Args({samples, m, n});
    }
  }
  bench->Args({32, 2, 32})->Args({32, 32, 32})->Args({32, 32, 2});
}

BENCHMARK_CAPTURE(row_product, f32, ElementType::f32)->Apply(row_shapes);
BENCHMARK_CAPTURE(row_product, bf16, ElementType::bf16)->Apply(row_shapes);
BENCHMARK_CAPTURE(sample_product, f32, ElementType::f32)->Apply(sample_shapes);
BENCHMARK_CAPTURE(sample_product, bf16, ElementType::bf16)->Apply(sample_shapes);
BENCHMARK_CAPTURE(pack, f32, false, ElementType::f32)->Apply(pack_shapes);
BENCHMARK_CAPTURE(pack, f32_transposed, true, ElementType::f32)->Apply(pack_shapes);
BENCHMARK_CAPTURE(pack, bf16, false, ElementType::bf16)->Apply(pack_shapes);
BENCHMARK_CAPTURE(pack, bf16_transposed, true, ElementType::bf16)->Apply(pack_shapes);

void convert(benchmark::State& state) {
  const Buffer from = floats(state.range(0)), to = floats(state.range(0));
  for (auto _ : state) {
    to_bf16(from.floats(), to.bytes(), state.range(0));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0) * 4);
}
BENCHMARK(convert)->Arg(64 * 512);

// ---- fused kernels ---------------------------------------------------------------------------------------------------

Size elements(Access access, Size rows, Size columns) {
  return access == Access::full ? rows * columns : access == Access::per_column ? columns : access == Access::per_row ? rows : 1;
}

void run_fused(benchmark::State& state, const FusedKernel& kernel, Size rows) {
  const ElementwiseKernel compiled(kernel);
  std::vector<Buffer*> owned;
  std::vector<const float*> inputs;
  std::vector<float*> outputs;
  for (const Access access : kernel.inputs) {
    owned.push_back(new Buffer(static_cast<std::size_t>(elements(access, rows, kernel.columns)) * 4));
    inputs.push_back(owned.back()->floats());
  }
  for (std::size_t o = 0; o < kernel.outputs.size(); ++o) {
    owned.push_back(new Buffer(static_cast<std::size_t>(rows * kernel.columns) * 4));
    outputs.push_back(owned.back()->floats());
  }
  const Buffer scratch(compiled.scratch_bytes());
  for (auto _ : state) {
    compiled.run(rows, inputs, outputs, scratch.bytes());
  }
  state.counters["ns/element"] = benchmark::Counter(static_cast<double>(state.iterations() * rows * kernel.columns) / 1e9,
                                                    benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.SetBytesProcessed(state.iterations() * rows * kernel.columns * 4 * static_cast<Size>(kernel.inputs.size() + kernel.outputs.size()));
  for (Buffer* buffer : owned) {
    delete buffer;
  }
}

/// a = z + bias, u = phi(a), e = h - u, dz = -e phi'(a).
FusedKernel error_kernel(Size columns, Activation activation) {
  return {.columns = columns,
          .inputs = {Access::full, Access::per_column, Access::full},
          .steps = {{.op = Op::add, .operands = {0, 1}},
                    {.op = Op::activation, .operands = {3}, .activation = activation},
                    {.op = Op::subtract, .operands = {2, 4}},
                    {.op = Op::activation_derivative, .operands = {3}, .activation = activation},
                    {.op = Op::negate, .operands = {5}},
                    {.op = Op::multiply, .operands = {7, 6}}},
          .outputs = {{5, OutputKind::full}, {8, OutputKind::full}}};
}

/// h - rate (e + g).
FusedKernel update_kernel(Size columns) {
  return {.columns = columns,
          .inputs = {Access::full, Access::full, Access::full},
          .steps = {{.op = Op::add, .operands = {1, 2}},
                    {.op = Op::constant, .operands = {}, .value = 0.05},
                    {.op = Op::multiply, .operands = {4, 3}},
                    {.op = Op::subtract, .operands = {0, 5}}},
          .outputs = {{6, OutputKind::full}}};
}

/// AdamW with the gradient's scale and the inverse bias corrections as scalars: inputs w, g, m, v, scale, c1, c2.
FusedKernel adamw_kernel() {
  FusedKernel kernel{.columns = 1,
                     .inputs = {Access::full, Access::full, Access::full, Access::full, Access::scalar, Access::scalar, Access::scalar},
                     .steps = {},
                     .outputs = {}};
  const auto step = [&](Op op, std::vector<int> operands, double value = 0) {
    kernel.steps.push_back({.op = op, .operands = std::move(operands), .value = value});
    return static_cast<int>(kernel.inputs.size() + kernel.steps.size()) - 1;
  };
  const auto times = [&](int a, double value) {
    const int constant = step(Op::constant, {}, value);
    return step(Op::multiply, {a, constant});
  };
  const int gradient = step(Op::multiply, {1, 4});
  const int first = step(Op::add, {times(2, 0.9), times(gradient, 0.1)});
  const int second = step(Op::add, {times(3, 0.999), times(step(Op::multiply, {gradient, gradient}), 0.001)});
  const int root = step(Op::sqrt, {step(Op::multiply, {second, 6})});
  const int direction = step(Op::divide, {step(Op::multiply, {first, 5}), step(Op::add, {root, step(Op::constant, {}, 1e-8)})});
  const int change = times(step(Op::add, {direction, times(0, 1e-4)}), 1e-3);
  kernel.outputs = {{step(Op::subtract, {0, change}), OutputKind::full}, {first, OutputKind::full}, {second, OutputKind::full}};
  return kernel;
}

/// log softmax and its sum of exponentials: what cross-entropy needs.
FusedKernel softmax_kernel(Size columns) {
  return {.columns = columns,
          .inputs = {Access::full, Access::full},
          .steps = {{.op = Op::logsumexp, .operands = {0}, .per_row = true},
                    {.op = Op::subtract, .operands = {0, 2}},
                    {.op = Op::exp, .operands = {3}},
                    {.op = Op::subtract, .operands = {1, 4}},
                    {.op = Op::multiply, .operands = {1, 3}},
                    {.op = Op::sum, .operands = {6}, .per_row = true},
                    {.op = Op::negate, .operands = {7}, .per_row = true}},
          .outputs = {{5, OutputKind::full}, {8, OutputKind::per_row}}};
}

FusedKernel bias_gradient_kernel(Size columns) {
  return {.columns = columns, .inputs = {Access::full}, .steps = {}, .outputs = {{0, OutputKind::sample_sum}}};
}

void gelu_error(benchmark::State& state) { run_fused(state, error_kernel(state.range(1), Activation::gelu), state.range(0)); }
void leaky_error(benchmark::State& state) { run_fused(state, error_kernel(state.range(1), Activation::leaky_relu), state.range(0)); }
void tanh_error(benchmark::State& state) { run_fused(state, error_kernel(state.range(1), Activation::tanh), state.range(0)); }
void value_update(benchmark::State& state) { run_fused(state, update_kernel(state.range(1)), state.range(0)); }
void softmax(benchmark::State& state) { run_fused(state, softmax_kernel(state.range(1)), state.range(0)); }
void bias_gradient(benchmark::State& state) { run_fused(state, bias_gradient_kernel(state.range(1)), state.range(0)); }
void adamw(benchmark::State& state) { run_fused(state, adamw_kernel(), state.range(0)); }
void compile(benchmark::State& state) {
  for (auto _ : state) {
    const ElementwiseKernel kernel(adamw_kernel());
  }
}

void tiles(benchmark::internal::Benchmark* bench) {
  for (const Size columns : {2, 10, 32, 128, 512, 784, 1000, 1024}) {
    bench->Args({columns <= 32 ? 32 : 64, columns});
  }
}

BENCHMARK(gelu_error)->Apply(tiles);
BENCHMARK(leaky_error)->Apply(tiles);
BENCHMARK(tanh_error)->Args({64, 128});
BENCHMARK(value_update)->Apply(tiles);
BENCHMARK(softmax)->Args({32, 2})->Args({64, 10})->Args({64, 128});
BENCHMARK(bias_gradient)->Args({32, 2})->Args({32, 32})->Args({256, 10})->Args({256, 128})->Args({256, 512});
BENCHMARK(adamw)->Arg(64)->Arg(1024)->Arg(16384)->Arg(262144);
BENCHMARK(compile);

// ---- by hand -----------------------------------------------------------------------------------------------------------

#if defined(__x86_64__)
#define PCXX_AVX512 __attribute__((target("avx512f")))

PCXX_AVX512 inline __m512 hand_exp(__m512 x) {
  const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504F)), 8);
  const __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.69314718F), x);
  __m512 sum = _mm512_set1_ps(1.0F / 120);
  for (const float c : {1.0F / 24, 1.0F / 6, 0.5F, 1.0F, 1.0F}) {
    sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(c));
  }
  return _mm512_scalef_ps(sum, n);
}

/// The error kernel as one would write it for this layer alone; columns are a multiple of 16.
PCXX_AVX512 void hand_gelu(Size rows, Size columns, const float* z, const float* bias, const float* h, float* e, float* dz) {
  const __m512 one = _mm512_set1_ps(1), cubic = _mm512_set1_ps(0.044715F), root = _mm512_set1_ps(1.59576912F);
  for (Size r = 0; r < rows; ++r) {
    for (Size j = 0; j < columns; j += 16) {
      const Size at = r * columns + j;
      const __m512 x = _mm512_add_ps(_mm512_loadu_ps(z + at), _mm512_loadu_ps(bias + j)), square = _mm512_mul_ps(x, x);
      const __m512 y = _mm512_mul_ps(_mm512_mul_ps(root, x), _mm512_fmadd_ps(cubic, square, one));
      const __m512 clamped = _mm512_min_ps(_mm512_max_ps(y, _mm512_set1_ps(-87)), _mm512_set1_ps(87));
      const __m512 p = _mm512_div_ps(one, _mm512_add_ps(one, hand_exp(_mm512_sub_ps(_mm512_setzero_ps(), clamped))));
      const __m512 slope = _mm512_fmadd_ps(
          _mm512_mul_ps(_mm512_mul_ps(x, p), _mm512_sub_ps(one, p)),
          _mm512_mul_ps(root, _mm512_fmadd_ps(_mm512_mul_ps(_mm512_set1_ps(3), cubic), square, one)), p);
      const __m512 error = _mm512_fnmadd_ps(x, p, _mm512_loadu_ps(h + at));
      _mm512_storeu_ps(e + at, error);
      _mm512_storeu_ps(dz + at, _mm512_mul_ps(_mm512_sub_ps(_mm512_setzero_ps(), error), slope));
    }
  }
}

void gelu_error_by_hand(benchmark::State& state) {
  if (!__builtin_cpu_supports("avx512f")) {
    state.SkipWithError("needs AVX-512");
    return;
  }
  const Size rows = state.range(0), columns = state.range(1);
  const Buffer z = floats(rows * columns), bias = floats(columns), h = floats(rows * columns), e = floats(rows * columns), dz = floats(rows * columns);
  for (auto _ : state) {
    hand_gelu(rows, columns, z.floats(), bias.floats(), h.floats(), e.floats(), dz.floats());
  }
  state.counters["ns/element"] = benchmark::Counter(static_cast<double>(state.iterations() * rows * columns) / 1e9,
                                                    benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(gelu_error_by_hand)->Args({32, 32})->Args({64, 128})->Args({64, 512})->Args({64, 784});
#endif

}  // namespace

BENCHMARK_MAIN();

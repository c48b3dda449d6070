/// Matrix products by oneDNN: one primitive for each shape, its memory handed in by the caller.
#include "backend/cpu/product_vendor.h"

#include <omp.h>

#include <algorithm>
#include <dnnl.hpp>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>


namespace pcxx::cpu {

namespace {

using dnnl::memory;

/// Keeps oneDNN to the calling thread: inside a parallel region it does so by itself, outside the thread's own
/// limit (not the process's) is lowered for the duration.
class OneThread {
 public:
  OneThread() : before_(omp_in_parallel() != 0 ? 0 : omp_get_max_threads()) {
    if (before_ > 1) {
      omp_set_num_threads(1);
    }
  }
  ~OneThread() {
    if (before_ > 1) {
      omp_set_num_threads(before_);
    }
  }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

dnnl::primitive_attr user_scratch() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

dnnl::matmul::primitive_desc describe(const dnnl::engine& engine, const VendorProduct::Shape& s) {
  using Type = memory::data_type;
  const memory::desc a({s.m, s.k}, Type::bf16, memory::dims{s.a_row_step, s.a_depth_step});
  const memory::desc b({s.k, s.n}, Type::bf16, s.packed_b ? memory::format_tag::any : memory::format_tag::ab);
  const memory::desc d({s.m, s.n}, Type::f32, memory::dims{s.d_row_step, 1});
  dnnl::primitive_attr attributes = user_scratch();
  if (s.accumulate) {
    dnnl::post_ops sum;
    sum.append_sum();
    attributes.set_post_ops(sum);
  }
  return {engine, a, b, d, attributes};
}

/// Returns what we know to be a layout of pairs, so that our own packing can fill it, faster and in parts.
std::optional<PairLayout> pair_layout(const memory::desc& b) {
  using Sizes = memory::dims;
  if (b.get_format_kind() != memory::format_kind::blocked || b.get_inner_nblks() != 3 || b.get_inner_idxs() != Sizes{0, 1, 0}) {
    return std::nullopt;
  }
  const Sizes blocks = b.get_inner_blks(), steps = b.get_strides(), padded = b.get_padded_dims();
  if (blocks[2] != 2 || blocks[1] % 16 != 0 || b.get_submemory_offset() != 0) {
    return std::nullopt;
  }
  return PairLayout{.columns = blocks[1],
                    .depth = 2 * blocks[0],
                    .column_step = steps[1],
                    .depth_step = steps[0],
                    .padded_n = padded[1],
                    .padded_k = padded[0]};
}

}  // namespace

bool has_native_bf16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16") != 0;
#else
  return false;
#endif
}

bool vendor_takes(Size n, Size k, ElementType inputs) {
  constexpr Size kElements = 4096, kSide = 16;  // of b: below them a call of oneDNN costs more than bf16 saves
  return inputs == ElementType::bf16 && std::min(n, k) >= kSide && n * k >= kElements && has_native_bf16();
}

/// What one call at a time needs: making it anew for each would cost microseconds.
struct Context {
  dnnl::stream stream;
  memory a, b, d, scratch;
  std::unordered_map<int, memory> arguments;

  Context(const dnnl::engine& engine, const dnnl::matmul::primitive_desc& of)
      : stream(engine), a(of.src_desc(), engine, nullptr), b(of.weights_desc(), engine, nullptr),
        d(of.dst_desc(), engine, nullptr), scratch(of.scratchpad_desc(), engine, nullptr),
        arguments{{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, d}, {DNNL_ARG_SCRATCHPAD, scratch}} {}
};

struct VendorProduct::Implementation {
  Shape shape;
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::matmul::primitive_desc description;
  dnnl::matmul product;
  std::optional<PairLayout> pairs;
  Size part_columns = 0;     // of packing pairs
  mutable std::mutex mutex;  // guards idle
  mutable std::vector<std::unique_ptr<Context>> idle;

  Implementation(const Shape& s, Size pack_elements)
      : shape(s), description(describe(engine, s)), product(description), pairs(pair_layout(description.weights_desc())) {
    if (pairs) {
      part_columns = std::max<Size>(1, pack_elements / (pairs->padded_k * pairs->columns)) * pairs->columns;
    }
  }

  std::unique_ptr<Context> take() const {
    {
      const std::lock_guard lock(mutex);
      if (!idle.empty()) {
        auto context = std::move(idle.back());
        idle.pop_back();
        return context;
      }
    }
    return std::make_unique<Context>(engine, description);
  }

  void give_back(std::unique_ptr<Context> context) const {
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(context));
  }
};

VendorProduct::VendorProduct(const Shape& shape, Size pack_elements) {
  const OneThread guard;
  implementation_ = std::make_unique<Implementation>(shape, pack_elements);
}

VendorProduct::~VendorProduct() = default;

std::size_t VendorProduct::packed_bytes() const { return implementation_->description.weights_desc().get_size(); }

Size VendorProduct::pack_parts() const {
  const Implementation& self = *implementation_;
  return self.pairs ? (self.pairs->padded_n + self.part_columns - 1) / self.part_columns : 1;
}

VendorProduct::Columns VendorProduct::columns_of(Size part) const {
  const Implementation& self = *implementation_;
  const Size n = self.shape.n;
  return self.pairs ? Columns{std::min(n, part * self.part_columns), std::min(n, (part + 1) * self.part_columns)} : Columns{0, n};
}

void VendorProduct::pack(const PackSource& b, std::byte* packed, Size part) const {
  const Implementation& self = *implementation_;
  if (self.pairs) {
    const Size from = part * self.part_columns, to = std::min(self.pairs->padded_n, from + self.part_columns);
    pack_kernels().pairs(*self.pairs, b, from, to, reinterpret_cast<std::uint16_t*>(packed));
    return;
  }
  std::vector<float> dense(static_cast<std::size_t>(b.n * b.k));
  for (Size p = 0; p < b.k; ++p) {
    for (Size c = 0; c < b.n; ++c) {
      dense[static_cast<std::size_t>(p * b.n + c)] = b.at(p, c);
    }
  }
  const OneThread guard;
  using Tag = memory::format_tag;
  const memory::desc plain({self.shape.k, self.shape.n}, memory::data_type::f32, Tag::ab);
  memory from(plain, self.engine, dense.data());
  memory to(self.description.weights_desc(), self.engine, packed);
  dnnl::stream stream(self.engine);
  dnnl::reorder(from, to).execute(stream, from, to);
}

std::size_t VendorProduct::scratch_bytes() const { return implementation_->description.scratchpad_desc().get_size(); }

void VendorProduct::run(const void* a, const void* b, float* d, std::byte* scratch) const {
  const OneThread guard;
  const Implementation& self = *implementation_;
  auto context = self.take();
  context->a.set_data_handle(const_cast<void*>(a));
  context->b.set_data_handle(const_cast<void*>(b));
  context->d.set_data_handle(d);
  context->scratch.set_data_handle(scratch);
  self.product.execute(context->stream, context->arguments);
  self.give_back(std::move(context));
}

}  // namespace pcxx::cpu

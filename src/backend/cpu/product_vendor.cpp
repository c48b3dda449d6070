/// Matrix products by oneDNN: one primitive for each shape, its memory handed in by the caller.
#include "backend/cpu/product_vendor.h"

#include <omp.h>

#include <dnnl.hpp>

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
  const memory::desc d({s.m, s.n}, Type::f32, memory::format_tag::ab);
  return {engine, a, b, d, user_scratch()};
}

}  // namespace

bool has_native_bf16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16") != 0;
#else
  return false;
#endif
}

struct VendorProduct::Implementation {
  Shape shape;
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::matmul::primitive_desc description;
  dnnl::matmul product;

  explicit Implementation(const Shape& s) : shape(s), description(describe(engine, s)), product(description) {}
};

VendorProduct::VendorProduct(const Shape& shape) {
  const OneThread guard;
  implementation_ = std::make_unique<Implementation>(shape);
}

VendorProduct::~VendorProduct() = default;

std::size_t VendorProduct::packed_bytes() const { return implementation_->description.weights_desc().get_size(); }

void VendorProduct::pack(bool transposed, const float* b, std::byte* packed) const {
  const OneThread guard;
  const Implementation& self = *implementation_;
  using Tag = memory::format_tag;
  const memory::desc plain({self.shape.k, self.shape.n}, memory::data_type::f32, transposed ? Tag::ba : Tag::ab);
  memory from(plain, self.engine, const_cast<float*>(b));
  memory to(self.description.weights_desc(), self.engine, packed);
  dnnl::stream stream(self.engine);
  dnnl::reorder(from, to).execute(stream, from, to);
}

std::size_t VendorProduct::scratch_bytes() const { return implementation_->description.scratchpad_desc().get_size(); }

void VendorProduct::run(const void* a, const void* b, float* d, std::byte* scratch) const {
  const OneThread guard;
  const Implementation& self = *implementation_;
  const auto& description = self.description;
  dnnl::stream stream(self.engine);
  self.product.execute(stream, {{DNNL_ARG_SRC, memory(description.src_desc(), self.engine, const_cast<void*>(a))},
                                {DNNL_ARG_WEIGHTS, memory(description.weights_desc(), self.engine, const_cast<void*>(b))},
                                {DNNL_ARG_DST, memory(description.dst_desc(), self.engine, d)},
                                {DNNL_ARG_SCRATCHPAD, memory(description.scratchpad_desc(), self.engine, scratch)}});
}

}  // namespace pcxx::cpu

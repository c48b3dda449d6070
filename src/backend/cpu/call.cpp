/// Prepared calls of the kernels that compute: fused expressions, products, packing, sums over tiles.
#include "backend/cpu/call.h"

#include <algorithm>

#include "backend/cpu/elementwise.h"

namespace pcxx::cpu {
namespace {

const Symbol& symbol_of(const Program& program, SymbolId id) { return program.graph->symbol(id); }
bool per_sample(const Program& program, SymbolId id) { return symbol_of(program, id).span == Span::per_sample; }
Size elements(const Program& program, SymbolId id) { return symbol_of(program, id).shape.elements(); }

std::vector<Operand> operands(const std::vector<SymbolId>& symbols, const CallBuilder& builder) {
  std::vector<Operand> result;
  for (const SymbolId symbol : symbols) {
    result.push_back(builder.operand(symbol));
  }
  return result;
}

constexpr Size kElementsOfPart = 2048;  // of a fused call: whole cache lines, and little beside a call's own cost
constexpr double kOperation = 8;        // what an elementwise operation costs, and
constexpr double kMoved = 32;           // an element that is moved, in operations of a product

class FusedCall : public PreparedCall {
 public:
  FusedCall(const Program& program, const Call& call, const CallBuilder& builder)
      : kernel_(std::get<FusedKernel>(call.kernel)), code_(kernel_), inputs_(operands(call.inputs, builder)),
        outputs_(operands(call.outputs, builder)), by_rows_(per_sample(program, call.outputs[0])) {
    const Size columns = std::max<Size>(1, kernel_.columns);
    for (std::size_t i = 0; i < kernel_.inputs.size(); ++i) {  // all that have rows have the same
      const Size own = elements(program, call.inputs[i]);
      rows_each_ = kernel_.inputs[i] == Access::full ? own / columns : kernel_.inputs[i] == Access::per_row ? own : rows_each_;
    }
    for (std::size_t i = 0; i < kernel_.outputs.size(); ++i) {
      const Size own = elements(program, call.outputs[i]);
      const OutputKind kind = kernel_.outputs[i].kind;
      rows_each_ = kind == OutputKind::full ? own / columns : kind == OutputKind::per_row ? own : rows_each_;
    }
  }

  Size parts() const override {
    return by_rows_ ? 1 : std::max<Size>(1, (rows_each_ + rows_of_part() - 1) / rows_of_part());
  }

  void run(const Frame& frame, Size first_part, Size last_part) const override {
    constexpr std::size_t kMost = 24;  // pointers on the stack; kernels with more take them from the heap
    const Size first = by_rows_ ? 0 : first_part * rows_of_part();
    const Size rows = by_rows_ ? frame.rows * rows_each_ : std::min(last_part * rows_of_part(), rows_each_) - first;
    const float* few_inputs[kMost];
    float* few_outputs[kMost];
    std::vector<const float*> many_inputs(inputs_.size() > kMost ? inputs_.size() : 0);
    std::vector<float*> many_outputs(outputs_.size() > kMost ? outputs_.size() : 0);
    const float** in = many_inputs.empty() ? few_inputs : many_inputs.data();
    float** out = many_outputs.empty() ? few_outputs : many_outputs.data();
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      in[i] = frame.at<const float>(inputs_[i]) + advance(kernel_.inputs[i] == Access::full, kernel_.inputs[i] == Access::per_row, first);
    }
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      const OutputKind kind = kernel_.outputs[i].kind;
      out[i] = frame.at<float>(outputs_[i]) + advance(kind == OutputKind::full, kind == OutputKind::per_row, first);
    }
    code_.run(rows, {in, inputs_.size()}, {out, outputs_.size()}, frame.scratch);
  }

  std::size_t scratch_bytes(Size) const override { return code_.scratch_bytes(); }

  double flops(Size samples) const override {
    const Size rows = rows_each_ * (by_rows_ ? samples : 1);
    return static_cast<double>(rows) * static_cast<double>(kernel_.columns) * static_cast<double>(kernel_.steps.size());
  }
  double cost(Size samples) const override { return kOperation * flops(samples); }

  std::string details() const override { return code_.listing(); }

 private:
  Size advance(bool full, bool per_row, Size rows) const { return full ? rows * kernel_.columns : per_row ? rows : 0; }
  Size rows_of_part() const { return std::max<Size>(1, kElementsOfPart / std::max<Size>(1, kernel_.columns)); }

  FusedKernel kernel_;
  ElementwiseKernel code_;
  std::vector<Operand> inputs_, outputs_;
  bool by_rows_;
  Size rows_each_ = 1;  // of one sample, or of the shared tensor
};

/// Returns the floating-point operations of a product for so many samples: a multiply-add counts two.
double flops_of(const ProductKernel& kernel, Size samples) {
  return 2.0 * static_cast<double>(samples) * static_cast<double>(kernel.m * kernel.n * kernel.k);
}

class RowProductCall : public PreparedCall {
 public:
  RowProductCall(const ProductKernel& kernel, std::shared_ptr<const RowProduct> product, const Call& call, const CallBuilder& builder)
      : kernel_(kernel), product_(std::move(product)), a_(builder.operand(call.inputs[0])), b_(builder.operand(call.inputs[1])),
        d_(builder.operand(call.outputs[0])) {}

  void run(const Frame& frame, Size, Size) const override {
    product_->run(frame.rows * kernel_.m, frame.at<const std::byte>(a_), frame.at<const std::byte>(b_), frame.at<float>(d_), frame.scratch);
  }
  std::size_t scratch_bytes(Size) const override { return product_->scratch_bytes(); }
  double flops(Size samples) const override { return flops_of(kernel_, samples); }
  double cost(Size samples) const override { return flops(samples); }

 private:
  ProductKernel kernel_;
  std::shared_ptr<const RowProduct> product_;
  Operand a_, b_, d_;
};

class SampleProductCall : public PreparedCall {
 public:
  SampleProductCall(const ProductKernel& kernel, std::shared_ptr<const SampleProduct> product, const Call& call, const CallBuilder& builder)
      : kernel_(kernel), product_(std::move(product)), a_(builder.operand(call.inputs[0])), b_(builder.operand(call.inputs[1])),
        d_(builder.operand(call.outputs[0])) {}

  Size parts() const override { return product_->parts(); }
  void run(const Frame& frame, Size first, Size last) const override {
    product_->run(frame.samples * kernel_.k, frame.at<const std::byte>(a_), frame.at<const std::byte>(b_), frame.at<float>(d_), first,
                  last, frame.scratch);
  }
  std::size_t scratch_bytes(Size samples) const override { return product_->scratch_bytes(samples * kernel_.k); }
  double flops(Size samples) const override { return flops_of(kernel_, samples); }
  double cost(Size samples) const override { return flops(samples); }

 private:
  ProductKernel kernel_;
  std::shared_ptr<const SampleProduct> product_;
  Operand a_, b_, d_;
};

/// A pair of matrices for each sample, or one shared pair.
class PlainProductCall : public PreparedCall {
 public:
  PlainProductCall(const ProductKernel& kernel, const Program& program, const Call& call, const CallBuilder& builder)
      : kernel_(kernel), by_rows_(per_sample(program, call.outputs[0])), a_(builder.operand(call.inputs[0])),
        b_(builder.operand(call.inputs[1])), d_(builder.operand(call.outputs[0])),
        a_step_(per_sample(program, call.inputs[0]) ? elements(program, call.inputs[0]) : 0),
        b_step_(per_sample(program, call.inputs[1]) ? elements(program, call.inputs[1]) : 0) {}

  void run(const Frame& frame, Size, Size) const override {
    const auto* a = frame.at<const float>(a_);
    const auto* b = frame.at<const float>(b_);
    auto* d = frame.at<float>(d_);
    for (Size i = 0; i < (by_rows_ ? frame.rows : 1); ++i) {
      plain_product(kernel_.transpose_a, kernel_.transpose_b, kernel_.m, kernel_.n, kernel_.k, a + i * a_step_, b + i * b_step_,
                    d + i * kernel_.m * kernel_.n);
    }
  }
  double flops(Size samples) const override { return flops_of(kernel_, by_rows_ ? samples : 1); }
  double cost(Size samples) const override { return kOperation * flops(samples); }

 private:
  ProductKernel kernel_;
  bool by_rows_;
  Operand a_, b_, d_;
  Size a_step_, b_step_;
};

class PackCall : public PreparedCall {
 public:
  PackCall(std::shared_ptr<const RowProduct> product, const Call& call, const CallBuilder& builder)
      : product_(std::move(product)), from_(builder.operand(call.inputs[0])), to_(builder.operand(call.outputs[0])) {}

  Size parts() const override { return product_->pack_parts(); }
  void run(const Frame& frame, Size first, Size last) const override {
    product_->pack(frame.at<const float>(from_), frame.at<std::byte>(to_), first, last);
  }
  double flops(Size) const override { return 0; }
  double cost(Size) const override { return kMoved * static_cast<double>(product_->packed_bytes() / sizeof(float)); }

 private:
  std::shared_ptr<const RowProduct> product_;
  Operand from_, to_;
};

class ConvertCall : public PreparedCall {
 public:
  ConvertCall(const Program& program, const Call& call, const CallBuilder& builder)
      : by_rows_(per_sample(program, call.outputs[0])), elements_(elements(program, call.outputs[0])),
        from_(builder.operand(call.inputs[0])), to_(builder.operand(call.outputs[0])) {}

  void run(const Frame& frame, Size, Size) const override {
    to_bf16(frame.at<const float>(from_), frame.at<std::byte>(to_), elements_ * (by_rows_ ? frame.rows : 1));
  }
  double flops(Size) const override { return 0; }
  double cost(Size samples) const override { return kMoved * static_cast<double>(elements_ * (by_rows_ ? samples : 1)); }

 private:
  bool by_rows_;
  Size elements_;
  Operand from_, to_;
};

/// Adds what the tiles left, in their order; no tiles leave zero.
class CombineCall : public PreparedCall {
 public:
  CombineCall(const Program& program, const Call& call, const CallBuilder& builder)
      : elements_(elements(program, call.outputs[0])), tile_rows_(program.tile_rows), from_(builder.operand(call.inputs[0])),
        to_(builder.operand(call.outputs[0])) {}

  void run(const Frame& frame, Size, Size) const override {
    auto* to = frame.at<float>(to_);
    const auto* from = frame.at<const float>(from_);
    const Size step = from_.tile_bytes / static_cast<Size>(sizeof(float));
    std::fill_n(to, elements_, 0.0F);
    for (Size tile = 0; tile * tile_rows_ < frame.samples; ++tile) {
      for (Size i = 0; i < elements_; ++i) {
        to[i] += from[tile * step + i];
      }
    }
  }
  double flops(Size samples) const override { return static_cast<double>(elements_ * (samples / tile_rows_)); }
  double cost(Size samples) const override { return kMoved * static_cast<double>(elements_ * (samples / tile_rows_ + 1)); }

 private:
  Size elements_, tile_rows_;
  Operand from_, to_;
};

struct Preparer {
  const Program& program;
  const Call& call;
  CallBuilder& builder;

  using Result = std::unique_ptr<const PreparedCall>;

  Result operator()(const FusedKernel&) const { return std::make_unique<FusedCall>(program, call, builder); }
  Result operator()(const ProductKernel& kernel) const {
    const ElementType type = program.halves.contains(call.inputs[0]) ? ElementType::bf16 : ElementType::f32;
    const bool both = per_sample(program, call.inputs[0]) && per_sample(program, call.inputs[1]);
    if (kernel.packed_b) {
      return std::make_unique<RowProductCall>(kernel, builder.row_product({kernel.n, kernel.k, kernel.transpose_b, type}), call, builder);
    }
    if (kernel.sum_samples && both) {
      return std::make_unique<SampleProductCall>(kernel, builder.sample_product({kernel.m, kernel.n, type}), call, builder);
    }
    return std::make_unique<PlainProductCall>(kernel, program, call, builder);
  }
  Result operator()(const PackKernel& kernel) const {
    return std::make_unique<PackCall>(builder.row_product({kernel.n, kernel.k, kernel.transposed, kernel.inputs}), call, builder);
  }
  Result operator()(const ConvolutionKernel&) const { return prepare_convolution(program, call, builder); }
  Result operator()(const PackWeightKernel&) const { return prepare_convolution(program, call, builder); }
  Result operator()(const ConvertKernel&) const { return std::make_unique<ConvertCall>(program, call, builder); }
  Result operator()(const CombineKernel&) const { return std::make_unique<CombineCall>(program, call, builder); }
  Result operator()(const OperationKernel&) const { return prepare_operation(program, call, builder); }
};

}  // namespace

std::unique_ptr<const PreparedCall> prepare(const Program& program, const Call& call, CallBuilder& builder) {
  return std::visit(Preparer{program, call, builder}, call.kernel);
}

}  // namespace pcxx::cpu

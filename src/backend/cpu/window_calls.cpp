/// Prepared calls of convolutions: pictures with packed weights, sums over samples, packing.
#include <algorithm>
#include <memory>
#include <utility>

#include "backend/cpu/call.h"

namespace pcxx::cpu {
namespace {

class ConvolutionCall : public PreparedCall {
 public:
  ConvolutionCall(double flops, std::shared_ptr<const Convolution> convolution, const Call& call, const CallBuilder& builder)
      : flops_(flops), convolution_(std::move(convolution)), picture_(builder.operand(call.inputs[0])), weight_(builder.operand(call.inputs[1])),
        result_(builder.operand(call.outputs[0])) {}

  void run(const Frame& frame, Size, Size) const override {
    convolution_->run(frame.rows, frame.at<const std::byte>(picture_), frame.at<const std::byte>(weight_), frame.at<float>(result_),
                      frame.scratch);
  }
  std::size_t scratch_bytes(Size) const override { return convolution_->scratch_bytes(); }
  double flops(Size samples) const override { return flops_ * static_cast<double>(samples); }
  double cost(Size samples) const override { return flops(samples); }

 private:
  double flops_;  // of one sample
  std::shared_ptr<const Convolution> convolution_;
  Operand picture_, weight_, result_;
};

/// Over the samples of the batch, or of a tile that leaves its own sum.
class ConvolutionSumCall : public PreparedCall {
 public:
  ConvolutionSumCall(const Program& program, double flops, std::shared_ptr<const ConvolutionSum> sum, const Call& call,
                     const CallBuilder& builder)
      : flops_(flops), tile_rows_(program.tile_rows), sum_(std::move(sum)), picture_(builder.operand(call.inputs[0])), result_(builder.operand(call.inputs[1])),
        weight_(builder.operand(call.outputs[0])) {}

  Size parts() const override { return of_tile() ? 1 : sum_->parts(); }
  void run(const Frame& frame, Size first, Size last) const override {
    sum_->run(frame.rows, frame.at<const std::byte>(picture_), frame.at<const std::byte>(result_), frame.at<float>(weight_),
              of_tile() ? 0 : first, of_tile() ? sum_->parts() : last, frame.scratch);
  }
  std::size_t scratch_bytes(Size samples) const override { return sum_->scratch_bytes(of_tile() ? std::min(samples, tile_rows_) : samples); }
  double flops(Size samples) const override { return flops_ * static_cast<double>(samples); }
  double cost(Size samples) const override { return flops(samples); }

 private:
  bool of_tile() const { return weight_.tile_bytes != 0; }

  double flops_;  // of one sample
  Size tile_rows_;
  std::shared_ptr<const ConvolutionSum> sum_;
  Operand picture_, result_, weight_;
};

class PackWeightCall : public PreparedCall {
 public:
  PackWeightCall(std::shared_ptr<const Convolution> convolution, const Call& call, const CallBuilder& builder)
      : convolution_(std::move(convolution)), from_(builder.operand(call.inputs[0])), to_(builder.operand(call.outputs[0])) {}

  Size parts() const override { return convolution_->pack_parts(); }
  void run(const Frame& frame, Size first, Size last) const override {
    convolution_->pack(frame.at<const float>(from_), frame.at<std::byte>(to_), first, last, frame.scratch);
  }
  std::size_t scratch_bytes(Size) const override { return convolution_->pack_scratch_bytes(); }
  double flops(Size) const override { return 0; }
  double cost(Size) const override {
    constexpr double kByte = 8;  // about what a packed byte costs, in operations of a product
    return kByte * static_cast<double>(convolution_->packed_bytes());
  }

 private:
  std::shared_ptr<const Convolution> convolution_;
  Operand from_, to_;
};

double flops_of_sample(const ConvolutionKernel& kernel) {
  const Size taps = Shape(kernel.convolution.windows.extents).elements();
  return 2.0 * static_cast<double>(kernel.result.elements()) * static_cast<double>(taps * (kernel.picture[-1] / kernel.convolution.groups));
}

}  // namespace

ConvolutionShape convolution_shape(const ConvolutionKernel& kernel, ElementType inputs) {
  return {window_geometry(kernel.convolution.windows, kernel.picture, kernel.result, kernel.convolution.groups),
          kernel.op == Op::convolve_transposed, inputs};
}

std::unique_ptr<const PreparedCall> prepare_convolution(const Program& program, const Call& call, CallBuilder& builder) {
  if (const auto* pack = std::get_if<PackWeightKernel>(&call.kernel)) {
    return std::make_unique<PackWeightCall>(builder.convolution(convolution_shape(pack->reader, pack->inputs)), call, builder);
  }
  const auto& kernel = std::get<ConvolutionKernel>(call.kernel);
  const ElementType type = program.halves.contains(call.inputs[0]) ? ElementType::bf16 : ElementType::f32;
  const ConvolutionShape shape = convolution_shape(kernel, type);
  if (kernel.op == Op::convolve_weight) {
    return std::make_unique<ConvolutionSumCall>(program, flops_of_sample(kernel), builder.convolution_sum({shape.geometry, type}), call, builder);
  }
  return std::make_unique<ConvolutionCall>(flops_of_sample(kernel), builder.convolution(shape), call, builder);
}

}  // namespace pcxx::cpu

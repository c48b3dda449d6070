/// Layers over windows: convolutions, transposed convolutions and pools over one, two or three axes.
#include "layer_options.h"

namespace pcxx::python {
namespace {

using namespace nb::literals;

using Convolution = Tensor (*)(const Tensor&, Size, const PerAxis&, const ConvolutionOptions&);
using Transposed = Tensor (*)(const Tensor&, Size, const PerAxis&, const TransposedConvolutionOptions&);
using MaxPool = Tensor (*)(const Tensor&, const PerAxis&, const MaxPoolOptions&);
using AveragePool = Tensor (*)(const Tensor&, const PerAxis&, const AveragePoolOptions&);
using AdaptivePool = Tensor (*)(const Tensor&, const PerAxis&);

constexpr const char* kSize = "e = (d + padding - dilation (k - 1) - 1) / stride + 1, rounded down";

std::string over(int axes) { return axes == 1 ? "one axis" : axes == 2 ? "two axes" : "three axes"; }

void convolution(nb::module_& module, int axes, Convolution function) {
  const std::string name = "conv" + std::to_string(axes) + "d";
  module.def(name.c_str(), [function, name](const Tensor& x, Size out, const PerAxis& kernel, const PerAxis& stride, const Padding& padding,
                                      const PerAxis& dilation, Size groups, PaddingMode padding_mode, bool bias,
                                      const std::string& of, const Source& weight, const Source& bias_initialiser) {
    check_open(x, name.c_str());
    ConvolutionOptions options{.stride = stride, .padding = padding, .dilation = dilation, .groups = groups,
                               .padding_mode = padding_mode, .bias = bias, .name = of};
    set(options.weight, weight);
    set(options.bias_initialiser, bias_initialiser);
    return function(x, out, kernel, options);
  }, "x"_a, "out"_a, "kernel"_a, nb::kw_only(), nb::arg("stride").sig("1") = 1, nb::arg("padding").sig("0") = 0,
  nb::arg("dilation").sig("1") = 1, "groups"_a = 1, "padding_mode"_a = PaddingMode::zeros, "bias"_a = true, "name"_a = "",
  "weight"_a = nb::none(), "bias_initialiser"_a = nb::none(),
  doc("The cross-correlation over " + over(axes) + " of x (in, d1, ..., dn) with a weight (out, in / groups, k1, ..., kn), plus a "
      "bias\n(out, 1, ..., 1): (out, e1, ..., en), " + kSize + ".\n\nRaises ShapeError if the kernel exceeds the padded input or groups "
      "do not divide the channels,\nArgumentError for an option that makes no sense.").c_str());
}

void transposed(nb::module_& module, int axes, Transposed function) {
  const std::string name = "conv_transpose" + std::to_string(axes) + "d";
  module.def(name.c_str(), [function, name](const Tensor& x, Size out, const PerAxis& kernel, const PerAxis& stride, const Padding& padding,
                                      const PerAxis& output_padding, const PerAxis& dilation, Size groups, bool bias,
                                      const std::string& of, const Source& weight, const Source& bias_initialiser) {
    check_open(x, name.c_str());
    TransposedConvolutionOptions options{.stride = stride, .padding = padding, .output_padding = output_padding,
                                         .dilation = dilation, .groups = groups, .bias = bias, .name = of};
    set(options.weight, weight);
    set(options.bias_initialiser, bias_initialiser);
    return function(x, out, kernel, options);
  }, "x"_a, "out"_a, "kernel"_a, nb::kw_only(), nb::arg("stride").sig("1") = 1, nb::arg("padding").sig("0") = 0,
  nb::arg("output_padding").sig("0") = 0, nb::arg("dilation").sig("1") = 1, "groups"_a = 1, "bias"_a = true, "name"_a = "",
  "weight"_a = nb::none(), "bias_initialiser"_a = nb::none(),
  doc("The transposed convolution over " + over(axes) + " of x (in, d1, ..., dn): the adjoint of a convolution from `out` to `in` "
      "channels\nwith the same options, plus a bias: (out, e1, ..., en), e = (d - 1) stride - padding + dilation (k - 1) + "
      "output_padding + 1.\nMakes a weight (in, out / groups, k1, ..., kn), as PyTorch does.\n\nRaises ShapeError or ArgumentError as "
      "convolutions do.").c_str());
}

void max_pool(nb::module_& module, int axes, MaxPool function) {
  const std::string name = "max_pool" + std::to_string(axes) + "d";
  module.def(name.c_str(), [function](const Tensor& x, const PerAxis& kernel, const std::optional<PerAxis>& stride,
                                      const Padding& padding, const PerAxis& dilation, bool ceil_mode, bool pcx) {
    return function(x, kernel, {.stride = stride, .padding = padding, .dilation = dilation, .ceil_mode = ceil_mode, .pcx = pcx});
  }, "x"_a, "kernel"_a, nb::kw_only(), "stride"_a = nb::none(), nb::arg("padding").sig("0") = 0, nb::arg("dilation").sig("1") = 1,
  "ceil_mode"_a = false, "pcx"_a = false,
  ("The largest element of each window over " + over(axes) + ": x (channels, d1, ..., dn) to (channels, e1, ..., en),\n" + kSize +
   ", or up in ceil mode. `stride`: the kernel if nothing is said, with `pcx` 1. The gradient goes to the\nfirst of equal maxima.\n\n"
   "Raises ShapeError if the kernel exceeds the padded input.").c_str());
}

void average_pool(nb::module_& module, int axes, AveragePool function) {
  const std::string name = "avg_pool" + std::to_string(axes) + "d";
  module.def(name.c_str(), [function](const Tensor& x, const PerAxis& kernel, const std::optional<PerAxis>& stride,
                                      const Padding& padding, bool ceil_mode, bool count_include_pad, bool pcx) {
    return function(x, kernel, {.stride = stride, .padding = padding, .ceil_mode = ceil_mode, .count_include_pad = count_include_pad,
                                .pcx = pcx});
  }, "x"_a, "kernel"_a, nb::kw_only(), "stride"_a = nb::none(), nb::arg("padding").sig("0") = 0, "ceil_mode"_a = false,
  "count_include_pad"_a = true, "pcx"_a = false,
  ("The mean of each window over " + over(axes) + "; sizes and options as for maxima. `count_include_pad`: whether the zeros of\n"
   "the padding count in the mean.\n\nRaises ShapeError if the kernel exceeds the padded input.").c_str());
}

void adaptive_pool(nb::module_& module, const char* what, int axes, AdaptivePool function) {
  const std::string name = std::string("adaptive_") + what + "_pool" + std::to_string(axes) + "d";
  module.def(name.c_str(), [function](const Tensor& x, const PerAxis& out) { return function(x, out); }, "x"_a, "out"_a,
             ((std::string(what) == "max" ? "Maxima" : "Means") + std::string(" over ") + over(axes) + ", (channels, out1, ..., outn) "
              "whatever the size of x: place i of an axis covers the\nelements from floor(i d / out) up to ceil((i + 1) d / out).\n\n"
              "Raises ShapeError for a size below 1.").c_str());
}

}  // namespace

void bind_windows(nb::module_& module) {
  nb::enum_<PaddingMode>(module, "PaddingMode", "What stands outside a picture.")
      .value("zeros", PaddingMode::zeros, "0 0 | a b c | 0 0")
      .value("reflect", PaddingMode::reflect, "c b | a b c | b a")
      .value("replicate", PaddingMode::replicate, "a a | a b c | c c")
      .value("circular", PaddingMode::circular, "b c | a b c | a b");
  convolution(module, 1, conv1d);
  convolution(module, 2, conv2d);
  convolution(module, 3, conv3d);
  transposed(module, 1, conv_transpose1d);
  transposed(module, 2, conv_transpose2d);
  transposed(module, 3, conv_transpose3d);
  max_pool(module, 1, max_pool1d);
  max_pool(module, 2, max_pool2d);
  max_pool(module, 3, max_pool3d);
  average_pool(module, 1, avg_pool1d);
  average_pool(module, 2, avg_pool2d);
  average_pool(module, 3, avg_pool3d);
  adaptive_pool(module, "max", 1, adaptive_max_pool1d);
  adaptive_pool(module, "max", 2, adaptive_max_pool2d);
  adaptive_pool(module, "max", 3, adaptive_max_pool3d);
  adaptive_pool(module, "avg", 1, adaptive_avg_pool1d);
  adaptive_pool(module, "avg", 2, adaptive_avg_pool2d);
  adaptive_pool(module, "avg", 3, adaptive_avg_pool3d);
}

}  // namespace pcxx::python

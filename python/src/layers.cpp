/// Layers without windows: linear, attention, embedding, normalisation, dropout, and how layers are put together.
#include "layer_options.h"

namespace pcxx::python {
namespace {

using namespace nb::literals;

Layer layer_of(nb::handle function, const char* who) {
  const Callback callback(function, std::string("a layer of ") + who);
  return [callback](const Tensor& x) { return callback.call<Operand>("Tensor", x).tensor; };
}

void bind_linear(nb::module_& module) {
  module.def("linear", [](const Tensor& x, Size out, bool bias, const std::string& name, const Source& weight, const Source& bias_initialiser) {
    check_open(x, "linear");
    LinearOptions options{.bias = bias, .name = name};
    set(options.weight, weight);
    set(options.bias_initialiser, bias_initialiser);
    return linear(x, out, options);
  }, "x"_a, "out"_a, nb::kw_only(), "bias"_a = true, "name"_a = "", "weight"_a = nb::none(), "bias_initialiser"_a = nb::none(),
  doc("W x + b over the last axis of x: (..., in) to (..., out). Makes weight (out, in), tagged 'weight', and bias (out), tagged\n"
      "'bias', both fan_in_uniform() if nothing else is said.\n\nRaises ShapeError for a scalar, ArgumentError for out < 1.").c_str());
  module.def("embedding", [](const Tensor& index, Size rows, Size width, const std::string& name, const Source& weight) {
    check_open(index, "embedding");
    EmbeddingOptions options{.name = name};
    set(options.weight, weight);
    return embedding(index, rows, width, options);
  }, "index"_a, "rows"_a, "width"_a, nb::kw_only(), "name"_a = "", "weight"_a = nb::none(),
  doc("The rows of a table (rows, width), normal() if nothing else is said, that an index tensor (...) names: (..., width).\n\n"
      "Raises ShapeError for no index tensor, ArgumentError for an empty table; an index outside of it is an error of the run.").c_str());
}

AttentionOptions attention_options(const std::optional<Tensor>& mask, bool causal, double dropout, bool bias, const std::string& name,
                                   const Source& query, const Source& key, const Source& value, const Source& output, const Source& bias_initialiser) {
  AttentionOptions options{.mask = mask, .causal = causal, .dropout = dropout, .bias = bias, .name = name};
  set(options.query, query);
  set(options.key, key);
  set(options.value, value);
  set(options.output, output);
  set(options.bias_initialiser, bias_initialiser);
  return options;
}

void bind_attention(nb::module_& module) {
  module.def("multi_head_attention", [](const Tensor& query, const Tensor& key, const Tensor& value, Size heads,
                                        const std::optional<Tensor>& mask, bool causal, double dropout, bool bias,
                                        const std::string& name, const Source& q, const Source& k, const Source& v, const Source& out,
                                        const Source& bias_initialiser) {
    check_open(query, "multi_head_attention");
    return multi_head_attention(query, key, value, heads, attention_options(mask, causal, dropout, bias, name, q, k, v, out, bias_initialiser));
  }, "query"_a, "key"_a, "value"_a, "heads"_a, nb::kw_only(), "mask"_a = nb::none(), "causal"_a = false, "dropout"_a = 0.0,
  "bias"_a = true, "name"_a = "", "query_weight"_a = nb::none(), "key_weight"_a = nb::none(), "value_weight"_a = nb::none(),
  "output_weight"_a = nb::none(), "bias_initialiser"_a = nb::none(),
  doc("W_o concat_h softmax(Q_h K_h^T / sqrt(d)) V_h + b_o (Vaswani et al. 2017): query (queries, width), key (keys, width_k),\n"
      "value (keys, width_v) to (queries, width), in heads of width d = width / heads. `mask` (queries, keys), boolean: where a\n"
      "query may look; `causal`: at no later key; `dropout`: of the attention weights, while training.\n\n"
      "Raises ShapeError for inputs that are no matrices, and unless the heads divide the width.").c_str());
  module.def("self_attention", [](const Tensor& x, Size heads, const std::optional<Tensor>& mask, bool causal, double dropout,
                                  bool bias, const std::string& name, const Source& q, const Source& k, const Source& v, const Source& out,
                                        const Source& bias_initialiser) {
    check_open(x, "self_attention");
    return self_attention(x, heads, attention_options(mask, causal, dropout, bias, name, q, k, v, out, bias_initialiser));
  }, "x"_a, "heads"_a, nb::kw_only(), "mask"_a = nb::none(), "causal"_a = false, "dropout"_a = 0.0, "bias"_a = true, "name"_a = "",
  "query_weight"_a = nb::none(), "key_weight"_a = nb::none(), "value_weight"_a = nb::none(), "output_weight"_a = nb::none(),
  "bias_initialiser"_a = nb::none(),
  doc("multi_head_attention() of a sequence x (length, width) with itself.\n\nRaises as that does.").c_str());
}

NormalisationOptions normalisation_options(double epsilon, bool affine, const std::string& name, const Source& weight,
                                           const Source& bias_initialiser) {
  NormalisationOptions options{.epsilon = epsilon, .affine = affine, .name = name};
  set(options.weight, weight);
  set(options.bias_initialiser, bias_initialiser);
  return options;
}

void bind_normalisation(nb::module_& module) {
  module.def("layer_norm", [](const Tensor& x, Size axes, double epsilon, bool affine, const std::string& name, const Source& weight,
                              const Source& bias) {
    check_open(x, "layer_norm");
    return layer_norm(x, axes, normalisation_options(epsilon, affine, name, weight, bias));
  }, "x"_a, "axes"_a = 0, nb::kw_only(), "epsilon"_a = 1e-5, "affine"_a = true, "name"_a = "", "weight"_a = nb::none(),
  "bias_initialiser"_a = nb::none(),
  doc("(x - mean) / sqrt(variance + epsilon) over the last `axes` axes of x, or over all of them (0, as in PCX), in the shape of\n"
      "x; with `affine` times a weight plus a bias of the shape of those axes (Ba, Kiros & Hinton 2016).\n\n"
      "Raises ShapeError if x has fewer axes.").c_str());
  module.def("group_norm", [](const Tensor& x, Size groups, double epsilon, bool affine, const std::string& name,
                              const Source& weight, const Source& bias) {
    check_open(x, "group_norm");
    return group_norm(x, groups, normalisation_options(epsilon, affine, name, weight, bias));
  }, "x"_a, "groups"_a, nb::kw_only(), "epsilon"_a = 1e-5, "affine"_a = true, "name"_a = "", "weight"_a = nb::none(),
  "bias_initialiser"_a = nb::none(),
  doc("layer_norm() over each of so many groups of neighbouring channels of x (channels, d1, ..., dn); weight and bias are\n"
      "(channels) (Wu & He 2018).\n\nRaises ShapeError if the groups do not divide the channels.").c_str());
  nb::enum_<Statistics>(module, "Statistics", "Whose statistics normalise while a program trains.")
      .value("batch", Statistics::batch, "The batch's own, of the values at hand, through which gradients flow.")
      .value("running", Statistics::running, "Those gathered so far, so that no sample depends on another.");
  module.def("batch_norm", [](const Tensor& x, double epsilon, bool affine, double momentum, bool pcx, Statistics training,
                              const std::string& name, const Source& weight, const Source& bias) {
    check_open(x, "batch_norm");
    BatchNormOptions options{.epsilon = epsilon, .affine = affine, .momentum = momentum, .pcx = pcx, .training = training, .name = name};
    set(options.weight, weight);
    set(options.bias_initialiser, bias);
    return batch_norm(x, options);
  }, "x"_a, nb::kw_only(), "epsilon"_a = 1e-5, "affine"_a = true, "momentum"_a = 0.1, "pcx"_a = false, "training"_a = Statistics::batch,
  "name"_a = "", "weight"_a = nb::none(), "bias_initialiser"_a = nb::none(),
  doc("(x - mean) / sqrt(variance + epsilon) for each channel of x (channels, d1, ..., dn), over the samples and the other axes\n"
      "(Ioffe & Szegedy 2015). Running mean and variance are layer state, name.running_mean and name.running_var: they stand still\n"
      "during relaxation and move once with each step of the weights. `momentum`: weight of the new statistics in the running ones;\n"
      "with `pcx`, as PCX has it, of the old ones.\n\nRaises ArgumentError for a momentum outside 0 .. 1.").c_str());
}

void bind_composition(nb::module_& module) {
  module.def("dropout", [](const Tensor& x, double probability) {
    check_open(x, "dropout");
    return dropout(x, probability);
  }, "x"_a, "probability"_a,
  "x with each element 0 with this probability and else divided by 1 - probability, in programs that train; x in those that\n"
  "evaluate. Drawn once for each run, sample and use, so that the energy that values descend is one function (Srivastava et al.\n"
  "2014).\n\nRaises ArgumentError unless 0 <= probability < 1.");
  module.def("by_mode", [](const Operand& training, const Operand& evaluation) { return by_mode(training, evaluation); },
             "training"_a, "evaluation"_a, "What means the first in a program that trains and the second in one that evaluates.\n\n"
             "Raises ShapeError if they differ in shape or dtype, ArgumentError if they belong to no network.");
  module.def("sequential", [](const Tensor& x, const std::vector<nb::callable>& layers) {
    std::vector<Layer> all;
    for (const nb::callable& each : layers) {
      all.push_back(layer_of(each, "sequential"));
    }
    return sequential(x, all);
  }, "x"_a, "layers"_a, nb::sig("def sequential(x: Tensor, layers: collections.abc.Sequence[collections.abc.Callable[[Tensor], Tensor]]) -> Tensor"),
  "Layers, functions of a tensor, one after the other: the last of ... of the first of x.");
  module.def("residual", [](const Tensor& x, const nb::callable& layer, const nb::object& shortcut) {
    return shortcut.is_none() ? residual(x, layer_of(layer, "residual"))
                              : residual(x, layer_of(layer, "residual"), layer_of(shortcut, "residual"));
  }, "x"_a, "layer"_a, "shortcut"_a = nb::none(),
  nb::sig("def residual(x: Tensor, layer: collections.abc.Callable[[Tensor], Tensor], "
          "shortcut: collections.abc.Callable[[Tensor], Tensor] | None = None) -> Tensor"),
  "x + layer(x), or shortcut(x) + layer(x).\n\nRaises ShapeError if the two differ in shape.");
  module.def("shared", [](const nb::callable& layer) {
    return nb::cpp_function([own = shared(layer_of(layer, "shared"))](const Tensor& x) { return own(x); }, nb::arg("x"));
  }, "layer"_a, nb::sig("def shared(layer: collections.abc.Callable[[Tensor], Tensor]) -> collections.abc.Callable[[Tensor], Tensor]"),
  "A layer that makes its parameters when it is first used, and uses them again afterwards.\n\n"
  "Every use must make the same parameters in the same order: raises ShapeError or ArgumentError if one makes others.");
  module.def("flatten", [](const Tensor& x) { return flatten(x); }, "x"_a, "x as one row.");
}

}  // namespace

void set(LayerParameter& option, const Source& source) {
  if (!source) {
    return;
  }
  if (const auto* initialiser = std::get_if<Initialiser>(&*source)) {
    option = *initialiser;
  } else {
    option = std::get<Tensor>(*source);
  }
}

std::string doc(const std::string& text) {
  return text + "\n\n`name`: of its parameters, name.weight and so on; the name of the node that it predicts if nothing is said. The\n"
                "other parameters take an Initialiser, or a Parameter or shared tensor to use as it is.";
}

void bind_layers(nb::module_& module) {
  bind_linear(module);
  bind_attention(module);
  bind_normalisation(module);
  bind_composition(module);
}

}  // namespace pcxx::python

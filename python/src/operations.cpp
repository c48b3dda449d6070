/// The operations on traced tensors, name by name.
#include "bindings.h"

namespace pcxx::python {
namespace {

constexpr const char* kRaises = "\n\nRaises ShapeError if operands do not fit, ArgumentError if they belong to different networks.";

using Unary = Tensor (*)(const Tensor&);
using Binary = Tensor (*)(const Tensor&, const Tensor&);

void unary(nb::module_& module, const char* name, Unary function, const std::string& doc) {
  module.def(name, [function](const Operand& x) { return function(x); }, nb::arg("x"), (doc + kRaises).c_str());
}

void binary(nb::module_& module, const char* name, Binary function, const char* a, const char* b, const std::string& doc) {
  module.def(name, [function](const Operand& x, const Operand& y) { return function(x, y); }, nb::arg(a), nb::arg(b),
             (doc + kRaises).c_str());
}

using Axes = std::optional<std::vector<Size>>;

void reduction(nb::module_& module, const char* name, Unary whole, Tensor (*some)(const Tensor&, std::vector<Size>),
               const std::string& doc) {
  module.def(name, [whole, some](const Operand& x, std::optional<std::variant<Size, std::vector<Size>>> axes) {
    if (!axes) {
      return whole(x);
    }
    return some(x, std::holds_alternative<Size>(*axes) ? std::vector<Size>{std::get<Size>(*axes)}
                                                       : std::get<std::vector<Size>>(*axes));
  }, nb::arg("x"), nb::arg("axes") = nb::none(),
  (doc + " The axes are dropped; without axes, all are. Negative axes count from the back." + kRaises).c_str());
}

void bind_elementwise(nb::module_& module) {
  binary(module, "maximum", maximum, "a", "b", "The larger of two, elementwise.");
  binary(module, "minimum", minimum, "a", "b", "The smaller of two, elementwise.");
  binary(module, "power", power, "base", "exponent", "base^exponent, elementwise, as C's pow.");
  unary(module, "square", square, "x^2, elementwise.");
  unary(module, "abs", abs, "|x|, elementwise.");
  unary(module, "sign", sign, "-1, 0 or 1, elementwise.");
  unary(module, "floor", floor, "The largest whole number that is not above x, elementwise.");
  unary(module, "exp", exp, "e^x, elementwise.");
  unary(module, "log", log, "The natural logarithm, elementwise.");
  unary(module, "sqrt", sqrt, "The square root, elementwise.");
  unary(module, "sin", sin, "The sine, elementwise.");
  unary(module, "cos", cos, "The cosine, elementwise.");
  unary(module, "erf", erf, "The error function, elementwise.");
  binary(module, "equal", equal, "a", "b", "Whether two are equal, elementwise; boolean. The same as a == b.");
  module.def("select", [](const Tensor& condition, const Operand& yes, const Operand& no) { return select(condition, yes, no); },
             nb::arg("condition"), nb::arg("yes"), nb::arg("no"),
             (std::string("`yes` where the condition holds, else `no`, elementwise.") + kRaises).c_str());
}

void bind_activations(nb::module_& module) {
  unary(module, "relu", relu, "max(x, 0), elementwise; derivative at 0: 0.");
  unary(module, "leaky_relu", leaky_relu, "x, or 0.01 x below 0, elementwise; derivative at 0: 1.");
  unary(module, "gelu", gelu, "GELU in its tanh form, elementwise: x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2.");
  unary(module, "gelu_erf", gelu_erf, "GELU, elementwise: x (1 + erf(x / sqrt 2)) / 2.");
  unary(module, "tanh", tanh, "The hyperbolic tangent, elementwise.");
  unary(module, "sigmoid", sigmoid, "1 / (1 + exp(-x)), elementwise.");
  unary(module, "silu", silu, "x sigmoid(x), elementwise.");
  unary(module, "softplus", softplus, "log(1 + exp(x)), elementwise.");
  unary(module, "hard_tanh", hard_tanh, "x limited to [-1, 1], elementwise; derivative at -1 and 1: 1.");
  unary(module, "elu", elu, "x, or exp(x) - 1 below 0, elementwise.");
  module.def("activate", [](const std::string& name, const Operand& x) { return activate(name, x); }, nb::arg("name"), nb::arg("x"),
             "The activation of a name ('gelu', 'identity', ...) of x, elementwise.\n\nRaises NameError with the known names.");
  module.def("activation_names", [] {
    std::vector<std::string> names;
    for (const std::string_view name : activation_names()) {
      names.emplace_back(name);
    }
    return names;
  }, "The names that activate() knows.");
}

void bind_reductions(nb::module_& module) {
  reduction(module, "sum", sum, sum, "The sum over axes.");
  reduction(module, "mean", mean, mean, "The mean over axes.");
  reduction(module, "max", max, max, "The largest element over axes; its gradient is shared equally among ties.");
  reduction(module, "logsumexp", logsumexp, logsumexp, "log sum exp over axes, finite for any finite x.");
  unary(module, "softmax", softmax, "exp(x) / sum exp(x) over the last axis; the shape of x.");
  unary(module, "log_softmax", log_softmax, "log softmax(x) over the last axis, finite for any finite x; the shape of x.");
  unary(module, "batch_sum", batch_sum, "The sum over the samples of a batch: per sample in, shared out, of the same shape.");
  unary(module, "batch_mean", batch_mean, "The mean over the samples of a batch: per sample in, shared out, of the same shape.");
  module.def("batch_size", [](const Tensor& like) { return batch_size(like); }, nb::arg("like"),
             "The number of samples of the run, a shared scalar, in the network of `like`.\n\nRaises ArgumentError for a number.");
  unary(module, "stop_gradient", stop_gradient, "x, through which no gradient flows.");
}

void bind_structure(nb::module_& module) {
  module.def("matmul", [](const Tensor& a, const Tensor& b) { return matmul(a, b); }, nb::arg("a"), nb::arg("b"),
             (std::string("The product of matrices (m, k) and (k, n); a vector (k) on either side contracts to (n), (m) or a "
                          "scalar. The same as a @ b.") + kRaises).c_str());
  module.def("reshape", [](const Tensor& x, const Shape& shape) { return reshape(x, shape); }, nb::arg("x"), nb::arg("shape"),
             "x under another shape, row by row.\n\nRaises ShapeError unless it has as many elements.");
  module.def("transpose", [](const Tensor& x, std::optional<std::vector<Size>> axes) {
    return axes ? transpose(x, *axes) : transpose(x);
  }, nb::arg("x"), nb::arg("axes") = nb::none(),
  "x with its axes reversed, or with old axis axes[i] at place i.\n\nRaises ShapeError unless `axes` names each axis once.");
  module.def("broadcast", [](const Operand& x, const Shape& shape) { return broadcast(x, shape); }, nb::arg("x"), nb::arg("shape"),
             "x repeated to a shape, as in NumPy.\n\nRaises ShapeError if it does not stretch to it.");
  module.def("concat", [](const std::vector<Operand>& parts, Size axis) { return concat(unbound(parts), axis); }, nb::arg("parts"),
             nb::arg("axis"), "Tensors one after the other along an axis.\n\nRaises ShapeError if the other axes differ.");
  module.def("slice", [](const Tensor& x, std::vector<Size> starts, std::vector<Size> stops) { return slice(x, starts, stops); },
             nb::arg("x"), nb::arg("starts"), nb::arg("stops"),
             "x[starts[0]:stops[0], ...], one pair for each axis.\n\nRaises ShapeError for places outside of x.");
  module.def("pad", [](const Tensor& x, std::vector<Size> before, std::vector<Size> after) { return pad(x, before, after); },
             nb::arg("x"), nb::arg("before"), nb::arg("after"),
             "x with zeros before and after each axis.\n\nRaises ShapeError unless there is a number for each axis.");
  module.def("take", [](const Tensor& x, std::vector<Size> indices, Size axis) { return take(x, indices, axis); }, nb::arg("x"),
             nb::arg("indices"), nb::arg("axis"), "x with entry indices[i] of an axis at place i of it: flips, repetitions, "
             "reflections at a border.\n\nRaises ShapeError for an index outside of the axis.");
  module.def("gather", [](const Tensor& table, const Tensor& index) { return gather(table, index); }, nb::arg("table"),
             nb::arg("index"), "Rows of a table (n, ...) by an index tensor: shape index + table[1:].\n\nRaises ShapeError if index "
             "is none; an index out of range is an error of the run.");
  module.def("row", [](const Tensor& sequence, const Operand& place) { return row(sequence, place); }, nb::arg("sequence"),
             nb::arg("place"), "Row `place`, a scalar, of a sequence (n, ...).\n\nRaises ShapeError for a place that is no scalar; one "
             "out of range is an error of the run.");
  module.def("set_row", [](const Tensor& sequence, const Operand& place, const Operand& to) { return set_row(sequence, place, to); },
             nb::arg("sequence"), nb::arg("place"), nb::arg("row"), "The sequence (n, ...) with another row at `place`.\n\nRaises "
             "ShapeError if the row does not fit; a place out of range is an error of the run.");
  module.def("one_hot", [](const Tensor& index, Size depth) { return one_hot(index, depth); }, nb::arg("index"), nb::arg("depth"),
             "1 at the index along a new last axis of the given depth, else 0.\n\nRaises ShapeError for no index tensor; an index out "
             "of range is an error of the run.");
  module.def("gradient", [](const Tensor& output, const std::vector<Tensor>& variables) { return gradient(output, variables); },
             nb::arg("output"), nb::arg("variables"),
             "d total / d v for each of the variables, in the shape of v, as expressions that can be differentiated again.\n\n"
             "`output` is a scalar; if it is per sample, the total is its sum over the batch: the gradient of a per-sample variable\n"
             "is that sample's own, of a shared one the sum over the samples. Raises ShapeError if the output is no scalar,\n"
             "ArgumentError if it runs through an operation without a gradient.");
}

}  // namespace

void bind_operations(nb::module_& module) {
  bind_elementwise(module);
  bind_activations(module);
  bind_reductions(module);
  bind_structure(module);
}

}  // namespace pcxx::python

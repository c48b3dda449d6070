/// The operations on traced tensors.
///
/// Shapes are per sample: a batch axis never appears. Operands of elementwise operations broadcast as in NumPy (axes
/// align from the last, extents 1 stretch); a shared operand meets a per-sample one as the same value for each sample,
/// and the result is per sample. Every function throws ShapeError, with its name and the shapes, when operands do not
/// fit, and ArgumentError when they belong to different networks.
#pragma once

#include <string_view>
#include <vector>

#include "pcxx/tensor/tensor.h"

namespace pcxx {

// --- arithmetic, elementwise
Tensor operator+(const Tensor& a, const Tensor& b);
Tensor operator-(const Tensor& a, const Tensor& b);
Tensor operator*(const Tensor& a, const Tensor& b);
Tensor operator/(const Tensor& a, const Tensor& b);
Tensor operator-(const Tensor& x);
Tensor maximum(const Tensor& a, const Tensor& b);
Tensor minimum(const Tensor& a, const Tensor& b);
/// Returns base^exponent as std::pow.
Tensor power(const Tensor& base, const Tensor& exponent);
Tensor square(const Tensor& x);
Tensor abs(const Tensor& x);
/// Returns -1, 0 or 1.
Tensor sign(const Tensor& x);
Tensor floor(const Tensor& x);
Tensor exp(const Tensor& x);
/// Returns the natural logarithm.
Tensor log(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
Tensor erf(const Tensor& x);

// --- comparison, elementwise; the results are boolean, and count as 0 and 1 in arithmetic
Tensor operator<(const Tensor& a, const Tensor& b);
Tensor operator<=(const Tensor& a, const Tensor& b);
Tensor operator>(const Tensor& a, const Tensor& b);
Tensor operator>=(const Tensor& a, const Tensor& b);
Tensor equal(const Tensor& a, const Tensor& b);
Tensor operator!(const Tensor& x);
Tensor operator&&(const Tensor& a, const Tensor& b);
Tensor operator||(const Tensor& a, const Tensor& b);
/// Returns `yes` where the condition holds, else `no`.
Tensor select(const Tensor& condition, const Tensor& yes, const Tensor& no);

// --- activations, elementwise
Tensor relu(const Tensor& x);        // derivative at 0: 0
Tensor leaky_relu(const Tensor& x);  // slope 0.01; derivative at 0: 1
Tensor gelu(const Tensor& x);        // tanh form: x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2
Tensor gelu_erf(const Tensor& x);    // x (1 + erf(x / sqrt 2)) / 2
Tensor tanh(const Tensor& x);
Tensor sigmoid(const Tensor& x);
Tensor silu(const Tensor& x);
Tensor softplus(const Tensor& x);
Tensor hard_tanh(const Tensor& x);  // derivative at -1 and 1: 1
Tensor elu(const Tensor& x);
/// Returns the activation of that name ("gelu", "identity", ...); throws NameError with the known names.
Tensor activate(std::string_view name, const Tensor& x);
/// Returns the names that activate() knows.
std::vector<std::string_view> activation_names();

// --- reductions over axes, which are dropped; without axes, over all. Negative axes count from the back.
Tensor sum(const Tensor& x);
Tensor sum(const Tensor& x, std::vector<Size> axes);
Tensor mean(const Tensor& x);
Tensor mean(const Tensor& x, std::vector<Size> axes);
/// Gradient: shared equally among ties.
Tensor max(const Tensor& x);
Tensor max(const Tensor& x, std::vector<Size> axes);
/// Returns log sum exp, finite for any finite x.
Tensor logsumexp(const Tensor& x);
Tensor logsumexp(const Tensor& x, std::vector<Size> axes);

// --- over the last axis
Tensor softmax(const Tensor& x);
Tensor log_softmax(const Tensor& x);

// --- products
/// Returns the matrix product of (m, k) and (k, n); a vector (k) on either side contracts to (n) or (m) or a scalar.
Tensor matmul(const Tensor& a, const Tensor& b);

// --- structure
Tensor reshape(const Tensor& x, const Shape& shape);
/// Reverses the axes, or puts old axis axes[i] at place i.
Tensor transpose(const Tensor& x);
Tensor transpose(const Tensor& x, std::vector<Size> axes);
Tensor broadcast(const Tensor& x, const Shape& shape);
Tensor concat(const std::vector<Tensor>& parts, Size axis);
/// Returns x[starts[0] : stops[0], ...].
Tensor slice(const Tensor& x, std::vector<Size> starts, std::vector<Size> stops);
/// Returns x with zeros before and after each axis.
Tensor pad(const Tensor& x, std::vector<Size> before, std::vector<Size> after);
/// Returns x with entry indices[i] of an axis at place i of it: flips, repetitions, reflections at a border.
Tensor take(const Tensor& x, std::vector<Size> indices, Size axis);
/// Returns rows of a table (n, ...) by an index tensor: shape index + table[1:]. An index out of range is a run-time error.
Tensor gather(const Tensor& table, const Tensor& index);
/// Returns row `place`, a scalar, of a sequence (n, ...). A place out of range is a run-time error.
Tensor row(const Tensor& sequence, const Tensor& place);
/// Returns the sequence with another row at `place`. A place out of range is a run-time error.
Tensor set_row(const Tensor& sequence, const Tensor& place, const Tensor& row);
/// Returns 1 at the index along a new last axis of the given depth, else 0. An index out of range is a run-time error.
Tensor one_hot(const Tensor& index, Size depth);

// --- across the samples of a batch: per sample in, shared out
Tensor batch_sum(const Tensor& x);
Tensor batch_mean(const Tensor& x);
/// Returns the number of samples of the run, in the graph of `like`.
Tensor batch_size(const Tensor& like);

/// Returns x, through which no gradient flows.
Tensor stop_gradient(const Tensor& x);

}  // namespace pcxx

/// The operations that a traced tensor can come from, and the activations.
#pragma once

#include <cstdint>
#include <string_view>

namespace pcxx {

/// Attributes of an operation are two short lists, integers and reals; the comment says what they hold.
enum class Op : std::uint8_t {
  // leaves
  constant,    // reals: value; every element is the value
  symbol,      // integers: symbol number
  batch_size,  // how many samples the run has; shared scalar
  // elementwise, one operand
  negate,
  exp,
  log,
  sqrt,
  abs,
  sign,
  floor,
  sin,
  cos,
  erf,
  logical_not,
  activation,             // integers: Activation
  activation_derivative,  // integers: Activation
  // elementwise, two operands of equal shape (a broadcast may stand between)
  add,
  subtract,
  multiply,
  divide,
  maximum,
  minimum,
  power,
  less,
  less_equal,
  equal,
  // elementwise, three operands
  select,  // condition, if true, if false
  // reductions, over axes that are dropped
  sum,        // integers: axes
  max,        // integers: axes
  logsumexp,  // integers: axes
  // structure
  reshape,      // the new shape is the expression's
  transpose,    // integers: for each new axis the old one
  broadcast,    // to the expression's shape; operand axes align with the last ones, extents 1 stretch
  concat,       // integers: axis
  slice,        // integers: start of each axis; sizes are the expression's shape
  pad,          // integers: zeros before each axis; the sizes are the expression's shape
  gather,       // rows of a table (n, ...) by index (...)
  scatter_add,  // index, rows: adds rows into a zero table; integers: n
  row,          // row of a sequence (n, ...) at a place, a scalar
  set_row,      // sequence (n, ...), place, row: the sequence with that row in its place
  one_hot,      // integers: depth
  take,         // elements along one axis by a table known when tracing; integers: axis, indices
  take_add,     // adds elements into zeros at the places of a table; integers: axis, indices; the sizes are the expression's shape
  // contraction
  matmul,  // integers: transpose a, transpose b, sum over samples; operands of rank 2
  // Over windows of pictures (d1, ..., dn, channels); attributes as in windows.h. A weight is (O, k1, ..., kn, C / groups).
  convolve,             // picture (in..., C), weight -> (out..., O); the sizes are the expression's shape
  convolve_transposed,  // picture (out..., O), weight -> (in..., C); the adjoint in the picture; sizes likewise
  convolve_weight,      // picture (in..., C), picture (out..., O) -> weight; the adjoint in the weight
  // windows of pictures without a weight; the sizes are the expression's shape
  window_sum,     // (in..., C) -> (out..., C); places outside the picture count as zero
  window_spread,  // (out..., C) -> (in..., C); adjoint of window_sum
  window_pick,    // x (in..., C), v (in..., C) -> (out..., C): v at the first place of x's maximum; no gradient to x
  window_route,   // x (in..., C), g (out..., C) -> (in..., C); adjoint of window_pick in v
  // samples
  batch_sum,  // per sample to shared
  // other
  stop_gradient,
  random_uniform,    // integers: stream, 1 if per sample, a seed in place of the run's if it has one; operands: counters. [0, 1)
  random_normal,     // integers: likewise; operands: counters
  random_bernoulli,  // integers: likewise; reals: probability; operands: counters. 0 or 1
  count,
};

enum class Activation : std::uint8_t {
  identity,
  relu,
  leaky_relu,  // slope 0.01
  gelu,        // tanh form
  gelu_erf,
  tanh,
  sigmoid,
  silu,
  softplus,
  hard_tanh,
  elu,
  count,
};

/// Returns whether each element of the result comes from one element of each operand.
constexpr bool is_elementwise(Op op) { return op >= Op::negate && op <= Op::select; }
/// Returns whether the operation drops axes.
constexpr bool is_reduction(Op op) { return op == Op::sum || op == Op::max || op == Op::logsumexp; }

std::string_view to_string(Op op);
std::string_view to_string(Activation activation);

}  // namespace pcxx

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
  one_hot,      // integers: depth
  // contraction
  matmul,  // integers: transpose a, transpose b, sum over samples; operands of rank 2
  // samples
  batch_sum,  // per sample to shared
  // other
  stop_gradient,
  random_uniform,    // integers: stream, 1 if per sample; operands: counters. [0, 1)
  random_normal,     // integers: stream, 1 if per sample; operands: counters
  random_bernoulli,  // integers: stream, 1 if per sample; reals: probability; operands: counters. 0 or 1
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

std::string_view to_string(Op op);
std::string_view to_string(Activation activation);

}  // namespace pcxx

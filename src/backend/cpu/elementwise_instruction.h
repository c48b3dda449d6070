/// The instructions of elementwise kernels: coarse, so that a block passes through few of them, and their lookup.
///
/// Each rounds after every operation it stands for, exactly as if the operations ran one by one: what a value is fused
/// with never changes its bits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pcxx/core/types.h"
#include "tensor/op.h"

namespace pcxx::cpu {

/// Functions of one element.
enum class Function : std::uint8_t {
  copy,
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
  count,
};

/// Functions of two elements.
enum class Arithmetic : std::uint8_t {
  add,
  subtract,
  reverse_subtract,  // b - a
  multiply,
  negative_multiply,  // -(a b)
  divide,
  maximum,
  minimum,
  power,
  less,
  less_equal,
  equal,
  count,
};

/// What an instruction computes; d are its destinations, a b c .. its sources.
enum class Family : std::uint8_t {
  function,         // d = function(a)
  activation,       // d = phi(a)
  slope,            // d = phi'(a)
  activation_pair,  // d0 = phi(a), d1 = phi'(a)
  activation_sum,   // d = phi(a + b)
  slope_sum,        // d = phi'(a + b)
  pair_sum,         // d0 = phi(a + b), d1 = phi'(a + b)
  binary,           // d = a first b
  ternary,          // d = (a first b) second c
  chain,            // d = ((a first b) second c) third e
  tree,             // d = (a first b) third (c second e)
  select,           // d = a != 0 ? b : c
  error,            // d0 = a - b, d1 = +-(d0 c): second is multiply or negative_multiply
  activation_error, // d0 = a - phi(b), d1 = +-(d0 phi'(b))
  error_of_sum,     // d0 = a - phi(b + c), d1 = +-(d0 phi'(b + c))
  root_quotient,    // d = (a b) / (sqrt(c e) + f): Adam's direction; b, e, f scalars
  sum_rows,         // d(row) = sum over columns of a
  dot_rows,         // d(row) = sum over columns of a b
  max_rows,
  logsumexp_rows,
  spread_rows,   // d(row, column) = a(row)
  sum_columns,   // d(column) += a(row, column), rows in order
  repeat_columns,  // d(row, column) = a(column)
};

struct Code {
  Family family{};
  Function function{};
  Activation activation{};
  Arithmetic first{}, second{}, third{};
  unsigned scalars = 0;  // bit i: source i is one element for all
};

/// How much an instruction works on: count elements, or rows x columns of them.
struct Extent {
  Size count, rows, columns;
};

struct Instruction;
/// `at` says where the operands are in this block.
using InstructionFunction = void (*)(const Instruction& instruction, float* const* at, const Extent& extent);

struct Instruction {
  InstructionFunction run = nullptr;
  std::uint16_t destination[2] = {0, 0};
  std::uint16_t source[5] = {0, 0, 0, 0, 0};
  Code code;
};

/// How many sources and destinations an instruction has.
struct OperandCounts {
  int sources, destinations;
};
OperandCounts operand_counts(const Code& code);

/// Returns whether a destination may take the memory of a source of its own extent.
bool works_in_place(const Code& code);

/// Returns the right-hand side of an instruction, such as "(a + b) * c".
std::string formula(const Code& code, const std::vector<std::string>& operands);

/// Returns the function of the best instruction set that this CPU has, or null if there is no such instruction.
InstructionFunction find_instruction(const Code& code);

}  // namespace pcxx::cpu

/// The plan of an elementwise kernel: instructions in order, and where every operand lives.
#pragma once

#include <string>
#include <vector>

#include "backend/cpu/elementwise_graph.h"
#include "backend/cpu/elementwise_instruction.h"

namespace pcxx::cpu {

/// Where an operand lives. Those in the caller's memory move on with the blocks, the others stay.
struct Place {
  enum class Kind : std::uint8_t { input, output, constant, scratch } kind;
  Domain domain;
  std::size_t index = 0;  // of the input, output or constant
  Size offset = 0;        // of scratch, in floats
};

/// What an instruction runs over.
enum class Reach : std::uint8_t {
  one,           // one element
  columns,       // one element a column
  rows,          // one element a row of the block
  full,          // rows x columns of the block
  full_at_once,  // the same, as one row
};

struct PlannedInstruction {
  Instruction instruction;
  Reach reach;
};

/// An input that an output may overwrite while it is still needed, and where to put it aside.
struct Hazard {
  std::size_t input, output;  // places
  Size offset;
};

struct ElementwisePlan {
  Size columns = 1;
  bool flat = false;
  Size block_rows = 1, block_columns = 1;
  std::vector<float> constants;
  std::vector<Place> places;
  std::vector<PlannedInstruction> once;  // per call: what varies by columns at most
  std::vector<PlannedInstruction> body;  // per block
  std::vector<std::size_t> sums;         // places of outputs that sum over rows
  std::vector<Hazard> hazards;
  Size scratch_floats = 0;
};

ElementwisePlan make_plan(const FusedKernel& kernel);

/// Returns the instructions as text, one a line.
std::string listing(const ElementwisePlan& plan);

}  // namespace pcxx::cpu

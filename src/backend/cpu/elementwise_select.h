/// Instruction selection: covers the graph of an elementwise kernel with as few instructions as it can.
#pragma once

#include <optional>
#include <vector>

#include "backend/cpu/elementwise_graph.h"
#include "backend/cpu/elementwise_instruction.h"

namespace pcxx::cpu {

/// One instruction over nodes.
struct Tile {
  Code code;
  Domain domain;              // of the work: a reduction works on full, its result has one element a row
  std::vector<int> results;   // nodes, one or two
  std::vector<int> operands;  // nodes
};

/// Returns the instruction for an operation by itself, if it is elementwise.
std::optional<Code> plain_code(Op op, Activation activation);

/// Returns instructions in an order that can run: those of scalars and columns among the others.
std::vector<Tile> select_instructions(const Graph& graph);

}  // namespace pcxx::cpu

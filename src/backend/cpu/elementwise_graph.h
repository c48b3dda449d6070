/// A fused kernel as a graph without repetitions, with what can be known of it: constants folded, negations gathered.
///
/// Only rewritings that keep every bit are made.
#pragma once

#include <vector>

#include "program/fused_kernel.h"

namespace pcxx::cpu {

/// Over what a value varies. A value of columns is computed once in a call, one of rows once in a block.
enum class Domain : std::uint8_t { scalar, column, row, full };

/// Returns the domain of something made of both.
Domain join(Domain a, Domain b);

struct Node {
  enum class Kind : std::uint8_t { input, constant, step } kind;
  Op op{};
  Activation activation{};
  std::vector<int> operands;
  float value = 0;  // of a constant
  int input = -1;
  Domain domain = Domain::scalar;
  int uses = 0;         // by nodes and outputs that matter
  bool output = false;  // its value leaves the kernel

  bool is(Op o) const { return kind == Kind::step && op == o; }
};

struct Graph {
  Size columns = 1;  // 1 also where rows and columns are all the same: see flat
  bool flat = false;  // the kernel runs over rows x columns elements as if they were rows of one column
  std::vector<Node> nodes;        // operands come first
  std::vector<FusedOutput> outputs;  // slot: a node
};

/// Throws ArgumentError if a step is no elementwise operation or reduction.
Graph make_graph(const FusedKernel& kernel);

}  // namespace pcxx::cpu

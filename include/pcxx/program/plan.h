/// Plan: what the compiler made of a program, as data: calls in order, loops and stages around them, work and memory.
///
/// Executor::explain() prints the same; here it can be counted, compared and drawn.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pcxx/core/types.h"

namespace pcxx {

/// What a call does.
enum class CallKind : std::uint8_t {
  fused,        // elementwise operations and their reductions, in one kernel
  product,      // matrices
  convolution,  // of pictures with a weight, or an adjoint of it
  pool,         // windows of pictures without a weight
  reduction,    // over inner axes
  sum,          // what tiles of rows left is added up: over the samples
  pack,         // a weight is rearranged for those that multiply by it
  convert,      // to bf16
  random,       // draws
  structure,    // elements change places: transposed, sliced, gathered, ...
};

/// What stands around calls.
enum class BlockKind : std::uint8_t {
  rows,    // a stage: every tile of rows goes through all of it, loops included; tiles run side by side
  shared,  // a stage: calls on what the samples share, side by side, each cut into parts
  repeat,  // its calls run `count` times
  loop,    // while a condition holds, at most `count` times
  yes,     // if a condition holds
  no,      // if it does not
};

/// Where a variable lives while a plan runs.
enum class Arena : std::uint8_t {
  state,   // across runs, in State
  input,   // with the caller
  shared,  // one for the batch
  batch,   // a row for each sample
  tiles,   // a piece for each tile of rows
  tile,    // scratch of the tile that a thread works on
};

/// "fused", "product", ...; "rows", "shared", "repeat", "while", "if", "else"; "state", "input", ...
std::string_view to_string(CallKind kind);
std::string_view to_string(BlockKind kind);
std::string_view to_string(Arena arena);

struct PlanBlock {
  BlockKind kind = BlockKind::shared;
  std::string text;  // its line in explain(): "repeat 6 times, step from 2"
  Size parent = -1;  // the block around it, as an index into Plan::blocks; -1: none
  Size count = 1;    // of a repeat: turns; of a while: the most; else 1
  Size first_call = 0;  // its calls, those of inner blocks included: [first_call, end_call)
  Size end_call = 0;
};

struct PlanCall {
  CallKind kind = CallKind::fused;
  std::string name;  // "product (1, 128, 64) b' packed"
  std::string text;  // its line in explain(): "written := name(read)"
  std::vector<Size> reads, writes;  // indices into Plan::variables
  std::string details;  // of a fused kernel: its instructions, one a line
  std::vector<Size> blocks;  // around it, outermost first, as indices into Plan::blocks
  Size repeats = 1;  // how often it runs on each tile or part: the product of the repeats around it; a while counts once
  double flops = 0;  // floating-point operations of one turn on all samples; a multiply-add counts two
  Size bytes = 0;    // of what it reads and writes in one turn on all samples, each variable once
};

struct PlanVariable {
  std::string name;  // several may have one
  Arena arena = Arena::shared;
  Size bytes = 0;   // for all samples; of Arena::tile: for the rows of one tile
  Size offset = 0;  // Arena::tile: in a thread's scratch; shared, batch and tiles: in the memory of what outlives a tile; else 0
  Size first_call = 0;  // when its place is taken, both ends included: of Arena::tile call by call, else by whole stages
  Size last_call = 0;
};

/// A compiled program for a number of samples.
struct Plan {
  std::string device;
  Precision precision = Precision::f32;
  int threads = 1;       // at most
  Size samples = 0;
  Size tile_rows = 0;    // rows of a tile
  Size tiles = 0;
  std::vector<std::string> notes;  // what the passes did
  std::vector<PlanBlock> blocks;   // outer before inner, in order
  std::vector<PlanCall> calls;     // in order
  std::vector<PlanVariable> variables;
  double flops = 0;      // of a run, as Executor::flops(): all sides of branches, one turn of each while
  Size bytes = 0;        // held, as Executor::bytes()
  Size batch_bytes = 0;  // of them: what outlives a tile
  Size tile_bytes = 0;   // a thread's scratch for the variables of one tile
};

}  // namespace pcxx

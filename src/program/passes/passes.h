/// The passes, in the order they run: each a function from program to program that changes no result.
#pragma once

#include "pcxx/core/types.h"
#include "program/program.h"

namespace pcxx {

/// Folds constants, applies identities, joins neighbouring assignments into one, drops what nobody reads.
/// Equal subexpressions are one by construction of the graph.
Program simplify(Program program);

/// Stores pictures with their channels last and moves the transpositions that operations over windows stand between
/// outwards, until they vanish. Does nothing to programs without such operations.
Program channels_last(Program program);

/// Peels the first steps of loops as long as some of their products are provably zero or already known.
///
/// After a forward start every node equals its prediction, so its error is the same expression minus itself: zero by
/// identity, and so is every product with it. Values are taken to be finite.
Program known_zeros(Program program);

/// Moves what does not change in a loop in front of it, and keeps products that later statements need again.
Program hoist(Program program);

/// Turns assignments into kernel calls: chains of elementwise operations and their reductions become one kernel.
Program fuse(Program program);

/// Packs the shared matrices of products, once for all that read them; with bf16, converts the inputs of products.
Program layout(Program program, Precision precision);

/// Cuts the calls into stages: rows of the batch, through whole loops, and shared work between them.
Program shard(Program program);

/// Gives every variable its place: by liveness within a tile's scratch, for the whole batch, or shared.
Program memory(Program program);

struct PassOptions {
  Precision precision = Precision::f32;
  bool known_zeros = true;  // off only to see that they change no bit
  bool hoist = true;
};

/// Runs all passes on a copy of a program as it was written.
Program compiled(const Program& program, const PassOptions& options);

}  // namespace pcxx

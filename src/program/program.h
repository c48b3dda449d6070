/// Program: statements over variables. Tracing writes it, passes rewrite it, a backend runs it.
///
/// Variables are symbols of the graph. All right-hand sides of one statement read the state before it (Jacobi).
/// Before the pass `fuse` statements are Assign, Repeat, While and Branch over expressions; after it every Assign has
/// become Calls of kernels over variables, and after `shard` the Calls stand in Stages.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "pcxx/program/plan.h"
#include "program/kernel.h"
#include "tensor/graph.h"

namespace pcxx {

struct Statement;
using Region = std::vector<Statement>;

struct Assignment {
  SymbolId target;
  ExpressionId value;
};

/// Sets variables, all at once, from the state before.
struct Assign {
  std::vector<Assignment> assignments;
};

/// Runs the body `count` times; `index`, a shared scalar, counts from `first`.
struct Repeat {
  Size count;
  SymbolId index;
  Region body;
  Size first = 0;
};

/// Runs the body while the condition (boolean, shared) holds before it, but at most `limit` times.
struct While {
  ExpressionId condition;
  Size limit;
  Region body;
};

/// Runs one of two regions; the condition is boolean and shared.
struct Branch {
  ExpressionId condition;
  Region yes;
  Region no;
};

/// One kernel call over variables (after `fuse`).
struct Call {
  Kernel kernel;
  std::vector<SymbolId> inputs;
  std::vector<SymbolId> outputs;
};

/// Work cut into independent pieces (after `shard`): rows of the batch, or parts of shared tensors.
struct Stage {
  Span span;     // per_sample: each tile of rows runs the whole body; shared: calls of a wave side by side
  Region body;   // per_sample: Calls and Repeats; shared: Calls
};

struct Statement {
  std::variant<Assign, Repeat, While, Branch, Call, Stage> content;
};

struct Placement {
  Arena arena;
  Size offset = 0;  // in Arena::tile: bytes from the start of the scratch
  Size bytes = 0;   // of the variable: for a row, a tile's piece, or all of it if shared
  Size first = 0;   // in Arena::shared, batch and tiles: when it is in use, in stages, both ends included
  Size last = 0;
};

/// Returns a number of bytes rounded up to whole cache lines, at which every variable begins.
constexpr Size aligned(Size bytes) { return (bytes + 63) / 64 * 64; }

struct Program {
  std::shared_ptr<Graph> graph;
  Region body;
  std::vector<std::string> notes = {};  // what the passes did, for explain()
  SymbolId samples = -1;            // shared scalar that holds the number of samples (after `fuse`, if it is read)
  std::set<SymbolId> partials = {};  // sums over samples that each tile of rows leaves (after `fuse`)
  std::set<SymbolId> halves = {};    // stored as bf16 (after `layout`)
  std::map<SymbolId, Placement> placements = {};  // of every variable that a call names (after `memory`)
  std::set<SymbolId> channels_last = {};     // their first axis is stored last (after `channels_last`)
  Size tile_rows = 64;                       // rows of a tile, whatever the number of threads (after `shard`)
  Size tile_bytes = 0;                       // scratch for one tile (after `memory`)

  /// Returns how many tiles so many samples need.
  Size tiles_of(Size count) const { return (count + tile_rows - 1) / tile_rows; }
};

/// Returns a copy with a graph of its own: passes and backends may add to it freely. Symbol numbers stay.
Program independent_copy(const Program& program);

/// Returns the program as text, one statement a line.
std::string listing(const Program& program);

/// Returns the line by which a call, a loop, a branch or a stage is listed, without what stands in it.
std::string headline(const Graph& graph, const Statement& statement);

/// Returns one expression as text, e.g. "h - (matmul(x, w) + b)"; long ones are cut.
std::string listing(const Graph& graph, ExpressionId id);

/// Returns whether the value of a symbol can be seen after a run.
bool observable(const Symbol& symbol);

/// Calls visit(statement) for every statement, outer before inner.
template <class R, class Visit>
void for_each_statement(R& region, const Visit& visit) {
  for (auto& statement : region) {
    visit(statement);
    std::visit(
        [&](auto& content) {
          using Content = std::decay_t<decltype(content)>;
          if constexpr (std::is_same_v<Content, Repeat> || std::is_same_v<Content, While> || std::is_same_v<Content, Stage>) {
            for_each_statement(content.body, visit);
          } else if constexpr (std::is_same_v<Content, Branch>) {
            for_each_statement(content.yes, visit);
            for_each_statement(content.no, visit);
          }
        },
        statement.content);
  }
}

}  // namespace pcxx

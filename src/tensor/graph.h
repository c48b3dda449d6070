/// Graph: the hash-consed store of expressions and the table of symbols they read.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "pcxx/core/shape.h"
#include "pcxx/core/types.h"
#include "tensor/op.h"

namespace pcxx {

using ExpressionId = std::int32_t;
using SymbolId = std::int32_t;

/// What an operation needs besides its operands; op.h says what each holds.
struct Attributes {
  std::vector<Size> integers;
  std::vector<double> reals;

  friend bool operator==(const Attributes&, const Attributes&) = default;
};

struct Expression {
  Op op{};
  DType dtype = DType::real;
  Span span = Span::shared;
  Shape shape;
  std::vector<ExpressionId> operands;
  Attributes attributes;

  friend bool operator==(const Expression&, const Expression&) = default;
};

/// What a symbol stands for; decides where its value lives and how long.
enum class SymbolKind : std::uint8_t {
  node_value,  // h of a node
  stand_in,    // what readers of a node see, a prediction, an energy, what differs by mode: replaced when a program is written
  input,       // data given with each run
  parameter,   // trained, lives across runs
  state,       // of optimisers and counters, lives across runs
  temporary,   // lives within one run
  output,      // result of a run
};

struct Symbol {
  std::string name;
  SymbolKind kind{};
  DType dtype = DType::real;
  Span span = Span::shared;
  Shape shape;
};

class Graph {
 public:
  Graph() = default;
  Graph(const Graph&) = default;
  Graph(Graph&&) = default;
  Graph& operator=(const Graph&) = default;
  Graph& operator=(Graph&&) = default;
  virtual ~Graph() = default;  // a network's model is a graph, found again from its tensors

  /// Returns the number of the expression, which may have been there already.
  ExpressionId intern(Expression expression);
  const Expression& operator[](ExpressionId id) const { return expressions_[static_cast<std::size_t>(id)]; }
  Size size() const { return static_cast<Size>(expressions_.size()); }

  SymbolId add_symbol(Symbol symbol);
  const Symbol& symbol(SymbolId id) const { return symbols_[static_cast<std::size_t>(id)]; }
  Symbol& symbol(SymbolId id) { return symbols_[static_cast<std::size_t>(id)]; }
  Size symbols() const { return static_cast<Size>(symbols_.size()); }

  /// Returns the expression that reads a symbol.
  ExpressionId read(SymbolId id);
  ExpressionId constant(double value, const Shape& shape = {}, DType dtype = DType::real);
  bool is_constant(ExpressionId id, double value) const;

 private:
  std::deque<Expression> expressions_;  // stable under growth: references are held while tracing
  std::unordered_multimap<std::size_t, ExpressionId> by_hash_;
  std::deque<Symbol> symbols_;
};

/// Returns the symbol that an expression reads; throws ArgumentError, naming `who`, if it is no symbol.
SymbolId symbol_of(const Graph& graph, ExpressionId id, const char* who);

}  // namespace pcxx

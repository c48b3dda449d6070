/// Graph: interning by structural hash.
#include "tensor/graph.h"

#include <bit>
#include <functional>

#include "pcxx/core/errors.h"

namespace pcxx {
namespace {

std::size_t mix(std::size_t seed, std::size_t value) {
  return seed ^ (value + 0x9e3779b97f4a7c15ULL + (seed << 6) + (seed >> 2));
}

std::size_t hash_of(const Expression& e) {
  std::size_t hash = mix(static_cast<std::size_t>(e.op), static_cast<std::size_t>(e.span));
  hash = mix(hash, static_cast<std::size_t>(e.dtype));
  for (const Size extent : e.shape) {
    hash = mix(hash, static_cast<std::size_t>(extent));
  }
  for (const ExpressionId operand : e.operands) {
    hash = mix(hash, static_cast<std::size_t>(operand));
  }
  for (const Size integer : e.attributes.integers) {
    hash = mix(hash, static_cast<std::size_t>(integer));
  }
  for (const double real : e.attributes.reals) {
    hash = mix(hash, std::hash<std::uint64_t>()(std::bit_cast<std::uint64_t>(real)));
  }
  return hash;
}

}  // namespace

ExpressionId Graph::intern(Expression expression) {
  const std::size_t hash = hash_of(expression);
  const auto [first, last] = by_hash_.equal_range(hash);
  for (auto it = first; it != last; ++it) {
    if ((*this)[it->second] == expression) {
      return it->second;
    }
  }
  const auto id = static_cast<ExpressionId>(expressions_.size());
  expressions_.push_back(std::move(expression));
  by_hash_.emplace(hash, id);
  return id;
}

SymbolId Graph::add_symbol(Symbol symbol) {
  symbols_.push_back(std::move(symbol));
  return static_cast<SymbolId>(symbols_.size() - 1);
}

ExpressionId Graph::read(SymbolId id) {
  const Symbol& s = symbol(id);
  return intern({Op::symbol, s.dtype, s.span, s.shape, {}, {{id}, {}}});
}

ExpressionId Graph::constant(double value, const Shape& shape, DType dtype) {
  return intern({Op::constant, dtype, Span::shared, shape, {}, {{}, {value}}});
}

bool Graph::is_constant(ExpressionId id, double value) const {
  const Expression& e = (*this)[id];
  return e.op == Op::constant && e.attributes.reals[0] == value;
}

SymbolId symbol_of(const Graph& graph, ExpressionId id, const char* who) {
  const Expression& e = graph[id];
  if (e.op != Op::symbol) {
    throw ArgumentError("[" + std::string(who) + "] expected a variable, got the result of '" +
                        std::string(to_string(e.op)) + "' of shape " + to_string(e.shape));
  }
  return static_cast<SymbolId>(e.attributes.integers[0]);
}

}  // namespace pcxx

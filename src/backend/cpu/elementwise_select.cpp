/// Instruction selection by largest match from the results backwards.
#include "backend/cpu/elementwise_select.h"

#include <algorithm>
#include <utility>

namespace pcxx::cpu {

namespace {

std::optional<Function> function_of(Op op) {
  switch (op) {
    case Op::negate: return Function::negate;
    case Op::exp: return Function::exp;
    case Op::log: return Function::log;
    case Op::sqrt: return Function::sqrt;
    case Op::abs: return Function::abs;
    case Op::sign: return Function::sign;
    case Op::floor: return Function::floor;
    case Op::sin: return Function::sin;
    case Op::cos: return Function::cos;
    case Op::erf: return Function::erf;
    case Op::logical_not: return Function::logical_not;
    default: return std::nullopt;
  }
}

std::optional<Arithmetic> arithmetic_of(Op op) {
  switch (op) {
    case Op::add: return Arithmetic::add;
    case Op::subtract: return Arithmetic::subtract;
    case Op::multiply: return Arithmetic::multiply;
    case Op::divide: return Arithmetic::divide;
    case Op::maximum: return Arithmetic::maximum;
    case Op::minimum: return Arithmetic::minimum;
    case Op::power: return Arithmetic::power;
    case Op::less: return Arithmetic::less;
    case Op::less_equal: return Arithmetic::less_equal;
    case Op::equal: return Arithmetic::equal;
    default: return std::nullopt;
  }
}

std::optional<Family> reduction_of(Op op) {
  switch (op) {
    case Op::sum: return Family::sum_rows;
    case Op::max: return Family::max_rows;
    case Op::logsumexp: return Family::logsumexp_rows;
    default: return std::nullopt;
  }
}

bool commutes(Arithmetic op) {
  return op == Arithmetic::add || op == Arithmetic::multiply || op == Arithmetic::negative_multiply;
}

/// x op y, the scalar (if there is one) second where that can be.
struct Pairing {
  Arithmetic op;
  int x, y;
};

class Selector {
 public:
  Selector(const Graph& graph, bool with_errors)
      : graph_(graph), with_errors_(with_errors), needed_(graph.nodes.size()), tile_of_(graph.nodes.size(), -1) {}

  /// Returns nothing if tiles with two results came to wait for each other.
  std::optional<std::vector<Tile>> select() {
    for (const FusedOutput& output : graph_.outputs) {
      needed_[index(output.slot)] = true;
    }
    for (int i = static_cast<int>(graph_.nodes.size()); i-- > 0;) {
      if (needed_[index(i)] && tile_of_[index(i)] < 0 && node(i).kind == Node::Kind::step) {
        cover(match(i));
      }
    }
    state_.assign(tiles_.size(), 0);
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (tile_of_[i] >= 0 && !emit(tile_of_[i])) {
        return std::nullopt;
      }
    }
    return std::move(ordered_);
  }

 private:
  static std::size_t index(int i) { return static_cast<std::size_t>(i); }
  const Node& node(int i) const { return graph_.nodes[index(i)]; }

  void cover(Tile tile) {
    const int number = static_cast<int>(tiles_.size());
    for (const int result : tile.results) {
      tile_of_[index(result)] = number;
      needed_[index(result)] = true;
    }
    for (const int operand : tile.operands) {
      needed_[index(operand)] = true;
    }
    tiles_.push_back(std::move(tile));
  }

  bool emit(int number) {
    int& state = state_[index(number)];
    if (state != 0) {
      return state == 2;
    }
    state = 1;
    for (const int operand : tiles_[index(number)].operands) {
      if (const int before = tile_of_[index(operand)]; before >= 0 && !emit(before)) {
        return false;
      }
    }
    state_[index(number)] = 2;
    ordered_.push_back(tiles_[index(number)]);
    return true;
  }

  /// Whether a node may disappear into the instruction of its only reader, which works on `domain`.
  bool absorbable(int i, Domain domain) const {
    return node(i).kind == Node::Kind::step && node(i).uses == 1 && !node(i).output && node(i).domain == domain;
  }

  bool is_scalar(int i, Domain domain) const { return domain != Domain::scalar && node(i).domain == Domain::scalar; }

  /// Returns a sum, difference, product, negative product or quotient as such.
  std::optional<Pairing> pairing(int i) const {
    const Node& root = node(i);
    Pairing found{};
    if (root.is(Op::negate) && absorbable(root.operands[0], root.domain) && node(root.operands[0]).is(Op::multiply)) {
      const Node& product = node(root.operands[0]);
      found = {Arithmetic::negative_multiply, product.operands[0], product.operands[1]};
    } else if (root.is(Op::add) || root.is(Op::subtract) || root.is(Op::multiply) || root.is(Op::divide)) {
      found = {*arithmetic_of(root.op), root.operands[0], root.operands[1]};
    } else {
      return std::nullopt;
    }
    if (is_scalar(found.x, root.domain) && found.op != Arithmetic::divide) {
      std::swap(found.x, found.y);
      if (found.op == Arithmetic::subtract) {
        found.op = Arithmetic::reverse_subtract;
      }
    }
    return found;
  }

  /// A pairing that its only reader may absorb.
  std::optional<Pairing> inner(int i, Domain domain) const {
    return absorbable(i, domain) ? pairing(i) : std::nullopt;
  }

  unsigned scalars(const std::vector<int>& operands, Domain domain) const {
    unsigned bits = 0;
    for (std::size_t i = 0; i < operands.size(); ++i) {
      bits |= is_scalar(operands[i], domain) ? 1U << i : 0U;
    }
    return bits;
  }

  /// Returns the tile if there is such an instruction.
  std::optional<Tile> tile(Code code, int root, std::vector<int> operands) const {
    const Domain domain = node(root).domain;
    code.scalars = scalars(operands, domain);
    if (find_instruction(code) == nullptr) {
      return std::nullopt;
    }
    return Tile{code, domain, {root}, std::move(operands)};
  }

  Tile match(int root) {
    const Node& n = node(root);
    if (n.op == Op::activation || n.op == Op::activation_derivative) {
      return match_activation(root);
    }
    if (const auto reduction = reduction_of(n.op)) {
      return match_reduction(root, *reduction);
    }
    if (const auto paired = pairing(root)) {
      return match_pairing(root, *paired);
    }
    return *tile(*plain_code(n.op, n.activation), root, n.operands);
  }

  Tile match_activation(int root) const {
    const Node& n = node(root);
    const int operand = n.operands[0];
    int value = -1, slope = -1;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node& other = graph_.nodes[i];
      if (other.uses == 0 || other.activation != n.activation || other.operands != n.operands) {
        continue;
      }
      if (other.is(Op::activation)) {
        value = static_cast<int>(i);
      } else if (other.is(Op::activation_derivative)) {
        slope = static_cast<int>(i);
      }
    }
    Tile found{{.family = Family::activation_pair, .activation = n.activation}, n.domain, {value, slope}, {operand}};
    if (value < 0 || slope < 0) {
      found.code.family = value < 0 ? Family::slope : Family::activation;
      found.results = {root};
    }
    const Node& sum = node(operand);
    const bool only_here = !sum.output && sum.uses == static_cast<int>(found.results.size()) && sum.domain == n.domain;
    if (only_here && sum.is(Op::add) && scalars(sum.operands, n.domain) == 0) {
      found.operands = sum.operands;
      found.code.family = found.results.size() == 2                ? Family::pair_sum
                          : found.code.family == Family::slope ? Family::slope_sum
                                                               : Family::activation_sum;
    }
    return found;
  }

  Tile match_reduction(int root, Family family) const {
    const int operand = node(root).operands[0];
    const Domain work = node(root).domain == Domain::row ? Domain::full : Domain::column;
    if (family == Family::sum_rows && absorbable(operand, work) && node(operand).is(Op::multiply) &&
        scalars(node(operand).operands, work) == 0) {
      return {{.family = Family::dot_rows}, work, {root}, node(operand).operands};
    }
    return {{.family = family}, work, {root}, {operand}};
  }

  Tile match_pairing(int root, const Pairing& p) const {
    if (auto found = match_error(root, p)) {
      return *std::move(found);
    }
    if (auto found = match_root_quotient(root, p)) {
      return *std::move(found);
    }
    if (auto found = match_tree(root, p)) {
      return *std::move(found);
    }
    if (auto found = match_nested(root, p)) {
      return *std::move(found);
    }
    return *tile({.family = Family::binary, .first = p.op}, root, {p.x, p.y});
  }

  bool depends(int on, int of) const {
    if (of <= on) {
      return of == on;
    }
    const auto& operands = node(of).operands;
    return std::any_of(operands.begin(), operands.end(), [&](int operand) { return depends(on, operand); });
  }

  /// e = h - u, which others read too, with +-(e c).
  std::optional<Tile> match_error(int root, const Pairing& p) const {
    if (!with_errors_ || (p.op != Arithmetic::multiply && p.op != Arithmetic::negative_multiply) || p.x == p.y) {
      return std::nullopt;
    }
    const Domain domain = node(root).domain;
    for (const auto& [e, c] : {std::pair(p.x, p.y), std::pair(p.y, p.x)}) {
      const Node& error = node(e);
      if (error.is(Op::subtract) && error.domain == domain && !absorbable(e, domain) && tile_of_[index(e)] < 0 &&
          !is_scalar(c, domain) && scalars(error.operands, domain) == 0 && !depends(e, c)) {
        const Tile plain{{.family = Family::error, .second = p.op}, domain, {e, root}, {error.operands[0], error.operands[1], c}};
        return match_activation_error(plain).value_or(plain);
      }
    }
    return std::nullopt;
  }

  /// h - phi(a), +-(h - phi(a)) phi'(a), where nothing else reads phi or phi'.
  std::optional<Tile> match_activation_error(const Tile& plain) const {
    const int h = plain.operands[0], u = plain.operands[1], slope = plain.operands[2];
    if (!absorbable(u, plain.domain) || !absorbable(slope, plain.domain) || !node(u).is(Op::activation) ||
        !node(slope).is(Op::activation_derivative) || node(u).activation != node(slope).activation ||
        node(u).operands != node(slope).operands) {
      return std::nullopt;
    }
    Tile found{plain.code, plain.domain, plain.results, {h, node(u).operands[0]}};
    found.code.family = Family::activation_error;
    found.code.activation = node(u).activation;
    const Node& a = node(node(u).operands[0]);
    if (a.is(Op::add) && a.uses == 2 && !a.output && a.domain == plain.domain && scalars(a.operands, plain.domain) == 0) {
      found.operands = {h, a.operands[0], a.operands[1]};
      found.code.family = Family::error_of_sum;
    }
    return found;
  }

  /// (a b) / (sqrt(c e) + f).
  std::optional<Tile> match_root_quotient(int root, const Pairing& p) const {
    const Domain domain = node(root).domain;
    if (p.op != Arithmetic::divide) {
      return std::nullopt;
    }
    const auto above = inner(p.x, domain), below = inner(p.y, domain);
    if (!above || above->op != Arithmetic::multiply || !below || below->op != Arithmetic::add ||
        !absorbable(below->x, domain) || !node(below->x).is(Op::sqrt)) {
      return std::nullopt;
    }
    const auto square = inner(node(below->x).operands[0], domain);
    if (!square || square->op != Arithmetic::multiply) {
      return std::nullopt;
    }
    return tile({.family = Family::root_quotient}, root, {above->x, above->y, square->x, square->y, below->y});
  }

  std::optional<Tile> match_tree(int root, const Pairing& p) const {
    const Domain domain = node(root).domain;
    const auto left = inner(p.x, domain), right = inner(p.y, domain);
    if (!left || !right || p.x == p.y) {
      return std::nullopt;
    }
    return tile({.family = Family::tree, .first = left->op, .second = right->op, .third = p.op}, root,
                {left->x, left->y, right->x, right->y});
  }

  /// (a . b) . c and ((a . b) . c) . d, the nested one on either side.
  std::optional<Tile> match_nested(int root, const Pairing& p) const {
    const Domain domain = node(root).domain;
    for (const bool swapped : {false, true}) {
      const int nested = swapped ? p.y : p.x, other = swapped ? p.x : p.y;
      const auto first = inner(nested, domain);
      Arithmetic op = p.op;
      if (!first || (swapped && op == Arithmetic::divide)) {
        continue;
      }
      if (swapped && !commutes(op)) {
        op = op == Arithmetic::subtract ? Arithmetic::reverse_subtract : Arithmetic::subtract;
      }
      if (const auto deeper = inner(first->x, domain)) {
        auto found = tile({.family = Family::chain, .first = deeper->op, .second = first->op, .third = op}, root,
                          {deeper->x, deeper->y, first->y, other});
        if (found) {
          return found;
        }
      }
      if (auto found = tile({.family = Family::ternary, .first = first->op, .second = op}, root, {first->x, first->y, other})) {
        return found;
      }
    }
    return std::nullopt;
  }

  const Graph& graph_;
  bool with_errors_;
  std::vector<bool> needed_;
  std::vector<int> tile_of_;  // of each node, -1 where it has none
  std::vector<Tile> tiles_, ordered_;
  std::vector<int> state_;  // of each tile: 0 waiting, 1 entered, 2 emitted
};

}  // namespace

std::optional<Code> plain_code(Op op, Activation activation) {
  if (op == Op::activation) {
    return Code{.family = Family::activation, .activation = activation};
  }
  if (op == Op::activation_derivative) {
    return Code{.family = Family::slope, .activation = activation};
  }
  if (op == Op::select) {
    return Code{.family = Family::select};
  }
  if (const auto function = function_of(op)) {
    return Code{.family = Family::function, .function = *function};
  }
  if (const auto arithmetic = arithmetic_of(op)) {
    return Code{.family = Family::binary, .first = *arithmetic};
  }
  return std::nullopt;
}

std::vector<Tile> select_instructions(const Graph& graph) {
  auto tiles = Selector(graph, true).select();
  return tiles ? *std::move(tiles) : *Selector(graph, false).select();
}

}  // namespace pcxx::cpu

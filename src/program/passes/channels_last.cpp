/// The pass `channels_last`: pictures lie with their channels last, so that windows read runs of numbers.
///
/// A network is written for pictures (channels, d1, ..., dn), and operations over windows want (d1, ..., dn, channels): a
/// transposition stands before and after each. Here they are moved outwards until they meet and vanish, through elementwise
/// operations, reductions and variables, which are stored channels last. What is left stands at the data and where a
/// picture becomes a vector.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <unordered_map>

#include "program/passes/analysis.h"
#include "program/passes/passes.h"
#include "program/passes/rewrite.h"

namespace pcxx {
namespace {

/// Axes of a transposition that puts channels last, and first again.
std::vector<Size> to_last(Size rank) {
  std::vector<Size> axes(static_cast<std::size_t>(rank));
  std::iota(axes.begin(), axes.end(), Size{1});
  axes.back() = 0;
  return axes;
}
std::vector<Size> to_first(Size rank) {
  std::vector<Size> axes(static_cast<std::size_t>(rank));
  std::iota(axes.begin() + 1, axes.end(), Size{0});
  axes.front() = rank - 1;
  return axes;
}

Shape permuted(const Shape& shape, const std::vector<Size>& axes) {
  std::vector<Size> extents;
  for (const Size axis : axes) {
    extents.push_back(shape[axis]);
  }
  return Shape(extents);
}

Shape last_shape(const Shape& shape) { return permuted(shape, to_last(shape.rank())); }

/// An expression rewritten: its value as it was, or with its first axis moved to the end.
struct Form {
  ExpressionId id;
  bool last;
};

/// Rewrites expressions bottom up, each into the form that costs nothing; the other one is a transposition away.
class Turner {
 public:
  Turner(Graph& graph, const Symbols& stored_last) : graph_(graph), stored_last_(stored_last) {}

  Form form(ExpressionId root) {
    for (const ExpressionId id : expressions_of(graph_, {root})) {
      if (!forms_.contains(id)) {
        const Form made = turned(id);
        forms_.emplace(id, made);
      }
    }
    return forms_.at(root);
  }

  ExpressionId first(ExpressionId id) {
    const Form made = form(id);
    return made.last ? transposed(made.id, to_first(graph_[made.id].shape.rank())) : made.id;
  }

  ExpressionId last(ExpressionId id) {
    const Form made = form(id);
    return made.last ? made.id : moved_last(made.id);
  }

 private:
  ExpressionId made(Expression e) { return simplified(graph_, std::move(e), Folding::exactly); }

  ExpressionId transposed(ExpressionId id, std::vector<Size> axes) {
    const Expression& e = graph_[id];
    return made({Op::transpose, e.dtype, e.span, permuted(e.shape, axes), {id}, {std::move(axes), {}}});
  }

  /// What is stretched over a picture is stretched over the turned one, so that it stays small.
  ExpressionId moved_last(ExpressionId id) {
    const Expression e = graph_[id];
    if (e.op == Op::constant) {
      return graph_.constant(e.attributes.reals[0], last_shape(e.shape), e.dtype);
    }
    if (e.op != Op::broadcast) {
      return transposed(id, to_last(e.shape.rank()));
    }
    const Expression from = graph_[e.operands[0]];
    std::vector<Size> extents(static_cast<std::size_t>(e.shape.rank() - from.shape.rank()), 1);
    extents.insert(extents.end(), from.shape.begin(), from.shape.end());
    ExpressionId small = made({Op::reshape, from.dtype, from.span, Shape(extents), {e.operands[0]}, {}});
    const Size spatial = from.shape.elements() / extents.front();
    if (spatial == 1 || extents.front() == 1) {  // only one side of the swap is there: nothing moves
      small = made({Op::reshape, from.dtype, from.span, last_shape(Shape(extents)), {small}, {}});
    } else {
      small = transposed(small, to_last(e.shape.rank()));
    }
    return made({Op::broadcast, e.dtype, e.span, last_shape(e.shape), {small}, {}});
  }

  Form turned(ExpressionId id) {
    const Expression e = graph_[id];
    if (e.op == Op::symbol) {
      const auto symbol = static_cast<SymbolId>(e.attributes.integers[0]);
      return stored_last_.contains(symbol) ? Form{graph_.read(symbol), true} : Form{id, false};
    }
    if (e.op == Op::transpose) {
      return of_transpose(e);
    }
    const bool turned_operand = std::any_of(e.operands.begin(), e.operands.end(), [&](ExpressionId operand) {
      return forms_.at(operand).last && graph_[operand].shape.rank() >= 2;
    });
    if (turned_operand && (is_elementwise(e.op) || e.op == Op::batch_sum || e.op == Op::stop_gradient)) {
      return {rebuilt(e, true), true};
    }
    if (turned_operand && is_reduction(e.op)) {
      return of_reduction(e);
    }
    return {rebuilt(e, false), false};
  }

  ExpressionId rebuilt(const Expression& e, bool as_last) {
    Expression copy = e;
    for (ExpressionId& operand : copy.operands) {
      operand = as_last ? last(operand) : first(operand);
    }
    if (as_last) {
      copy.shape = last_shape(e.shape);
    }
    return made(std::move(copy));
  }

  Form of_transpose(const Expression& e) {
    const Form operand = forms_.at(e.operands[0]);
    const Size rank = e.shape.rank();
    if (operand.last && e.attributes.integers == to_last(rank)) {
      return {operand.id, false};
    }
    const ExpressionId whole = first(e.operands[0]);
    if (e.attributes.integers == to_first(rank) && looks_through_windows(graph_[whole].op)) {
      return {whole, true};
    }
    return {transposed(whole, e.attributes.integers), false};
  }

  static bool looks_through_windows(Op op) {
    return op == Op::convolve || op == Op::convolve_transposed || (op >= Op::window_sum && op <= Op::window_route);
  }

  /// A reduction drops axes; if those that stay have changed their order, they are put in order again.
  Form of_reduction(const Expression& e) {
    const Shape shape = graph_[e.operands[0]].shape;
    const Size rank = shape.rank();
    Expression copy = e;
    copy.operands[0] = last(e.operands[0]);
    bool channels = true;  // stay
    for (Size& axis : copy.attributes.integers) {
      channels &= axis != 0;
      axis = axis == 0 ? rank - 1 : axis - 1;
    }
    std::sort(copy.attributes.integers.begin(), copy.attributes.integers.end());
    const Size kept = e.shape.rank();
    if (!channels || kept <= 1) {
      return {made(std::move(copy)), false};
    }
    copy.shape = last_shape(e.shape);
    return {transposed(made(std::move(copy)), to_first(kept)), false};
  }

  Graph& graph_;
  const Symbols& stored_last_;
  std::unordered_map<ExpressionId, Form> forms_;
};

class ChannelsLast {
 public:
  explicit ChannelsLast(Program& program) : program_(program), graph_(*program.graph) {}

  void run() {
    while (find_more()) {
    }
    for (const SymbolId id : program_.channels_last) {
      Symbol& symbol = graph_.symbol(id);
      symbol.shape = last_shape(symbol.shape);
    }
    Turner turner(graph_, program_.channels_last);
    rewrite(turner);
  }

 private:
  bool may_turn(SymbolId id) const {
    const Symbol& symbol = graph_.symbol(id);
    return (symbol.kind == SymbolKind::node_value || symbol.kind == SymbolKind::temporary) && symbol.span == Span::per_sample &&
           symbol.dtype == DType::real && symbol.shape.rank() >= 2;
  }

  /// Adds variables that are set to something that lies channels last already.
  bool find_more() {
    const std::size_t before = program_.channels_last.size();
    Symbols& found = program_.channels_last;
    Graph trial = graph_;  // shapes of variables are what they are until all have been found
    for (const SymbolId id : found) {
      trial.symbol(id).shape = last_shape(trial.symbol(id).shape);
    }
    const Symbols known = found;
    Turner turner(trial, known);
    for_each_statement(program_.body, [&](const Statement& statement) {
      if (const auto* assign = std::get_if<Assign>(&statement.content)) {
        for (const Assignment& each : assign->assignments) {
          if (may_turn(each.target) && turner.form(each.value).last) {
            found.insert(each.target);
          }
        }
      }
    });
    return found.size() > before;
  }

  void rewrite(Turner& turner) {
    for_each_statement(program_.body, [&](Statement& statement) {
      if (auto* assign = std::get_if<Assign>(&statement.content)) {
        for (Assignment& each : assign->assignments) {
          each.value = program_.channels_last.contains(each.target) ? turner.last(each.value) : turner.first(each.value);
        }
      } else if (auto* loop = std::get_if<While>(&statement.content)) {
        loop->condition = turner.first(loop->condition);
      } else if (auto* branch = std::get_if<Branch>(&statement.content)) {
        branch->condition = turner.first(branch->condition);
      }
    });
  }

  Program& program_;
  Graph& graph_;
};

}  // namespace

Program channels_last(Program program) {
  ChannelsLast(program).run();
  if (!program.channels_last.empty()) {
    program.notes.push_back(fmt::format("channels last: {} variables are stored so", program.channels_last.size()));
  }
  return program;
}

}  // namespace pcxx

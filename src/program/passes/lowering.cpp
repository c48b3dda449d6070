/// From expressions to kernel calls: clusters become fused kernels, the rest one call each.
#include "program/passes/lowering.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "program/passes/analysis.h"
#include "program/passes/clusters.h"
#include "program/passes/ordering.h"
#include "tensor/rules.h"

namespace pcxx {
namespace {

class Lowering {
 public:
  Lowering(Program& program, const Assign& assign)
      : program_(program), graph_(*program.graph), assign_(assign), clusters_(graph_, values_of(assign)) {}

  Region run() {
    std::vector<Delivery> deliveries;
    for (const Assignment& each : assign_.assignments) {
      deliveries.push_back({each.target, value_for(each)});
    }
    // Asking for a value makes its call and asks for what that needs; clusters come last, with all their outputs known.
    for (const std::size_t cluster : pending_) {
      emit(cluster);
    }
    return ordered(graph_, std::move(calls_), deliveries);
  }

 private:
  // --- variables

  /// Returns a new variable, named after what it holds, for explain().
  SymbolId temporary(const std::string& what, Span span, const Shape& shape) {
    return graph_.add_symbol({fmt::format("{}_{}", what, graph_.symbols()), SymbolKind::temporary, DType::real, span, shape});
  }

  static std::string name_of(const Expression& e) {
    if (e.op != Op::activation && e.op != Op::activation_derivative) {
      return std::string(to_string(e.op));
    }
    return fmt::format("{}{}", to_string(static_cast<Activation>(e.attributes.integers[0])), e.op == Op::activation ? "" : "'");
  }

  /// Returns a temporary that holds the value of an assignment, in the span of its target.
  SymbolId value_for(const Assignment& each) {
    const Symbol target = graph_.symbol(each.target);
    const ExpressionId source = without_reshape(graph_, each.value);
    const bool spread = target.span == Span::per_sample && graph_[source].span == Span::shared;
    const bool leaf = graph_[source].op == Op::symbol || graph_[source].op == Op::batch_size;
    if (!spread && !leaf && taken_.insert(source).second) {
      return in_memory(source);
    }
    return copied(source, target.span, target.shape);
  }

  /// Returns the variable whose buffer holds an expression, making the call that fills it.
  SymbolId in_memory(ExpressionId id) {
    id = without_reshape(graph_, id);
    const Expression e = graph_[id];
    if (e.op == Op::symbol) {
      return static_cast<SymbolId>(e.attributes.integers[0]);
    }
    if (e.op == Op::batch_size) {
      return samples();
    }
    if (const auto found = made_.find(id); found != made_.end()) {
      return found->second;
    }
    if (clusters_.contains(id)) {
      const SymbolId symbol = temporary(name_of(e), e.span, e.shape);
      made_.emplace(id, symbol);
      request(id);
      return symbol;
    }
    const SymbolId symbol = make(id, e);
    made_.emplace(id, symbol);
    return symbol;
  }

  SymbolId samples() {
    if (program_.samples < 0) {
      program_.samples = graph_.add_symbol({"samples", SymbolKind::temporary, DType::real, Span::shared, {}});
    }
    return program_.samples;
  }

  /// Puts a member's cluster on the list. What the cluster reads is asked for before any cluster is emitted: the clusters
  /// that it comes from have more outputs by that.
  void request(ExpressionId member) {
    const std::size_t cluster = clusters_.cluster_of(member);
    if (!pending_.insert(cluster).second) {
      return;
    }
    for (const ExpressionId id : clusters_.clusters()[cluster]) {
      for (const View& view : clusters_.member(id).operands) {
        if (!inside(cluster, view)) {
          input_for(view, clusters_.member(id).domain);
        }
      }
    }
  }

  bool inside(std::size_t cluster, const View& view) const {
    return graph_[view.source].op == Op::constant ||
           (clusters_.contains(view.source) && clusters_.cluster_of(view.source) == cluster);
  }

  /// Returns the variable for an input of a fused kernel; a shared value read as if per sample is spread first.
  SymbolId input_for(const View& view, const Domain& domain) {
    const Expression& e = graph_[view.source];
    const bool own_rows = view.access == Access::full || view.access == Access::per_row;
    if (own_rows && domain.span == Span::per_sample && e.span == Span::shared) {
      return stretched(view.source, Span::per_sample, e.shape);
    }
    return in_memory(view.source);
  }

  // --- one call each

  SymbolId make(ExpressionId id, const Expression& e) {
    switch (e.op) {
      case Op::constant: return filled(e);
      case Op::broadcast: return stretched(id, e.span, e.shape);
      case Op::matmul: return product(e);
      case Op::convolve:
      case Op::convolve_transposed:
      case Op::convolve_weight:
        if (const std::optional<SymbolId> made = convolution(e)) {
          return *made;
        }
        break;
      case Op::batch_sum: return summed(e.operands[0], e.shape);
      case Op::sum:
        if (drops_leading_axes(e) && graph_[e.operands[0]].op == Op::batch_sum) {
          return summed(graph_[e.operands[0]].operands[0], e.shape);  // a sum over rows of fewer columns
        }
        break;
      default: break;
    }
    if (sums_samples(e)) {
      return summed(for_each_sample(e), e.shape);
    }
    Call call{OperationKernel{id}, {}, {temporary(name_of(e), e.span, e.shape)}};
    for (const ExpressionId operand : e.operands) {
      call.inputs.push_back(in_memory(operand));
    }
    calls_.push_back(call);
    return call.outputs[0];
  }

  SymbolId filled(const Expression& e) {
    FusedKernel kernel;
    kernel.steps = {{Op::constant, {}, {}, e.attributes.reals[0], false}};
    kernel.outputs = {{0, OutputKind::full}};
    const SymbolId symbol = temporary("constant", e.span, e.shape);
    calls_.push_back({kernel, {}, {symbol}});
    return symbol;
  }

  /// Returns a variable with a value spread over samples or axes; one for all that want it so.
  SymbolId stretched(ExpressionId id, Span span, const Shape& shape) {
    const auto key = std::make_tuple(id, span, shape.elements());
    const auto found = stretched_.find(key);
    return found != stretched_.end() ? found->second : stretched_[key] = copied(id, span, shape);
  }

  /// Returns a new variable with a copy of a value, spread over samples or axes.
  SymbolId copied(ExpressionId id, Span span, const Shape& shape) {
    const SymbolId symbol = temporary("copy", span, shape);
    const View view = view_of(graph_, id, span, shape.elements());
    const bool over_samples = span == Span::per_sample && graph_[id].span == Span::shared;
    if (graph_[view.source].op == Op::broadcast && view.source == id && !over_samples) {
      calls_.push_back({OperationKernel{id}, {in_memory(graph_[id].operands[0])}, {symbol}});
      return symbol;
    }
    FusedKernel kernel;
    kernel.columns = view.columns != 0 ? view.columns : span == Span::per_sample ? shape.elements() : 1;
    kernel.outputs = {{0, OutputKind::full}};
    Call call{{}, {}, {symbol}};
    if (graph_[view.source].op == Op::constant) {
      kernel.steps = {{Op::constant, {}, {}, graph_[view.source].attributes.reals[0], false}};
    } else {
      kernel.inputs = {view.access};
      call.inputs = {in_memory(view.source)};
    }
    call.kernel = kernel;
    calls_.push_back(call);
    return symbol;
  }

  /// Returns whether a reduction leaves the last axes, so that their elements are the columns of what it sums.
  static bool drops_leading_axes(const Expression& e) {
    const auto& axes = e.attributes.integers;
    for (std::size_t i = 0; i < axes.size(); ++i) {
      if (axes[i] != static_cast<Size>(i)) {
        return false;
      }
    }
    return true;
  }

  /// Sum over the samples: each tile of rows leaves its own, and the tiles are added up.
  SymbolId summed(ExpressionId id, const Shape& shape) {
    const SymbolId result = temporary("sum", Span::shared, shape);
    const ExpressionId source = without_reshape(graph_, id);
    const SymbolId partial = partial_of(shape);
    const bool joins = clusters_.contains(source) && !clusters_.member(source).per_row &&
                       clusters_.member(source).domain.columns == shape.elements();
    if (joins) {
      sums_[source] = partial;
      request(source);
    } else {
      FusedKernel kernel;
      kernel.columns = shape.elements();
      kernel.inputs = {Access::full};
      kernel.outputs = {{0, OutputKind::sample_sum}};
      calls_.push_back({kernel, {in_memory(source)}, {partial}});
    }
    return combined(partial, result);
  }

  /// Returns a variable that each tile of rows leaves.
  SymbolId partial_of(const Shape& shape) {
    const SymbolId partial = temporary("partial", Span::per_sample, shape);
    program_.partials.insert(partial);
    return partial;
  }

  SymbolId combined(SymbolId partial, SymbolId result) {
    calls_.push_back({CombineKernel{}, {partial}, {result}});
    return result;
  }

  // --- products

  struct Factor {
    ExpressionId id;
    Size rows, columns;  // as stored
    bool transposed;
    bool shared;
    bool flat() const { return rows == 1 || columns == 1; }  // then the transpose is the same memory
  };

  SymbolId product(const Expression& e) {
    const auto factor = [&](std::size_t i) {
      const Expression& x = graph_[e.operands[i]];
      return Factor{e.operands[i], x.shape[0], x.shape[1], e.attributes.integers[i] != 0, x.span == Span::shared};
    };
    Factor a = factor(0), b = factor(1);
    const Size m = e.shape[0], n = e.shape[1], k = a.transposed ? a.rows : a.columns;
    if (sums_samples(e)) {
      return sample_product(e, a, b, {m, n, k, true, false, true});
    }
    if (!a.shared && b.shared && (!a.transposed || a.flat())) {
      return call_product({m, n, k, false, b.transposed, false}, a, b, e);
    }
    if (a.shared && !b.shared && n == 1) {  // W x for each sample: rows x^T times W^T
      return call_product({1, m, k, false, !a.transposed, false}, b, a, e);
    }
    return call_product({m, n, k, a.transposed, b.transposed, false}, a, b, e);
  }

  SymbolId call_product(const ProductKernel& kernel, const Factor& a, const Factor& b, const Expression& e) {
    const SymbolId symbol = temporary("product", e.span, e.shape);
    calls_.push_back({kernel, {in_memory(a.id), in_memory(b.id)}, {symbol}});
    return symbol;
  }

  SymbolId sample_product(const Expression& e, const Factor& a, const Factor& b, const ProductKernel& kernel) {
    const bool fits = !a.shared && !b.shared && (a.transposed || a.flat()) && (!b.transposed || b.flat());
    if (fits) {
      return call_product(kernel, a, b, e);
    }
    return summed(for_each_sample(e), e.shape);
  }

  /// Returns the same product for each sample, without the sum.
  ExpressionId for_each_sample(const Expression& e) {
    Expression single = e;
    single.attributes = with_sample_sum(e.op, std::move(single.attributes), false);
    single.span = Span::per_sample;
    return graph_.intern(std::move(single));
  }

  /// Returns the result of a convolution's own kernel, or nothing where pictures are shared or a weight is a sample's own.
  std::optional<SymbolId> convolution(const Expression& e) {
    const Expression &first = graph_[e.operands[0]], &second = graph_[e.operands[1]];
    const bool weights = e.op == Op::convolve_weight;
    if (first.span != Span::per_sample || (second.span == Span::per_sample) != weights || (weights && !sums_samples(e))) {
      return std::nullopt;
    }
    const Shape& picture = e.op == Op::convolve_transposed ? e.shape : first.shape;
    const Shape& result = weights ? second.shape : e.op == Op::convolve ? e.shape : first.shape;
    const ConvolutionKernel kernel{e.op, convolution_of(e), picture, result};
    const std::vector<SymbolId> inputs = {in_memory(e.operands[0]), in_memory(e.operands[1])};
    if (weights && sums_by_tiles(picture, result, e.shape)) {
      const SymbolId partial = partial_of(e.shape);
      calls_.push_back({kernel, inputs, {partial}});
      return combined(partial, temporary(std::string(to_string(e.op)), e.span, e.shape));
    }
    const SymbolId symbol = temporary(std::string(to_string(e.op)), e.span, e.shape);
    calls_.push_back({kernel, inputs, {symbol}});
    return symbol;
  }

  /// Returns whether each tile sums its own samples: what it leaves is then much less than the pictures, which need not
  /// outlive it. Larger weights are summed over the batch, cut into pieces of the weight.
  static bool sums_by_tiles(const Shape& picture, const Shape& result, const Shape& weight) {
    constexpr Size kMuch = 8;
    return kMuch * weight.elements() <= picture.elements() + result.elements();
  }

  // --- clusters

  void emit(std::size_t index) {
    const auto& ids = clusters_.clusters()[index];
    const Domain domain = clusters_.member(ids.front()).domain;
    FusedKernel kernel;
    kernel.columns = domain.columns;
    Call call;
    std::map<std::pair<SymbolId, Access>, int> inputs;
    for (const ExpressionId id : ids) {
      for (const View& view : clusters_.member(id).operands) {
        if (!inside(index, view)) {
          const SymbolId symbol = input_for(view, domain);
          if (inputs.try_emplace({symbol, view.access}, static_cast<int>(call.inputs.size())).second) {
            call.inputs.push_back(symbol);
            kernel.inputs.push_back(view.access);
          }
        }
      }
    }
    std::map<std::pair<ExpressionId, bool>, int> slots;  // of members, and of constants by whether they are per row
    const auto add_step = [&](FusedStep step) {
      kernel.steps.push_back(std::move(step));
      return static_cast<int>(kernel.inputs.size() + kernel.steps.size()) - 1;
    };
    const auto slot_of = [&](const View& view, bool per_row) {
      const Expression& e = graph_[view.source];
      if (e.op == Op::constant) {
        const auto [place, fresh] = slots.try_emplace({view.source, per_row}, 0);
        if (fresh) {
          place->second = add_step({Op::constant, {}, {}, e.attributes.reals[0], per_row});
        }
        return place->second;
      }
      if (inside(index, view)) {
        return slots.at({view.source, clusters_.member(view.source).per_row});
      }
      return inputs.at({input_for(view, domain), view.access});
    };
    for (const ExpressionId id : ids) {
      const Member& member = clusters_.member(id);
      const Expression e = graph_[id];
      FusedStep step{e.op, {}, {}, 0, member.per_row};
      for (const View& view : member.operands) {
        step.operands.push_back(slot_of(view, member.per_row && !is_reduction(e.op)));
      }
      if (e.op == Op::activation || e.op == Op::activation_derivative) {
        step.activation = static_cast<Activation>(e.attributes.integers[0]);
      }
      slots[{id, member.per_row}] = add_step(std::move(step));
      const int slot = slots.at({id, member.per_row});
      if (const auto found = made_.find(id); found != made_.end()) {
        kernel.outputs.push_back({slot, member.per_row ? OutputKind::per_row : OutputKind::full});
        call.outputs.push_back(found->second);
      }
      if (const auto found = sums_.find(id); found != sums_.end()) {
        kernel.outputs.push_back({slot, OutputKind::sample_sum});
        call.outputs.push_back(found->second);
      }
    }
    call.kernel = std::move(kernel);
    calls_.push_back(std::move(call));
  }

  Program& program_;
  Graph& graph_;
  const Assign& assign_;
  Clusters clusters_;
  std::vector<Call> calls_;
  std::map<ExpressionId, SymbolId> made_;   // expressions in memory
  std::map<ExpressionId, SymbolId> sums_;   // cluster members summed over the samples, as partials of tiles
  std::map<std::tuple<ExpressionId, Span, Size>, SymbolId> stretched_;
  std::set<ExpressionId> taken_;            // values delivered to a variable already
  std::set<std::size_t> pending_;           // clusters to emit
};

}  // namespace

Region lowered(Program& program, const Assign& assign) { return Lowering(program, assign).run(); }

}  // namespace pcxx

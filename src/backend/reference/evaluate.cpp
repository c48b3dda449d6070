/// Evaluation of expressions, operands first, one sample after the other.
#include "backend/reference/evaluate.h"

#include <array>
#include <unordered_map>

#include "pcxx/core/errors.h"
#include "tensor/rules.h"

namespace pcxx::reference {
namespace {

template <class T>
using Memo = std::unordered_map<ExpressionId, Value<T>>;

template <class T>
std::array<void (*)(const Job<T>&), static_cast<std::size_t>(Op::count)> collect() {
  std::array<void (*)(const Job<T>&), static_cast<std::size_t>(Op::count)> table{};
  for (const auto functions : {source_functions<T>(), elementwise_functions<T>(), activation_functions<T>(),
                               reduction_functions<T>(), structure_functions<T>(), product_functions<T>(),
                               convolution_functions<T>(), window_functions<T>()}) {
    for (const Function<T>& each : functions) {
      table[static_cast<std::size_t>(each.op)] = each.run;
    }
  }
  return table;
}

template <class T>
const Value<T>& read(const Graph& graph, const Expression& e, const Variables<T>& variables) {
  const auto id = static_cast<SymbolId>(e.attributes.integers[0]);
  const auto found = variables.find(id);
  if (found == variables.end()) {
    throw ArgumentError("[reference] '" + graph.symbol(id).name +
                        "' is read before it has a value; assign it earlier in the program, or give it as an input");
  }
  return found->second;
}

template <class T>
void run_sample(const Expression& e, Size sample, std::span<T> result, const Memo<T>& memo, const Context& context) {
  std::vector<Operand<T>> operands;
  for (const ExpressionId id : e.operands) {
    const Value<T>& value = memo.at(id);
    operands.push_back({value.seen_by(sample), value.shape});
  }
  function_of<T>(e.op)({context, e, sample, operands, result});
}

template <class T>
Value<T> compute(const Expression& e, const Memo<T>& memo, const Context& context) {
  Value<T> result(e.span, e.shape, context.samples);
  if (sums_samples(e)) {
    std::vector<T> part(result.numbers.size());
    for (Size sample = 0; sample < context.samples; ++sample) {
      run_sample<T>(e, sample, part, memo, context);
      for (std::size_t i = 0; i < part.size(); ++i) {
        result.numbers[i] += part[i];
      }
    }
    return result;
  }
  const Size times = e.span == Span::per_sample ? context.samples : 1;
  for (Size sample = 0; sample < times; ++sample) {
    run_sample<T>(e, sample, result.seen_by(sample), memo, context);
  }
  return result;
}

}  // namespace

template <class T>
void (*function_of(Op op))(const Job<T>&) {
  static const auto table = collect<T>();
  return table[static_cast<std::size_t>(op)];
}

template void (*function_of<float>(Op op))(const Job<float>&);
template void (*function_of<double>(Op op))(const Job<double>&);

std::vector<ExpressionId> needed_for(const Graph& graph, std::span<const ExpressionId> roots) {
  std::vector<bool> needed(static_cast<std::size_t>(graph.size()), false);
  for (const ExpressionId root : roots) {
    needed[static_cast<std::size_t>(root)] = true;
  }
  std::vector<ExpressionId> order;  // an expression's operands have smaller numbers than itself
  for (auto id = static_cast<ExpressionId>(graph.size()); id-- > 0;) {
    if (needed[static_cast<std::size_t>(id)]) {
      order.push_back(id);
      for (const ExpressionId operand : graph[id].operands) {
        needed[static_cast<std::size_t>(operand)] = true;
      }
    }
  }
  return {order.rbegin(), order.rend()};
}

template <class T>
std::vector<Value<T>> evaluate(const Graph& graph, std::span<const ExpressionId> roots, const Variables<T>& variables,
                               const Context& context) {
  Memo<T> memo;
  for (const ExpressionId id : needed_for(graph, roots)) {
    const Expression& e = graph[id];
    memo.emplace(id, e.op == Op::symbol ? read(graph, e, variables) : compute(e, memo, context));
  }
  std::vector<Value<T>> results;
  for (const ExpressionId root : roots) {
    results.push_back(memo.at(root));
  }
  return results;
}

template std::vector<Value<float>> evaluate(const Graph&, std::span<const ExpressionId>, const Variables<float>&,
                                            const Context&);
template std::vector<Value<double>> evaluate(const Graph&, std::span<const ExpressionId>, const Variables<double>&,
                                             const Context&);

}  // namespace pcxx::reference

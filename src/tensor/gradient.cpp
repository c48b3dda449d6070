/// Reverse accumulation over expressions.
#include "pcxx/tensor/gradient.h"

#include <algorithm>
#include <map>
#include <optional>

#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"
#include "tensor/rules.h"

namespace pcxx {
namespace {

class Accumulator {
 public:
  explicit Accumulator(const Tensor& output) : graph_(output.graph()) {
    cotangents_.emplace(output.id(), constant_like(output, 1.0));
  }

  /// Walks from the output towards the leaves. An expression's operands have smaller numbers than itself.
  void run(const std::vector<bool>& wanted) {
    while (!cotangents_.empty()) {
      const auto last = std::prev(cotangents_.end());
      const auto [id, cotangent] = *last;
      cotangents_.erase(last);
      done_.emplace(id, cotangent);
      step(id, cotangent, wanted);
    }
  }

  Tensor result(const Tensor& variable) const {
    const auto found = done_.find(variable.id());
    return found == done_.end() ? constant_like(variable, 0.0, variable.shape()) : found->second;
  }

 private:
  void step(ExpressionId id, const Tensor& cotangent, const std::vector<bool>& wanted) {
    const Expression& e = (*graph_)[id];
    if (std::none_of(e.operands.begin(), e.operands.end(), [&](ExpressionId o) { return wanted[static_cast<std::size_t>(o)]; })) {
      return;
    }
    const OperationRule& entry = rule(e.op);
    if (entry.gradient == nullptr) {
      throw ArgumentError("[gradient] operation '" + std::string(entry.name) + "' has none");
    }
    std::vector<Tensor> operands;
    for (const ExpressionId operand : e.operands) {
      operands.emplace_back(graph_, operand);
    }
    const std::vector<Tensor> parts = entry.gradient({Tensor(graph_, id), operands, cotangent});
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (wanted[static_cast<std::size_t>(e.operands[i])] && parts[i].graph() != nullptr) {
        add(operands[i], e, parts[i]);
      }
    }
  }

  /// A shared operand of what happens for each sample serves every sample, so its cotangent is the sum over them.
  void add(const Tensor& operand, const Expression& result, Tensor part) {
    if (operand.span() == Span::shared && (result.span == Span::per_sample || sums_samples(result))) {
      part = batch_sum(part);
    }
    const auto [place, fresh] = cotangents_.try_emplace(operand.id(), part);
    if (!fresh) {
      place->second = place->second + part;
    }
  }

  std::shared_ptr<Graph> graph_;
  std::map<ExpressionId, Tensor> cotangents_;
  std::map<ExpressionId, Tensor> done_;
};

/// Returns, for every expression up to `last`, whether a variable can be reached from it.
std::vector<bool> reaching(const Graph& graph, ExpressionId last, const std::vector<Tensor>& variables) {
  std::vector<bool> reaches(static_cast<std::size_t>(last) + 1, false);
  for (const Tensor& variable : variables) {
    if (variable.id() <= last) {
      reaches[static_cast<std::size_t>(variable.id())] = true;
    }
  }
  for (ExpressionId id = 0; id <= last; ++id) {
    for (const ExpressionId operand : graph[id].operands) {
      if (reaches[static_cast<std::size_t>(operand)]) {
        reaches[static_cast<std::size_t>(id)] = true;
      }
    }
  }
  return reaches;
}

}  // namespace

std::vector<Tensor> gradient(const Tensor& output, const std::vector<Tensor>& variables) {
  if (output.shape().rank() != 0) {
    throw ShapeError("[gradient] of a tensor of shape " + to_string(output.shape()) + "; expected a scalar");
  }
  if (output.graph() == nullptr) {
    throw ArgumentError("[gradient] of a plain number");
  }
  for (const Tensor& variable : variables) {
    if (variable.graph() != output.graph()) {
      throw ArgumentError("[gradient] output and variables belong to different networks");
    }
  }
  Accumulator accumulator(output);
  accumulator.run(reaching(*output.graph(), output.id(), variables));
  std::vector<Tensor> results;
  for (const Tensor& variable : variables) {
    results.push_back(accumulator.result(variable));
  }
  return results;
}

}  // namespace pcxx

/// Topological order with the edges that in-place results add.
#include "program/passes/ordering.h"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

namespace pcxx {
namespace {

class Block {
 public:
  Block(const Graph& graph, std::vector<Call> calls) : graph_(graph), calls_(std::move(calls)) {
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      after_.emplace_back();
      for (const SymbolId output : calls_[i].outputs) {
        producer_[output] = i;
      }
    }
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      for (const SymbolId input : calls_[i].inputs) {
        if (const auto found = producer_.find(input); found != producer_.end()) {
          after_[found->second].insert(i);
        }
      }
    }
  }

  void deliver(const std::vector<Delivery>& deliveries) {
    for (const Delivery& each : deliveries) {
      if (renamed_.contains(each.temporary) || !try_in_place(each)) {
        add_copy(each);
      }
    }
  }

  Region take() {
    std::vector<std::size_t> waiting(calls_.size(), 0);
    for (const auto& next : after_) {
      for (const std::size_t i : next) {
        ++waiting[i];
      }
    }
    std::set<std::size_t> ready;
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      if (waiting[i] == 0) {
        ready.insert(i);
      }
    }
    Region result;
    while (!ready.empty()) {
      const std::size_t i = *ready.begin();
      ready.erase(ready.begin());
      result.push_back({with_names(std::move(calls_[i]), i)});
      for (const std::size_t next : after_[i]) {
        if (--waiting[next] == 0) {
          ready.insert(next);
        }
      }
    }
    if (result.size() != calls_.size()) {
      throw std::logic_error("[fuse] kernels wait for each other: a mistake of the compiler");
    }
    return result;
  }

 private:
  bool reaches(std::size_t from, std::size_t to) const {
    std::vector<std::size_t> stack = {from};
    std::set<std::size_t> seen;
    while (!stack.empty()) {
      const std::size_t i = stack.back();
      stack.pop_back();
      if (i == to) {
        return true;
      }
      if (seen.insert(i).second) {
        stack.insert(stack.end(), after_[i].begin(), after_[i].end());
      }
    }
    return false;
  }

  std::vector<std::size_t> readers(SymbolId symbol) const {
    std::vector<std::size_t> result;
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      if (std::find(calls_[i].inputs.begin(), calls_[i].inputs.end(), symbol) != calls_[i].inputs.end()) {
        result.push_back(i);
      }
    }
    return result;
  }

  /// Returns whether a call may write `output` over its own input `target`: element by element, at the same places.
  bool overwrites_safely(const Call& call, SymbolId target, SymbolId output) const {
    const auto* fused = std::get_if<FusedKernel>(&call.kernel);
    if (fused == nullptr) {
      return false;
    }
    for (std::size_t i = 0; i < call.inputs.size(); ++i) {
      const bool number = graph_.symbol(target).span == Span::shared && graph_.symbol(target).shape.elements() == 1;
      if (call.inputs[i] == target && fused->inputs[i] != Access::full && !number) {
        return false;
      }
    }
    const auto place = static_cast<std::size_t>(
        std::find(call.outputs.begin(), call.outputs.end(), output) - call.outputs.begin());
    return fused->outputs[place].kind == OutputKind::full;
  }

  bool try_in_place(const Delivery& each) {
    const auto found = producer_.find(each.temporary);
    if (found == producer_.end()) {
      return false;
    }
    const std::size_t producer = found->second;
    std::vector<std::size_t> before;
    for (const std::size_t reader : readers(each.target)) {
      if (reader == producer) {
        if (!overwrites_safely(calls_[producer], each.target, each.temporary)) {
          return false;
        }
      } else if (reaches(producer, reader)) {
        return false;
      } else {
        before.push_back(reader);
      }
    }
    for (const std::size_t reader : before) {
      after_[reader].insert(producer);
    }
    renamed_.emplace(each.temporary, each.target);
    return true;
  }

  void add_copy(const Delivery& each) {
    const std::size_t copy = calls_.size();
    for (const std::size_t reader : readers(each.target)) {
      after_[reader].insert(copy);
    }
    after_.emplace_back();
    if (const auto found = producer_.find(each.temporary); found != producer_.end()) {
      after_[found->second].insert(copy);
    }
    calls_.push_back(copy_call(graph_, each.temporary, each.target));
    copies_.insert(copy);
  }

  Call with_names(Call call, std::size_t index) const {
    const auto rename = [&](SymbolId& symbol) {
      if (const auto found = renamed_.find(symbol); found != renamed_.end()) {
        symbol = found->second;
      }
    };
    std::for_each(call.inputs.begin(), call.inputs.end(), rename);
    if (!copies_.contains(index)) {
      std::for_each(call.outputs.begin(), call.outputs.end(), rename);
    }
    return call;
  }

  const Graph& graph_;
  std::vector<Call> calls_;
  std::vector<std::set<std::size_t>> after_;  // edges: what must run later
  std::map<SymbolId, std::size_t> producer_;
  std::map<SymbolId, SymbolId> renamed_;
  std::set<std::size_t> copies_;
};

}  // namespace

Call copy_call(const Graph& graph, SymbolId from, SymbolId to) {
  const Symbol& symbol = graph.symbol(to);
  FusedKernel kernel;
  kernel.columns = symbol.span == Span::per_sample ? symbol.shape.elements() : 1;
  kernel.inputs = {Access::full};
  kernel.outputs = {{0, OutputKind::full}};
  return {kernel, {from}, {to}};
}

Region ordered(const Graph& graph, std::vector<Call> calls, const std::vector<Delivery>& deliveries) {
  Block block(graph, std::move(calls));
  block.deliver(deliveries);
  return block.take();
}

}  // namespace pcxx

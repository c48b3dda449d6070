/// PhaseView: a memoised rewrite of expressions, and the order in which nodes follow.
#include "network/phase_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"
#include "tensor/rules.h"

namespace pcxx {
namespace {

/// A node that is to follow: what its value becomes, and which following nodes that reads.
struct Follower {
  Size node;
  ExpressionId value;
  std::set<Size> reads;
};

std::string quoted(const Model& model, const std::vector<Size>& nodes) {
  std::vector<std::string> names;
  for (const Size node : nodes) {
    names.push_back("'" + model.node(node).name + "'");
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

/// Returns, of followers none of which can go first, those that stand in a loop, not just behind one.
std::vector<Size> loop_among(std::vector<Follower> left) {
  for (bool changed = true; changed;) {
    const auto unread = [&](const Follower& f) {
      return std::none_of(left.begin(), left.end(), [&](const Follower& other) { return other.reads.contains(f.node); });
    };
    const auto found = std::find_if(left.begin(), left.end(), unread);
    changed = found != left.end();
    if (changed) {
      left.erase(found);
    }
  }
  std::vector<Size> nodes;
  for (const Follower& follower : left) {
    nodes.push_back(follower.node);
  }
  return nodes;
}

}  // namespace

PhaseView::PhaseView(std::shared_ptr<Model> model, std::string phase, std::vector<NodeRule> rules, std::vector<bool> given, Mode mode)
    : model_(std::move(model)), phase_(std::move(phase)), rules_(std::move(rules)), given_(std::move(given)), mode_(mode) {}

void PhaseView::set_mode(Mode mode) {
  mode_ = mode;
  memo_.clear();
}

bool PhaseView::bound(Size node) const { return clamped(node) && given_[static_cast<std::size_t>(node)]; }

ExpressionId PhaseView::value(Size node) const {
  return model_->read(bound(node) ? model_->input_of(node) : model_->node(node).value);
}

Tensor PhaseView::meaning(const Tensor& tensor) {
  if (tensor.graph() == nullptr) {
    return {model_, model_->constant(tensor.constant())};
  }
  if (tensor.graph() != std::static_pointer_cast<Graph>(model_)) {
    throw ArgumentError("[flow] an expression belongs to a different network");
  }
  return {model_, meaning(tensor.id())};
}

ExpressionId PhaseView::meaning(ExpressionId id) {
  if (const auto found = memo_.find(id); found != memo_.end()) {
    return found->second;
  }
  const ExpressionId result = (*model_)[id].op == Op::symbol ? meaning_of_symbol(id) : rebuilt(id);
  memo_[id] = result;
  memo_[result] = result;
  return result;
}

ExpressionId PhaseView::meaning_of_symbol(ExpressionId id) {
  const auto symbol = static_cast<SymbolId>((*model_)[id].attributes.integers[0]);
  if (const Modes* modes = model_->modes_of(symbol)) {
    return meaning(mode_ == Mode::training ? modes->training : modes->evaluation);
  }
  const Size node = model_->node_of(symbol);
  if (node == kAbsent || static_cast<std::size_t>(node) >= rules_.size()) {
    return id;
  }
  return symbol == model_->node(node).seen ? seen(node) : value(node);
}

/// The same operation on what its operands mean. Spans may change: a prediction may be shared where a value is not.
ExpressionId PhaseView::rebuilt(ExpressionId id) {
  const Expression& e = (*model_)[id];
  std::vector<Tensor> operands;
  bool same = true;
  for (const ExpressionId operand : e.operands) {
    operands.emplace_back(model_, meaning(operand));
    same = same && operands.back().id() == operand;
  }
  if (same) {
    return id;
  }
  if (e.op == Op::batch_sum) {
    return batch_sum(operands[0]).id();
  }
  if (sums_samples(e)) {
    return batch_sum(apply(e.op, std::move(operands), with_sample_sum(e.op, e.attributes, false), e.shape)).id();
  }
  return apply(e.op, std::move(operands), e.attributes, e.shape).id();
}

ExpressionId PhaseView::seen(Size node) {
  if (const auto first = std::find(showing_.begin(), showing_.end(), node); first != showing_.end()) {
    throw ArgumentError(fmt::format("[enter] phase '{}': nodes {} show their predictions to each other in a loop; expected "
                                    "one of them to show its value: show_value(named(\"{}\"))",
                                    phase_, quoted(*model_, {first, showing_.end()}), model_->node(node).name));
  }
  showing_.push_back(node);
  const ExpressionId base = rule(node).sees_prediction ? meaning(model_->node(node).prediction) : value(node);
  const ExpressionId result = transformed(rule(node).seen, base, node, "shows");
  showing_.pop_back();
  return result;
}

ExpressionId PhaseView::transformed(const Transform& transform, ExpressionId id, Size node, const char* what) {
  if (!transform) {
    return id;
  }
  const Tensor before(model_, id);
  const Tensor after = transform(before);
  if (after.graph() == nullptr) {
    return model_->constant(after.constant(), before.shape());
  }
  if (after.shape() != before.shape()) {
    throw ShapeError(fmt::format("[enter] phase '{}': node '{}' is {} but {} a transform that is {}", phase_,
                                 model_->node(node).name, to_string(before.shape()), what, to_string(after.shape())));
  }
  return meaning(after).id();
}

void PhaseView::check() {
  for (std::size_t node = 0; node < rules_.size(); ++node) {
    meaning(model_->read(model_->node(static_cast<Size>(node)).seen));
  }
}

std::vector<Assignment> PhaseView::follow() {
  std::vector<Follower> left;
  const auto follows = [&](Size node) { return rule(node).role == Role::following; };
  for (Size node = 0; node < static_cast<Size>(rules_.size()); ++node) {
    if (!follows(node)) {
      continue;
    }
    const ModelNode& own = model_->node(node);
    const Shape& shape = model_->symbol(own.value).shape;
    const ExpressionId base = own.prediction == kAbsent ? model_->constant(0, shape) : meaning(own.prediction);
    left.push_back({node, transformed(rule(node).value, base, node, "follows"), {}});
    for (const SymbolId symbol : symbols_read(*model_, left.back().value)) {
      const Size read = model_->node_of(symbol);
      if (read != kAbsent && symbol == model_->node(read).value && follows(read)) {
        left.back().reads.insert(read);
      }
    }
  }
  std::vector<Assignment> order;
  while (!left.empty()) {
    const auto next = std::find_if(left.begin(), left.end(), [](const Follower& f) { return f.reads.empty(); });
    if (next == left.end()) {
      const std::vector<Size> loop = loop_among(left);
      throw ArgumentError(fmt::format("[enter] phase '{}': nodes {} follow predictions that read each other in a loop; "
                                      "expected one to start elsewhere, e.g. phase(\"{}\").follow(named(\"{}\"), to_zero())",
                                      phase_, quoted(*model_, loop), phase_, model_->node(loop.front()).name));
    }
    const Size done = next->node;
    order.push_back({model_->node(done).value, next->value});
    left.erase(next);
    for (Follower& follower : left) {
      follower.reads.erase(done);
    }
  }
  return order;
}

}  // namespace pcxx

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
    names.push_back(model.quoted(model.node(node).value));
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

PhaseView::PhaseView(std::shared_ptr<Model> model, const Phase& phase, const std::vector<bool>& given, Mode mode,
                     RandomSource& random)
    : model_(std::move(model)), phase_(phase.name()), mode_(mode), random_(&random), step_(model_->constant(0)) {
  for (std::size_t i = 0; i < model_->nodes().size(); ++i) {
    const ModelNode& node = model_->nodes()[i];
    const Traits traits{node.name, node.tags, model_->symbol(node.value).shape};
    rules_.push_back(phase.rule_for(traits, node.prediction != kAbsent, given[i]));
    weights_.push_back(phase.weight_of(traits));
    varies_ = varies_ || weights_.back().varies();
    if (rules_.back().energy && node.energy == kAbsent) {
      throw ArgumentError(fmt::format("[enter] phase '{}' gives node {} the energy '{}', but it has none to replace; expected "
                                      "a node with an energy, whose weight is 0 elsewhere", phase_, model_->quoted(node.value),
                                      rules_.back().energy->name));
    }
  }
  for (const ModelTerm& term : model_->terms()) {
    term_weights_.push_back(phase.weight_of({term.name, {}, {}}));
    varies_ = varies_ || term_weights_.back().varies();
  }
}

void PhaseView::set_mode(Mode mode) {
  mode_ = mode;
  memo_.clear();
  kept_.clear();
}

bool PhaseView::bound(Size node) const { return rule(node).given; }

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
  if (const Size term = model_->term_of(symbol); term != kAbsent && static_cast<std::size_t>(term) < term_weights_.size()) {
    const auto place = static_cast<std::size_t>(term);
    return weighted(meaning(model_->terms()[place].value), term_weights_[place], model_->terms()[place].name);
  }
  const Size node = model_->node_of(symbol);
  if (node == kAbsent || static_cast<std::size_t>(node) >= rules_.size()) {
    return id;
  }
  const ModelNode& own = model_->node(node);
  if (symbol == own.cost) {
    return energy(node);
  }
  if (symbol != own.seen && symbol != own.predicted) {
    return value(node);
  }
  if (const auto found = kept_.find(symbol); found != kept_.end()) {
    return found->second;
  }
  const ExpressionId result = symbol == own.seen ? seen(node) : prediction(node);
  kept_.emplace(symbol, result);
  return result;
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
  const ExpressionId base = rule(node).sees_prediction ? meaning(model_->read(model_->node(node).predicted)) : value(node);
  const ExpressionId result = transformed(rule(node).seen, base, node, "shows");
  showing_.pop_back();
  return result;
}

ExpressionId PhaseView::prediction(Size node) {
  return transformed(rule(node).prediction, meaning(model_->node(node).prediction), node, "is predicted through");
}

ExpressionId PhaseView::energy(Size node) {
  const ModelNode& own = model_->node(node);
  if (!rule(node).energy) {
    return weighted(meaning(own.energy), weight(node), own.name);
  }
  const Energy& replaced = *rule(node).energy;
  const Tensor cost = meaning(replaced.of({model_, model_->read(own.value)}, {model_, model_->read(own.predicted)}));
  if (cost.shape().rank() != 0) {
    throw ShapeError(fmt::format("[enter] phase '{}': energy '{}' of node {} is {}; expected a scalar for each sample: sum it",
                                 phase_, replaced.name, model_->quoted(own.value), to_string(cost.shape())));
  }
  return weighted(cost.id(), weight(node), own.name);
}

ExpressionId PhaseView::weighted(ExpressionId energy, const EnergyWeight& weight, const std::string& of) {
  if (weight.is(1)) {
    return energy;
  }
  const Tensor factor = meaning(weight({model_, step_}));
  if (factor.shape().rank() != 0) {
    throw ShapeError(fmt::format("[enter] phase '{}': the weight of '{}' is {}; expected a scalar", phase_, of,
                                 to_string(factor.shape())));
  }
  return meaning(factor * Tensor(model_, energy)).id();
}

std::string PhaseView::unbounded_energy(Size node) const {
  const ModelNode& own = model_->node(node);
  const std::optional<Energy>& replaced = rule(node).energy;
  const bool unbounded = replaced ? replaced->needs_clamp : own.needs_clamp;
  return unbounded && !weight(node).is(0) ? (replaced ? replaced->name : own.energy_name) : "";
}

void PhaseView::at_step(ExpressionId step) {
  if (step != step_ && varies_) {
    memo_.clear();
  }
  step_ = step;
}

ExpressionId PhaseView::transformed(const Transform& transform, ExpressionId id, Size node, const char* what) {
  if (!transform) {
    return id;
  }
  const Tensor before(model_, id);
  const Tensor after = transform(before, *random_);
  if (after.graph() == nullptr) {
    return model_->constant(after.constant(), before.shape());
  }
  if (after.shape() != before.shape()) {
    throw ShapeError(fmt::format("[enter] phase '{}': node {} is {} but {} a transform that is {}", phase_,
                                 model_->quoted(model_->node(node).value), to_string(before.shape()), what, to_string(after.shape())));
  }
  return meaning(after).id();
}

void PhaseView::check() {
  for (const ModelNode& node : model_->nodes()) {
    for (const SymbolId symbol : {node.seen, node.predicted, node.cost}) {
      if (symbol != kAbsent) {
        meaning(model_->read(symbol));
      }
    }
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
    const ExpressionId base = own.prediction == kAbsent ? model_->constant(0, shape) : meaning(model_->read(own.predicted));
    left.push_back({node, transformed(rule(node).value, base, node, "follows"), {}});
    const std::vector<SymbolId> predicting = symbols_read(*model_, base);
    for (const SymbolId symbol : symbols_read(*model_, left.back().value)) {
      const Size read = model_->node_of(symbol);
      // A transform may read the node's own value: the one before.
      const bool before = read == node && std::find(predicting.begin(), predicting.end(), symbol) == predicting.end();
      if (read != kAbsent && symbol == model_->node(read).value && follows(read) && !before) {
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

/// FlowWriter: statements, regions, variables and draws.
#include "network/flow_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "network/unset_values.h"
#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"
#include "program/passes/analysis.h"
#include "tensor/rules.h"

namespace pcxx {
namespace {

constexpr double kCounterEnd = 16777216;  // 2^24: the first whole number after which f32 skips some

}  // namespace

FlowWriter::FlowWriter(const Network& network, std::vector<Node> given)
    : network_(&network), model_(network.model()), given_(std::move(given)), open_(1) {
  model_->made_at("");  // what was said before was about the network
  for (auto node = given_.begin(); node != given_.end(); ++node) {
    own(*node, "given");
    if (std::find(given_.begin(), node, *node) != node) {
      throw ArgumentError("[given] node '" + node->name() + "' is named twice");
    }
  }
  view_.emplace(view_of(network.phase("relax"), Mode::training));
}

PhaseView FlowWriter::view_of(const Phase& phase, Mode mode) {
  std::vector<bool> given(model_->nodes().size(), false);
  for (const Node& node : given_) {
    given[static_cast<std::size_t>(node.index())] = true;
  }
  return {model_, phase, given, mode, *this};
}

void FlowWriter::own(const Node& node, const char* who) const {
  if (node.value().graph() != std::static_pointer_cast<Graph>(model_)) {
    throw ArgumentError(fmt::format("[{}] node '{}' belongs to a different network", who, node.name()));
  }
}

void FlowWriter::own(const Parameter& parameter, const char* who) const {
  if (Tensor(parameter).graph() != std::static_pointer_cast<Graph>(model_)) {
    throw ArgumentError(fmt::format("[{}] parameter '{}' belongs to a different network", who, parameter.name()));
  }
}

void FlowWriter::enter(const Phase& phase) {
  PhaseView next = view_of(phase, view_->mode());
  if (!turns_.empty()) {
    follow_turn(next);
  }
  next.check();
  const std::vector<Assignment> follow = next.follow();
  std::vector<Assignment> kept;  // data whose node may move from now on
  for (const Node& node : given_) {
    if (view_->bound(node.index()) && !next.bound(node.index())) {
      kept.push_back({model_->node(node.index()).value, view_->value(node.index())});
    }
  }
  std::erase_if(kept, [&](const Assignment& copy) {  // but for one whose transform reads the value before
    return std::any_of(follow.begin(), follow.end(), [&](const Assignment& f) {
      const std::vector<SymbolId> read = symbols_read(*model_, f.value);
      return f.target == copy.target && std::find(read.begin(), read.end(), f.target) == read.end();
    });
  });
  if (!kept.empty()) {
    append({Assign{std::move(kept)}});
  }
  for (const Assignment& assignment : follow) {
    append({Assign{{assignment}}});
  }
  view_.emplace(std::move(next));
}

void FlowWriter::follow_turn(PhaseView& view) {
  turns_.back().used = turns_.back().used || view.varies();
  view.at_step(model_->read(turns_.back().index));
}

// --- variables and assignments

SymbolId FlowWriter::target(const Tensor& tensor) {
  if (tensor.graph() != std::static_pointer_cast<Graph>(model_)) {
    throw ArgumentError("[assign] expected a node, a parameter or a variable of this network");
  }
  const SymbolId symbol = symbol_of(*model_, tensor.id(), "assign");
  const Size node = model_->node_of(symbol);
  return node == kAbsent ? symbol : target(Node(model_, node));
}

SymbolId FlowWriter::target(const Node& node) {
  own(node, "assign");
  if (view_->bound(node.index())) {
    throw ArgumentError("[assign] node '" + node.name() + "' is given as data in this phase; expected a phase that releases it");
  }
  return model_->node(node.index()).value;
}

Assignment FlowWriter::assignment(SymbolId target, const Tensor& value) {
  const Symbol& variable = model_->symbol(target);
  const Tensor meant = meaning(value);
  if (meant.shape() != variable.shape && meant.shape().rank() != 0) {
    throw ShapeError(fmt::format("[assign] '{}' is {} but its value is {}", variable.name, to_string(variable.shape),
                                 to_string(meant.shape())));
  }
  if (variable.span == Span::shared && meant.span() == Span::per_sample) {
    throw ShapeError("[assign] '" + variable.name +
                     "' is shared but its value is per sample; expected a shared one, e.g. its batch_mean()");
  }
  if ((variable.dtype == DType::index) != (meant.dtype() == DType::index)) {
    throw ShapeError(fmt::format("[assign] '{}' is {} but its value is {}", variable.name, to_string(variable.dtype),
                                 to_string(meant.dtype())));
  }
  return {target, broadcast(meant, variable.shape).id()};
}

void FlowWriter::assign(std::vector<Assignment> assignments) {
  for (auto each = assignments.begin(); each != assignments.end(); ++each) {
    const auto same = [&](const Assignment& other) { return other.target == each->target; };
    if (std::any_of(assignments.begin(), each, same) ||
        (collected_ && std::any_of(collected_->begin(), collected_->end(), same))) {
      throw ArgumentError("[assign] '" + model_->symbol(each->target).name + "' is set twice in one statement");
    }
  }
  if (collected_) {
    collected_->insert(collected_->end(), assignments.begin(), assignments.end());
  } else if (!assignments.empty()) {
    append({Assign{std::move(assignments)}});
  }
}

void FlowWriter::together(const std::function<void()>& body) {
  if (collected_) {
    throw ArgumentError("[together] inside another together(); expected one");
  }
  collected_.emplace();
  const std::string place = model_->place();
  try {
    body();
  } catch (...) {
    collected_.reset();
    throw;
  }
  std::vector<Assignment> all = std::move(*collected_);
  collected_.reset();
  model_->made_at(place);
  assign(std::move(all));
}

void FlowWriter::append(Statement statement) {
  if (finished_) {
    throw ArgumentError("[flow] the program is finished; expected every statement inside the function that writes it");
  }
  if (collected_) {
    throw ArgumentError("[together] expected assignments, steps and outputs only; phases, variables and loops go before or after");
  }
  if (const auto* assign = std::get_if<Assign>(&statement.content)) {
    for (const Assignment& each : assign->assignments) {
      model_->note_value(each.value);
    }
  }
  open_.back().push_back(std::move(statement));
}

SymbolId FlowWriter::temporary(const std::string& name, const Shape& shape, Span span, DType dtype) {
  const SymbolId symbol = model_->add_symbol({name, SymbolKind::temporary, dtype, span, shape});
  model_->note(symbol);
  return symbol;
}

SymbolId FlowWriter::output(const std::string& name, const Tensor& like) {
  if (name.empty() || !outputs_.insert(name).second) {
    throw NameError("[output] '" + name + "' is taken or empty; expected one name for each output");
  }
  return model_->add_symbol({name, SymbolKind::output, like.dtype(), like.span(), like.shape()});
}

Tensor FlowWriter::lasting(const std::string& name, const Shape& shape) {
  if (name.empty() || !lasting_.insert(name).second) {
    throw NameError("[lasting_variable] '" + name + "' is taken or empty; expected one name for each, under which it is saved");
  }
  const SymbolId symbol = state("lasting/" + name, shape);
  if (model_->symbol(symbol).shape != shape) {
    throw ShapeError(fmt::format("[lasting_variable] '{}' is {} in another program; expected the same shape, not {}", name,
                                 to_string(model_->symbol(symbol).shape), to_string(shape)));
  }
  return read(symbol);
}

void FlowWriter::reserve_optimiser(const std::string& name) {
  if (name.empty() || !optimisers_.insert(name).second) {
    throw NameError("[optimiser] '" + name + "' is taken or empty; expected one name for each optimiser of parameters, "
                    "under which its states are saved");
  }
}

// --- regions

Region FlowWriter::region_of(const std::function<void()>& body) {
  const PhaseView before = *view_;
  const std::size_t depth = open_.size();
  const std::string place = model_->place();
  open_.emplace_back();
  try {
    body();
  } catch (...) {
    open_.resize(depth);
    view_.emplace(before);
    throw;
  }
  Region region = std::move(open_.back());
  open_.pop_back();
  view_.emplace(before);
  model_->made_at(place);  // of the loop, which is appended next
  return region;
}

Region FlowWriter::region_of_loop(Turn& turn, const std::function<void()>& body) {
  const std::size_t depth = turns_.size();
  turns_.push_back(turn);
  try {
    Region region = region_of([&] {
      follow_turn(*view_);
      look_before(turns_.back());
      body();
    });
    turn = turns_.back();
    turns_.pop_back();
    return region;
  } catch (...) {
    turns_.erase(turns_.begin() + static_cast<std::ptrdiff_t>(depth), turns_.end());
    throw;
  }
}

void FlowWriter::repeat(Size count, const std::function<void(const Tensor&)>& body) {
  append_repeat(repeated(count, body));
}

void FlowWriter::append_repeat(Repeated repeated) {
  begin_records(repeated.turn);
  const Size count = repeated.statement.count;
  if (count > 0) {
    append({std::move(repeated.statement)});
  }
  end_records(repeated.turn, static_cast<double>(count));
}

std::vector<Tensor> FlowWriter::scan(Size count, const std::function<std::vector<Tensor>(const Tensor&)>& body) {
  std::vector<Tensor> stacks;
  std::vector<Assignment> empty;
  Repeated loop = repeated(count, [&](const Tensor& step) {
    std::vector<Assignment> grown;
    for (const Tensor& result : body(step)) {
      const Tensor each = meaning(result);
      std::vector<Size> extents = each.shape().extents();
      extents.insert(extents.begin(), count);
      const SymbolId stack = temporary("stack", Shape(extents), each.span(), each.dtype());
      stacks.push_back(read(stack));
      empty.push_back({stack, model_->constant(0, Shape(extents), each.dtype())});
      grown.push_back({stack, set_row(stacks.back(), step, each).id()});
    }
    assign(std::move(grown));
  });
  assign(std::move(empty));
  append_repeat(std::move(loop));
  return stacks;
}

FlowWriter::Repeated FlowWriter::repeated(Size count, const std::function<void(const Tensor&)>& body) {
  if (count < 0) {
    throw ArgumentError("[repeat] " + std::to_string(count) + " times; expected at least 0");
  }
  Turn turn{temporary("step", {}, Span::shared), count};
  Region region = region_of_loop(turn, [&] { body(read(turn.index)); });
  view_->at_step(model_->constant(static_cast<double>(count)));
  return {{count, turn.index, std::move(region)}, std::move(turn)};
}

void FlowWriter::repeat_while(const std::function<Tensor()>& condition, const std::function<void()>& body, Size limit) {
  if (limit < 0) {
    throw ArgumentError("[repeat_while] limit " + std::to_string(limit) + "; expected at least 0");
  }
  const ExpressionId checked = checked_condition(condition(), "repeat_while").id();
  Turn turn{temporary("turn", {}, Span::shared), limit};
  Region region = region_of_loop(turn, body);
  if (turn.used) {  // a repeat counts for itself, a while does not
    append({Assign{{{turn.index, model_->constant(0)}}}});
    region.push_back({Assign{{{turn.index, (read(turn.index) + 1.0).id()}}}});
  }
  begin_records(turn);
  append({While{checked, limit, std::move(region)}});
  if (turn.used) {
    view_->at_step(model_->read(turn.index));
  }
  end_records(turn, read(turn.index));
}

void FlowWriter::branch(const Tensor& condition, const std::function<void()>& yes, const std::function<void()>& no) {
  const ExpressionId checked = checked_condition(condition, "branch").id();
  Region taken = region_of(yes);
  Region other = region_of(no);
  append({Branch{checked, std::move(taken), std::move(other)}});
}

Tensor FlowWriter::checked_condition(const Tensor& condition, const char* who) {
  const Tensor meant = meaning(condition);
  if (meant.dtype() != DType::boolean || meant.span() != Span::shared || meant.shape().rank() != 0) {
    throw ShapeError(fmt::format("[{}] the condition is {}, {} and of shape {}; expected a comparison of shared scalars", who,
                                 to_string(meant.dtype()), to_string(meant.span()), to_string(meant.shape())));
  }
  model_->note_value(meant.id());
  return meant;
}

// --- draws

Tensor FlowWriter::draw(Op op, const Shape& shape, Span span, std::vector<double> reals) {
  std::vector<Tensor> counters;
  for (const ExpressionId runs : model_->run_counters()) {
    counters.emplace_back(model_, runs);
  }
  for (Turn& turn : turns_) {
    turn.used = true;
    counters.push_back(read(turn.index));
  }
  return apply(op, std::move(counters), {{draws_++, span == Span::per_sample ? 1 : 0}, std::move(reals)}, shape);
}

void FlowWriter::update_layer_state() {
  if (!layer_updates_.empty() || view_->mode() != Mode::training) {
    return;
  }
  for (const ModelUpdate& update : model_->updates()) {
    const ModelParameter& state = model_->parameter(update.parameter);
    if (state.name.starts_with(network_->prefix())) {
      layer_updates_.push_back(assignment(state.symbol, Tensor(model_, update.value)));
    }
  }
  layer_updates_at_ = open_.front().size();
}

/// Returns whether the program draws: by itself, or in a layer.
bool FlowWriter::draws() const {
  Symbols reads;
  for (const Statement& statement : open_.front()) {
    add_reads(*model_, statement, reads);
  }
  return reads.contains(model_->state("random/run", {}));
}

Tensor FlowWriter::bernoulli(double probability, const Shape& shape, Span span) {
  if (!(probability >= 0 && probability <= 1)) {
    throw ArgumentError(fmt::format("[random_bernoulli] probability {}; expected 0 to 1", probability));
  }
  return draw(Op::random_bernoulli, shape, span, {probability});
}

/// Counts in two numbers: one alone would stand still after 2^24 runs, as f32 does.
void FlowWriter::count_runs() {
  const SymbolId run = state("random/run", {}), turn = state("random/turn", {});
  const Tensor next = read(run) + 1.0;
  const Tensor full = next >= kCounterEnd;
  assign({{run, select(full, 0.0, next).id()}, {turn, (read(turn) + full * 1.0).id()}});
}

Program FlowWriter::finish() {
  if (!layer_updates_.empty()) {
    Region& body = open_.front();
    body.insert(body.begin() + static_cast<std::ptrdiff_t>(layer_updates_at_), Statement{Assign{std::move(layer_updates_)}});
  }
  if (draws()) {
    count_runs();
  }
  finished_ = true;
  require_values(*model_, open_.front());
  Program program;
  program.graph = model_;
  program.body = std::move(open_.front());
  return program;
}

}  // namespace pcxx

/// FlowWriter: what is kept of the turns of loops, and of what parameters are taught.
#include <fmt/format.h>

#include "network/flow_writer.h"
#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {
namespace {

Shape with_axes(std::vector<Size> axes, const Shape& shape) {
  axes.insert(axes.end(), shape.begin(), shape.end());
  return Shape(axes);
}

}  // namespace

FlowWriter::Record FlowWriter::new_record(const std::string& name, const Tensor& value, Size rows, const std::vector<Size>& axes) {
  const SymbolId stack = temporary(name, with_axes({rows}, value.shape()), value.span(), value.dtype());
  return {name, stack, output(name, reshape(read(stack), with_axes(axes, value.shape())))};
}

void FlowWriter::set_row_of(const Record& record, const Tensor& place, const Tensor& value) {
  assign({{record.rows, set_row(read(record.rows), place, value).id()}});
}

void FlowWriter::record(const std::string& name, const Tensor& value) {
  const Tensor meant = meaning(value);
  if (turns_.empty()) {
    assign({{output(name, meant), meant.id()}});
    return;
  }
  std::vector<Size> axes;
  Size rows = 1;
  Tensor place = 0.0;
  for (Turn& turn : turns_) {
    turn.used = true;
    place = axes.empty() ? read(turn.index) : place * static_cast<double>(turn.limit) + read(turn.index);
    axes.push_back(turn.limit);
    rows *= turn.limit;
  }
  turns_.front().records.push_back(new_record(name, meant, rows, axes));
  set_row_of(turns_.front().records.back(), place, meant);
}

// --- watched loops

NamedTensors FlowWriter::seen_by_watches() const {
  NamedTensors all;
  for (const auto& look : looks_) {
    for (auto& [name, value] : look()) {
      all.emplace_back(fmt::format("loop{}/{}", loops_watched_, name), value);
    }
  }
  return all;
}

void FlowWriter::look_before(Turn& turn) {
  if (looks_.empty() || turns_.size() > 1 || open_.size() > 2) {  // the program's own region and that of the loop
    return;
  }
  ++loops_watched_;
  const Size states = turn.limit + 1;
  std::vector<Record> watched;
  for (const auto& [name, value] : seen_by_watches()) {
    const Tensor meant = meaning(value);
    watched.push_back(new_record(name, meant, states, {states}));
    set_row_of(watched.back(), read(turn.index), meant);
  }
  turn.used = true;
  turn.watched = std::move(watched);
}

void FlowWriter::begin_records(const Turn& turn) {
  for (const auto* records : {&turn.records, &turn.watched}) {
    for (const Record& record : *records) {
      const Symbol& rows = symbol(record.rows);
      append({Assign{{{record.rows, model_->constant(0, rows.shape, rows.dtype)}}}});
    }
  }
}

void FlowWriter::end_records(const Turn& turn, const Tensor& turns) {
  if (!turn.watched.empty()) {
    const NamedTensors last = seen_by_watches();
    for (std::size_t i = 0; i < turn.watched.size(); ++i) {
      if (i >= last.size() || last[i].first != turn.watched[i].name) {
        throw ArgumentError("[watch_loops] '" + turn.watched[i].name + "' is seen inside the loop but not behind it; expected "
                            "the same names in the same order");
      }
      set_row_of(turn.watched[i], turns, meaning(last[i].second));
    }
    const Tensor states = meaning(turns + 1.0);
    assign({{output(fmt::format("loop{}/states", loops_watched_), states), states.id()}});
  }
  for (const auto* records : {&turn.records, &turn.watched}) {
    for (const Record& record : *records) {
      assign({{record.output, reshape(read(record.rows), symbol(record.output).shape).id()}});
    }
  }
}

// --- what parameters are taught

std::vector<Tensor> FlowWriter::taught_gradients() {
  if (!taught_.empty()) {
    throw ArgumentError("[taught_gradients] is called twice in one program; expected to use again what it returned");
  }
  std::vector<Tensor> sums;
  for (const Parameter& parameter : network_->parameters()) {
    const SymbolId sum = temporary("taught " + parameter.name(), parameter.shape(), Span::shared);
    append({Assign{{{sum, model_->constant(0, parameter.shape())}}}});
    taught_.emplace(model_->parameter(parameter.index()).symbol, sum);
    sums.push_back(read(sum));
  }
  return sums;
}

std::optional<SymbolId> FlowWriter::taught(SymbolId parameter) const {
  const auto found = taught_.find(parameter);
  return found == taught_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace pcxx

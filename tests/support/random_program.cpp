/// Random programs: variables get first values, then random statements move them about.
#include "support/random_program.h"

#include <algorithm>
#include <cmath>

#include "tensor/rules.h"

namespace pcxx::test {
namespace {

constexpr Size kWidth = 6;

class ProgramGenerator {
 public:
  ProgramGenerator(Workbench& bench, ProgramOptions options) : bench_(bench), options_(options) {
    for (int i = 0; i < 3; ++i) {
      rows_.push_back(bench_.symbol("h", SymbolKind::node_value, {kWidth}));
    }
    rows_.push_back(bench_.symbol("m", SymbolKind::temporary, {kWidth}));
    shared_.push_back(bench_.symbol("s", SymbolKind::state, {kWidth}, Span::shared));
    shared_.push_back(bench_.symbol("t", SymbolKind::output, {kWidth}, Span::shared));
    for (int i = 0; i < 2; ++i) {
      inputs_.push_back(bench_.variable({kWidth}, Span::per_sample));
      weights_.push_back(bench_.variable({kWidth, kWidth}, Span::shared, {-0.3, 0.3, 0}));
    }
    shared_.push_back(symbol_of(*bench_.graph(), bench_.variable({kWidth}, Span::shared).id(), "test"));
  }

  RandomProgram run() {
    Assign first;
    for (const SymbolId id : rows_) {
      first.assignments.push_back({id, (chance(0.5) ? start() : inputs_[0]).id()});
    }
    first.assignments.push_back({shared_[1], (0.5 * bench_.read(shared_[0])).id()});
    RandomProgram program{{{first}}, {}};
    for (int i = 0; i < options_.statements; ++i) {
      program.body.push_back(statement(0));
    }
    program.results = shared_;
    program.results.insert(program.results.end(), rows_.begin(), rows_.end() - 1);
    return program;
  }

 private:
  Size below(Size bound) { return bench_.random().below(bound); }
  bool chance(double probability) { return bench_.random().uniform() < probability; }

  template <class T>
  const T& one_of(const std::vector<T>& choices) {
    return choices[static_cast<std::size_t>(below(static_cast<Size>(choices.size())))];
  }

  /// A forward start: the prediction of another value, as nodes take it; its error is then exactly zero.
  Tensor start() { return prediction(inputs_[0]); }
  Tensor prediction(const Tensor& from) { return tanh(matmul(from, transpose(one_of(weights_)))); }

  Tensor row() {
    switch (below(4)) {
      case 0: return one_of(inputs_);
      case 1: {
        const Tensor all = bench_.read(one_of(shared_));
        return options_.spreads ? all : 0.5 * (all + inputs_[0]);
      }
      default: return bench_.read(one_of(rows_));
    }
  }

  Tensor row_value() {
    const Tensor a = row(), b = row();
    switch (below(8)) {
      case 0: return a - prediction(b);  // zero, if a is that prediction
      case 1: return prediction(b);
      case 2: return 0.5 * a - 0.2 * matmul(b - prediction(a), one_of(weights_));
      case 3: return a - 0.1 * (a - b);
      case 4: return 0.3 * (a * tanh(b));
      case 5: return 0.5 * (a - broadcast(reshape(mean(b), {1}), {kWidth}));
      case 6: return select(inputs_[1] < 0.0, a, 0.5 * b);
      default: return b;
    }
  }

  Tensor shared_value() {
    const Tensor old = bench_.read(one_of(shared_));
    if (chance(0.3)) {
      return 0.5 * old;
    }
    const Tensor value = row_value();
    return 0.9 * old + 0.1 * tanh(0.01 * batch_sum(value));
  }

  Statement assign() {
    Assign assign;
    std::vector<SymbolId> targets = rows_;
    targets.insert(targets.end(), shared_.begin(), shared_.end());
    std::rotate(targets.begin(), targets.begin() + below(static_cast<Size>(targets.size())), targets.end());
    const auto count = static_cast<std::size_t>(1 + below(3));
    for (std::size_t i = 0; i < count; ++i) {
      const bool is_row = bench_.graph()->symbol(targets[i]).span == Span::per_sample;
      assign.assignments.push_back({targets[i], (is_row ? row_value() : shared_value()).id()});
    }
    return {std::move(assign)};
  }

  Region region(int depth) {
    Region body;
    const Size count = 1 + below(3);
    for (Size i = 0; i < count; ++i) {
      body.push_back(statement(depth + 1));
    }
    return body;
  }

  Tensor condition() { return sum(bench_.read(one_of(shared_))) < 0.3; }

  Statement statement(int depth) {
    if (depth > 2 || chance(0.5)) {
      return assign();
    }
    switch (below(4)) {
      case 0: return {Branch{condition().id(), region(depth), region(depth)}};
      case 1: return {While{condition().id(), 1 + below(3), region(depth)}};
      default: return repeat(depth);
    }
  }

  Statement repeat(int depth) {
    const SymbolId index = bench_.symbol("i", SymbolKind::temporary, {}, Span::shared);
    Region body = region(depth);
    if (chance(0.3)) {  // a rate that depends on the step, as Adam's does
      const Tensor step = bench_.read(index), rate = chance(0.5) ? 1.0 / (2.0 + step) : 1.0 - power(0.9, step + 1.0);
      const Tensor moved = bench_.read(rows_[1]) * rate - 0.1 * (bench_.read(rows_[0]) - start());
      body.push_back({Assign{{{rows_[1], moved.id()}}}});
    }
    return {Repeat{below(5), index, std::move(body), below(3)}};
  }

  Workbench& bench_;
  ProgramOptions options_;
  std::vector<SymbolId> rows_, shared_;
  std::vector<Tensor> inputs_, weights_;
};

}  // namespace

RandomProgram random_program(Workbench& bench, ProgramOptions options) { return ProgramGenerator(bench, options).run(); }

}  // namespace pcxx::test

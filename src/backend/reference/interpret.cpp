/// Statements of the reference backend: assignment, loops, branches.
#include "backend/reference/interpret.h"

#include <algorithm>
#include <array>

#include "backend/reference/evaluate.h"
#include "pcxx/core/errors.h"

namespace pcxx::reference {
namespace {

void check(const Graph& graph, const Assign& assign) {
  for (const Assignment& each : assign.assignments) {
    const Symbol& target = graph.symbol(each.target);
    const Expression& value = graph[each.value];
    if (target.shape != value.shape) {
      throw ShapeError("[reference] '" + target.name + "' is " + to_string(target.shape) + " but its value is " +
                       to_string(value.shape));
    }
    if (target.span == Span::shared && value.span == Span::per_sample) {
      throw ShapeError("[reference] '" + target.name +
                       "' is shared but its value is per sample; expected a shared value, e.g. a batch_mean");
    }
    const bool twice = std::count_if(assign.assignments.begin(), assign.assignments.end(),
                                     [&](const Assignment& other) { return other.target == each.target; }) > 1;
    if (twice) {
      throw ArgumentError("[reference] '" + target.name + "' is set twice by one statement");
    }
  }
}

void check_condition(const Graph& graph, ExpressionId id, const char* statement) {
  const Expression& e = graph[id];
  if (e.span != Span::shared || e.shape.rank() != 0) {
    throw ShapeError("[reference] the condition of '" + std::string(statement) + "' is " +
                     std::string(to_string(e.span)) + " of shape " + to_string(e.shape) +
                     "; expected a shared scalar");
  }
}

void check(const Graph& graph, const Repeat& repeat) {
  const Symbol& index = graph.symbol(repeat.index);
  if (index.span != Span::shared || index.shape.rank() != 0) {
    throw ShapeError("[reference] the index '" + index.name + "' of 'repeat' is " + std::string(to_string(index.span)) +
                     " of shape " + to_string(index.shape) + "; expected a shared scalar");
  }
}

void check(const Graph& graph, const While& loop) { check_condition(graph, loop.condition, "while"); }
void check(const Graph& graph, const Branch& branch) { check_condition(graph, branch.condition, "if"); }

[[noreturn]] void refuse(const char* statement, const char* pass) {
  throw ArgumentError("[reference] cannot run a '" + std::string(statement) + "' statement; expected a program before the pass '" +
                      pass + "'");
}
void check(const Graph&, const Call&) { refuse("call", "fuse"); }
void check(const Graph&, const Stage&) { refuse("stage", "shard"); }

template <class T>
class Interpreter {
 public:
  Interpreter(const Graph& graph, Variables<T>& variables, const Context& context)
      : graph_(graph), variables_(variables), context_(context) {}

  void run(const Region& region) {
    for (const Statement& statement : region) {
      std::visit([&](const auto& content) { run(content); }, statement.content);
    }
  }

 private:
  /// All values are computed before the first variable is set.
  void run(const Assign& assign) {
    std::vector<ExpressionId> roots;
    for (const Assignment& each : assign.assignments) {
      roots.push_back(each.value);
    }
    std::vector<Value<T>> values = evaluate(graph_, roots, variables_, context_);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const SymbolId target = assign.assignments[i].target;
      variables_[target] = spread(std::move(values[i]), graph_.symbol(target).span);
    }
  }

  void run(const Repeat& repeat) {
    for (Size i = 0; i < repeat.count; ++i) {
      Value<T> index(Span::shared, {}, context_.samples);
      index.numbers[0] = static_cast<T>(repeat.first + i);
      variables_[repeat.index] = index;
      run(repeat.body);
    }
  }

  void run(const While& loop) {
    for (Size i = 0; i < loop.limit && holds(loop.condition); ++i) {
      run(loop.body);
    }
  }

  void run(const Branch& branch) { run(holds(branch.condition) ? branch.yes : branch.no); }

  void run(const Call& call) { check(graph_, call); }
  void run(const Stage& stage) { check(graph_, stage); }

  bool holds(ExpressionId condition) const {
    return evaluate<T>(graph_, std::array{condition}, variables_, context_)[0].numbers[0] != 0;
  }

  /// A shared value of a per-sample variable is the same for each sample.
  Value<T> spread(Value<T> value, Span span) const {
    if (value.span == span) {
      return value;
    }
    Value<T> result(span, value.shape, context_.samples);
    for (Size sample = 0; sample < context_.samples; ++sample) {
      std::copy(value.numbers.begin(), value.numbers.end(), result.seen_by(sample).begin());
    }
    return result;
  }

  const Graph& graph_;
  Variables<T>& variables_;
  const Context& context_;
};

}  // namespace

void check_statements(const Graph& graph, const Region& region) {
  for_each_statement(region, [&](const Statement& statement) {
    std::visit([&](const auto& content) { check(graph, content); }, statement.content);
  });
}

template <class T>
void interpret(const Graph& graph, const Region& region, Variables<T>& variables, const Context& context) {
  Interpreter<T>(graph, variables, context).run(region);
}

template void interpret(const Graph&, const Region&, Variables<float>&, const Context&);
template void interpret(const Graph&, const Region&, Variables<double>&, const Context&);

}  // namespace pcxx::reference

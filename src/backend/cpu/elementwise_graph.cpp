/// Builds the graph of a fused kernel: one node for each distinct value that an output needs.
#include "backend/cpu/elementwise_graph.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <string>

#include "backend/cpu/elementwise_instruction.h"
#include "backend/cpu/elementwise_select.h"
#include "pcxx/core/errors.h"

namespace pcxx::cpu {

Domain join(Domain a, Domain b) {
  if (a == b || b == Domain::scalar) {
    return a;
  }
  return a == Domain::scalar ? b : Domain::full;
}

namespace {

class Builder {
 public:
  explicit Builder(const FusedKernel& kernel) : kernel_(kernel) { graph_.columns = kernel.columns; }

  Graph build() {
    for (std::size_t i = 0; i < kernel_.inputs.size(); ++i) {
      Node node{.kind = Node::Kind::input, .operands = {}, .input = static_cast<int>(i), .domain = domain_of(kernel_.inputs[i])};
      slots_.push_back(add(std::move(node)));
    }
    for (const FusedStep& step : kernel_.steps) {
      slots_.push_back(add_step(step));
    }
    for (const FusedOutput& output : kernel_.outputs) {
      graph_.outputs.push_back({slots_.at(static_cast<std::size_t>(output.slot)), output.kind});
    }
    count_uses();
    flatten();
    return std::move(graph_);
  }

 private:
  Domain domain_of(Access access) const {
    const bool one = kernel_.columns == 1;
    switch (access) {
      case Access::full: return Domain::full;
      case Access::per_column: return one ? Domain::scalar : Domain::column;
      case Access::per_row: return one ? Domain::full : Domain::row;
      case Access::scalar: return Domain::scalar;
    }
    return Domain::full;
  }

  const Node& node(int index) const { return graph_.nodes[static_cast<std::size_t>(index)]; }

  /// Returns the node that is equal to this one, or this one added.
  int add(Node&& candidate) {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node& other = graph_.nodes[i];
      if (other.kind == candidate.kind && other.op == candidate.op && other.activation == candidate.activation &&
          other.operands == candidate.operands && other.input == candidate.input &&
          std::bit_cast<std::uint32_t>(other.value) == std::bit_cast<std::uint32_t>(candidate.value)) {
        return static_cast<int>(i);
      }
    }
    graph_.nodes.push_back(std::move(candidate));
    return static_cast<int>(graph_.nodes.size()) - 1;
  }

  int add_constant(float value) { return add({.kind = Node::Kind::constant, .operands = {}, .value = value}); }

  int add_step(const FusedStep& step) {
    std::vector<int> operands;
    for (const int slot : step.operands) {
      operands.push_back(slots_.at(static_cast<std::size_t>(slot)));
    }
    if (step.op == Op::constant) {
      return add_constant(static_cast<float>(step.value));
    }
    return add_operation(step.op, std::move(operands), step.activation);
  }

  int add_operation(Op op, std::vector<int> operands, Activation activation = {}) {
    if (const auto same = simplified(op, operands, activation)) {
      return *same;
    }
    Node made{.kind = Node::Kind::step, .op = op, .activation = activation, .operands = std::move(operands)};
    for (const int operand : made.operands) {
      made.domain = join(made.domain, node(operand).domain);
    }
    if (is_reduction(op)) {
      made.domain = made.domain == Domain::full || made.domain == Domain::row ? Domain::row : Domain::scalar;
    }
    return add(std::move(made));
  }

  bool is_constant(int index, float value) const {
    return node(index).kind == Node::Kind::constant && node(index).value == value;
  }

  /// Returns an equal node that is there or simpler; its bits are the same.
  std::optional<int> simplified(Op op, const std::vector<int>& x, Activation activation) {
    if (op == Op::stop_gradient || (is_reduction(op) && kernel_.columns == 1) ||
        (op == Op::activation && activation == Activation::identity)) {
      return x[0];
    }
    if (op == Op::activation_derivative && activation == Activation::identity) {
      return add_constant(1);
    }
    if (op == Op::negate && node(x[0]).is(Op::negate)) {
      return node(x[0]).operands[0];
    }
    if (const auto folded = fold(op, x, activation)) {
      return folded;
    }
    return x.size() == 2 ? simplified_pair(op, x[0], x[1]) : std::nullopt;
  }

  std::optional<int> simplified_pair(Op op, int a, int b) {
    switch (op) {
      case Op::multiply:
        for (const auto& [x, y] : {std::pair(a, b), std::pair(b, a)}) {
          if (is_constant(y, 1)) {
            return x;
          }
          if (is_constant(y, -1)) {
            return add_operation(Op::negate, {x});
          }
          if (node(x).is(Op::negate)) {
            return add_operation(Op::negate, {add_operation(Op::multiply, {node(x).operands[0], y})});
          }
        }
        return std::nullopt;
      case Op::add:
        for (const auto& [x, y] : {std::pair(a, b), std::pair(b, a)}) {
          if (node(y).is(Op::negate)) {
            return add_operation(Op::subtract, {x, node(y).operands[0]});
          }
        }
        return std::nullopt;
      case Op::subtract:
        if (node(b).is(Op::negate)) {
          return add_operation(Op::add, {a, node(b).operands[0]});
        }
        return is_constant(b, 0) && !std::signbit(node(b).value) ? std::optional(a) : std::nullopt;
      case Op::divide: return is_constant(b, 1) ? std::optional(a) : std::nullopt;
      case Op::power:
        if (is_constant(b, 2)) {
          return add_operation(Op::multiply, {a, a});
        }
        return is_constant(b, 1) ? std::optional(a) : std::nullopt;
      default: return std::nullopt;
    }
  }

  /// Computes an operation on constants with the instruction that would have computed it.
  std::optional<int> fold(Op op, const std::vector<int>& x, Activation activation) {
    if (is_reduction(op) || !std::all_of(x.begin(), x.end(), [&](int i) { return node(i).kind == Node::Kind::constant; })) {
      return std::nullopt;
    }
    const auto code = plain_code(op, activation);
    if (!code) {
      return std::nullopt;
    }
    float values[4] = {0, 0, 0, 0};
    for (std::size_t i = 0; i < x.size(); ++i) {
      values[i + 1] = node(x[i]).value;
    }
    float* at[] = {values, values + 1, values + 2, values + 3};
    const Instruction instruction{.run = find_instruction(*code), .source = {1, 2, 3, 0}, .code = *code};
    instruction.run(instruction, at, {.count = 1, .rows = 1, .columns = 1});
    return add_constant(values[0]);
  }

  void count_uses() {
    for (const FusedOutput& output : graph_.outputs) {
      Node& used = graph_.nodes[static_cast<std::size_t>(output.slot)];
      used.output = true;
      ++used.uses;
    }
    for (std::size_t i = graph_.nodes.size(); i-- > 0;) {
      if (graph_.nodes[i].uses > 0) {
        for (const int operand : graph_.nodes[i].operands) {
          ++graph_.nodes[static_cast<std::size_t>(operand)].uses;
        }
      }
    }
  }

  void flatten() {
    for (const Node& each : graph_.nodes) {
      if (each.uses > 0 && (each.domain == Domain::column || each.domain == Domain::row || is_reduction(each.op))) {
        return;
      }
    }
    for (const FusedOutput& output : graph_.outputs) {
      if (output.kind == OutputKind::sample_sum || (output.kind == OutputKind::per_row && kernel_.columns != 1)) {
        return;
      }
    }
    graph_.flat = true;
    graph_.columns = 1;
  }

  const FusedKernel& kernel_;
  Graph graph_;
  std::vector<int> slots_;  // the node of each slot
};

void check(const FusedKernel& kernel) {
  for (const FusedStep& step : kernel.steps) {
    if (step.op != Op::constant && step.op != Op::stop_gradient && !is_reduction(step.op) &&
        !plain_code(step.op, step.activation)) {
      throw ArgumentError("[elementwise] operation '" + std::string(to_string(step.op)) +
                          "' is neither elementwise nor a reduction; expected one that fusion may take");
    }
  }
}

}  // namespace

Graph make_graph(const FusedKernel& kernel) {
  check(kernel);
  return Builder(kernel).build();
}

}  // namespace pcxx::cpu

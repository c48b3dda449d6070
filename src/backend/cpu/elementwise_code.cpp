/// What is known of an instruction without running it: operands, and how it reads.
#include <array>

#include "backend/cpu/elementwise_instruction.h"

namespace pcxx::cpu {

namespace {

using Text = const std::string&;

std::string combined(Arithmetic op, Text a, Text b) {
  switch (op) {
    case Arithmetic::add: return std::string("(").append(a).append(" + ").append(b).append(")");
    case Arithmetic::subtract: return "(" + a + " - " + b + ")";
    case Arithmetic::reverse_subtract: return "(" + b + " - " + a + ")";
    case Arithmetic::multiply: return a + " * " + b;
    case Arithmetic::negative_multiply: return "-(" + a + " * " + b + ")";
    case Arithmetic::divide: return "(" + a + " / " + b + ")";
    case Arithmetic::maximum: return "max(" + a + ", " + b + ")";
    case Arithmetic::minimum: return "min(" + a + ", " + b + ")";
    case Arithmetic::power: return "pow(" + a + ", " + b + ")";
    case Arithmetic::less: return "(" + a + " < " + b + ")";
    case Arithmetic::less_equal: return "(" + a + " <= " + b + ")";
    case Arithmetic::equal: return "(" + a + " == " + b + ")";
    case Arithmetic::count: break;
  }
  return "?";
}

const char* name(Function function) {
  constexpr std::array kNames{"", "-", "exp", "log", "sqrt", "abs", "sign", "floor", "sin", "cos", "erf", "not"};
  return kNames[static_cast<std::size_t>(function)];
}

}  // namespace

OperandCounts operand_counts(const Code& code) {
  switch (code.family) {
    case Family::activation_pair: return {1, 2};
    case Family::pair_sum: return {2, 2};
    case Family::activation_error: return {2, 2};
    case Family::error:
    case Family::error_of_sum: return {3, 2};
    case Family::root_quotient: return {5, 1};
    case Family::activation_sum:
    case Family::slope_sum:
    case Family::binary:
    case Family::dot_rows: return {2, 1};
    case Family::ternary:
    case Family::select: return {3, 1};
    case Family::chain:
    case Family::tree: return {4, 1};
    default: return {1, 1};
  }
}

bool works_in_place(const Code& code) {
  switch (code.family) {
    case Family::sum_rows:
    case Family::dot_rows:
    case Family::max_rows:
    case Family::logsumexp_rows:
    case Family::spread_rows:
    case Family::sum_columns:
    case Family::repeat_columns: return false;
    default: return true;
  }
}

std::string formula(const Code& code, const std::vector<std::string>& x) {
  const std::string activation(to_string(code.activation));
  const auto pair = [&](Text of) { return activation + "(" + of + "), " + activation + "'(" + of + ")"; };
  switch (code.family) {
    case Family::function: return std::string(name(code.function)).append("(").append(x[0]).append(")");
    case Family::activation: return activation + "(" + x[0] + ")";
    case Family::slope: return activation + "'(" + x[0] + ")";
    case Family::activation_pair: return pair(x[0]);
    case Family::activation_sum: return activation + combined(Arithmetic::add, x[0], x[1]);
    case Family::slope_sum: return activation + "'" + combined(Arithmetic::add, x[0], x[1]);
    case Family::pair_sum: return pair(x[0] + " + " + x[1]);
    case Family::binary: return combined(code.first, x[0], x[1]);
    case Family::ternary: return combined(code.second, combined(code.first, x[0], x[1]), x[2]);
    case Family::chain:
      return combined(code.third, combined(code.second, combined(code.first, x[0], x[1]), x[2]), x[3]);
    case Family::tree: return combined(code.third, combined(code.first, x[0], x[1]), combined(code.second, x[2], x[3]));
    case Family::select: return "(" + x[0] + " ? " + x[1] + " : " + x[2] + ")";
    case Family::error: return "e = " + x[0] + " - " + x[1] + ", " + combined(code.second, "e", x[2]);
    case Family::activation_error:
      return "e = " + x[0] + " - " + activation + "(" + x[1] + "), " + combined(code.second, "e", activation + "'");
    case Family::error_of_sum:
      return "e = " + x[0] + " - " + activation + combined(Arithmetic::add, x[1], x[2]) + ", " +
             combined(code.second, "e", activation + "'");
    case Family::root_quotient: return x[0] + " * " + x[1] + " / (sqrt(" + x[2] + " * " + x[3] + ") + " + x[4] + ")";
    case Family::sum_rows: return "row sum(" + x[0] + ")";
    case Family::dot_rows: return "row sum(" + x[0] + " * " + x[1] + ")";
    case Family::max_rows: return "row max(" + x[0] + ")";
    case Family::logsumexp_rows: return "row logsumexp(" + x[0] + ")";
    case Family::spread_rows: return "spread " + x[0];
    case Family::sum_columns: return "sum over samples(" + x[0] + ")";
    case Family::repeat_columns: return "repeat " + x[0];
  }
  return "?";
}

}  // namespace pcxx::cpu

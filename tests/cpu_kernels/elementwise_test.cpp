/// Elementwise kernels against f64 loops: every operation, access, output and odd size, and random kernels.
#include "backend/cpu/elementwise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <vector>

#include "cpu_kernels/aligned_bytes.h"
#include "cpu_kernels/fused_reference.h"
#include "cpu_kernels/targets.h"
#include "pcxx/core/errors.h"

namespace pcxx::cpu {
namespace {

using Floats = std::vector<float>;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

Size size_of(Access access, Size rows, Size columns) {
  switch (access) {
    case Access::full: return rows * columns;
    case Access::per_column: return columns;
    case Access::per_row: return rows;
    case Access::scalar: return 1;
  }
  return 0;
}

Size size_of(OutputKind kind, Size rows, Size columns) {
  return kind == OutputKind::full ? rows * columns : kind == OutputKind::per_row ? rows : columns;
}

Floats random_floats(Size count, unsigned seed, float low = -3, float high = 3) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> uniform(low, high);
  Floats values(static_cast<std::size_t>(count));
  std::generate(values.begin(), values.end(), [&] { return uniform(engine); });
  return values;
}

std::vector<Floats> random_inputs(const FusedKernel& kernel, Size rows, unsigned seed) {
  std::vector<Floats> inputs;
  for (const Access access : kernel.inputs) {
    inputs.push_back(random_floats(size_of(access, rows, kernel.columns), seed++));
  }
  return inputs;
}

std::vector<Doubles> widen(const std::vector<Floats>& inputs) {
  std::vector<Doubles> wide;
  for (const Floats& input : inputs) {
    wide.emplace_back(input.begin(), input.end());
  }
  return wide;
}

/// Runs a kernel; memory around the outputs must stay as it was.
std::vector<Floats> run(const ElementwiseKernel& compiled, const FusedKernel& kernel, Size rows, const std::vector<Floats>& inputs) {
  constexpr std::size_t kGuard = 32;
  std::vector<Floats> outputs;
  std::vector<const float*> from;
  std::vector<float*> to;
  for (const Floats& input : inputs) {
    from.push_back(input.data());
  }
  for (const FusedOutput& output : kernel.outputs) {
    outputs.emplace_back(static_cast<std::size_t>(size_of(output.kind, rows, kernel.columns)) + 2 * kGuard, -77.0F);
  }
  for (Floats& output : outputs) {
    to.push_back(output.data() + kGuard);
  }
  const AlignedBytes scratch(compiled.scratch_bytes());
  compiled.run(rows, from, to, scratch.get());
  for (Floats& output : outputs) {
    EXPECT_EQ(std::count(output.begin(), output.begin() + kGuard, -77.0F), kGuard) << "written before an output";
    EXPECT_EQ(std::count(output.end() - kGuard, output.end(), -77.0F), kGuard) << "written after an output";
    output = Floats(output.begin() + kGuard, output.end() - kGuard);
  }
  EXPECT_TRUE(scratch.guard_intact()) << "written after the scratch";
  return outputs;
}

bool same_bits(const Floats& a, const Floats& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

FusedKernel single(Op op, const std::vector<Access>& accesses, Size columns, Activation activation = {}) {
  FusedKernel kernel{.columns = columns, .inputs = accesses, .steps = {}, .outputs = {}};
  FusedStep step{.op = op, .operands = {}, .activation = activation};
  for (std::size_t i = 0; i < accesses.size(); ++i) {
    step.operands.push_back(static_cast<int>(i));
  }
  kernel.steps.push_back(step);
  kernel.outputs.push_back({static_cast<int>(accesses.size()), OutputKind::full});
  return kernel;
}

const std::vector<Op> kUnary{Op::negate, Op::exp, Op::log, Op::sqrt, Op::abs, Op::sign, Op::floor, Op::sin, Op::cos, Op::erf, Op::logical_not};
const std::vector<Op> kBinary{Op::add,     Op::subtract, Op::multiply, Op::divide, Op::maximum, Op::minimum,
                              Op::power,   Op::less,     Op::less_equal, Op::equal};
const std::vector<Access> kAccesses{Access::full, Access::per_column, Access::per_row, Access::scalar};

// ---- accuracy ------------------------------------------------------------------------------------------------------

/// Numbers that cover f32: both signs, dense around 0, out to where everything saturates.
Floats probing_numbers() {
  Floats numbers{0.0F, -0.0F, kInfinity, -kInfinity, std::numeric_limits<float>::max(), std::numeric_limits<float>::lowest(),
                 0x1p-149F, -0x1p-149F, 0x1p-126F, 1.0F, -1.0F, 88.7F, 88.8F, 89.0F, -87.4F, -103.9F, -104.1F};
  for (double size = 1e-8; size < 300; size *= 1.0023) {
    numbers.push_back(static_cast<float>(size));
    numbers.push_back(static_cast<float>(-size));
  }
  return numbers;
}

/// f32 may err by 1e-6 of the result, by what an argument one unit away would change (a unit of intermediate results of
/// the argument's size), and by a few of the smallest normal number or a unit of the terms that the result is a sum of.
double allowed(double truth, double below, double above, double terms) {
  const double moved = std::max(std::abs(truth - below), std::abs(above - truth));
  return 1e-6 * std::abs(truth) + (std::isfinite(moved) ? 2 * moved : 0) + 0x1p-123 + 1e-7 * terms;
}

void expect_accurate(const FusedKernel& kernel, const std::function<double(double)>& truth, double terms = 0) {
  const Floats x = probing_numbers();
  const ElementwiseKernel compiled(kernel);
  const Floats y = run(compiled, kernel, static_cast<Size>(x.size()), {x})[0];
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double expected = truth(x[i]);
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(y[i])) << "at " << x[i] << " got " << y[i];
    } else if (std::abs(expected) > std::numeric_limits<float>::max()) {
      EXPECT_EQ(y[i], std::copysign(kInfinity, expected)) << "at " << x[i];
    } else {
      const double below = truth(std::nextafter(x[i], -kInfinity)), above = truth(std::nextafter(x[i], kInfinity));
      ASSERT_NEAR(y[i], expected, allowed(expected, below, above, terms)) << "at " << x[i];
    }
  }
  const Floats nan{std::nanf("")};
  const double expected = truth(nan[0]);
  const float got = run(compiled, kernel, 1, {nan})[0][0];
  EXPECT_TRUE(std::isnan(expected) ? std::isnan(got) : static_cast<double>(got) == static_cast<float>(expected)) << "NaN became " << got;
}

TEST(Elementwise, FunctionsAreAccurateEverywhere) {
  for_every_target([] {
    for (const Op op : kUnary) {
      SCOPED_TRACE(to_string(op));
      expect_accurate(single(op, {Access::full}, 1), [&](double x) { return elementwise(op, {}, x, 0, 0); });
    }
  });
}

TEST(Elementwise, ActivationsAndDerivativesAreAccurateEverywhere) {
  for_every_target([] {
    for (int kind = 0; kind < static_cast<int>(Activation::count); ++kind) {
      const auto which = static_cast<Activation>(kind);
      for (const Op op : {Op::activation, Op::activation_derivative}) {
        SCOPED_TRACE(std::string(to_string(op)) + " " + std::string(to_string(which)));
        // p + x p': two terms of up to 1 that cancel near the minimum of x p
        const bool cancels = which == Activation::gelu || which == Activation::gelu_erf || which == Activation::silu;
        expect_accurate(single(op, {Access::full}, 1, which), [&](double x) { return elementwise(op, which, x, 0, 0); },
                        op == Op::activation_derivative && cancels ? 1 : 0);
      }
    }
  });
}

// ---- every operation with every access and size ----------------------------------------------------------------------

void expect_matches(const FusedKernel& kernel, Size rows, const std::vector<Floats>& inputs, double relative) {
  const auto expected = run_reference(kernel, rows, widen(inputs));
  const ElementwiseKernel compiled(kernel);
  const auto got = run(compiled, kernel, rows, inputs);
  for (std::size_t o = 0; o < expected.size(); ++o) {
    for (std::size_t i = 0; i < expected[o].size(); ++i) {
      const double truth = expected[o][i];
      if (std::isnan(truth)) {
        ASSERT_TRUE(std::isnan(got[o][i])) << "output " << o << " element " << i << " of\n" << compiled.listing();
      } else {
        ASSERT_NEAR(got[o][i], truth, relative * (std::abs(truth) + 1)) << "output " << o << " element " << i << " of\n" << compiled.listing();
      }
    }
  }
}

TEST(Elementwise, EveryPairOfAccessesAtOddSizes) {
  for_every_target([] {
    for (const Op op : kBinary) {
      for (const Access left : kAccesses) {
        for (const Access right : kAccesses) {
          for (const auto& [rows, columns] : std::vector<std::pair<Size, Size>>{{1, 1}, {7, 1}, {3, 2}, {33, 10}, {2, 17}, {70, 33}}) {
            SCOPED_TRACE(testing::Message() << to_string(op) << " " << static_cast<int>(left) << static_cast<int>(right) << " " << rows << "x" << columns);
            const FusedKernel kernel = single(op, {left, right}, columns);
            expect_matches(kernel, rows, random_inputs(kernel, rows, 7), 1e-6);
          }
        }
      }
    }
  });
}

TEST(Elementwise, EverySelectAccess) {
  for_every_target([] {
    for (const Access a : kAccesses) {
      for (const Access b : kAccesses) {
        for (const Access c : kAccesses) {
          const FusedKernel kernel = single(Op::select, {a, b, c}, 5);
          auto inputs = random_inputs(kernel, 41, 3);
          for (float& value : inputs[0]) {
            value = value < 0 ? 0.0F : value;
          }
          expect_matches(kernel, 41, inputs, 0);
        }
      }
    }
  });
}

TEST(Elementwise, ReductionsAtOddSizes) {
  for_every_target([] {
    for (const Op op : {Op::sum, Op::max, Op::logsumexp}) {
      for (const Access access : kAccesses) {
        for (const Size columns : {1, 2, 3, 10, 16, 17, 64, 100, 784, 3000}) {
          for (const OutputKind kind : {OutputKind::full, OutputKind::per_row, OutputKind::sample_sum}) {
            SCOPED_TRACE(testing::Message() << to_string(op) << " access " << static_cast<int>(access) << " columns " << columns);
            FusedKernel kernel = single(op, {access}, columns);
            kernel.outputs[0].kind = kind;
            expect_matches(kernel, 5, random_inputs(kernel, 5, 11), 1e-5);
          }
        }
      }
    }
  });
}

TEST(Elementwise, OutputsMayBeInputsOfAnyAccess) {
  for_every_target([] {
    for (const Access access : kAccesses) {
      for (const Size columns : {1, 3, 40, 2500}) {
        FusedKernel kernel{.columns = columns, .inputs = {access}, .steps = {}, .outputs = {{0, OutputKind::full}, {0, OutputKind::full}, {0, OutputKind::sample_sum}}};
        expect_matches(kernel, 9, random_inputs(kernel, 9, 5), 1e-6);
        if (access == Access::per_row || access == Access::scalar) {
          kernel.outputs.push_back({0, OutputKind::per_row});
          expect_matches(kernel, 9, random_inputs(kernel, 9, 5), 1e-6);
        }
      }
    }
  });
}

TEST(Elementwise, InfinityAndNanReachReductions) {
  for_every_target([] {
    const float nan = std::nanf("");
    for (const Op op : {Op::sum, Op::max, Op::logsumexp}) {
      FusedKernel kernel = single(op, {Access::full}, 20);
      kernel.outputs[0].kind = OutputKind::per_row;
      Floats x = random_floats(100, 1);
      x[3] = nan;
      x[25] = kInfinity;
      std::fill_n(x.begin() + 40, 20, -kInfinity);
      x[63] = -kInfinity;
      const Floats y = run(ElementwiseKernel(kernel), kernel, 5, {x})[0];
      EXPECT_TRUE(std::isnan(y[0]));
      EXPECT_EQ(y[1], kInfinity);
      EXPECT_EQ(y[2], -kInfinity);
      EXPECT_EQ(std::isinf(y[3]), op == Op::sum);
    }
  });
}

TEST(Elementwise, RefusesWhatIsNotElementwise) {
  try {
    const ElementwiseKernel kernel(single(Op::matmul, {Access::full, Access::full}, 3));
    FAIL();
  } catch (const ArgumentError& error) {
    EXPECT_STREQ(error.what(), "[elementwise] operation 'matmul' is neither elementwise nor a reduction; expected one that fusion may take");
  }
}

// ---- kernels of predictive coding ------------------------------------------------------------------------------------

FusedKernel gelu_error(Size columns) {  // inputs z, bias, h; outputs e, dz
  return {.columns = columns,
          .inputs = {Access::full, Access::per_column, Access::full},
          .steps = {{.op = Op::add, .operands = {0, 1}},
                    {.op = Op::activation, .operands = {3}, .activation = Activation::gelu},
                    {.op = Op::subtract, .operands = {2, 4}},
                    {.op = Op::activation_derivative, .operands = {3}, .activation = Activation::gelu},
                    {.op = Op::negate, .operands = {5}},
                    {.op = Op::multiply, .operands = {7, 6}}},
          .outputs = {{5, OutputKind::full}, {8, OutputKind::full}}};
}

FusedKernel value_update() {  // inputs h, e, g; h - 0.05 (e + g)
  return {.columns = 16,
          .inputs = {Access::full, Access::full, Access::full},
          .steps = {{.op = Op::add, .operands = {1, 2}},
                    {.op = Op::constant, .operands = {}, .value = 0.05},
                    {.op = Op::multiply, .operands = {4, 3}},
                    {.op = Op::subtract, .operands = {0, 5}}},
          .outputs = {{6, OutputKind::full}}};
}

TEST(Elementwise, PredictiveCodingKernelsTakeFewInstructions) {
  EXPECT_EQ(ElementwiseKernel(gelu_error(128)).instructions(), 1);
  EXPECT_EQ(ElementwiseKernel(value_update()).instructions(), 1);
  for (const Size rows : {1, 31, 64}) {
    for (const Size columns : {2, 10, 128, 784}) {
      expect_matches(gelu_error(columns), rows, random_inputs(gelu_error(columns), rows, 2), 1e-6);
    }
    expect_matches(value_update(), rows, random_inputs(value_update(), rows, 2), 1e-6);
  }
}

TEST(Elementwise, UpdatesInPlace) {
  const FusedKernel kernel = value_update();
  const ElementwiseKernel compiled(kernel);
  const Size rows = 333;
  auto inputs = random_inputs(kernel, rows, 9);
  const Floats apart = run(compiled, kernel, rows, inputs)[0];
  const AlignedBytes scratch(compiled.scratch_bytes());
  const std::vector<const float*> from{inputs[0].data(), inputs[1].data(), inputs[2].data()};
  const std::vector<float*> to{inputs[0].data()};
  compiled.run(rows, from, to, scratch.get());
  EXPECT_TRUE(same_bits(inputs[0], apart));
}

TEST(Elementwise, AnInputThatIsOverwrittenEarlyIsPutAside) {
  // out0 = exp(x) over x's memory; out1 = x + sin(out0) reads x later
  const FusedKernel kernel{.columns = 10,
                           .inputs = {Access::full, Access::per_column},
                           .steps = {{.op = Op::exp, .operands = {0}}, {.op = Op::sin, .operands = {2}}, {.op = Op::floor, .operands = {3}},
                                     {.op = Op::add, .operands = {0, 4}}, {.op = Op::multiply, .operands = {5, 1}}},
                           .outputs = {{2, OutputKind::full}, {6, OutputKind::full}, {5, OutputKind::sample_sum}}};
  const ElementwiseKernel compiled(kernel);
  for (const Size rows : {1, 30, 333}) {
    auto inputs = random_inputs(kernel, rows, 4);
    const auto apart = run(compiled, kernel, rows, inputs);
    const AlignedBytes scratch(compiled.scratch_bytes());
    Floats other(apart[1].size()), sum(10);
    const std::vector<const float*> from{inputs[0].data(), inputs[1].data()};
    const std::vector<float*> to{inputs[0].data(), other.data(), sum.data()};
    compiled.run(rows, from, to, scratch.get());
    EXPECT_TRUE(same_bits(inputs[0], apart[0]));
    EXPECT_TRUE(same_bits(other, apart[1]));
    EXPECT_TRUE(same_bits(sum, apart[2]));
  }
}

// ---- random kernels --------------------------------------------------------------------------------------------------

/// A kernel of operations that stay tame, with every kind of access and output.
FusedKernel random_kernel(std::mt19937& engine) {
  const auto pick = [&](int bound) { return static_cast<int>(engine() % static_cast<unsigned>(bound)); };
  FusedKernel kernel;
  const Size columns[] = {1, 2, 7, 10, 32, 100, 257, 2100};
  kernel.columns = columns[pick(8)];
  const int inputs = 1 + pick(4), steps = 1 + pick(14);
  std::vector<bool> varies;  // by columns
  for (int i = 0; i < inputs; ++i) {
    kernel.inputs.push_back(kAccesses[static_cast<std::size_t>(pick(4))]);
    varies.push_back(kernel.columns > 1 && (kernel.inputs.back() == Access::full || kernel.inputs.back() == Access::per_column));
  }
  const Op two[] = {Op::add, Op::subtract, Op::multiply, Op::maximum, Op::minimum, Op::less, Op::add, Op::subtract, Op::multiply};
  const Op one[] = {Op::negate, Op::abs, Op::sin, Op::cos, Op::erf, Op::sign, Op::logical_not, Op::activation, Op::activation_derivative};
  const Activation activations[] = {Activation::gelu, Activation::tanh, Activation::sigmoid, Activation::leaky_relu, Activation::identity};
  for (int s = 0; s < steps; ++s) {
    const int slots = inputs + s;
    const auto recent = [&] { return pick(2) != 0 ? slots - 1 - pick(std::min(slots, 3)) : pick(slots); };
    FusedStep step{};
    const int what = pick(20);
    if (what < 11) {
      step = {.op = two[pick(9)], .operands = {recent(), recent()}};
    } else if (what < 16) {
      step = {.op = one[pick(9)], .operands = {recent()}, .activation = activations[pick(5)]};
    } else if (what < 17) {
      step = {.op = Op::select, .operands = {recent(), recent(), recent()}};
    } else if (what < 19) {
      step = {.op = Op::constant, .operands = {}, .value = (pick(5) - 2) * 0.5};
    } else {
      step = {.op = pick(2) != 0 ? Op::max : Op::logsumexp, .operands = {recent()}, .per_row = true};
    }
    bool vary = false;
    for (const int operand : step.operands) {
      vary = vary || varies[static_cast<std::size_t>(operand)];
    }
    varies.push_back(vary && !step.per_row);
    kernel.steps.push_back(step);
  }
  const int outputs = 1 + pick(3);
  for (int o = 0; o < outputs; ++o) {
    const int slot = o == 0 ? inputs + steps - 1 : pick(inputs + steps);
    const int kind = pick(4);
    const bool row = kind == 2 && !varies[static_cast<std::size_t>(slot)];
    kernel.outputs.push_back({slot, kind < 2 ? OutputKind::full : row ? OutputKind::per_row : OutputKind::sample_sum});
  }
  return kernel;
}

/// Runs each step as a kernel of its own: what fusion must not change by a bit.
std::vector<Floats> run_unfused(const FusedKernel& kernel, Size rows, const std::vector<Floats>& inputs) {
  std::vector<Floats> slots;
  const auto whole = [&](FusedKernel& one, const std::vector<Floats>& from) { return run(ElementwiseKernel(one), one, rows, from)[0]; };
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    FusedKernel copy{.columns = kernel.columns, .inputs = {kernel.inputs[i]}, .steps = {}, .outputs = {{0, OutputKind::full}}};
    slots.push_back(whole(copy, {inputs[i]}));
  }
  for (const FusedStep& step : kernel.steps) {
    FusedKernel one = single(step.op, std::vector<Access>(step.operands.size(), Access::full), kernel.columns, step.activation);
    one.steps[0].value = step.value;
    std::vector<Floats> from;
    for (const int operand : step.operands) {
      from.push_back(slots[static_cast<std::size_t>(operand)]);
    }
    slots.push_back(whole(one, from));
  }
  std::vector<Floats> outputs;
  for (const FusedOutput& output : kernel.outputs) {
    FusedKernel copy{.columns = kernel.columns, .inputs = {Access::full}, .steps = {}, .outputs = {{0, OutputKind::full}}};
    const Floats& from = slots[static_cast<std::size_t>(output.slot)];
    if (output.kind == OutputKind::per_row) {
      Floats firsts;
      for (Size r = 0; r < rows; ++r) {
        firsts.push_back(from[static_cast<std::size_t>(r * kernel.columns)]);
      }
      outputs.push_back(firsts);
    } else {
      copy.outputs[0].kind = output.kind;
      outputs.push_back(whole(copy, {from}));
    }
  }
  return outputs;
}

bool equal_values(const Floats& a, const Floats& b) {  // zeros of either sign are equal, NaNs too
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float x, float y) { return x == y || (std::isnan(x) && std::isnan(y)); });
}

TEST(Elementwise, FusionNeverChangesAResult) {
  for_every_target([] {
    std::mt19937 engine(20240517);
    for (int trial = 0; trial < 400; ++trial) {
      const FusedKernel kernel = random_kernel(engine);
      const Size rows = 1 + static_cast<Size>(engine() % 150);
      const auto inputs = random_inputs(kernel, rows, static_cast<unsigned>(trial));
      const ElementwiseKernel compiled(kernel);
      const auto got = run(compiled, kernel, rows, inputs), expected = run_unfused(kernel, rows, inputs);
      for (std::size_t o = 0; o < got.size(); ++o) {
        ASSERT_TRUE(equal_values(got[o], expected[o])) << "trial " << trial << " output " << o << ", " << rows << " x " << kernel.columns << "\n" << compiled.listing();
      }
    }
  });
}

TEST(Elementwise, BitsDoNotDependOnTheNumberOfRows) {
  for_every_target([] {
    std::mt19937 engine(99);
    for (int trial = 0; trial < 200; ++trial) {
      FusedKernel kernel = random_kernel(engine);
      const Size rows = 150, part = 1 + static_cast<Size>(engine() % 70), from = static_cast<Size>(engine() % 80);
      const auto inputs = random_inputs(kernel, rows, static_cast<unsigned>(trial));
      auto some = inputs;
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        const Size width = kernel.inputs[i] == Access::full ? kernel.columns : kernel.inputs[i] == Access::per_row ? 1 : 0;
        if (width > 0) {
          some[i] = Floats(inputs[i].begin() + from * width, inputs[i].begin() + (from + part) * width);
        }
      }
      const ElementwiseKernel compiled(kernel);
      const auto all = run(compiled, kernel, rows, inputs), few = run(compiled, kernel, part, some);
      for (std::size_t o = 0; o < all.size(); ++o) {
        const Size width = kernel.outputs[o].kind == OutputKind::full ? kernel.columns : kernel.outputs[o].kind == OutputKind::per_row ? 1 : 0;
        const Floats expected(all[o].begin() + from * width, all[o].begin() + (from + part) * width);
        ASSERT_TRUE(width == 0 || same_bits(expected, few[o])) << "trial " << trial << " output " << o << "\n" << compiled.listing();
      }
    }
  });
}

TEST(Elementwise, NoRowsGiveZeroSums) {
  FusedKernel kernel = gelu_error(5);
  kernel.outputs.push_back({8, OutputKind::sample_sum});
  const auto outputs = run(ElementwiseKernel(kernel), kernel, 0, {{}, random_floats(5, 1), {}});
  EXPECT_EQ(outputs[2], Floats(5, 0.0F));
}

}  // namespace
}  // namespace pcxx::cpu

/// Convolutional networks relaxed from a forward start: what is zero is skipped, and no bit changes.
#include <gtest/gtest.h>

#include "pcxx/learn/rules.h"
#include "pcxx/network/layers.h"
#include "pcxx/tensor/operations.h"
#include "support/close.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

constexpr Size kSteps = 5;

// [layers]
struct Chain : Network {
  Node image = node("image", {2, 8, 8});
  Node one = node("one", {4, 4, 4}, max_pool2d(gelu(conv2d(image, 4, 3, {.padding = 1})), 2));
  Node two = node("two", {6, 4, 4}, leaky_relu(conv2d(one, 6, 3, {.padding = same_padding(), .groups = 2})));
  Node three = node("three", {4, 2, 2}, gelu(avg_pool2d(conv2d(two, 4, 3, {.padding = 1, .padding_mode = PaddingMode::circular}), 2)));
  Node four = node("four", {4, 2, 2}, tanh(conv2d(three, 4, 2, {.padding = padding_of({{0, 1}, {1, 0}})})));
  Node label = node("label", {3}, linear(reshape(four, {16}), 3), categorical());
};
// [/layers]

/// Channels and pictures large enough for Winograd's convolutions, and for their sums.
struct Wide : Network {
  Node image = node("image", {3, 8, 8});
  Node one = node("one", {32, 8, 8}, gelu(conv2d(image, 32, 3, {.padding = 1})));
  Node two = node("two", {40, 4, 4}, max_pool2d(gelu(conv2d(one, 40, 3, {.padding = 1})), 2));
  Node label = node("label", {3}, linear(reshape(two, {640}), 3), categorical());
};

Array rows(const Shape& shape, std::uint64_t seed) {
  RandomStream random(seed);
  Array array(shape, ElementType::f32);
  for (float& element : array.as<float>()) {
    element = static_cast<float>(random.uniform(-1, 1));
  }
  return array;
}

Shape batched(const Shape& sample) {
  std::vector<Size> axes = {65};
  for (Size i = 0; i < sample.rank(); ++i) {
    axes.push_back(sample[i]);
  }
  return Shape(axes);
}

struct Result {
  std::vector<Numbers> arrays;
  double flops;
  std::string plan;
};

template <class Net = Chain>
Result trained(const ExecutorOptions& options) {
  const Net net;
  const LearningRule rule = PredictiveCoding{  // Adam would make steps of gradients that are rounding errors
      .steps = kSteps, .values = sgd({.rate = 0.1}), .weights = sgd({.rate = 0.1})};
  const auto state = std::make_shared<State>(net.initialise(1));
  const Executor after = run_once(net, {{net.image, rows(batched(net.image.shape()), 1)}, {net.label, rows({65, 3}, 2)}}, rule.write, state, options);
  Result result{{}, after.flops(65), after.explain()};
  for (const auto& [name, array] : state->arrays()) {
    result.arrays.push_back(numbers_of(array));
  }
  for (const Node& node : net.nodes()) {
    if (node.name() != "image" && node.name() != "label") {
      result.arrays.push_back(numbers_of(after.value(node)));
    }
  }
  return result;
}

void expect_same_bits(const Result& a, const Result& b) {
  ASSERT_EQ(a.arrays.size(), b.arrays.size());
  for (std::size_t i = 0; i < a.arrays.size(); ++i) {
    EXPECT_EQ(a.arrays[i], b.arrays[i]) << i;
  }
}

/// At step t only the topmost t layers have an error: of five steps, one computes all of them.
TEST(ConvolutionalChain, SkipsWhatIsZero) {
  const Result all = trained({}), none = trained({.known_zeros = false, .hoist = false});
  expect_same_bits(all, none);
  EXPECT_NE(all.plan.find("known zeros: peeled 4 of 5 steps"), std::string::npos) << all.plan;
  EXPECT_LT(all.flops, 0.7 * none.flops);
}

TEST(ConvolutionalChain, DoesNotDependOnThreads) {
  expect_same_bits(trained({.threads = 1}), trained({.threads = 3}));
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    expect_same_bits(trained<Wide>({.precision = precision, .threads = 1}), trained<Wide>({.precision = precision, .threads = 3}));
  }
}

TEST(ConvolutionalChain, WidePicturesSkipWhatIsZeroToo) {
  expect_same_bits(trained<Wide>({}), trained<Wide>({.known_zeros = false, .hoist = false}));
}

TEST(ConvolutionalChain, AgreesWithTheReference) {
  const auto agree = [](const Result& cpu, const Result& reference) {
    ASSERT_EQ(cpu.arrays.size(), reference.arrays.size());
    for (std::size_t i = 0; i < cpu.arrays.size(); ++i) {
      EXPECT_TRUE(close(cpu.arrays[i], reference.arrays[i], 1e-4)) << i;
    }
  };
  agree(trained({}), trained({.device = "reference"}));
  agree(trained<Wide>({}), trained<Wide>({.device = "reference"}));
}

}  // namespace
}  // namespace pcxx::test

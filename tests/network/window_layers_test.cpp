/// Convolutions and pools as layers: shapes, names, sharing, defaults, gradients on both devices, and messages.
#include <gtest/gtest.h>

#include <cmath>

#include "pcxx/core/errors.h"
#include "pcxx/network/layers.h"
#include "pcxx/tensor/operations.h"
#include "support/close.h"
#include "support/message.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

struct Picture : Network {
  explicit Picture(const Shape& shape) : x(node("x", shape)) {}
  Node x;
};

std::vector<std::string> described(const Network& net) {
  std::vector<std::string> lines;
  for (const Parameter& each : net.parameters()) {
    lines.push_back(each.name() + " " + to_string(each.shape()));
  }
  return lines;
}

TEST(WindowLayers, ParametersHavePcxShapesAndTheNodesName) {
  Picture net({4, 6, 6});
  const Node y = net.node("y", {8, 3, 3}, relu(conv2d(net.x, 8, 3, {.stride = 2, .padding = 1, .groups = 2})));
  const Tensor up = conv_transpose2d(y, 4, 2, {.stride = 2});
  net.node("z", {4, 6, 6}, up + conv2d(net.x, 4, 1, {.bias = false}));
  EXPECT_EQ(described(net), (std::vector<std::string>{"y.weight (8, 2, 3, 3)", "y.bias (8, 1, 1)",
                                                      "z.conv_transpose2d1.weight (8, 4, 2, 2)", "z.conv_transpose2d1.bias (4, 1, 1)",
                                                      "z.conv2d2.weight (4, 4, 1, 1)"}));
  EXPECT_EQ(net.parameters(tagged("bias")).size(), 2U);
}

/// The default keeps to +-1/sqrt(in / groups * k1 * k2), for weights and biases.
TEST(WindowLayers, FansCountTheWindow) {
  Picture net({16, 5, 5});
  net.node("y", {64, 3, 3}, conv2d(net.x, 64, 3, {.groups = 4}));
  const State state = net.initialise(3);
  for (const char* name : {"y.weight", "y.bias"}) {
    double largest = 0;
    for (const double each : numbers_of(state.at(name))) {
      largest = std::max(largest, std::abs(each));
    }
    EXPECT_LE(largest, 1 / std::sqrt(4.0 * 9)) << name;
    EXPECT_GE(largest, 0.9 / std::sqrt(4.0 * 9)) << name;
  }
}

TEST(WindowLayers, SamePaddingRoundsUp) {
  Picture net({1, 7, 8});
  EXPECT_EQ(conv2d(net.x, 2, 4, {.padding = same_padding()}).shape(), (Shape{2, 7, 8}));
  EXPECT_EQ(conv2d(net.x, 2, {3, 2}, {.stride = {2, 3}, .padding = same_padding()}).shape(), (Shape{2, 4, 3}));
  EXPECT_EQ(conv2d(net.x, 2, 3, {.padding = same_padding(), .dilation = 3}).shape(), (Shape{2, 7, 8}));
  EXPECT_EQ(conv2d(net.x, 2, 3, {.padding = padding_of({{0, 2}, {1, 0}})}).shape(), (Shape{2, 7, 7}));
}

TEST(WindowLayers, PoolsStrideByTheirKernelOrAsPcx) {
  Picture net({2, 6, 7});
  EXPECT_EQ(max_pool2d(net.x, 2).shape(), (Shape{2, 3, 3}));
  EXPECT_EQ(max_pool2d(net.x, {3, 2}).shape(), (Shape{2, 2, 3}));
  EXPECT_EQ(max_pool2d(net.x, 2, {.pcx = true}).shape(), (Shape{2, 5, 6}));
  EXPECT_EQ(max_pool2d(net.x, 2, {.stride = 3, .pcx = true}).shape(), (Shape{2, 2, 2}));
  EXPECT_EQ(avg_pool2d(net.x, 2, {.pcx = true}).shape(), (Shape{2, 5, 6}));
  EXPECT_EQ(max_pool2d(net.x, 2, {.ceil_mode = true}).shape(), (Shape{2, 3, 4}));
  EXPECT_EQ(adaptive_avg_pool2d(net.x, {5, 9}).shape(), (Shape{2, 5, 9}));
}

/// A weight used twice is one parameter, and its gradients add up.
TEST(WindowLayers, AWeightCanBeShared) {
  Picture net({2, 4});
  const Parameter weight = net.parameter("w", {2, 2, 3}, fan_in_uniform());
  const Node y = net.node("y", {2, 4}, conv1d(net.x, 2, 3, {.padding = 1, .bias = false, .weight = weight}));
  const Node z = net.node("z", {2, 4}, conv1d(y, 2, 3, {.padding = 1, .bias = false, .weight = weight}));
  EXPECT_EQ(described(net), (std::vector<std::string>{"w (2, 2, 3)"}));
  const Array data = numbers({1, 2, 4}, {1, -2, 3, 0.5, -1, 2, 1, 0});
  const Executor both = run_once(net, {{net.x, data}}, [&](Flow& flow) {
    flow.enter("start");
    const Tensor first = sum(y.prediction()), second = sum(z.prediction());
    flow.output("both", flow.gradient(first + second, {weight})[0]);
    flow.output("sum", flow.gradient(first, {weight})[0] + flow.gradient(second, {weight})[0]);
  });
  EXPECT_TRUE(close(numbers_of(both.output("both")), numbers_of(both.output("sum")), 1e-12));
  EXPECT_EQ(message_of<ShapeError>([&] { conv1d(net.x, 3, 3, {.weight = weight}); }),
            "[conv1d] the shared weight is (2, 2, 3); expected (3, 2, 3), one for all samples");
  Picture other({2, 4});
  EXPECT_EQ(message_of<ArgumentError>([&] { conv1d(other.x, 2, 3, {.weight = weight}); }),
            "[conv1d] the shared weight belongs to a different network");
}

TEST(WindowLayers, ATransposedConvolutionIsTheAdjoint) {
  Picture net({2, 5, 6});
  const Node g = net.node("g", {3, 3, 2});
  const Parameter weight = net.parameter("w", {3, 2, 3, 2}, fan_in_uniform());
  const Tensor forward = conv2d(net.x, 3, {3, 2}, {.stride = {2, 3}, .padding = {1, 0}, .bias = false, .weight = weight});
  const Tensor back = conv_transpose2d(g, 2, {3, 2}, {.stride = {2, 3}, .padding = {1, 0}, .output_padding = {0, 1}, .bias = false, .weight = weight});
  ASSERT_EQ(back.shape(), net.x.shape());
  RandomStream random(1);
  const auto rows = [&](const Shape& shape) {
    std::vector<double> values(static_cast<std::size_t>(shape.elements()));
    random.uniform(values, -1, 1);
    return numbers(shape, values);
  };
  const Executor after = run_once(net, {{net.x, rows({2, 2, 5, 6})}, {g, rows({2, 3, 3, 2})}}, [&](Flow& flow) {
    flow.output("forward", sum(forward * g));
    flow.output("back", sum(back * net.x));
  });
  EXPECT_TRUE(close(numbers_of(after.output("forward")), numbers_of(after.output("back")), 1e-12));
}

template <class Error, class Body>
void expect_message(const Body& body, const char* message) {
  EXPECT_EQ(message_of<Error>(body), message);
}

TEST(WindowLayers, Messages) {
  Picture net({4, 5, 5});
  const Tensor x = net.x;
  expect_message<ArgumentError>([&] { conv2d(1.0, 3, 3); },
                                "[conv2d] the input belongs to no network; expected an expression over its nodes");
  expect_message<ShapeError>([&] { conv1d(x, 3, 3); },
                             "[conv1d] the input is (4, 5, 5); expected (channels, length), none of them 0");
  expect_message<ShapeError>([&] { conv_transpose2d(flatten(x), 3, 3); },
                             "[conv_transpose2d] the input is (100); expected (channels, height, width), none of them 0");
  expect_message<ShapeError>([&] { adaptive_avg_pool3d(x, 1); },
                             "[adaptive_avg_pool3d] the input is (4, 5, 5); expected (channels, depth, height, width), none of them 0");
  expect_message<ShapeError>([&] { conv2d(x, 3, {8, 3}, {.padding = 1}); },
                             "[conv2d] kernel (8, 3) with dilation (1, 1) exceeds the padded input (7, 7) (the input is (5, 5)); expected a "
                             "smaller kernel or more padding");
  expect_message<ShapeError>([&] { conv2d(x, 6, 3, {.groups = 4}); },
                             "[conv2d] 4 channels in, 6 out, 4 groups; expected at least one of each, and groups that divide both");
  expect_message<ShapeError>([&] { conv2d(x, 0, 3); },
                             "[conv2d] 4 channels in, 0 out, 1 groups; expected at least one of each, and groups that divide both");
  expect_message<ArgumentError>([&] { conv2d(x, 6, 3, {.stride = 0}); },
                                "[conv2d] stride (0); expected one number, or one for each of 2 axes, of at least 1");
  expect_message<ArgumentError>([&] { conv2d(x, 6, {3, 3, 3}); },
                                "[conv2d] kernel (3, 3, 3); expected one number, or one for each of 2 axes, of at least 1");
  expect_message<ArgumentError>([&] { conv2d(x, 6, 3, {.padding = -1}); },
                                "[conv2d] padding (-1, -1) before and after each axis; expected one pair, or one for each of 2 axes, of at least 0");
  expect_message<ShapeError>([&] { conv2d(x, 6, 3, {.padding = 5, .padding_mode = PaddingMode::reflect}); },
                             "[conv2d] padding 5 of an axis of extent 5 by reflection; expected at most 4");
  expect_message<ShapeError>([&] { conv2d(x, 6, 3, {.padding = 6, .padding_mode = PaddingMode::circular}); },
                             "[conv2d] padding 6 of an axis of extent 5 from its other end; expected at most 5");
  expect_message<ArgumentError>([&] { conv_transpose2d(x, 6, 3, {.stride = 2, .output_padding = 2}); },
                                "[conv_transpose2d] output padding 2 with stride 2 and dilation 1; expected less than the larger");
  expect_message<ArgumentError>([&] { conv_transpose2d(x, 6, 3, {.padding = same_padding()}); },
                                "[conv_transpose2d] same_padding() names no size here; expected numbers");
  expect_message<ShapeError>([&] { conv_transpose2d(x, 6, 1, {.padding = 3}); },
                             "[conv_transpose2d] the output would be (-1, -1) for an input of (5, 5); expected at least 1 along each "
                             "axis: less padding, or a larger kernel");
  expect_message<ShapeError>([&] { max_pool2d(x, 6); },
                             "[max_pool2d] kernel (6, 6) with dilation (1, 1) exceeds the padded input (5, 5) (the input is (5, 5)); "
                             "expected a smaller kernel or more padding");
  expect_message<ArgumentError>([&] { avg_pool2d(x, 3, {.padding = 2}); },
                                "[avg_pool2d] padding 2 for a kernel of 3; expected at most half of it, 1");
  expect_message<ArgumentError>([&] { adaptive_max_pool2d(x, 0); },
                                "[adaptive_max_pool2d] output size (0); expected one number, or one for each of 2 axes, of at least 1");
}

}  // namespace
}  // namespace pcxx::test

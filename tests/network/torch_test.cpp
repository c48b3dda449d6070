/// Layers against what tools/freeze_torch.py froze from PyTorch: outputs, and gradients of inputs and parameters.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <set>

#include "pcxx/io/npz.h"
#include "pcxx/learn/optimisers.h"
#include "pcxx/network/layers.h"
#include "pcxx/tensor/operations.h"
#include "support/close.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

struct Case {
  std::string name;
  std::function<Tensor(const Tensor& x)> layer;  // its parameters are called p.weight, ...
  double amplification = 1;                      // of rounding errors within the layer
};

constexpr double kScores = 30;  // about the largest score: an exponential multiplies rounding errors by as much

void PrintTo(const Case& each, std::ostream* out) { *out << each.name; }

ConvolutionOptions bordered(PaddingMode mode) {
  return {.stride = 2, .padding = {2, 1}, .padding_mode = mode, .name = "p"};
}

std::vector<Case> cases() {
  using X = const Tensor&;
  return {
      {"linear", [](X x) { return linear(x, 3, {.name = "p"}); }},
      {"conv1d", [](X x) { return conv1d(x, 3, 3, {.name = "p"}); }},
      {"conv1d_strided",
       [](X x) { return conv1d(x, 4, 3, {.stride = 2, .padding = 2, .dilation = 2, .groups = 2, .name = "p"}); }},
      {"conv2d", [](X x) { return conv2d(x, 3, 3, {.padding = 1, .name = "p"}); }},
      {"conv2d_mixed",
       [](X x) {
         return conv2d(x, 3, {3, 2}, {.stride = {2, 1}, .padding = {1, 0}, .dilation = {1, 2}, .bias = false, .name = "p"});
       }},
      {"conv2d_groups", [](X x) { return conv2d(x, 6, 3, {.stride = 2, .padding = 1, .groups = 2, .name = "p"}); }},
      {"conv2d_depthwise", [](X x) { return conv2d(x, 3, 3, {.groups = 3, .name = "p"}); }},
      {"conv2d_same", [](X x) { return conv2d(x, 2, {4, 3}, {.padding = same_padding(), .name = "p"}); }},
      {"conv2d_reflect", [](X x) { return conv2d(x, 3, 3, bordered(PaddingMode::reflect)); }},
      {"conv2d_replicate", [](X x) { return conv2d(x, 3, 3, bordered(PaddingMode::replicate)); }},
      {"conv2d_circular", [](X x) { return conv2d(x, 3, 3, bordered(PaddingMode::circular)); }},
      {"conv3d", [](X x) { return conv3d(x, 2, {2, 3, 2}, {.stride = {1, 2, 1}, .padding = {0, 1, 1}, .name = "p"}); }},
      {"conv_transpose1d",
       [](X x) { return conv_transpose1d(x, 2, 3, {.stride = 2, .padding = 1, .output_padding = 1, .name = "p"}); }},
      {"conv_transpose2d", [](X x) { return conv_transpose2d(x, 3, 3, {.stride = 2, .padding = 1, .name = "p"}); }},
      {"conv_transpose2d_groups",
       [](X x) {
         return conv_transpose2d(x, 6, {3, 2}, {.stride = {2, 3}, .padding = {1, 0}, .output_padding = {1, 2},
                                                .dilation = {2, 1}, .groups = 2, .name = "p"});
       }},
      {"conv_transpose3d", [](X x) { return conv_transpose3d(x, 2, 2, {.stride = {1, 2, 2}, .bias = false, .name = "p"}); }},
      {"max_pool1d", [](X x) { return max_pool1d(x, 2); }},
      {"max_pool2d", [](X x) { return max_pool2d(x, 3, {.stride = 2, .padding = 1}); }},
      {"max_pool2d_ceil",
       [](X x) {
         return max_pool2d(x, {2, 3}, {.stride = PerAxis{2, 2}, .padding = {0, 1}, .dilation = {2, 1}, .ceil_mode = true});
       }},
      {"max_pool3d", [](X x) { return max_pool3d(x, 2); }},
      {"avg_pool1d", [](X x) { return avg_pool1d(x, 3, {.stride = 2}); }},
      {"avg_pool2d", [](X x) { return avg_pool2d(x, 3, {.stride = 2, .padding = 1}); }},
      {"avg_pool2d_ceil", [](X x) { return avg_pool2d(x, 3, {.stride = 2, .padding = 1, .ceil_mode = true}); }},
      {"avg_pool2d_excluded",
       [](X x) { return avg_pool2d(x, 3, {.stride = 2, .padding = 1, .ceil_mode = true, .count_include_pad = false}); }},
      {"avg_pool3d", [](X x) { return avg_pool3d(x, 2); }},
      {"adaptive_max_pool1d", [](X x) { return adaptive_max_pool1d(x, 3); }},
      {"adaptive_max_pool2d", [](X x) { return adaptive_max_pool2d(x, {2, 4}); }},
      {"adaptive_max_pool3d", [](X x) { return adaptive_max_pool3d(x, {2, 1, 3}); }},
      {"adaptive_avg_pool1d", [](X x) { return adaptive_avg_pool1d(x, 5); }},
      {"adaptive_avg_pool2d", [](X x) { return adaptive_avg_pool2d(x, {3, 2}); }},
      {"adaptive_avg_pool2d_upwards", [](X x) { return adaptive_avg_pool2d(x, {4, 3}); }},
      {"adaptive_avg_pool3d", [](X x) { return adaptive_avg_pool3d(x, 1); }},
      {"layer_norm", [](X x) { return layer_norm(x, 0, {.name = "p"}); }},
      {"layer_norm_last", [](X x) { return layer_norm(x, 1, {.epsilon = 1e-3, .name = "p"}); }},
      {"layer_norm_plain", [](X x) { return layer_norm(x, 1, {.affine = false}); }},
      {"group_norm", [](X x) { return group_norm(x, 2, {.name = "p"}); }},
      {"batch_norm", [](X x) { return batch_norm(x, {.momentum = 0.3, .name = "p"}); }},
      {"batch_norm_vector", [](X x) { return batch_norm(x, {.name = "p"}); }},
      {"batch_norm_evaluation", [](X x) { return batch_norm(x, {.name = "p"}); }},
      {"attention", [](X x) { return self_attention(x, 2, {.name = "p"}); }, kScores},
      {"attention_causal", [](X x) { return self_attention(x, 3, {.causal = true, .name = "p"}); }, kScores},
  };
}

const NpzFile& file() {
  static const NpzFile loaded = load_npz(std::filesystem::path(PCXX_SOURCE_DIR) / "tests/torch/layers.npz");
  return loaded;
}

class Torch : public testing::TestWithParam<Case> {
 protected:
  static const Array& array(const std::string& name) { return file().arrays.at(GetParam().name + "/" + name); }
  static bool has(const std::string& name) { return file().arrays.contains(GetParam().name + "/" + name); }
  static Shape of_sample(const Array& rows) { return Shape(std::vector<Size>(rows.shape().begin() + 1, rows.shape().end())); }

  /// Returns a network of the one layer, with the frozen parameters.
  struct Subject : Network {
    Subject() : x(node("x", of_sample(array("x")))), y(node("y", of_sample(array("y")), GetParam().layer(x))), g(node("g", y.shape())) {}
    Node x, y, g;
  };

  static std::shared_ptr<State> state_of(const Subject& net, Precision precision) {
    auto state = std::make_shared<State>(net.initialise(0, precision));
    for (const auto& [key, initial] : state->arrays()) {
      const std::string role = key.substr(2);
      const Array& frozen = array(has(role) ? role : "before/" + role);
      EXPECT_EQ(frozen.elements(), initial.elements()) << key;
      state->at(key) = reshaped(frozen, initial.shape()).to(initial.type());
    }
    return state;
  }

  /// PyTorch's biases of convolutions are (out), ours (out, 1, ..., 1).
  static Array reshaped(const Array& array, const Shape& shape) {
    const Array wide = array.to(ElementType::f64);
    return Array::from(shape, wide.as<double>());
  }

  static void check(const std::string& device, Precision precision, double tolerance) {
    const Subject net;
    const bool evaluates = GetParam().name.ends_with("_evaluation");
    const auto write = [&](Flow& flow) {
      flow.mode(evaluates ? Mode::evaluation : Mode::training);
      flow.enter("start");
      const Tensor loss = sum(net.y.prediction() * net.g);
      flow.output("y", net.y.prediction());
      flow.output("dx", flow.gradient(loss, std::vector<Node>{net.x})[0]);
      const auto slopes = flow.gradient(loss, net.parameters());
      for (std::size_t i = 0; i < slopes.size(); ++i) {
        flow.output(fmt::format("d{}", net.parameters()[i].name().substr(2)), slopes[i] * batch_size(slopes[i]));
      }
      flow.optimiser(sgd({.rate = 0.0}), net.parameters()).step(slopes);  // moves layer state
    };
    const auto state = state_of(net, precision);
    const Executor after = run_once(net, {{net.x, array("x")}, {net.g, array("g")}}, write, state,
                                    {.device = device, .precision = precision});
    for (const char* role : {"running_mean", "running_var"}) {
      const std::string expected = fmt::format("after/{}", role);
      if (has(expected)) {
        EXPECT_TRUE(close(numbers_of(state->at(fmt::format("p.{}", role))), numbers_of(array(expected)), tolerance)) << role;
      }
    }
    for (const std::string& output : after.outputs()) {
      EXPECT_TRUE(close(numbers_of(after.output(output)), numbers_of(array(output)), tolerance)) << output;
    }
  }
};

std::string name_of(const testing::TestParamInfo<Case>& info) { return info.param.name; }

TEST_P(Torch, ReferenceAgreesInDoublePrecision) { check("reference", Precision::f64, 1e-12); }

TEST_P(Torch, CpuAgrees) { check("cpu", Precision::f32, 1e-5 * GetParam().amplification); }

INSTANTIATE_TEST_SUITE_P(Layers, Torch, testing::ValuesIn(cases()), name_of);

TEST(TorchFile, EveryCaseIsCompared) {
  std::set<std::string> frozen, compared;
  for (const auto& [name, array] : file().arrays) {
    frozen.insert(name.substr(0, name.find('/')));
  }
  for (const Case& each : cases()) {
    compared.insert(each.name);
  }
  EXPECT_EQ(frozen, compared);
}

}  // namespace
}  // namespace pcxx::test

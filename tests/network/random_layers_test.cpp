/// Every layer with random geometry: gradients against central differences in f64, and the CPU against the reference.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "pcxx/core/errors.h"
#include "pcxx/network/layers.h"
#include "pcxx/tensor/operations.h"
#include "support/close.h"
#include "support/devices.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

constexpr Size kSamples = 3, kRows = 5;  // of a table
using Extents = std::vector<Size>;

/// Random sizes.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}
  Size size(Size low, Size high) { return low + random_.below(high - low + 1); }
  bool coin() { return random_.below(2) == 0; }
  Extents sizes(Size count, Size low, Size high) {
    Extents result;
    for (Size i = 0; i < count; ++i) {
      result.push_back(size(low, high));
    }
    return result;
  }
  Shape shape(Size channels, const Extents& sizes) {
    Extents extents = sizes;
    extents.insert(extents.begin(), channels);
    return Shape(extents);
  }
  RandomStream& numbers() { return random_; }

 private:
  RandomStream random_;
};

/// Puts a layer of random geometry over nodes that it makes. Throws ShapeError or ArgumentError where the sizes do not fit.
using Make = std::function<Tensor(Network& net, Draw& draw)>;

struct Kind {
  std::string name;
  Make make;
  Mode mode = Mode::training;
};

void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

Extents picture_sizes(Draw& draw, Size axes) { return draw.sizes(axes, 2, axes == 3 ? 4 : 6); }

Make convolution(Size axes) {
  return [axes](Network& net, Draw& draw) {
    const Size groups = draw.size(1, 3);
    const Node x = net.node("x", draw.shape(groups * draw.size(1, 2), picture_sizes(draw, axes)));
    ConvolutionOptions options{.stride = PerAxis(draw.sizes(axes, 1, 3)), .dilation = PerAxis(draw.sizes(axes, 1, 2)),
                               .groups = groups, .padding_mode = static_cast<PaddingMode>(draw.size(0, 3)), .bias = draw.coin()};
    std::vector<std::pair<Size, Size>> padding;
    for (Size axis = 0; axis < axes; ++axis) {
      padding.emplace_back(draw.size(0, 2), draw.size(0, 2));
    }
    options.padding = draw.size(0, 3) == 0 ? same_padding() : padding_of(padding);
    const auto layer = axes == 1 ? conv1d : axes == 2 ? conv2d : conv3d;
    return layer(x, groups * draw.size(1, 2), PerAxis(draw.sizes(axes, 1, 3)), options);
  };
}

Make transposed(Size axes) {
  return [axes](Network& net, Draw& draw) {
    const Size groups = draw.size(1, 2);
    const Node x = net.node("x", draw.shape(groups * draw.size(1, 2), draw.sizes(axes, 1, 3)));
    const Extents strides = draw.sizes(axes, 1, 3);
    const Size most = *std::min_element(strides.begin(), strides.end()) - 1;
    const TransposedConvolutionOptions options{.stride = PerAxis(strides), .padding = draw.size(0, 1),
                                               .output_padding = draw.size(0, most), .dilation = PerAxis(draw.sizes(axes, 1, 2)),
                                               .groups = groups, .bias = draw.coin()};
    const auto layer = axes == 1 ? conv_transpose1d : axes == 2 ? conv_transpose2d : conv_transpose3d;
    return layer(x, groups * draw.size(1, 2), PerAxis(draw.sizes(axes, 1, 3)), options);
  };
}

Make max_pool(Size axes) {
  return [axes](Network& net, Draw& draw) {
    const Node x = net.node("x", draw.shape(draw.size(1, 3), picture_sizes(draw, axes)));
    const Size kernel = draw.size(1, 3);
    MaxPoolOptions options{.padding = draw.size(0, kernel / 2), .dilation = PerAxis(draw.sizes(axes, 1, 2)),
                           .ceil_mode = draw.coin(), .pcx = draw.coin()};
    if (draw.coin()) {
      options.stride = PerAxis(draw.sizes(axes, 1, 3));
    }
    return (axes == 1 ? max_pool1d : axes == 2 ? max_pool2d : max_pool3d)(x, kernel, options);
  };
}

Make average_pool(Size axes) {
  return [axes](Network& net, Draw& draw) {
    const Node x = net.node("x", draw.shape(draw.size(1, 3), picture_sizes(draw, axes)));
    const Size kernel = draw.size(1, 3);
    AveragePoolOptions options{.padding = draw.size(0, kernel / 2), .ceil_mode = draw.coin(), .count_include_pad = draw.coin(),
                               .pcx = draw.coin()};
    if (draw.coin()) {
      options.stride = PerAxis(draw.sizes(axes, 1, 3));
    }
    return (axes == 1 ? avg_pool1d : axes == 2 ? avg_pool2d : avg_pool3d)(x, kernel, options);
  };
}

Make adaptive(Size axes, bool maximum) {
  return [axes, maximum](Network& net, Draw& draw) {
    const Node x = net.node("x", draw.shape(draw.size(1, 3), picture_sizes(draw, axes)));
    const PerAxis out(draw.sizes(axes, 1, 5));
    const auto most = axes == 1 ? adaptive_max_pool1d : axes == 2 ? adaptive_max_pool2d : adaptive_max_pool3d;
    const auto average = axes == 1 ? adaptive_avg_pool1d : axes == 2 ? adaptive_avg_pool2d : adaptive_avg_pool3d;
    return (maximum ? most : average)(x, out);
  };
}

Make batch_normalisation(BatchNormOptions options) {
  return [options](Network& net, Draw& draw) {
    BatchNormOptions own = options;
    own.affine = draw.coin();
    const Node x = net.node("x", draw.shape(draw.size(1, 3), draw.sizes(draw.size(0, 3), 1, 3)));
    return batch_norm(x, own);
  };
}

Tensor linear_layer(Network& net, Draw& draw) {
  const Node x = net.node("x", Shape(draw.sizes(draw.size(1, 3), 1, 4)));
  return linear(x, draw.size(1, 5), {.bias = draw.coin()});
}

Tensor layer_normalisation(Network& net, Draw& draw) {
  const Size rank = draw.size(1, 3);
  const Node x = net.node("x", Shape(draw.sizes(rank, 2, 4)));
  return layer_norm(x, draw.size(0, rank), {.affine = draw.coin()});
}

Tensor group_normalisation(Network& net, Draw& draw) {
  const Size groups = draw.size(1, 3);
  const Node x = net.node("x", draw.shape(groups * draw.size(1, 2), draw.sizes(draw.size(1, 3), 2, 3)));
  return group_norm(x, groups, {.affine = draw.coin()});
}

Tensor embedding_layer(Network& net, Draw& draw) {
  const Node index = net.node("index", Shape(draw.sizes(draw.size(0, 2), 1, 4)), DType::index);
  return embedding(index, kRows, draw.size(1, 4));
}

Tensor attention(Network& net, Draw& draw) {
  const Size heads = draw.size(1, 3), width = heads * draw.size(1, 3), queries = draw.size(1, 4), keys = draw.size(1, 4);
  const Node query = net.node("query", {queries, width}), key = net.node("key", {keys, draw.size(1, 4)});
  const Node value = net.node("value", {keys, draw.size(1, 4)});
  AttentionOptions options{.causal = draw.coin(), .bias = draw.coin()};
  if (draw.coin()) {
    options.mask = net.node("mask", {queries, keys}) < 0.5;
  }
  return multi_head_attention(query, key, value, heads, options);
}

Tensor composed(Network& net, Draw& draw) {
  const Size channels = draw.size(1, 3), rest = draw.size(1, 3);
  const Node x = net.node("x", draw.shape(channels, {4, rest}));
  const Layer block = [&](const Tensor& each) { return gelu(conv2d(each, channels, 3, {.padding = 1})); };
  return sequential(x, {[&](const Tensor& each) { return residual(each, block); },
                        [](const Tensor& each) { return max_pool2d(each, {2, 1}); },
                        [&](const Tensor& each) { return residual(each, block, shared(block)); }, flatten,
                        [&](const Tensor& each) { return linear(each, rest); }});
}

std::vector<Kind> kinds() {
  std::vector<Kind> all = {{"linear", linear_layer}, {"layer_norm", layer_normalisation}, {"group_norm", group_normalisation},
                           {"embedding", embedding_layer}, {"attention", attention}, {"composed", composed}};
  for (Size axes = 1; axes <= 3; ++axes) {
    all.push_back({fmt::format("conv{}d", axes), convolution(axes)});
    all.push_back({fmt::format("conv_transpose{}d", axes), transposed(axes)});
    all.push_back({fmt::format("max_pool{}d", axes), max_pool(axes)});
    all.push_back({fmt::format("avg_pool{}d", axes), average_pool(axes)});
    all.push_back({fmt::format("adaptive_max_pool{}d", axes), adaptive(axes, true)});
    all.push_back({fmt::format("adaptive_avg_pool{}d", axes), adaptive(axes, false)});
  }
  all.push_back({"batch_norm", batch_normalisation({})});
  all.push_back({"batch_norm_evaluation", batch_normalisation({}), Mode::evaluation});
  all.push_back({"batch_norm_running", batch_normalisation({.training = Statistics::running})});
  all.push_back({"batch_norm_pcx", batch_normalisation({.pcx = true})});
  const auto left_out = [](Network& net, Draw& draw) { return dropout(net.node("x", Shape(draw.sizes(2, 1, 5))), 0.4); };
  all.push_back({"dropout", left_out});
  all.push_back({"dropout_evaluation", left_out, Mode::evaluation});
  return all;
}

/// One layer between nodes with data and a weighted sum of a function of what it returns.
class Subject {
 public:
  Subject(const Kind& kind, std::uint64_t seed) : mode_(kind.mode) {
    for (std::uint64_t attempt = 0; attempt < 100; ++attempt) {  // sizes that do not fit are drawn again
      Draw draw(1000 * seed + attempt);
      Network made;
      try {
        const Tensor layer = kind.make(made, draw);
        const Node y = made.node("y", layer.shape(), layer);
        const Node g = made.node("g", y.shape());
        loss_ = sum(sin(y.prediction()) * g);
        output_ = y.prediction();
      } catch (const std::invalid_argument&) {
        continue;
      }
      net = made;
      fill(draw);
      return;
    }
    throw std::logic_error("no geometry of '" + kind.name + "' fits");
  }

  std::vector<Node> given() const {
    std::vector<Node> nodes = net.nodes();
    std::erase_if(nodes, [](const Node& node) { return node.name() == "y"; });
    return nodes;
  }

  void write(Flow& flow) const {
    flow.mode(mode_);
    flow.output("loss", batch_sum(flow.seen(loss_)));
    flow.output("y", output_);
    for (const Node& node : given()) {
      if (node.value().dtype() == DType::real) {
        flow.output("d/" + node.name(), flow.gradients(loss_, {node.value()})[0]);
      }
    }
    for (const Parameter& parameter : net.parameters()) {
      flow.output("d/" + parameter.name(), batch_size(loss_) * flow.gradients(loss_, {parameter})[0]);
    }
  }

  std::unique_ptr<Executor> on(const std::string& device, Precision precision) {
    state = std::make_shared<State>(net.initialise(3, precision));
    for (const auto& [name, array] : parameters) {
      state->at(name) = array.to(state->at(name).type());
    }
    return std::make_unique<Executor>(net, given(), [this](Flow& flow) { write(flow); }, state,
                                      ExecutorOptions{.device = device, .precision = precision});
  }

  /// The same draws at each run.
  void run(Executor& executor) const {
    for (const auto& [symbol, entry] : state->entries()) {
      if (entry.name == "random/run") {
        state->at(entry.name) = Array(entry.array.shape(), entry.array.type());
      }
    }
    executor.run(data);
  }

  Network net;
  std::vector<std::pair<Node, Array>> data;
  NamedArrays parameters;
  std::shared_ptr<State> state;

 private:
  void fill(Draw& draw) {
    for (const Node& node : given()) {
      Extents extents(node.shape().begin(), node.shape().end());
      extents.insert(extents.begin(), kSamples);
      Array array(Shape(extents), ElementType::f64);
      for (double& element : array.as<double>()) {
        const bool index = node.value().dtype() == DType::index;
        element = index ? static_cast<double>(draw.numbers().below(kRows)) : static_cast<double>(static_cast<float>(draw.numbers().normal()));
      }
      data.emplace_back(node, node.value().dtype() == DType::index ? array.to(ElementType::i32) : array);
    }
    const State drawn = net.initialise(3, Precision::f64);
    std::vector<Parameter> all = net.parameters();
    const std::vector<Parameter> held = net.layer_state();
    all.insert(all.end(), held.begin(), held.end());
    for (const Parameter& parameter : all) {
      Array array = drawn.at(parameter.name());
      const bool positive = parameter.name().ends_with("running_var");
      for (double& element : array.as<double>()) {
        element += static_cast<double>(static_cast<float>(positive ? draw.numbers().uniform(0, 1) : 0.3 * draw.numbers().normal()));
        element = static_cast<double>(static_cast<float>(element));
      }
      parameters.emplace(parameter.name(), std::move(array));
    }
  }

  Mode mode_;
  Tensor loss_ = 0.0, output_ = 0.0;
};

class RandomLayers : public testing::TestWithParam<Kind> {};

/// Every element of every input and parameter, moved there and back.
TEST_P(RandomLayers, GradientsAreThoseOfCentralDifferences) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Subject subject(GetParam(), seed);
    const auto executor = subject.on("reference", Precision::f64);
    subject.run(*executor);
    std::map<std::string, Numbers> gradients;
    for (const std::string& output : executor->outputs()) {
      gradients[output] = numbers_of(executor->output(output));
    }
    const auto expect = [&](const std::string& name, const std::function<double&(std::size_t)>& element, std::size_t count) {
      Numbers differences;
      for (std::size_t i = 0; i < count; ++i) {
        const auto loss_at = [&](double moved) {
          const double before = element(i);
          element(i) = before + moved;
          subject.run(*executor);
          element(i) = before;
          return numbers_of(executor->output("loss"))[0];
        };
        differences.push_back((loss_at(1e-6) - loss_at(-1e-6)) / 2e-6);
      }
      ASSERT_EQ(gradients.at("d/" + name).size() * (differences.size() / gradients.at("d/" + name).size()), differences.size());
      EXPECT_TRUE(close(gradients.at("d/" + name), differences, 1e-6)) << name;
    };
    for (auto& [node, array] : subject.data) {
      if (node.value().dtype() == DType::real && node.name() != "mask") {
        expect(node.name(), [&values = array](std::size_t i) -> double& { return values.as<double>()[i]; },
               static_cast<std::size_t>(array.elements()));
      }
    }
    for (const Parameter& parameter : subject.net.parameters()) {
      Array& array = subject.state->at(parameter.name());
      expect(parameter.name(), [&array](std::size_t i) -> double& { return array.as<double>()[i]; },
             static_cast<std::size_t>(array.elements()));
    }
  }
}

/// Outputs and gradients in f32 are those of the reference in f64, to the roundings of sums of some hundred terms.
TEST_P(RandomLayers, TheCpuAgreesWithTheReference) {
  const std::vector<std::string> present = devices();
  if (std::find(present.begin(), present.end(), "cpu") == present.end()) {
    GTEST_SKIP() << "no CPU backend in this build";
  }
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Subject exact(GetParam(), seed), fast(GetParam(), seed);
    const auto reference = exact.on("reference", Precision::f64), cpu = fast.on("cpu", Precision::f32);
    exact.run(*reference);
    fast.run(*cpu);
    for (const std::string& output : reference->outputs()) {
      EXPECT_EQ(cpu->output(output).shape(), reference->output(output).shape()) << output;
      EXPECT_TRUE(close(numbers_of(cpu->output(output)), numbers_of(reference->output(output)), 5e-5)) << output;
    }
  }
}

std::string kind_name(const testing::TestParamInfo<Kind>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Layers, RandomLayers, testing::ValuesIn(kinds()), kind_name);

}  // namespace
}  // namespace pcxx::test

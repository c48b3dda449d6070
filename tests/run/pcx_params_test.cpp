/// Parameters from and to PCX's files, against files that PCX wrote (tools/check_npz_exchange.py freeze).
#include "pcxx/run/pcx_params.h"

#include <gtest/gtest.h>

#include "pcxx/core/errors.h"
#include "pcxx/io/npz.h"
#include "pcxx/network/layers.h"
#include "pcxx/run/trainer.h"
#include "pcxx/run/training.h"
#include "pcxx/tensor/operations.h"
#include "support/close.h"
#include "support/message.h"
#include "support/mlp.h"
#include "support/runs.h"
#include "support/temporary_folder.h"

namespace pcxx {
namespace {

using test::message_of;
using test::Mlp;
using test::numbers;
using test::numbers_of;
using test::TemporaryFolder;

const std::filesystem::path kFolder = std::filesystem::path(PCXX_SOURCE_DIR) / "tests/run/pcx";
const std::vector<KeyRule> kChainRules = {key_rule("layer{i}.{what} = .layers[{i}].nn.{what}")};

Array expected(const std::string& name) { return load_npz(kFolder / "expected.npz").arrays.at(name); }

/// The model `Nested` of the script: its second layer is used twice.
struct Nested : Network {
  Node input = node("input", {3});
  Node label = node("label", {2});
  Nested() {
    const Tensor first = tanh(linear(input, 4, {.name = "first"}));
    const Tensor weight = parameter("tied.weight", {4, 4}, fan_in_uniform());
    const Tensor bias = parameter("tied.bias", {4}, fan_in_uniform());
    const auto tied = [&](const Tensor& x) { return tanh(matmul(weight, x) + bias); };
    const Tensor last = tanh(linear(tied(tied(first)), 4, {.bias = false, .name = "a"}));
    predict(label, linear(last, 2, {.name = "b"}));
  }
};

const std::vector<KeyRule> kNestedRules = {
    key_rule("tied.{what} = .feature_layers[1][0].nn.{what} = .again.nn.{what}"),
    key_rule("first.{what} = .feature_layers[0][0].nn.{what}"),
    key_rule("{block}.{what} = .blk['{block}'].nn.{what}"),
};

Array prediction_of(const Network& network, const Node& input, const Node& label, const Array& x, const State& state) {
  return test::run_once(network, {{input, x}}, prediction_of(label), std::make_shared<State>(state), {.device = "reference"})
      .output("prediction");
}

TEST(PcxParams, OfAChainGoByOrder) {
  const Mlp net({3, 5, 5, 2}, {.activation = "tanh"});
  State state = net.initialise(9);
  const std::vector<KeyPair> pairs = load_pcx_params(kFolder / "chain.npz", net, state);
  ASSERT_EQ(pairs.size(), 6U);
  EXPECT_EQ(pairs[2].parameter, "layer1.weight");
  EXPECT_EQ(pairs[2].keys, std::vector<std::string>{".layers[1].nn.weight"});
  EXPECT_TRUE(test::close(numbers_of(prediction_of(net, net.x, net.target(), expected("chain/x"), state)),
                          numbers_of(expected("chain/prediction")), 1e-5));
}

TEST(PcxParams, OfSharedAndNestedModulesGoByRules) {
  const Nested net;
  State state = net.initialise(9);
  load_pcx_params(kFolder / "nested.npz", net, state, kNestedRules);
  EXPECT_TRUE(test::close(numbers_of(prediction_of(net, net.input, net.label, expected("nested/x"), state)),
                          numbers_of(expected("nested/prediction")), 1e-5));
  State by_order = net.initialise(9);  // what PCX left out as None has no part in the order
  load_pcx_params(kFolder / "nested.npz", net, by_order);
  EXPECT_EQ(numbers_of(by_order.at("tied.weight")), numbers_of(state.at("tied.weight")));
  EXPECT_EQ(numbers_of(by_order.at("b.bias")), numbers_of(state.at("b.bias")));
}

/// What is written has the keys, shapes, types and numbers that PCX wrote; shared ones under every key, as load_params
/// asks for each.
TEST(PcxParams, ComeBackAsPcxWroteThem) {
  const TemporaryFolder folder;
  const Nested net;
  State state = net.initialise(9, Precision::f64);
  load_pcx_params(kFolder / "nested.npz", net, state, kNestedRules);
  save_pcx_params(folder / "rules.npz", net, state, {.rules = kNestedRules});
  save_pcx_params(folder / "like.npz", net, state,
                  {.rules = {kNestedRules.front()}, .like = kFolder / "nested.npz"});  // the others by order
  const NpzFile original = load_npz(kFolder / "nested.npz");
  EXPECT_EQ(original.nones, (std::set<std::string>{".again.nn.bias", ".again.nn.weight"}));
  for (const char* name : {"rules.npz", "like.npz"}) {
    const NamedArrays written = load_npz(folder / name).arrays;
    EXPECT_EQ(written.size(), original.order.size()) << name;
    for (const std::string& key : original.order) {
      const bool again = original.nones.contains(key);
      const Array& expected_array = original.arrays.at(again ? ".feature_layers[1][0].nn." + key.substr(10) : key);
      ASSERT_TRUE(written.contains(key)) << name << " " << key;
      EXPECT_EQ(written.at(key).shape(), expected_array.shape()) << name << " " << key;
      EXPECT_EQ(written.at(key).type(), ElementType::f32);
      EXPECT_EQ(numbers_of(written.at(key)), numbers_of(expected_array)) << name << " " << key;
    }
    State again = net.initialise(5, Precision::f64);
    load_pcx_params(folder / name, net, again, kNestedRules);
    EXPECT_EQ(numbers_of(again.at("tied.weight")), numbers_of(state.at("tied.weight")));
  }
}

/// The model `Convolutional` of the script.
struct Convolutional : Network {
  Node input = node("input", {1, 6, 6});
  Node label = node("label", {3});
  Convolutional() {
    const Tensor low = tanh(conv2d(input, 2, 3, {.padding = 1, .name = "low"}));
    const Tensor high = tanh(conv2d(low, 4, 3, {.groups = 2, .name = "high"}));
    predict(label, linear(reshape(high, {64}), 3, {.name = "head"}));
  }
};

TEST(PcxParams, OfConvolutionsPredictTheSame) {
  const TemporaryFolder folder;
  const Convolutional net;
  State state = net.initialise(0);
  load_pcx_params(kFolder / "convolutional.npz", net, state);
  EXPECT_TRUE(test::close(numbers_of(prediction_of(net, net.input, net.label, expected("convolutional/x"), state)),
                          numbers_of(expected("convolutional/prediction")), 1e-5));
  const std::vector<KeyRule> rules = {key_rule("low.{what} = .conv[0].nn.{what}"), key_rule("high.{what} = .conv[1].nn.{what}"),
                                      key_rule("head.{what}=.head.nn.{what}")};
  save_pcx_params(folder / "a.npz", net, state, {.rules = rules});
  const NamedArrays original = load_npz(kFolder / "convolutional.npz").arrays, written = load_npz(folder / "a.npz").arrays;
  EXPECT_EQ(original.size(), written.size());
  for (const auto& [key, array] : original) {
    EXPECT_EQ(written.at(key).shape(), array.shape()) << key;
    EXPECT_EQ(numbers_of(written.at(key)), numbers_of(array)) << key;
  }
}

/// A bias that a network has as (n) is a column in PCX, if it is a convolution's.
TEST(PcxParams, OfBiasesWithoutFurtherAxesBecomeColumns) {
  const TemporaryFolder folder;
  Network net;
  net.parameter("low.weight", {2, 1, 3, 3}, zeros());
  net.parameter("low.bias", {2}, zeros());
  net.parameter("head.weight", {3, 2}, zeros());
  net.parameter("head.bias", {3}, zeros());
  State state = net.initialise(0);
  state.at("low.bias") = numbers({2}, {1, 2}).to(ElementType::f32);
  save_pcx_params(folder / "a.npz", net, state, {.rules = {key_rule("{layer}.{what} = .{layer}.nn.{what}")}});
  const NamedArrays written = load_npz(folder / "a.npz").arrays;
  EXPECT_EQ(written.at(".low.nn.bias").shape(), (Shape{2, 1, 1}));
  EXPECT_EQ(written.at(".head.nn.bias").shape(), (Shape{3}));
  State again = net.initialise(1);
  load_pcx_params(folder / "a.npz", net, again, {key_rule("{layer}.{what} = .{layer}.nn.{what}")});
  EXPECT_EQ(numbers_of(again.at("low.bias")), (test::Numbers{1, 2}));
}

/// Order decides only where nothing else could be meant.
TEST(PcxParams, OutOfOrderNeedOneCandidateEach) {
  const TemporaryFolder folder;
  save_npz(folder / "a.npz", {{"a.nn.bias", numbers({2}, {1, 2}).to(ElementType::f32)},
                              {"a.nn.weight", numbers({2, 3}, {1, 2, 3, 4, 5, 6}).to(ElementType::f32)}});
  const Mlp net({3, 2});  // its weight comes first
  State state = net.initialise(0);
  load_pcx_params(folder / "a.npz", net, state);
  EXPECT_EQ(numbers_of(state.at("layer0.bias")), (test::Numbers{1, 2}));

  save_npz(folder / "b.npz", {{"a.bias", Array({2}, ElementType::f32)}, {"a.weight", Array({2, 2}, ElementType::f32)},
                              {"b.bias", Array({2}, ElementType::f32)}, {"b.weight", Array({2, 2}, ElementType::f32)}});
  const Mlp deep({2, 2, 2});
  State other = deep.initialise(0);
  EXPECT_EQ(message_of<NameError>([&] { load_pcx_params(folder / "b.npz", deep, other); }),
            "[pcx] '" + (folder / "b.npz").string() +
                "' does not fit the network: 'layer0.bias', 'layer1.bias' (2) may be any of 'a.bias', 'b.bias': say which by "
                "rules; 'layer0.weight', 'layer1.weight' (2, 2) may be any of 'a.weight', 'b.weight': say which by rules; "
                "nothing was changed");
}

class PcxParamErrors : public testing::Test {
 protected:
  /// Returns what is said of a file that holds these arrays, as zeros, for a network 3-5-2.
  std::string problem(const std::map<std::string, Shape>& shapes, const std::vector<KeyRule>& rules = kChainRules) {
    NamedArrays arrays;
    for (const auto& [key, shape] : shapes) {
      arrays.emplace(key, Array(shape, ElementType::f32));
    }
    save_npz(folder_ / "a.npz", arrays);
    State state = net_.initialise(4);
    const NamedArrays before = state.arrays();
    std::string message = message_of<ArgumentError>([&] { load_pcx_params(folder_ / "a.npz", net_, state, rules); });
    for (const auto& [name, array] : before) {
      EXPECT_EQ(numbers_of(state.at(name)), numbers_of(array)) << "a failed load leaves no trace";
    }
    const std::string begin = "[pcx] '" + (folder_ / "a.npz").string() + "' does not fit the network: ";
    const std::string end = "; nothing was changed";
    if (!message.starts_with(begin) || !message.ends_with(end)) {
      return message;
    }
    return message.substr(begin.size(), message.size() - begin.size() - end.size());
  }

  const std::map<std::string, Shape> sound_ = {{".layers[0].nn.weight", {5, 3}}, {".layers[0].nn.bias", {5}},
                                               {".layers[1].nn.weight", {2, 5}}, {".layers[1].nn.bias", {2}}};
  TemporaryFolder folder_;
  Mlp net_{{3, 5, 2}};
};

TEST_F(PcxParamErrors, NameEveryKeyAtOnce) {
  auto shapes = sound_;
  shapes.erase(".layers[1].nn.bias");
  shapes[".layers[1].nn.baas"] = {2};
  shapes[".extra"] = {};
  shapes[".layers[0].nn.weight"] = {3, 5};
  EXPECT_EQ(problem(shapes),
            "unexpected '.extra' (); unexpected '.layers[1].nn.baas' (2); missing '.layers[1].nn.bias' of 'layer1.bias' "
            "(nearest: '.layers[1].nn.baas'); '.layers[0].nn.weight' (3, 5) is not 'layer0.weight' (5, 3)");
}

TEST_F(PcxParamErrors, WithoutRules) {
  auto shapes = sound_;
  shapes.erase(".layers[1].nn.bias");
  EXPECT_EQ(problem(shapes, {}), "no array for 'layer1.bias' (2)");
  shapes[".layers[1].nn.bias"] = {3};
  EXPECT_EQ(problem(shapes, {}), "'.layers[1].nn.bias' (3) is not 'layer1.bias' (2)");
  shapes[".layers[1].nn.bias"] = {2};
  shapes[".more"] = {7};
  EXPECT_EQ(problem(shapes, {}), "unexpected '.more' (7)");
}

TEST_F(PcxParamErrors, OfRules) {
  EXPECT_EQ(message_of<ArgumentError>([] { key_rule("a"); }),
            "[keys] 'a' is no rule; expected parameter = key, e.g. hidden{i}.{what} = .layers[{i-1}].nn.{what}");
  EXPECT_EQ(problem(sound_, {key_rule("layer{i = .a")}),
            "[keys] 'layer{i' has a { without its }; expected a pattern such as hidden{i}.{what}");
  EXPECT_EQ(problem(sound_, {key_rule("layer{i}.{what} = .layers[{j}].nn.{what}")}),
            "[keys] '{j}' in '.layers[{j}].nn.{what}' does not stand in the parameter's pattern; expected it there");
  EXPECT_EQ(problem(sound_, {key_rule("layer{i}.{what} = .layers[{i-1}].nn.{what}")}),
            "[keys] '.layers[{i-1}].nn.{what}' is -1 for i = 0; expected no negative number");
  EXPECT_EQ(problem(sound_, {key_rule("layer{i}.{what+1} = .a")}),
            "[keys] '{what+1}' in 'layer{i}.{what+1}' is no place; expected {i}, {i+1}, {i-1} or {word}");
  EXPECT_EQ(problem(sound_, {key_rule("layer{i}.{what} = .layers[0].nn.{what}")}),
            "[pcx] rules give '.layers[0].nn.weight' to 'layer0.weight' and to 'layer1.weight'; expected one parameter for "
            "each key");
  State state = net_.initialise(0);
  EXPECT_EQ(message_of<NameError>([&] { save_pcx_params(folder_ / "b.npz", net_, state, {.rules = {key_rule("layer0.{what} = .a.{what}")}}); }),
            "[pcx] '" + (folder_ / "b.npz").string() +
                "' does not fit the network: no rule for 'layer1.weight' (2, 5); no rule for 'layer1.bias' (2); nothing was "
                "changed");
  EXPECT_TRUE(message_of<ArgumentError>([&] { save_pcx_params(folder_ / "b.npz", net_, state, {}); })
                  .starts_with("[pcx] neither rules nor a file to be like; expected"));
}

TEST_F(PcxParamErrors, OfSharedParameters) {
  const Nested net;
  State state = net.initialise(0);
  const std::string file = (kFolder / "nested.npz").string();
  EXPECT_EQ(message_of<NameError>([&] { save_pcx_params(folder_ / "b.npz", net, state, {.like = file}); }),
            "[pcx] '" + file + "' does not fit the network: '.again.nn.weight' is None, a parameter that PCX shares: say by a rule "
            "whose other key it is; '.again.nn.bias' is None, a parameter that PCX shares: say by a rule whose other key it "
            "is; nothing was changed");
  const std::string only = message_of<NameError>([&] {
    load_pcx_params(file, net, state, {key_rule("tied.weight = .again.nn.weight")});
  });
  EXPECT_NE(only.find("'.again.nn.weight' of 'tied.weight' is None, as PCX writes a shared parameter that it has met before: "
                      "add its other key"), std::string::npos) << only;
  save_npz(folder_ / "c.npz", {{"a", numbers({2, 3}, {1, 2, 3, 4, 5, 6})}, {"b", numbers({2, 3}, {1, 2, 3, 4, 5, 7})}});
  const Mlp one({3, 2}, {.bias = false});
  State other = one.initialise(0);
  EXPECT_EQ(message_of<NameError>([&] { load_pcx_params(folder_ / "c.npz", one, other, {key_rule("layer0.weight = a = b")}); }),
            "[pcx] '" + (folder_ / "c.npz").string() +
                "' does not fit the network: 'a' and 'b' differ but are both 'layer0.weight'; nothing was changed");
}

/// An imported run can be judged, trained on and exported; what it exports is what it took.
TEST(PcxRuns, BeginAndEndWithPcx) {
  const TemporaryFolder folder;
  const Recipe recipe = parse_recipe(R"(
[network]
widths = [3, 5, 5, 2]
activation = "tanh"
[weights]
average = 0.5
[data]
name = "moons"
)", "a.toml");
  const std::vector<KeyPair> pairs = import_pcx_run(recipe, kFolder / "chain.npz", folder / "run");
  EXPECT_EQ(pairs.front().parameter, "hidden1.weight");
  const Checkpoint checkpoint = load_checkpoint(checkpoint_path(folder / "run"));
  EXPECT_EQ(checkpoint.progress.step, 0);
  const std::vector<KeyRule> rules = {key_rule("hidden{i}.{what} = .layers[{i-1}].nn.{what}"),
                                      key_rule("label.{what} = .layers[2].nn.{what}")};
  const NamedArrays original = load_npz(kFolder / "chain.npz").arrays;
  for (const bool averages : {false, true}) {  // before the first step averages are the parameters
    export_pcx_run(checkpoint, folder / "b.npz", {.rules = rules}, averages);
    for (const auto& [key, array] : load_npz(folder / "b.npz").arrays) {
      EXPECT_EQ(numbers_of(array), numbers_of(original.at(key))) << key;
    }
  }
  EXPECT_THROW(import_pcx_run(recipe, kFolder / "chain.npz", folder / "run"), FileError);
  EXPECT_NO_THROW(import_pcx_run(recipe, kFolder / "chain.npz", folder / "run", rules, true));
}

}  // namespace
}  // namespace pcxx

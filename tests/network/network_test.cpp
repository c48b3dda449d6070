/// Networks: names, predictions, energies, parts, sharing; and what is said of mistakes.
#include "pcxx/network/network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "pcxx/core/errors.h"
#include "pcxx/network/layers.h"
#include "pcxx/tensor/operations.h"
#include "support/message.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

using Names = std::vector<std::string>;

template <class Named>
Names names(const std::vector<Named>& all) {
  Names result;
  for (const Named& each : all) {
    result.push_back(each.name());
  }
  return result;
}

TEST(Network, NamesLayersAfterWhatTheyPredict) {
  Network net;
  const Node x = net.node("x", {3});
  const Node low = net.node("low", {4}, gelu(linear(x, 4)));
  const Node two = net.node("two", {4}, linear(x, 4, {.bias = false}) + linear(low, 4));
  net.node("own", {2}, linear(two, 2, {.name = "head"}));
  Names sorted = names(net.parameters());
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(sorted, (Names{"head.bias", "head.weight", "low.bias", "low.weight", "two.linear1.weight", "two.linear2.bias",
                           "two.linear2.weight"}));
  EXPECT_EQ(net.parameters()[0].shape(), (Shape{4, 3}));
  EXPECT_EQ(net.parameters()[1].shape(), (Shape{4}));
  EXPECT_EQ(names(net.parameters(tagged("bias"))), (Names{"low.bias", "two.linear2.bias", "head.bias"}));
}

TEST(Network, NamesLayersOfTermsAfterTheTerm) {
  Network net;
  const Node x = net.node("x", {3});
  net.energy_term(sum(square(linear(x, 2))), "penalty");
  net.energy_term(sum(square(Tensor(x))));
  EXPECT_EQ(names(net.parameters()), (Names{"penalty.weight", "penalty.bias"}));
  EXPECT_EQ(net.energies()[1].first, "term1");
}

struct Encoder : Network {
  Encoder(Network& parent, const std::string& name, const Tensor& x)
      : Network(parent, name), code(node("code", {2}, tanh(linear(x, 2)))) {}
  Node code;
};

TEST(Network, PartsPrefixNamesAndKeepTheirOwn) {
  Network net;
  const Node x = net.node("x", {3});
  Encoder left(net, "left", x);
  const Encoder right(net, "right", x);
  Network inner(left, "inner");
  inner.node("z", {1});
  net.node("y", {2}, Tensor(left.code) + right.code);
  EXPECT_EQ(names(net.nodes()), (Names{"x", "left.code", "right.code", "left.inner.z", "y"}));
  EXPECT_EQ(names(left.nodes()), (Names{"left.code", "left.inner.z"}));
  EXPECT_EQ(names(left.parameters()), (Names{"left.code.weight", "left.code.bias"}));
  EXPECT_EQ(left.energies().size(), 1U);
  EXPECT_EQ(net.energies().size(), 3U);
  EXPECT_EQ(left.node_named("code"), left.code);
  EXPECT_EQ(message_of<NameError>([&] { const Network again(net, "left"); }),
            "[network] name 'left' is taken; expected one for each");
}

TEST(Network, SelectsByNameTagShapeAndCombinations) {
  Network net;
  const Node x = net.node("x", {3});
  const Node low = net.node("low", {4}, linear(x, 4));
  net.node("high", {4}, linear(low, 4));
  EXPECT_EQ(names(net.parameters(named("*.bias"))), (Names{"low.bias", "high.bias"}));
  EXPECT_EQ(names(net.parameters(named("low.*") && !tagged("bias"))), (Names{"low.weight"}));
  EXPECT_EQ(names(net.parameters(named("l?w.weight") || named("high.bias"))), (Names{"low.weight", "high.bias"}));
  EXPECT_EQ(names(net.nodes(Selection([](const Traits& node) { return node.shape[0] == 4; }))), (Names{"low", "high"}));
  EXPECT_EQ(names(net.nodes(named("*"))), (Names{"x", "low", "high"}));
  EXPECT_EQ(names(net.nodes(named("*h*g*"))), (Names{"high"}));
  EXPECT_TRUE(net.nodes(named("*h*h*h")).empty());
  EXPECT_TRUE(net.nodes(named("lo")).empty());
}

TEST(Network, SaysWhatIsWrongWithNames) {
  Network net;
  const Node x = net.node("x", {3});
  net.node("high", {4}, linear(x, 4));
  EXPECT_EQ(message_of<NameError>([&] { net.node("x", {2}); }), "[node] name 'x' is taken; expected one for each");
  EXPECT_EQ(message_of<NameError>([&] { net.node("a/b", {2}); }),
            "[node] 'a/b' cannot be a name; expected letters, without '/', that neither begin nor end with '.'");
  EXPECT_EQ(message_of<NameError>([&] { net.parameter("high.weight", {2}, zeros()); }),
            "[parameter] name 'high.weight' is taken; expected one for each");
  EXPECT_EQ(message_of<NameError>([&] { net.node_named("hihg"); }),
            "[node] unknown name 'hihg'; nearest: high; known: high, x");
  EXPECT_EQ(message_of<NameError>([&] { std::as_const(net).phase("strat"); }),
            "[phase] unknown name 'strat'; nearest: start; known: predict, relax, start");
}

TEST(Network, SaysWhatIsWrongWithPredictions) {
  Network net, other;
  const Node x = net.node("x", {3});
  const Node y = net.node("y", {4}, linear(x, 4));
  const Node foreign = other.node("foreign", {4});
  EXPECT_EQ(message_of<ArgumentError>([&] { net.predict(y, linear(x, 4)); }),
            "[predict] node 'y' is predicted already; expected one prediction for each node: add the two");
  EXPECT_EQ(message_of<ShapeError>([&] { net.node("z", {2}, linear(x, 3)); }),
            "[predict] node 'z' is (2) but its prediction is (3)");
  EXPECT_EQ(names(net.nodes()), (Names{"x", "y"}));  // nothing was added
  EXPECT_EQ(message_of<ArgumentError>([&] { net.node("z", {4}, foreign); }),
            "[predict] the prediction of node 'z' belongs to a different network");
  EXPECT_EQ(message_of<ArgumentError>([&] { net.node("q", {4}, Tensor(y) + foreign); }),
            "[add] operands belong to different networks");
  EXPECT_EQ(message_of<ArgumentError>([&] { (void)x.prediction(); }), "[prediction] nothing predicts node 'x'");
}

TEST(Network, SaysWhatIsWrongWithEnergies) {
  Network net;
  const Node x = net.node("x", {3}), w = net.node("w", {4});
  const Energy unsummed = {"unsummed", [](const Tensor& h, const Tensor& u) { return square(h - u); }};
  EXPECT_EQ(message_of<ShapeError>([&] { net.predict(w, linear(x, 4), unsummed); }),
            "[predict] node 'w': energy 'unsummed' is (4); expected a scalar for each sample: sum it");
  EXPECT_EQ(message_of<ShapeError>([&] { net.energy_term(square(Tensor(w)), "t"); }),
            "[energy_term] 't' is (4); expected a scalar for each sample: sum it");
  EXPECT_EQ(message_of<ArgumentError>([&] { linear(1.0, 3); }),
            "[linear] the input belongs to no network; expected an expression over its nodes");
  EXPECT_EQ(message_of<ShapeError>([&] { linear(x, 0); }),
            "[linear] from (3) to 0 outputs; expected an input with an axis and at least one output");
}

TEST(Network, KnowsEnergiesByName) {
  EXPECT_EQ(energy_from("categorical").name, "categorical");
  EXPECT_TRUE(energy_from("categorical").needs_clamp);
  EXPECT_FALSE(energy_from("squared_error").needs_clamp);
  EXPECT_EQ(message_of<NameError>([] { energy_from("squarederror"); }),
            "[energy] unknown name 'squarederror'; nearest: squared_error; known: categorical, none, squared_error");
}

/// h = (1, 2), u = (0, 4): 1/2 (1 + 4); a distribution (0, 1) under logits (0, 4): log(1 + e^4) - 4; terms are added.
TEST(Network, EnergiesAreWhatTheyClaim) {
  Network net;
  const Node u = net.node("u", {2}), h = net.node("h", {2}), target = net.node("target", {2}), free = net.node("free", {2});
  net.predict(h, u);
  net.predict(target, u, categorical());
  net.predict(free, u, no_energy());
  net.energy_term(0.5 * sum(Tensor(h)), "extra");
  EXPECT_FALSE(free.has_energy());
  const Executor after = run_once(
      net, {{u, numbers({1, 2}, {0, 4})}, {h, numbers({1, 2}, {1, 2})}, {target, numbers({1, 2}, {0, 1})}}, [&](Flow& flow) {
        flow.output("h", h.energy());
        flow.output("target", target.energy());
        flow.output("free", free.energy());
        flow.output("all", net.energy());
      });
  const double surprise = std::log1p(std::exp(4.0)) - 4;
  EXPECT_DOUBLE_EQ(numbers_of(after.output("h"))[0], 2.5);
  EXPECT_NEAR(numbers_of(after.output("target"))[0], surprise, 1e-15);
  EXPECT_EQ(numbers_of(after.output("free"))[0], 0);
  EXPECT_NEAR(numbers_of(after.output("all"))[0], 2.5 + surprise + 1.5, 1e-14);
}

/// A parameter used twice is one: it is drawn once, and its gradients add. E = 1/2 (y - w w x)^2.
TEST(Network, SharedParametersAddTheirGradients) {
  Network net;
  const Node x = net.node("x", {1}), y = net.node("y", {1});
  const Parameter w = net.parameter("w", {1, 1}, constant(3));
  net.predict(y, matmul(w, matmul(w, x)));
  const Executor after = run_once(net, {{x, numbers({2, 1}, {1, 2})}, {y, numbers({2, 1}, {4, 5})}}, [&](Flow& flow) {
    flow.output("g", flow.gradient(net.energy(), {w})[0]);
  });
  const double first = -(4.0 - 9) * 2 * 3 * 1, second = -(5.0 - 18) * 2 * 3 * 2;
  EXPECT_DOUBLE_EQ(numbers_of(after.output("g"))[0], (first + second) / 2);
  EXPECT_EQ(net.initialise(0).arrays().size(), 1U);
}

TEST(Network, LinearMapsTheLastAxisOfAny) {
  Network net;
  const Node x = net.node("x", {2, 3, 2});
  const Node y = net.node("y", {2, 3, 1}, linear(x, 1, {.bias = false, .weight = constant(2)}));
  const Array data = numbers({1, 2, 3, 2}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  const Executor after = run_once(net, {{x, data}}, [&](Flow& flow) { flow.output("y", y.prediction()); });
  EXPECT_EQ(after.output("y").shape(), (Shape{1, 2, 3, 1}));
  EXPECT_EQ(numbers_of(after.output("y")), (Numbers{6, 14, 22, 30, 38, 46}));
}

/// Nodes hold their network and phases hold nodes, in transforms, yet everything is released. (Sanitizers see leaks.)
TEST(Network, IsReleasedWhenItsHandlesAre) {
  std::weak_ptr<Model> model;
  {
    Network net;
    const Node x = net.node("x", {1});
    net.node("y", {1}, linear(x, 1));
    net.phase("p").show_value(named("y"), [x](const Tensor& h) { return h + Tensor(x); });
    run_once(net, {{x, numbers({1, 1}, {1})}}, [](Flow& flow) { flow.enter("p"); });
    model = net.model();
  }
  EXPECT_TRUE(model.expired());
}

}  // namespace
}  // namespace pcxx::test

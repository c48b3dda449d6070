/// Connections: chains, skips, shared parameters, joined inputs, terms, parts, layers that differ by mode.
#include "pcxx/network/connections.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "pcxx/network/layers.h"
#include "pcxx/tensor/operations.h"

namespace pcxx::test {
namespace {

/// Returns "from -> to: parameters" of each connection.
std::vector<std::string> texts(const Network& network) {
  std::vector<std::string> all;
  for (const Connection& each : connections(network)) {
    std::string text = (each.from ? each.from->name() : "nothing") + (each.to_term ? " => " : " -> ") + each.to + ":";
    for (const Parameter& parameter : each.parameters) {
      text += " " + parameter.name();
    }
    all.push_back(text);
  }
  return all;
}

bool goes_through(const Connection& connection, const std::string& operation) {
  return std::find(connection.operations.begin(), connection.operations.end(), operation) != connection.operations.end();
}

TEST(Connections, OfAChain) {
  Network net;
  const Node x = net.node("x", {4});
  const Node h = net.node("h", {3}, gelu(linear(x, 3)));
  net.node("y", {2}, linear(h, 2));
  EXPECT_EQ(texts(net), (std::vector<std::string>{"x -> h: h.weight h.bias", "h -> y: y.weight y.bias"}));
  const std::vector<Connection> all = connections(net);
  EXPECT_TRUE(goes_through(all[0], "matmul"));
  EXPECT_EQ(all[0].operations.back(), "gelu");
  EXPECT_FALSE(goes_through(all[1], "gelu"));
}

TEST(Connections, OfSkipsHaveTheirOwnParameters) {
  Network net;
  const Node x = net.node("x", {4});
  const Node h = net.node("h", {4}, x + tanh(linear(x, 4)));
  net.node("y", {2}, linear(h, 2, {.name = "up"}) + sigmoid(linear(x, 2, {.name = "skip"})));
  EXPECT_EQ(texts(net), (std::vector<std::string>{"x -> h: h.weight h.bias", "x -> y: skip.weight skip.bias",
                                                  "h -> y: up.weight up.bias"}));
  const std::vector<Connection> all = connections(net);
  EXPECT_TRUE(goes_through(all[1], "sigmoid"));
  EXPECT_FALSE(goes_through(all[2], "sigmoid"));
}

TEST(Connections, OfSharedParametersNameThemEachTime) {
  Network net;
  const Node x = net.node("x", {4});
  const Layer layer = shared([](const Tensor& in) { return linear(in, 4, {.bias = false, .name = "common"}); });
  const Node a = net.node("a", {4}, layer(x));
  net.node("b", {4}, layer(a));
  EXPECT_EQ(texts(net), (std::vector<std::string>{"x -> a: common.weight", "a -> b: common.weight"}));
}

TEST(Connections, OfAttentionShareWhatLiesBehindTheMeeting) {
  Network net;
  const Node a = net.node("a", {3, 4}), b = net.node("b", {5, 4});
  net.node("c", {3, 4}, multi_head_attention(a, b, b, 2, {.bias = false}));
  EXPECT_EQ(texts(net), (std::vector<std::string>{"a -> c: c.query.weight c.output.weight",
                                                  "b -> c: c.key.weight c.value.weight c.output.weight"}));
}

TEST(Connections, OfPicturesAndModes) {
  Network net;
  const Node x = net.node("x", {3, 8, 8});
  const Node h = net.node("h", {4, 4, 4}, max_pool2d(relu(batch_norm(conv2d(x, 4, 3, {.padding = 1, .name = "conv"}), {.name = "norm"})), 2));
  net.node("y", {2}, linear(dropout(flatten(h), 0.5), 2));
  EXPECT_EQ(texts(net), (std::vector<std::string>{"x -> h: conv.weight conv.bias norm.weight norm.bias", "h -> y: y.weight y.bias"}));
  EXPECT_TRUE(goes_through(connections(net)[0], "convolve"));
  EXPECT_TRUE(goes_through(connections(net)[0], "window_pick"));
}

TEST(Connections, OfPriorsAndTerms) {
  Network net;
  const Node latent = net.node("latent", {2});
  const Node data = net.node("data", {3}, linear(latent, 3));
  net.predict(latent, net.parameter("prior", {2}, constant(0)));
  net.energy_term(0.1 * sum(square(latent - linear(data, 2, {.name = "feedback"}))), "back");
  EXPECT_EQ(texts(net), (std::vector<std::string>{"nothing -> latent: prior", "latent -> data: data.weight data.bias", "latent => back:",
                                                  "data => back: feedback.weight feedback.bias"}));
}

TEST(Connections, OfAPartLeadToItsOwnNodes) {
  Network net;
  const Node x = net.node("x", {2});
  Network part(net, "part");
  const Node h = part.node("h", {2}, linear(x, 2));
  net.node("y", {2}, 2.0 * Tensor(h));
  EXPECT_EQ(texts(part), (std::vector<std::string>{"x -> part.h: part.h.weight part.h.bias"}));
  EXPECT_EQ(texts(net).size(), 2U);
}

TEST(Connections, EnergiesHaveNames) {
  Network net;
  const Node x = net.node("x", {2});
  const Node y = net.node("y", {2}, linear(x, 2), categorical()), z = net.node("z", {2}, linear(x, 2), no_energy());
  EXPECT_EQ(energy_name(x), "");
  EXPECT_EQ(energy_name(y), "categorical");
  EXPECT_EQ(energy_name(z), "");
}

}  // namespace
}  // namespace pcxx::test

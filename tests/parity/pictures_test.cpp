/// A convolutional network that relaxes and learns, on every backend against the reference: pictures with their channels
/// first, which a backend may store last.
#include "parity/subjects.h"
#include "pcxx/tensor/gradient.h"
#include "tensor/rules.h"

namespace pcxx::test {
namespace {

Statement assign(std::vector<Assignment> assignments) { return {Assign{std::move(assignments)}}; }

/// Operations over windows of pictures (channels, height, width), as layers trace them.
Tensor convolved(const Tensor& x, const Tensor& w, Size stride, Size before) {
  const Size extent = w.shape()[-1], height = (x.shape()[1] + 2 * before - extent) / stride + 1,
             width = (x.shape()[2] + 2 * before - extent) / stride + 1;
  const Attributes attributes = attributes_of(Convolution{{{extent, extent}, {stride, stride}, {before, before}, {1, 1}}, 1, false});
  const Tensor last = apply(Op::convolve, {transpose(x, {1, 2, 0}), transpose(w, {0, 2, 3, 1})}, attributes, {height, width, w.shape()[0]});
  return transpose(last, {2, 0, 1});
}

Tensor pooled(const Tensor& x) {
  const Tensor last = transpose(x, {1, 2, 0});
  const Attributes attributes = attributes_of(Windows{{2, 2}, {2, 2}, {0, 0}, {1, 1}});
  return transpose(apply(Op::window_pick, {last, last}, attributes, {x.shape()[1] / 2, x.shape()[2] / 2, x.shape()[0]}), {2, 0, 1});
}

/// Two layers of pictures, each a node, and a vector: its states, parameters and one step of training.
struct PictureNetwork {
  explicit PictureNetwork(Workbench& b) : bench(b) {
    low = bench.symbol("low", SymbolKind::node_value, {4, 4, 4});
    high = bench.symbol("high", SymbolKind::node_value, {5, 2, 2});
    trace = bench.symbol("trace", SymbolKind::temporary, {5, 2, 2});
    mean_of = bench.symbol("mean", SymbolKind::output, {5});
    energy = bench.symbol("energy", SymbolKind::output, {});
    picture = bench.symbol("picture", SymbolKind::output, {4, 4, 4});
  }

  SymbolId symbol(const Tensor& w) const { return symbol_of(*bench.graph(), w.id(), "test"); }

  Region step() const {
    const Tensor first = bench.read(low), second = bench.read(high);
    const auto low_of = [&] { return pooled(gelu(convolved(x, w1, 1, 1) + b1)); };
    const auto high_of = [&](const Tensor& h) { return tanh(convolved(h, w2, 2, 1) + b2); };
    const auto label_of = [&](const Tensor& h) { return matmul(w3, reshape(h, {20})); };
    const Tensor start = low_of(), next = high_of(start);
    const Tensor total = 0.5 * sum(square(first - low_of())) + 0.5 * sum(square(second - high_of(first))) +
                         0.5 * sum(square(y - label_of(second)));
    const auto slopes = gradient(total, {first, second});
    const Tensor kept = slopes[1] + 0.4 * bench.read(trace);
    const auto weights = gradient(batch_mean(total), {w1, b1, w2, b2, w3});
    Region body = {
        assign({{low, start.id()}, {high, next.id()}, {trace, (0.0 * next).id()}}),
        {Repeat{4, bench.symbol("i", SymbolKind::temporary, {}, Span::shared),
                {assign({{low, (first - 0.1 * slopes[0]).id()}, {high, (second - 0.1 * kept).id()}, {trace, kept.id()}})}}},
        assign({{energy, total.id()}, {mean_of, mean(second, {1, 2}).id()}, {picture, (2 * first).id()}}),
    };
    std::vector<Assignment> learn;
    const std::vector<Tensor> all = parameters();
    for (std::size_t i = 0; i < all.size(); ++i) {
      learn.push_back({symbol(all[i]), (all[i] - 0.05 * weights[i]).id()});
    }
    body.push_back(assign(std::move(learn)));
    return body;
  }

  std::vector<Tensor> parameters() const { return {w1, b1, w2, b2, w3}; }

  Workbench& bench;
  Tensor x = bench.variable({3, 8, 8}, Span::per_sample, {-1, 1, 0}), y = bench.variable({3}, Span::per_sample, {-1, 1, 0});
  Tensor w1 = weight({4, 3, 3, 3}), b1 = weight({4, 1, 1}), w2 = weight({5, 4, 3, 3}), b2 = weight({5, 1, 1}), w3 = weight({3, 20});
  SymbolId low, high, trace, mean_of, energy, picture;

 private:
  Tensor weight(const Shape& shape) const { return bench.variable(shape, Span::shared, {-0.3, 0.3, 0}); }
};

using Pictures = Parity;

TEST_P(Pictures, RelaxAndLearn) {
  for (const Size samples : {1, 2, 5, 64, 65}) {
    SCOPED_TRACE(testing::Message() << samples << " samples");
    Workbench bench(samples);
    const PictureNetwork network(bench);
    Session actual(bench, network.step(), *GetParam().backend, GetParam().precision);
    Session expected(bench, network.step(), *reference_backend(), Precision::f64);
    std::vector<SymbolId> symbols = {network.low, network.high, network.mean_of, network.energy, network.picture};
    for (const Tensor& parameter : network.parameters()) {
      symbols.push_back(network.symbol(parameter));
    }
    for (int run = 0; run < 2; ++run) {
      actual.run();
      expected.run();
      for (const SymbolId id : symbols) {
        EXPECT_TRUE(close(actual.value(id), expected.value(id), allowed(80, 128 * samples))) << bench.graph()->symbol(id).name;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, Pictures, testing::ValuesIn(subjects()), name_of);

/// The plan of such a network turns pictures only where data comes in and where a picture becomes a vector.
TEST(ChannelsLast, LeavesFewTranspositions) {
  Workbench bench(4);
  const PictureNetwork network(bench);
  const Session session(bench, network.step(), *cpu_backend(), Precision::f32);
  const std::string plan = const_cast<Session&>(session).executable().explain();
  EXPECT_NE(plan.find("channels last: 3 variables are stored so"), std::string::npos) << plan;
}

}  // namespace
}  // namespace pcxx::test

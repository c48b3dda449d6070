/// Executors: data, states, results; and what is said of mistakes.
#include "pcxx/network/executor.h"

#include <gtest/gtest.h>

#include "pcxx/core/errors.h"
#include "pcxx/network/layers.h"
#include "pcxx/tensor/operations.h"
#include "support/devices.h"
#include "support/message.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

/// y = 2 x_1 + 2 x_2.
struct Small : Network {
  Node x = node("x", {2});
  Node h = node("h", {2}, 2.0 * Tensor(x));
  Node y = node("y", {1}, linear(h, 1, {.weight = constant(1), .bias_initialiser = zeros()}));
};

void forward(Flow& flow) { flow.enter("start"); }

using Data = std::vector<std::pair<Node, Array>>;

class Executors : public testing::TestWithParam<std::string> {
 protected:
  Executor make(const std::vector<Node>& given, const std::function<void(Flow&)>& write) const {
    return Executor(net, given, write, std::make_shared<State>(net.initialise(0)), {.device = GetParam()});
  }
  Small net;
};

TEST_P(Executors, TakeAnyNumberOfSamples) {
  Executor executor = make({net.x}, forward);
  for (const Size samples : {3, 1, 200, 64, 3}) {
    Array data({samples, 2}, ElementType::f32);
    for (Size i = 0; i < 2 * samples; ++i) {
      data.as<float>()[static_cast<std::size_t>(i)] = static_cast<float>(i);
    }
    executor.run({{net.x, data}});
    const Array y = executor.value(net.y);
    ASSERT_EQ(y.shape(), (Shape{samples, 1}));
    for (Size i = 0; i < samples; ++i) {
      EXPECT_EQ(numbers_of(y)[static_cast<std::size_t>(i)], 2.0 * static_cast<double>(4 * i + 1));
    }
  }
}

TEST_P(Executors, TakeRowsAndArraysOfAnyElementType) {
  Executor executor = make({net.x}, forward);
  const float rows[] = {1, 2, 3, 4};
  executor.run(2, {{net.x, rows}});
  EXPECT_EQ(numbers_of(executor.value(net.y)), (Numbers{6, 14}));
  executor.run({{net.x, numbers({2, 2}, {1, 2, 3, 5})}});  // f64
  EXPECT_EQ(numbers_of(executor.value(net.y)), (Numbers{6, 16}));
  executor.run({{net.x, numbers({2, 2}, {1, 2, 3, 6}).to(ElementType::i32)}});
  EXPECT_EQ(numbers_of(executor.value(net.y)), (Numbers{6, 18}));
}

TEST_P(Executors, TakeIndices) {
  Network words;
  const Node word = words.node("word", {}, DType::index);
  const Parameter table = words.parameter("table", {3, 2}, uniform(0, 1));
  const Node row = words.node("row", {2}, gather(table, word));
  const auto state = std::make_shared<State>(words.initialise(0));
  Executor executor(words, {word}, forward, state, {.device = GetParam()});
  Array index({2}, ElementType::i64);
  index.as<std::int64_t>()[0] = 2;
  executor.run({{word, index}});
  const Numbers rows = numbers_of(state->at("table"));
  EXPECT_EQ(numbers_of(executor.value(row)), (Numbers{rows[4], rows[5], rows[0], rows[1]}));
}

TEST_P(Executors, ShareTheStateOfOneNetwork) {
  const auto state = std::make_shared<State>(net.initialise(0));
  const ExecutorOptions options{.device = GetParam()};
  const Parameter bias = net.parameters(tagged("bias"))[0];
  Executor writer(net, {}, [&](Flow& flow) { flow.assign(bias, Tensor(bias) + 5.0); }, state, options);
  Executor reader(net, {net.x}, forward, state, options);
  writer.run(Data{});
  reader.run({{net.x, numbers({1, 2}, {1, 2})}});
  EXPECT_EQ(numbers_of(reader.value(net.y)), (Numbers{11}));
}

TEST_P(Executors, DescribeThemselves) {
  const Executor executor = make({net.x}, [&](Flow& flow) {
    flow.enter("start");
    flow.output("two", net.y.value() * 2.0);
    flow.output("one", net.y);
  });
  EXPECT_EQ(executor.outputs(), (std::vector<std::string>{"one", "two"}));
  EXPECT_NE(executor.program().find("h := "), std::string::npos);
  EXPECT_FALSE(executor.explain().empty());
  EXPECT_GT(executor.flops(10), executor.flops(1));
  EXPECT_GE(executor.bytes(100), 100);
}

/// Rows of a table, looked up.
struct Lookup : Network {
  Node place = node("place", {2}, DType::index);
  Node found = node("found", {2, 3}, gather(parameter("table", {4, 3}, normal()), place), no_energy());
};

TEST_P(Executors, TakeIndicesAsTheyAre) {
  const Lookup lookup;
  const auto state = std::make_shared<State>(lookup.initialise(0));
  Executor executor(lookup, {lookup.place}, forward, state, {.device = GetParam()});
  const std::int32_t places[] = {3, 0, 1, 1};
  executor.run(2, {{.node = lookup.place, .indices = places}});
  const auto table = state->at("table").as<float>();
  const Array found = executor.value(lookup.found);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(found.as<float>()[i], table[static_cast<std::size_t>(places[i / 3]) * 3 + i % 3]) << i;
  }
  const float rows[] = {3, 0};
  EXPECT_EQ(message_of<ArgumentError>([&] { executor.run(1, {{lookup.place, rows}}); }),
            "[run] the data of node 'place' are f32, but it takes indices; give NodeData::indices");
  Executor real = make({net.x}, forward);
  EXPECT_EQ(message_of<ArgumentError>([&] { real.run(1, {{.node = net.x, .indices = places}}); }),
            "[run] the data of node 'x' are indices, but it takes f32; give NodeData::rows");
}

TEST_P(Executors, SayWhatIsWrongWithData) {
  Executor executor = make({net.x, net.y}, forward);
  const Array x({2, 2}, ElementType::f32), y({2, 1}, ElementType::f32);
  const auto refusal = [&](const Data& data) { return message_of<ArgumentError>([&] { executor.run(data); }); };
  EXPECT_EQ(refusal({{net.x, x}}), "[run] node 'y' has no data; expected some for every given node");
  EXPECT_EQ(refusal({{net.x, x}, {net.y, y}, {net.h, x}}), "[run] node 'h' has data but was not declared as given");
  EXPECT_EQ(refusal({{net.x, x}, {net.x, x}}), "[run] node 'x' has data twice");
  EXPECT_EQ(refusal({{net.x, x}, {net.y, x}}), "[run] the data of node 'y' are (2, 2); expected (2, 1)");
  EXPECT_EQ(refusal({{net.x, x}, {net.y, Array({3, 1}, ElementType::f32)}}),
            "[run] the data of node 'y' are (3, 1); expected (2, 1)");
  EXPECT_EQ(refusal({{net.x, Array({}, ElementType::f32)}, {net.y, y}}),
            "[run] the data of node 'x' are (); expected a first axis of samples");
  const float* rows = x.as<float>().data();
  EXPECT_EQ(message_of<ArgumentError>([&] { executor.run(0, {{net.x, rows}, {net.y, rows}}); }),
            "[run] 0 samples; expected at least 1");
  EXPECT_EQ(message_of<ArgumentError>([&] { executor.run(1, {{net.x, rows}, {net.y, nullptr}}); }),
            "[run] the data of node 'y' are a null pointer");
}

TEST_P(Executors, SayWhatIsWrongWithResults) {
  Executor executor = make({net.x}, [&](Flow& flow) {
    flow.enter("predict");
    flow.output("prediction", net.y.prediction());
  });
  EXPECT_EQ(message_of<ArgumentError>([&] { (void)executor.output("prediction"); }),
            "[executor] output 'prediction' is read before the first run");
  executor.run({{net.x, numbers({1, 2}, {1, 2})}});
  EXPECT_EQ(message_of<NameError>([&] { (void)executor.output("predictoin"); }),
            "[output] unknown name 'predictoin'; nearest: prediction; known: prediction");
  EXPECT_EQ(message_of<ArgumentError>([&] { (void)executor.value(net.x); }),
            "[value] node 'x' is given as data, which the program does not change; expected one that it sets");
  EXPECT_EQ(message_of<ArgumentError>([&] { (void)executor.value(net.h); }),
            "[value] node 'h' is never set by this program; expected one that is, e.g. by a phase in which it follows its "
            "prediction, or an output of its prediction");
}

TEST_P(Executors, SayWhatIsWrongWithStates) {
  const auto refusal = [&](std::shared_ptr<State> state, const ExecutorOptions& options) {
    return message_of<ArgumentError>([&] { const Executor executor(net, {net.x}, forward, state, options); });
  };
  const ExecutorOptions options{.device = GetParam()};
  EXPECT_EQ(refusal(nullptr, options), "[executor] no state; expected what the network's initialise() returned");
  EXPECT_EQ(refusal(std::make_shared<State>(), options),
            "[executor] the state lacks 'y.weight'; expected one that initialise() of this network returned after the last "
            "parameter was made");
  EXPECT_EQ(refusal(std::make_shared<State>(net.initialise(0, Precision::f64)), options),
            "[executor] 'y.weight' is f64; expected f32 for precision f32: initialise the state with it");
  EXPECT_EQ(refusal(std::make_shared<State>(net.initialise(0)), {.device = "gpu"}),
            "[device] unknown name 'gpu'; known: cpu, reference");
}

INSTANTIATE_TEST_SUITE_P(Devices, Executors, testing::ValuesIn(devices()), device_name);

}  // namespace
}  // namespace pcxx::test

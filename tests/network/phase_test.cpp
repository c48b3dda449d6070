/// Phases: every rule, what overrides what, loops.
#include "pcxx/network/phase.h"

#include <gtest/gtest.h>

#include "pcxx/core/errors.h"
#include "pcxx/tensor/operations.h"
#include "support/devices.h"
#include "support/message.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

/// x -> a = 2 x -> b = 3 a -> y = 5 b, all of one number.
struct Chain : Network {
  Node x = node("x", {1});
  Node a = node("a", {1}, 2.0 * Tensor(x));
  Node b = node("b", {1}, 3.0 * Tensor(a));
  Node y = node("y", {1}, 5.0 * Tensor(b));
};

using Data = std::vector<std::pair<Node, Array>>;

double number(const Array& array) { return numbers_of(array).at(0); }

class Phases : public testing::TestWithParam<std::string> {
 protected:
  Executor run(const Data& data, const std::function<void(Flow&)>& write) const {
    return run_once(net, data, write, nullptr, {.device = GetParam()});
  }
  Chain net;
  Data x = {{net.x, numbers({1, 1}, {1})}};
  Data both = {{net.x, numbers({1, 1}, {1})}, {net.y, numbers({1, 1}, {7})}};
};

TEST_P(Phases, StartFollowsPredictionsInOrder) {
  const Executor after = run(both, [&](Flow& flow) {
    flow.enter("start");
    flow.output("y", net.y);
    flow.output("y prediction", net.y.prediction());
    EXPECT_EQ(flow.free_nodes(), (std::vector<Node>{net.a, net.b}));
    EXPECT_EQ(flow.given_nodes(), (std::vector<Node>{net.x, net.y}));
  });
  EXPECT_EQ(number(after.value(net.a)), 2);
  EXPECT_EQ(number(after.value(net.b)), 6);
  EXPECT_EQ(number(after.output("y")), 7);
  EXPECT_EQ(number(after.output("y prediction")), 30);
}

TEST_P(Phases, FollowTakesATransformAndLaterRulesOverride) {
  net.phase("start").follow(named("*"), to_zero()).follow(named("b"), [](const Tensor& u) { return u + 1.0; });
  const Executor after = run(both, [](Flow& flow) { flow.enter("start"); });
  EXPECT_EQ(number(after.value(net.a)), 0);
  EXPECT_EQ(number(after.value(net.b)), 1);  // 3 * 0 + 1
}

TEST_P(Phases, WhatHasNoPredictionStartsAtZero) {
  const Executor after = run({both[1]}, [](Flow& flow) { flow.enter("start"); });
  EXPECT_EQ(number(after.value(net.x)), 0);
  EXPECT_EQ(number(after.value(net.b)), 0);
}

TEST_P(Phases, ShowPredictionMakesNodesTransparent) {
  net.phase("look").show_prediction(named("a") || named("x"));
  const Executor after = run(x, [&](Flow& flow) {
    flow.enter("start");
    flow.assign(net.a, 100.0);
    flow.output("value", net.b.prediction());
    flow.enter("look");
    flow.output("prediction", net.b.prediction());
    flow.output("own value", net.a.value());
  });
  EXPECT_EQ(number(after.output("value")), 300);
  EXPECT_EQ(number(after.output("prediction")), 6);  // x has no prediction and shows its value
  EXPECT_EQ(number(after.output("own value")), 100);
}

TEST_P(Phases, ShowTransformsValuesAndPredictions) {
  const auto plus_one = [](const Tensor& h) { return h + 1.0; };
  net.phase("look").show_value(named("x"), plus_one).show_prediction(named("b"), plus_one);
  const Executor after = run(x, [&](Flow& flow) {
    flow.enter("start");
    flow.enter("look");
    flow.output("a", net.a.prediction());
    flow.output("y", net.y.prediction());
  });
  EXPECT_EQ(number(after.output("a")), 4);   // 2 (1 + 1)
  EXPECT_EQ(number(after.output("y")), 35);  // 5 (3 * 2 + 1): a keeps its value 2
}

TEST_P(Phases, PredictIsTheForwardPass) {
  const Executor after = run(x, [&](Flow& flow) {
    flow.enter("predict");
    flow.output("y", net.y.prediction());
  });
  EXPECT_EQ(number(after.output("y")), 30);
}

TEST_P(Phases, AGivenNodeStaysClampedUntilItIsReleased) {
  net.phase("all free").free(everything());
  net.phase("released").release(named("y"));
  const Executor after = run(both, [&](Flow& flow) {
    flow.enter("start");
    flow.enter("all free");
    EXPECT_EQ(flow.free_nodes(), (std::vector<Node>{net.a, net.b}));
    flow.enter("released");
    EXPECT_EQ(flow.free_nodes(), (std::vector<Node>{net.a, net.b, net.y}));
    flow.assign(net.y, net.y.value() + 1.0);
    flow.output("moved", net.y);
    flow.enter("relax");
    flow.output("clamped again", net.y);
  });
  EXPECT_EQ(number(after.output("moved")), 8);
  EXPECT_EQ(number(after.value(net.y)), 8);
  EXPECT_EQ(number(after.output("clamped again")), 7);
}

TEST_P(Phases, AReleasedNodeMayFollow) {
  net.phase("generate").release(named("y")).follow(named("y"));
  const Executor after = run(both, [](Flow& flow) {
    flow.enter("start");
    flow.enter("generate");
  });
  EXPECT_EQ(number(after.value(net.y)), 30);
}

TEST_P(Phases, TransformsMayReadOtherNodes) {
  net.phase("mix").release(named("y")).follow(named("y"), [b = net.b](const Tensor& u) { return 0.5 * u + Tensor(b); });
  const Executor after = run(both, [](Flow& flow) {
    flow.enter("start");
    flow.enter("mix");
  });
  EXPECT_EQ(number(after.value(net.y)), 21);
}

TEST_P(Phases, ClampKeepsWhatANodeHas) {
  net.phase("hold").clamp(named("a"));
  const Executor after = run(both, [&](Flow& flow) {
    flow.enter("start");
    flow.enter("hold");
    EXPECT_EQ(flow.free_nodes(), (std::vector<Node>{net.b}));
    flow.output("a", net.a);
  });
  EXPECT_EQ(number(after.output("a")), 2);
}

TEST_P(Phases, EndWithTheLoopInWhichTheyWereEntered) {
  net.phase("look").show_prediction(named("a"));
  const Executor after = run(x, [&](Flow& flow) {
    flow.enter("start");
    flow.assign(net.a, 100.0);
    flow.repeat(2, [&](const Tensor&) { flow.enter("look"); });
    flow.output("b", net.b.prediction());
  });
  EXPECT_EQ(number(after.output("b")), 300);
}

INSTANTIATE_TEST_SUITE_P(Devices, Phases, testing::ValuesIn(devices()), device_name);

/// a and b predict each other; c looks on.
struct Ring : Network {
  Node a = node("a", {1}), b = node("b", {1}, 3.0 * Tensor(a)), c = node("c", {1}, Tensor(b) + 1.0);
  Ring() { predict(a, 2.0 * Tensor(b)); }
};

void start(Flow& flow) { flow.enter("start"); }

TEST(PhaseLoops, FollowingInALoopNamesItsNodes) {
  Ring net;
  EXPECT_EQ(message_of<ArgumentError>([&] { run_once(net, {}, start); }),
            "[enter] phase 'start': nodes 'a', 'b' follow predictions that read each other in a loop; expected one to start "
            "elsewhere, e.g. phase(\"start\").follow(named(\"a\"), to_zero())");
  net.phase("start").follow(named("a"), to_zero());
  EXPECT_EQ(number(run_once(net, {}, start).value(net.c)), 1);
}

TEST(PhaseLoops, AClampedNodeBreaksTheLoop) {
  const Ring net;
  const Executor after = run_once(net, {{net.a, numbers({1, 1}, {1})}}, start);
  EXPECT_EQ(number(after.value(net.c)), 4);
}

TEST(PhaseLoops, ShowingInALoopNamesItsNodes) {
  const Ring net;
  EXPECT_EQ(message_of<ArgumentError>([&] { run_once(net, {}, [](Flow& flow) { flow.enter("predict"); }); }),
            "[enter] phase 'predict': nodes 'a', 'b' show their predictions to each other in a loop; expected one of them to "
            "show its value: show_value(named(\"a\"))");
}

TEST(PhaseLoops, ANodeThatPredictsItselfIsALoop) {
  Network net;
  const Node h = net.node("h", {1});
  net.predict(h, 0.5 * Tensor(h));
  EXPECT_EQ(message_of<ArgumentError>([&] { run_once(net, {}, start); }).substr(0, 35),
            "[enter] phase 'start': nodes 'h' fo");
}

TEST(PhaseErrors, NameTheNode) {
  Chain net;
  net.phase("odd").follow(named("x"));
  EXPECT_EQ(message_of<ArgumentError>([&] { run_once(net, {}, [](Flow& flow) { flow.enter("odd"); }); }),
            "[phase] 'odd': node 'x' shall follow its prediction, but nothing predicts it; expected a transform, e.g. to_zero()");
  net.phase("wide").follow(named("a"), [](const Tensor& u) { return concat({u, u}, 0); });
  EXPECT_EQ(message_of<ShapeError>([&] { run_once(net, {}, [](Flow& flow) { flow.enter("wide"); }); }),
            "[enter] phase 'wide': node 'a' is (1) but follows a transform that is (2)");
  EXPECT_EQ(message_of<NameError>([&] { run_once(net, {}, [](Flow& flow) { flow.enter("realx"); }); }),
            "[phase] unknown name 'realx'; nearest: relax; known: odd, predict, relax, start, wide");
}

/// A prediction may be the same for all samples; where it is shown, sums over samples must still count each.
TEST(PhaseSpans, SharedPredictionsCountForEverySample) {
  Network net;
  const Node x = net.node("x", {1});
  const Parameter w = net.parameter("w", {1}, constant(3));
  const Node prior = net.node("prior", {1}, w);
  const Executor after = run_once(net, {{x, numbers({4, 1}, {0, 0, 0, 0})}}, [&](Flow& flow) {
    flow.enter("predict");
    flow.output("sum", batch_sum(Tensor(prior)));
    flow.output("product", batch_sum(matmul(reshape(prior, {1, 1}), reshape(prior, {1, 1}))));
    flow.enter("start");
    flow.output("values", batch_sum(Tensor(prior)));
  });
  EXPECT_EQ(number(after.output("sum")), 12);
  EXPECT_EQ(number(after.output("product")), 36);
  EXPECT_EQ(number(after.output("values")), 12);
}

}  // namespace
}  // namespace pcxx::test

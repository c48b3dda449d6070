/// Flows: what is said of mistakes, while the program is written.
#include <gtest/gtest.h>

#include <optional>

#include "pcxx/core/errors.h"
#include "pcxx/learn/optimisers.h"
#include "pcxx/tensor/operations.h"
#include "support/message.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

struct Pair : Network {
  Node x = node("x", {2});
  Node h = node("h", {2}, 2.0 * Tensor(x));
  Parameter w = parameter("w", {2}, constant(1));
};

class FlowErrors : public testing::Test {
 protected:
  std::string refusal(const std::function<void(Flow&)>& write) const { return refusal({net.x}, write); }
  std::string refusal(const std::vector<Node>& given, const std::function<void(Flow&)>& write) const {
    return message_of<ArgumentError>([&] {
      const Executor executor(net, given, write, std::make_shared<State>(net.initialise(0)), {.device = "reference"});
    });
  }
  Pair net, other;
};

TEST_F(FlowErrors, OfGivenNodes) {
  EXPECT_EQ(refusal({net.x, net.x}, [](Flow&) {}), "[given] node 'x' is named twice");
  EXPECT_EQ(refusal({other.x}, [](Flow&) {}), "[given] node 'x' belongs to a different network");
}

TEST_F(FlowErrors, OfAssignments) {
  EXPECT_EQ(refusal([&](Flow& f) { f.assign(net.x, 1.0); }),
            "[assign] node 'x' is given as data in this phase; expected a phase that releases it");
  EXPECT_EQ(refusal([&](Flow& f) { f.assign({{2.0 * Tensor(net.h), 1.0}}); }),
            "[assign] expected a variable, got the result of 'multiply' of shape (2)");
  EXPECT_EQ(refusal([&](Flow& f) { f.assign({{Tensor(1.0), 1.0}}); }),
            "[assign] expected a node, a parameter or a variable of this network");
  EXPECT_EQ(refusal([&](Flow& f) { f.assign(net.h, concat({net.x, net.x}, 0)); }),
            "[assign] 'h' is (2) but its value is (4)");
  EXPECT_EQ(refusal([&](Flow& f) { f.assign(net.w, net.x); }),
            "[assign] 'w' is shared but its value is per sample; expected a shared one, e.g. its batch_mean()");
  EXPECT_EQ(refusal([&](Flow& f) { f.assign({{net.h, net.x}, {net.h, 1.0}}); }),
            "[assign] 'h' is set twice in one statement");
  EXPECT_EQ(refusal([&](Flow& f) { f.assign(net.h, other.x); }), "[flow] an expression belongs to a different network");
}

TEST_F(FlowErrors, NamePlacesThatAreKnown) {
  net.made_at("model.py:3");
  const Node late = net.node("late", {2});
  net.made_at("model.py:4");
  net.predict(late, net.x);
  EXPECT_EQ(late.place(), "model.py:4");
  EXPECT_EQ(net.x.place(), "");
  const std::string ends = " before it has a value; expected it to be given as data, to follow in a phase that is entered before, "
                           "e.g. \"start\", or to be assigned";
  const Tensor value = late.value();
  EXPECT_EQ(refusal([&](Flow& f) { f.output("y", value); }), "[flow] node 'late' (model.py:4) is read" + ends);
  EXPECT_EQ(refusal([&](Flow& f) {
              net.made_at("rule.py:7");
              f.repeat(2, [&](const Tensor&) {
                net.made_at("rule.py:8");
                f.assign(net.h, value);
              });
            }),
            "[flow] node 'late' (model.py:4) is read at rule.py:8" + ends);
}

TEST_F(FlowErrors, OfVariablesThatDoNotExist) {
  const std::string ends = "' is read where it does not exist; expected it within the program, loop or branch that makes it: carry a "
                           "value out of a loop by assigning it to a variable made before";
  std::optional<Tensor> kept;
  const Executor first(net, {net.x}, [&](Flow& f) { f.output("first", *(kept = f.variable("mine", 1.0))); },
                       std::make_shared<State>(net.initialise(0)), {.device = "reference"});
  EXPECT_EQ(refusal([&](Flow& f) { f.output("second", *kept); }), "[flow] variable 'mine" + ends);
  EXPECT_EQ(refusal([&](Flow& f) {
              f.repeat(3, [&](const Tensor& step) { kept = step; });
              f.output("step", *kept);
            }),
            "[flow] variable 'step" + ends);
  EXPECT_EQ(refusal([&](Flow& f) {
              f.branch(batch_mean(sum(net.x)) > 0, [&] { kept = f.variable("inside", 1.0); });
              f.output("third", *kept);
            }),
            "[flow] variable 'inside" + ends);
}

TEST_F(FlowErrors, OfStatements) {
  EXPECT_EQ(refusal([&](Flow& f) { f.branch(sum(Tensor(net.x)) > 0.0, [] {}); }),
            "[branch] the condition is boolean, per_sample and of shape (); expected a comparison of shared scalars");
  EXPECT_EQ(refusal([&](Flow& f) { f.repeat(-1, [](const Tensor&) {}); }), "[repeat] -1 times; expected at least 0");
  EXPECT_EQ(refusal([&](Flow& f) { f.random_bernoulli(1.5, {}); }), "[random_bernoulli] probability 1.5; expected 0 to 1");
  EXPECT_EQ(refusal([&](Flow& f) {
              f.output("a", 1.0);
              f.output("a", 2.0);
            }),
            "[output] 'a' is taken or empty; expected one name for each output");
  EXPECT_EQ(refusal([&](Flow& f) { f.together([&] { f.enter("start"); }); }),
            "[together] expected assignments, steps and outputs only; phases, variables and loops go before or after");
}

TEST_F(FlowErrors, OfGradients) {
  const Node label = net.node("label", {2}, net.h, categorical());
  EXPECT_EQ(refusal([&](Flow& f) { (void)f.gradient(net.energy(), {label}); }),
            "[gradient] node 'label' is free but its energy 'categorical' has no minimum in it; expected it to be given as "
            "data or clamped");
  EXPECT_EQ(refusal([&](Flow& f) { (void)f.gradient(square(Tensor(net.h)), {net.h}); }),
            "[gradient] the energy is (2); expected a scalar for each sample: sum it");
  EXPECT_EQ(refusal([&](Flow& f) { (void)f.gradient(net.energy(), {other.h}); }),
            "[gradient] node 'h' belongs to a different network");
  EXPECT_EQ(refusal([&](Flow& f) { (void)f.gradient(net.energy(), {other.w}); }),
            "[gradient] parameter 'w' belongs to a different network");
}

TEST_F(FlowErrors, OfOptimisers) {
  EXPECT_EQ(refusal([&](Flow& f) { f.optimiser(sgd({}), {net.w}).step({}); }),
            "[step] 0 gradients for 1 variables of 'sgd'; expected one for each");
  EXPECT_EQ(refusal([&](Flow& f) { f.optimiser(sgd({}), {net.h}).step({sum(Tensor(net.h))}); }),
            "[step] 'h' is (2) but its gradient is ()");
  EXPECT_EQ(refusal([&](Flow& f) { f.optimiser(sgd({}), {net.x}); }),
            "[assign] node 'x' is given as data in this phase; expected a phase that releases it");
  EXPECT_EQ(refusal([&](Flow& f) {
              f.optimiser(sgd({}), {net.w});
              f.optimiser(sgd({}), {net.w});
            }),
            "[optimiser] 'weights' is taken or empty; expected one name for each optimiser of parameters, under which its "
            "states are saved");
  const Optimiser liar = {"liar", {"a", "b"}, [](const OptimiserInput& in) { return OptimiserOutput{in.value, {}}; }};
  EXPECT_EQ(refusal([&](Flow& f) { f.optimiser(liar, {net.w}).step({net.w}); }),
            "[optimiser] 'liar' declares 2 slots but returns 0");
}

TEST_F(FlowErrors, OfLastingVariables) {
  EXPECT_EQ(refusal([&](Flow& f) {
              f.lasting_variable("mean");
              f.lasting_variable("mean");
            }),
            "[lasting_variable] 'mean' is taken or empty; expected one name for each, under which it is saved");
  run_once(net, {{net.x, numbers({1, 2}, {1, 2})}}, [](Flow& flow) { flow.lasting_variable("centre", {2}); });
  EXPECT_EQ(refusal([&](Flow& f) { f.lasting_variable("centre", {3}); }),
            "[lasting_variable] 'centre' is (2) in another program; expected the same shape, not (3)");
}

TEST_F(FlowErrors, OfStatementsAfterTheEnd) {
  std::vector<Flow> kept;
  run_once(net, {{net.x, numbers({1, 2}, {1, 2})}}, [&](Flow& flow) { kept.push_back(flow); });
  EXPECT_EQ(message_of<ArgumentError>([&] { kept[0].assign(net.h, 1.0); }),
            "[flow] the program is finished; expected every statement inside the function that writes it");
}

}  // namespace
}  // namespace pcxx::test

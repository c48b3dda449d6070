/// What flows keep of loops: recorded values, watched loops, sums of what parameters are taught.
#include <gtest/gtest.h>

#include "pcxx/core/errors.h"
#include "pcxx/learn/optimisers.h"
#include "pcxx/network/flow.h"
#include "pcxx/tensor/operations.h"
#include "support/devices.h"
#include "support/message.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

struct Pair : Network {
  Node x = node("x", {2});
  Node h = node("h", {2}, 2.0 * Tensor(x));
  Parameter w = parameter("w", {2}, constant(1));
};

class Records : public testing::TestWithParam<std::string> {
 protected:
  Executor run(const std::function<void(Flow&)>& write, std::shared_ptr<State> state = nullptr) const {
    return run_once(net, {{net.x, data}}, write, std::move(state), {.device = GetParam()});
  }
  Pair net;
  const Array data = numbers({3, 2}, {1, 2, 3, 4, 5, 6});
};

TEST_P(Records, HaveAnAxisForEachLoop) {
  const Executor after = run([&](Flow& flow) {
    const Tensor count = flow.variable("count", 0.0);
    flow.repeat(2, [&](const Tensor& outer) {
      flow.repeat(3, [&](const Tensor& inner) {
        flow.record("places", 10.0 * outer + inner);
        flow.together([&] {
          flow.record("before", count);
          flow.assign({{count, count + 1.0}});
        });
        flow.branch(equal(inner, 1.0), [&] { flow.record("middle", net.x.value() + count); });
      });
      flow.record("after", count);
    });
    flow.record("end", count);
  });
  EXPECT_EQ(after.output("places").shape(), Shape({2, 3}));
  EXPECT_EQ(numbers_of(after.output("places")), (Numbers{0, 1, 2, 10, 11, 12}));
  EXPECT_EQ(numbers_of(after.output("before")), (Numbers{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(numbers_of(after.output("after")), (Numbers{3, 6}));
  EXPECT_EQ(numbers_of(after.output("end")), (Numbers{6}));
  EXPECT_EQ(after.output("middle").shape(), Shape({3, 2, 3, 2}));
  EXPECT_EQ(numbers_of(after.output("middle")), (Numbers{0, 0, 3, 4, 0, 0, 0, 0, 6, 7, 0, 0,  //
                                                         0, 0, 5, 6, 0, 0, 0, 0, 8, 9, 0, 0,  //
                                                         0, 0, 7, 8, 0, 0, 0, 0, 10, 11, 0, 0}));
}

TEST_P(Records, OfALoopThatEndsEarlierAreZero) {
  const Executor after = run([&](Flow& flow) {
    const Tensor a = flow.variable("a", 1.0);
    flow.watch_loops([&] { return NamedTensors{{"a", a}}; });
    flow.repeat_while([&] { return a < 5.0; }, [&] {
      flow.record("a", a);
      flow.assign({{a, 2.0 * a}});
    }, 6);
  });
  EXPECT_EQ(numbers_of(after.output("a")), (Numbers{1, 2, 4, 0, 0, 0}));
  EXPECT_EQ(numbers_of(after.output("loop1/a")), (Numbers{1, 2, 4, 8, 0, 0, 0}));
  EXPECT_EQ(numbers_of(after.output("loop1/states")), (Numbers{4}));
}

TEST_P(Records, WatchesSeeEveryStateOfOutermostLoops) {
  const Executor after = run([&](Flow& flow) {
    flow.repeat(2, [](const Tensor&) {});  // before anybody watches
    flow.enter("start");
    flow.watch_loops([&] { return NamedTensors{{"h", flow.seen(net.h.value())}}; });
    flow.watch_loops([&] { return NamedTensors{{"mean", batch_mean(sum(net.h.value()))}}; });
    flow.repeat(2, [&](const Tensor&) {
      flow.repeat(2, [&](const Tensor&) { flow.assign(net.h, net.h.value() + 1.0); });
    });
    flow.branch(batch_mean(sum(net.x.value())) > 0.0, [&] { flow.repeat(2, [](const Tensor&) {}); });
    flow.scan(1, [&](const Tensor&) {
      flow.assign(net.h, 0.0);
      return std::vector<Tensor>{batch_mean(sum(net.h.value()))};
    });
    flow.repeat(0, [](const Tensor&) {});
  });
  EXPECT_EQ(after.outputs(), (std::vector<std::string>{"loop1/h", "loop1/mean", "loop1/states", "loop2/h", "loop2/mean",
                                                       "loop2/states", "loop3/h", "loop3/mean", "loop3/states"}));
  EXPECT_EQ(numbers_of(after.output("loop1/mean")), (Numbers{14, 18, 22}));
  EXPECT_EQ(after.output("loop1/h").shape(), Shape({3, 3, 2}));
  EXPECT_EQ(numbers_of(after.output("loop2/mean")), (Numbers{22, 0}));
  EXPECT_EQ(numbers_of(after.output("loop3/mean")), (Numbers{0}));
  EXPECT_EQ(numbers_of(after.output("loop3/states")), (Numbers{1}));
}

TEST_P(Records, SumsOfWhatParametersAreTaught) {
  const auto state = std::make_shared<State>(net.initialise(0));
  const Executor after = run([&](Flow& flow) {
    const std::vector<Tensor> taught = flow.taught_gradients();
    const OptimiserSteps steps = flow.optimiser(sgd({.rate = 0.5}), net.parameters());
    flow.repeat(4, [&](const Tensor& step) {
      flow.together([&] { steps.step_if(step < 3.0, {Tensor(1.0) * net.w + step}); });  // w: 1, 1/2, -1/4, -9/8
    });
    flow.output("taught", taught[0]);
    flow.output("moved", net.w);
  }, state);
  EXPECT_EQ(numbers_of(after.output("taught")), (Numbers{4.25, 4.25}));  // 1 + (1/2 + 1) + (-1/4 + 2)
  EXPECT_EQ(numbers_of(after.output("moved")), (Numbers{1 - 0.5 * 4.25, 1 - 0.5 * 4.25}));
}

TEST_P(Records, SayWhatIsWrong) {
  EXPECT_EQ(message_of<NameError>([&] {
    run([&](Flow& flow) {
      flow.output("a", 1.0);
      flow.repeat(2, [&](const Tensor& step) { flow.record("a", step); });
    });
  }), "[output] 'a' is taken or empty; expected one name for each output");
  EXPECT_EQ(message_of<ArgumentError>([&] {
    run([&](Flow& flow) {
      flow.taught_gradients();
      flow.taught_gradients();
    });
  }), "[taught_gradients] is called twice in one program; expected to use again what it returned");
  EXPECT_EQ(message_of<ArgumentError>([&] {
    run([&](Flow& flow) {
      bool inside = true;
      flow.watch_loops([&] { return NamedTensors{{std::exchange(inside, false) ? "a" : "b", 1.0}}; });
      flow.repeat(2, [](const Tensor&) {});
    });
  }), "[watch_loops] 'loop1/a' is seen inside the loop but not behind it; expected the same names in the same order");
}

INSTANTIATE_TEST_SUITE_P(Devices, Records, testing::ValuesIn(devices()), device_name);

}  // namespace
}  // namespace pcxx::test

/// What PCX gets wrong and what happens here instead: docs/porting_from_pcx.md has a row for each test.
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "pcxx/core/errors.h"
#include "pcxx/learn/rules.h"
#include "pcxx/network/layers.h"
#include "pcxx/tensor/operations.h"
#include "support/devices.h"
#include "support/message.h"
#include "support/mlp.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

using Data = std::vector<std::pair<Node, Array>>;

struct Chain : Network {
  Node x = node("x", {2});
  Node a = node("a", {3}, linear(x, 3));
  Node y = node("y", {2}, linear(a, 2));
};

class Defects : public testing::TestWithParam<std::string> {
 protected:
  ExecutorOptions options() const { return {.device = GetParam()}; }
  Chain net;
  Data data = {{net.x, numbers({3, 2}, {1, 2, 3, 4, 5, 6})}, {net.y, numbers({3, 2}, {1, 0, 0, 1, 1, 0})}};
};

/// PCX: the shape of energy() is guessed from how u was set; a zero energy has shape (1).
TEST_P(Defects, EnergiesArePerSampleAndTotalsScalars) {
  Network none;
  const Node x = none.node("x", {1}), free = none.node("free", {1}, Tensor(x), no_energy());
  EXPECT_EQ(net.energy().shape(), Shape());
  EXPECT_EQ(net.a.energy().shape(), Shape());
  EXPECT_EQ(free.energy().shape(), Shape());
  for (const Size samples : {1, 3}) {
    const Executor after = run_once(net, {{net.x, numbers({samples, 2}, Numbers(static_cast<std::size_t>(2 * samples), 1.0))}}, [&](Flow& flow) {
      flow.enter("start");
      flow.output("each", flow.seen(net.energy()));
      flow.output("total", batch_sum(flow.seen(net.energy())));
    }, nullptr, options());
    EXPECT_EQ(after.output("each").shape(), Shape({samples}));
    EXPECT_EQ(after.output("total").shape(), Shape());
  }
}

/// PCX: a cleared cache raises on reading; so does energy() of a fresh node.
TEST_P(Defects, AFreshNodeHasATypedErrorThatNamesIt) {
  EXPECT_EQ(message_of<ArgumentError>([&] {
              run_once(net, data, [&](Flow& flow) { flow.output("energy", net.a.energy()); }, nullptr, options());
            }),
            "[flow] node 'a' is read before it has a value; expected it to be given as data, to follow in a phase "
            "that is entered before, e.g. \"start\", or to be assigned");
}

/// PCX: step() leaves status and caches dirty after an exception, and does not nest.
TEST_P(Defects, PhasesEndWithTheirRegionEvenByAnException) {
  net.phase("shaken").show_value(named("a"), [](const Tensor& a) { return a + 100.0; });
  const auto in_vain = [&](Flow& flow, const auto& region) {
    EXPECT_THROW(region([&] {
      flow.enter("shaken");
      flow.assign(net.a, 1e6);
      throw std::runtime_error("in the middle");
    }), std::runtime_error);
  };
  const auto expected = [&](Flow& flow) {
    flow.enter("start");
    flow.output("y", net.y.prediction());
  };
  const Executor plain = run_once(net, data, expected, nullptr, options());
  const Executor after = run_once(net, data, [&](Flow& flow) {
    flow.enter("start");
    in_vain(flow, [&](const auto& body) { flow.repeat(3, [&](const Tensor&) { body(); }); });
    in_vain(flow, [&](const auto& body) { flow.repeat_while([&] { return batch_size(net.x.value()) > 0.0; }, body, 3); });
    in_vain(flow, [&](const auto& body) { flow.branch(batch_size(net.x.value()) > 0.0, body); });
    in_vain(flow, [&](const auto& body) { flow.branch(batch_size(net.x.value()) > 0.0, [] {}, body); });
    in_vain(flow, [&](const auto& body) { flow.repeat(2, [&](const Tensor&) { flow.repeat(2, [&](const Tensor&) { body(); }); }); });
    flow.output("y", net.y.prediction());
    flow.output("draw", flow.random_normal({1}));  // mixes in the loops around it: none
  }, nullptr, options());
  EXPECT_EQ(numbers_of(after.output("y")), numbers_of(plain.output("y")));
}

/// PCX: a shared parameter is saved as None, shapes are not checked, extra keys are ignored.
TEST_P(Defects, SharedParametersAreSavedOnceAndLoadingIsStrict) {
  Network shared;
  const Parameter weight = shared.parameter("weight", {2, 2}, fan_in_uniform());
  const Node x = shared.node("x", {2}), a = shared.node("a", {2}, matmul(weight, x));
  shared.node("b", {2}, matmul(weight, a));
  State state = shared.initialise(1);
  const NamedArrays saved = state.arrays();
  ASSERT_EQ(saved.size(), 1U);
  EXPECT_EQ(saved.at("weight").shape(), Shape({2, 2}));
  NamedArrays more = saved, wrong;
  more.emplace("other", saved.at("weight"));
  wrong.emplace("weight", numbers({4}, {1, 2, 3, 4}));
  EXPECT_THROW(state.load(more), NameError);
  EXPECT_THROW(state.load({}), NameError);
  EXPECT_THROW(state.load(wrong), ShapeError);
  EXPECT_EQ(numbers_of(state.at("weight")), numbers_of(saved.at("weight")));
}

/// PCX: the negation of a mask selects placeholders of duplicates; keys of rules are raw regular expressions; of several
/// output rules the first counts, with a print-out.
TEST_P(Defects, SelectionsAreExactAndLaterRulesOverride) {
  Network shared;
  const Parameter weight = shared.parameter("weight", {2, 2}, fan_in_uniform()), bias = shared.parameter("bias", {2}, zeros());
  const Node x = shared.node("x", {2}), a = shared.node("a", {2}, matmul(weight, x) + bias);
  shared.node("b", {2}, matmul(weight, a));
  EXPECT_EQ(shared.parameters(!named("bias")), (std::vector<Parameter>{weight}));
  EXPECT_EQ(shared.parameters(!named("weight")), (std::vector<Parameter>{bias}));
  Network dotted;
  const Node first = dotted.node("a.b", {1}), second = dotted.node("axb", {1});
  EXPECT_EQ(dotted.nodes(named("a.b")), (std::vector<Node>{first}));
  EXPECT_EQ(dotted.nodes(named("a?b")), (std::vector<Node>{first, second}));
  net.phase("two").show_prediction(named("a")).show_value(named("a"), to_zero());
  const Executor after = run_once(net, data, [&](Flow& flow) {
    flow.enter("start");
    flow.enter("two");
    flow.output("a", Tensor(net.a));
  }, nullptr, options());
  EXPECT_EQ(numbers_of(after.output("a")), Numbers(3, 0.0));  // the same for every sample: shared
}

/// PCX: a user's "init" rule drops storing u; a module reached twice counts its energy twice.
TEST_P(Defects, PredictionsStayAndEnergiesCountOnce) {
  net.phase("start").follow(named("a"), to_zero());
  const Executor after = run_once(net, data, [&](Flow& flow) {
    flow.enter("start");
    flow.output("u", net.a.prediction());
    flow.output("energy", flow.seen(net.a.energy()));
  }, nullptr, options());
  const Numbers u = numbers_of(after.output("u")), energy = numbers_of(after.output("energy"));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(energy[i], 0.5 * (u[3 * i] * u[3 * i] + u[3 * i + 1] * u[3 * i + 1] + u[3 * i + 2] * u[3 * i + 2]), 1e-4);
  }
  EXPECT_THROW(net.predict(net.a, Tensor(net.a)), ArgumentError);
  EXPECT_THROW(net.node("a", {3}), NameError);
  EXPECT_EQ(net.energies().size(), 2U);
}

/// PCX: gradients may be written back into positional arguments; the state's gradient forgets the batch in some scripts.
TEST_P(Defects, GradientsLeaveInputsAloneAndDoNotDependOnTheBatch) {
  const auto state = std::make_shared<State>(net.initialise(1));
  const auto slope = [&](const Data& given) {
    const Executor after = run_once(net, given, [&](Flow& flow) {
      flow.enter("start");
      const auto slopes = flow.gradients(net.energy(), {net.x, net.a});
      flow.output("x", slopes[0]);
      flow.output("a", slopes[1]);
    }, state, options());
    return std::pair{numbers_of(after.output("x")), numbers_of(after.output("a"))};
  };
  const Numbers x = numbers_of(data[0].second);
  const auto [all_x, all_a] = slope(data);
  EXPECT_EQ(numbers_of(data[0].second), x);
  const auto [one_x, one_a] = slope({{net.x, numbers({1, 2}, {1, 2})}, {net.y, numbers({1, 2}, {1, 0})}});
  for (std::size_t i = 0; i < one_x.size(); ++i) {
    EXPECT_NEAR(one_x[i], all_x[i], 1e-6);
  }
  for (std::size_t i = 0; i < one_a.size(); ++i) {
    EXPECT_NEAR(one_a[i], all_a[i], 1e-6);
  }
  EXPECT_THROW(run_once(net, data, [&](Flow& flow) { flow.gradients(Tensor(net.a), {net.x}); }, state, options()), ShapeError);
}

/// PCX: some scripts leave the state's gradient a mean over the batch, so that the rate of values falls with its size.
TEST_P(Defects, ValuesRelaxAtTheSameRateInAnyBatch) {
  const Mlp skips({2, 3, 3, 2}, {.activation = "tanh", .skip = 1});
  const auto state = std::make_shared<State>(skips.initialise(1));
  const auto relaxed = [&](Size samples) {
    Numbers x, y;
    for (Size i = 0; i < samples; ++i) {
      x.insert(x.end(), {0.5, -1});
      y.insert(y.end(), {2, 1});
    }
    const Executor after = run_once(skips, {{skips.x, numbers({samples, 2}, x)}, {skips.target(), numbers({samples, 2}, y)}},
                                    LearningRule(PredictiveCoding{.steps = 5, .weights = frozen()}).write, state, options());
    const Numbers all = numbers_of(after.value(skips.layers[1]));
    return Numbers(all.begin(), all.begin() + 3);
  };
  const Numbers one = relaxed(1), many = relaxed(128);
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_NEAR(many[i], one[i], 1e-6);
  }
}

/// PCX: ConvTranspose cannot be made, LayerNorm ignores its flags, Dropout wants a key at each call.
TEST_P(Defects, LayersWorkAsTheySay) {
  Network layers;
  const Node x = layers.node("x", {2, 3, 4});
  const Node up = layers.node("up", {3, 5, 7}, conv_transpose2d(x, 3, 3, {.stride = 2, .padding = 1}));
  const Node plain = layers.node("plain", {2, 3, 4}, layer_norm(x, 0, {.affine = false}));
  const Node dropped = layers.node("dropped", {2, 3, 4}, dropout(x, 0.5));
  EXPECT_EQ(layers.parameters().size(), 2U);  // of the convolution alone
  Numbers picture;
  for (int i = 0; i < 24; ++i) {
    picture.push_back(i * i + 1);
  }
  const auto run = [&](std::uint64_t seed) {
    ExecutorOptions seeded = options();
    seeded.seed = seed;
    return run_once(layers, {{x, numbers({1, 2, 3, 4}, picture)}}, [&](Flow& flow) {
      flow.enter("start");
      flow.output("up", up.value());
      flow.output("mean", mean(plain.value()));
      flow.output("variance", mean(square(plain.value())));
      flow.output("dropped", dropped.value());
    }, nullptr, seeded);
  };
  const Executor after = run(1);
  EXPECT_EQ(after.output("up").shape(), Shape({1, 3, 5, 7}));
  EXPECT_NEAR(numbers_of(after.output("mean"))[0], 0, 1e-5);
  EXPECT_NEAR(numbers_of(after.output("variance"))[0], 1, 1e-4);
  const Numbers kept = numbers_of(after.output("dropped"));
  for (std::size_t i = 0; i < kept.size(); ++i) {
    EXPECT_TRUE(kept[i] == 0 || kept[i] == 2 * picture[i]) << i;
  }
  EXPECT_EQ(numbers_of(run(1).output("dropped")), kept);
  EXPECT_NE(numbers_of(run(2).output("dropped")), kept);
}

/// PCX: momentum 0.1 weighs the old statistics, and they move at each call, T + 2 times a batch.
TEST_P(Defects, BatchStatisticsMoveOnceByAsMuchAsPyTorchs) {
  Network normalised;
  const Node x = normalised.node("x", {1}), a = normalised.node("a", {1}, batch_norm(x, {.name = "norm"}));
  const Node y = normalised.node("y", {1}, linear(a, 1));
  const auto state = std::make_shared<State>(normalised.initialise(1));
  run_once(normalised, {{x, numbers({2, 1}, {3, 5})}, {y, numbers({2, 1}, {1, 0})}}, LearningRule(PredictiveCoding{.steps = 7}).write,
           state, options());
  EXPECT_NEAR(numbers_of(state->at("norm.running_mean"))[0], 0.1 * 4, 1e-6);
  EXPECT_NEAR(numbers_of(state->at("norm.running_var"))[0], 0.9 + 0.1 * 2, 1e-6);  // by the number of samples less one
}

/// PCX: negative nudging becomes predictive coding when beta reaches -1, and centred nudging ends with its list of signs.
TEST_P(Defects, NudgingKeepsItsSignAndNeverRunsOutOfThem) {
  const auto betas = [&](const TargetNudging& rule, int batches) {
    Executor executor(net, {net.x, net.y}, LearningRule(rule).write, std::make_shared<State>(net.initialise(1)), options());
    Numbers result;
    for (int i = 0; i < batches; ++i) {
      executor.run(data);
      result.push_back(numbers_of(executor.output("beta"))[0]);
    }
    return result;
  };
  const Schedule falling([](const Tensor& epoch) { return -0.9 - 0.05 * epoch; });
  const Numbers negative = betas({.beta = falling, .steps = 2}, 6);
  for (std::size_t i = 0; i < negative.size(); ++i) {
    EXPECT_NEAR(negative[i], std::max(-1.0, -0.9 - 0.05 * static_cast<double>(i)), 1e-6);
  }
  EXPECT_EQ(betas({.beta = falling, .pcx = true, .steps = 2}, 6).back(), 1);
  for (const double beta : betas({.beta = 0.25, .centred = true, .steps = 1}, 120)) {  // PCX's lists have 40 to 48
    EXPECT_EQ(std::abs(beta), 0.25);
  }
}

/// PCX's studies: "kaiming" has the deviation 2 / sqrt(n), "xavier" the limit sqrt(12 / (in + out)), and backpropagation's
/// auto-encoder no activations. Here backpropagation trains the network that predictive coding trains.
TEST(DefectsOfStudies, InitialisersHaveTheConstantsOfTheirPapers) {
  Network wide;
  const Node x = wide.node("x", {300});
  wide.node("he", {200}, linear(x, 200, {.bias = false, .name = "he", .weight = he_normal()}));
  wide.node("xavier", {200}, linear(x, 200, {.bias = false, .name = "xavier", .weight = xavier_uniform()}));
  const State state = wide.initialise(1);
  double squares = 0, largest = 0;
  for (const double weight : numbers_of(state.at("he.weight"))) {
    squares += weight * weight;
  }
  for (const double weight : numbers_of(state.at("xavier.weight"))) {
    largest = std::max(largest, std::abs(weight));
  }
  EXPECT_NEAR(std::sqrt(squares / 60000), std::sqrt(2.0 / 300), 0.02 * std::sqrt(2.0 / 300));  // seven standard errors
  EXPECT_LE(largest, std::sqrt(6.0 / 500));
  EXPECT_GT(largest, 0.999 * std::sqrt(6.0 / 500));
}

/// PCX: a pool's stride is 1 unless given.
TEST(DefectsOfLayers, PoolsStrideByTheirKernel) {
  Network net;
  const Node x = net.node("x", {1, 4, 4});
  EXPECT_EQ(max_pool2d(x, 2).shape(), Shape({1, 2, 2}));
  EXPECT_EQ(avg_pool2d(x, 2).shape(), Shape({1, 2, 2}));
  EXPECT_EQ(max_pool2d(x, 2, {.pcx = true}).shape(), Shape({1, 3, 3}));
  EXPECT_EQ(avg_pool2d(x, 2, {.pcx = true}).shape(), Shape({1, 3, 3}));
}

INSTANTIATE_TEST_SUITE_P(Devices, Defects, testing::ValuesIn(devices()), device_name);

}  // namespace
}  // namespace pcxx::test

/// Tests of the trainer: it learns, reports, predicts, and stops at energies that are not finite.
#include "pcxx/run/trainer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "pcxx/core/errors.h"
#include "pcxx/data/generators.h"
#include "pcxx/network/layers.h"
#include "pcxx/tensor/operations.h"
#include "support/workbench.h"
#include "support/close.h"
#include "support/message.h"

namespace pcxx {
namespace {

using test::message_of;

struct Small : Network {
  Node input = node("input", {2});
  Node label = node("label", {2});
  Small() {
    const Node hidden = node("hidden", {16}, tanh(linear(input, 16)));
    predict(label, linear(hidden, 2), categorical());
  }
};

class TrainerTest : public testing::TestWithParam<const char*> {
 protected:
  Small network;
  Dataset data = two_moons({.samples = 96, .noise = 0.1, .seed = 1});
  Array targets = one_hot(data.labels.as<std::int32_t>(), 2);
  Trainer trainer{
      network,
      PredictiveCoding{.steps = 4, .values = sgd({.rate = 0.05}), .weights = adamw({.rate = 0.02})},
      {.device = GetParam()}};
};

TEST_P(TrainerTest, Learns) {
  const double before = trainer.accuracy(network.label, targets, {{network.input, data.inputs}});
  StepReport first, last;
  for (int i = 0; i < 100; ++i) {
    last = trainer.step({{network.input, data.inputs}, {network.label, targets}});
    first = i == 0 ? last : first;
  }
  EXPECT_EQ(last.step, 99);
  EXPECT_EQ(trainer.steps(), 100);
  EXPECT_LT(last.energy, 0.6 * first.energy);
  EXPECT_GT(trainer.accuracy(network.label, targets, {{network.input, data.inputs}}),
            std::max(before, 0.85));
}

TEST_P(TrainerTest, ReportsMeanEnergiesOfNodes) {
  const StepReport report = trainer.step({{network.input, data.inputs}, {network.label, targets}});
  ASSERT_EQ(report.nodes.size(), 2U);
  double sum = 0;
  for (const auto& [name, energy] : report.nodes) {
    EXPECT_TRUE(name == "hidden" || name == "label") << name;
    sum += energy;
  }
  EXPECT_NEAR(sum, report.energy, 1e-6);
  EXPECT_NEAR(report.energy, std::log(2.0), 0.5);  // two classes, nothing learned
}

TEST_P(TrainerTest, RowsAndArraysGiveTheSameBits) {
  Trainer other(
      network,
      PredictiveCoding{.steps = 4, .values = sgd({.rate = 0.05}), .weights = adamw({.rate = 0.02})},
      {.device = GetParam()});
  for (int i = 0; i < 3; ++i) {
    const double a = trainer.step({{network.input, data.inputs}, {network.label, targets}}).energy;
    const double b = other
                         .step(96, {{network.input, data.inputs.as<float>().data()},
                                    {network.label, targets.as<float>().data()}})
                         .energy;
    EXPECT_EQ(a, b);
  }
}

/// A measured step is a step: it counts, leaves the same bits, and refuses what a step refuses.
TEST_P(TrainerTest, ProfilesItsSteps) {
  const BatchArrays batch = {{network.input, data.inputs}, {network.label, targets}};
  if (GetParam() == std::string("reference")) {
    EXPECT_NE(message_of<DeviceError>([&] { (void)trainer.profile(batch); }).find("[reference] has no profile"), std::string::npos);
    EXPECT_EQ(trainer.steps(), 0);
    return;
  }
  Trainer other(network,
                PredictiveCoding{.steps = 4, .values = sgd({.rate = 0.05}), .weights = adamw({.rate = 0.02})},
                {.device = GetParam()});
  const std::vector<NodeData> rows = {{network.input, data.inputs.as<float>().data()}, {network.label, targets.as<float>().data()}};
  trainer.step(batch);
  trainer.step(batch);
  EXPECT_FALSE(other.profile(batch).records.empty());
  EXPECT_EQ(other.profile(96, rows).plan.samples, 96);
  EXPECT_EQ(other.steps(), 2);
  EXPECT_EQ(trainer.step(batch).energy, other.step(batch).energy);
  data.inputs.as<float>()[5] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_NE(message_of<DivergenceError>([&] { (void)other.profile({{network.input, data.inputs}, {network.label, targets}}); })
                .find("data for node 'input' is not finite at sample 2, element 1"), std::string::npos);
}

TEST_P(TrainerTest, GoesOnFromItsState) {
  const BatchArrays batch{{network.input, data.inputs}, {network.label, targets}};
  trainer.step(batch);
  trainer.step(batch);
  const NamedArrays saved = trainer.state().arrays();
  const double expected = trainer.step(batch).energy;
  Trainer other(
      network,
      PredictiveCoding{.steps = 4, .values = sgd({.rate = 0.05}), .weights = adamw({.rate = 0.02})},
      {.device = GetParam(), .seed = 9});
  other.restore(saved, 2, {network.input, network.label});
  const StepReport report = other.step(batch);
  EXPECT_EQ(report.energy, expected);
  EXPECT_EQ(report.step, 2);
}

/// Predictions are those of the averaged parameters, whose updates go on from the others; both come back from a state.
TEST_P(TrainerTest, PredictsWithAverages) {
  const BatchArrays batch{{network.input, data.inputs}, {network.label, targets}};
  const BatchArrays inputs{{network.input, data.inputs}};
  const LearningRule rule =
      PredictiveCoding{.steps = 4, .values = sgd({.rate = 0.05}), .weights = averaged(adamw({.rate = 0.02}), 0.5)};
  Trainer averaging(network, rule, {.device = GetParam(), .averages = true});
  EXPECT_EQ(test::numbers_of(averaging.predict(network.label, inputs)), test::numbers_of(trainer.predict(network.label, inputs)));
  std::vector<double> average;
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(averaging.step(batch).energy, trainer.step(batch).energy);  // averages change no training
    const std::vector<double> weights = test::numbers_of(trainer.state().at("label.weight"));
    average.resize(weights.size());
    for (std::size_t w = 0; w < weights.size(); ++w) {
      const double share = 0.5 / (1 - std::pow(0.5, i + 1));
      average[w] += share * (weights[w] - average[w]);
    }
    EXPECT_TRUE(test::close(test::numbers_of(averaging.state().at("weights/label.weight/average")), average, 1e-6)) << i;
  }
  const auto by_averages = test::numbers_of(averaging.predict(network.label, inputs));
  EXPECT_NE(by_averages, test::numbers_of(trainer.predict(network.label, inputs)));
  for (const char* name : {"hidden.weight", "hidden.bias", "label.weight", "label.bias"}) {
    trainer.state().at(name) = averaging.state().at("weights/" + std::string(name) + "/average");
  }
  EXPECT_EQ(by_averages, test::numbers_of(trainer.predict(network.label, inputs)));

  Trainer resumed(network, rule, {.device = GetParam(), .seed = 9, .averages = true});
  resumed.restore(averaging.state().arrays(), 4, {network.input, network.label});
  EXPECT_EQ(by_averages, test::numbers_of(resumed.predict(network.label, inputs)));
}

TEST_P(TrainerTest, NamesNodeAndStepOfAnEnergyThatIsNotFinite) {
  const BatchArrays batch{{network.input, data.inputs}, {network.label, targets}};
  trainer.step(batch);
  for (float& weight : trainer.state().at("label.weight").as<float>()) {
    weight = std::numeric_limits<float>::infinity();
  }
  try {
    trainer.step(batch);
    FAIL() << "an infinite weight went unnoticed";
  } catch (const DivergenceError& error) {
    EXPECT_EQ(error.step(), 1);
    const std::string message = error.what();
    EXPECT_TRUE(message.starts_with("[trainer] energy of node '" + error.node() + "' is "))
        << message;
    EXPECT_NE(message.find(" at step 1; the network's energy was "), std::string::npos) << message;
  }
}

TEST_P(TrainerTest, NamesThePlaceOfANanInData) {
  data.inputs.as<float>()[2 * 5 + 1] = std::nanf("");
  EXPECT_EQ(message_of<DivergenceError>([&] {
              trainer.step({{network.input, data.inputs}, {network.label, targets}});
            }),
            "[trainer] data for node 'input' is not finite at sample 5, element 1 (step 0); "
            "training data must be finite numbers");
}

TEST_P(TrainerTest, PredictsFromWhatIsGiven) {
  const Array prediction = trainer.predict(network.label, {{network.input, data.inputs}});
  EXPECT_EQ(prediction.shape(), (Shape{96, 2}));
}

INSTANTIATE_TEST_SUITE_P(Devices, TrainerTest, testing::Values("reference", "cpu"));

TEST(Accuracy, CountsTheLargest) {
  const Array predictions = Array::from({3, 2}, std::vector<float>{0.1F, 0.2F, 3, -1, 0, 1});
  const Array targets = Array::from({3, 2}, std::vector<float>{0, 1, 0, 1, 0, 1});
  EXPECT_DOUBLE_EQ(accuracy_of(predictions, targets), 2.0 / 3);
}

TEST(Accuracy, RefusesShapesThatDiffer) {
  EXPECT_EQ(message_of<ShapeError>([] {
              accuracy_of(Array({2, 2}, ElementType::f32), Array({2, 3}, ElementType::f32));
            }),
            "[accuracy] predictions are (2, 2) but targets are (2, 3)");
}

}  // namespace
}  // namespace pcxx

/// T25: samples owe nothing to their neighbours, and weights only the mean.
#include "theory/theory.h"

#include <cstring>
#include <numeric>

#include "pcxx/tensor/operations.h"

namespace pcxx::test {
namespace {

constexpr Size kBatch = 130;  // more than two tiles of rows

Array rows_of(const Array& array, const std::vector<Size>& order) {
  Array result({static_cast<Size>(order.size()), array.shape()[1]}, array.type());
  const Matrix from = matrix_of(array);
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (Size j = 0; j < from.columns(); ++j) {
      result.as<double>()[i * static_cast<std::size_t>(from.columns()) + static_cast<std::size_t>(j)] = from(order[i], j);
    }
  }
  return result;
}

std::vector<Size> counted(Size count) {
  std::vector<Size> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), Size{0});
  return order;
}

class Batch : public Theory {
 protected:
  Mlp net{{4, 6, 5, 3}, {.activation = "tanh"}};
  Array x = normal_data({kBatch, 4}, 1), y = normal_data({kBatch, 3}, 2);
  const LearningRule rule = PredictiveCoding{.steps = 5, .values = sgd({.rate = 0.1, .momentum = 0.5}), .weights = sgd({.rate = 0.1})};

  struct Result {
    std::vector<Matrix> states;
    std::vector<Matrix> weights;
  };
  Result learn(const std::vector<Size>& order, int threads = 0) const {
    const auto state = state_for(net);
    Executor executor(net, {net.x, net.target()}, rule.write, state,
                      {.device = GetParam().device, .precision = GetParam().precision, .threads = threads});
    executor.run({{net.x, rows_of(x, order)}, {net.target(), rows_of(y, order)}});
    Result result;
    for (std::size_t l = 0; l + 1 < net.layers.size(); ++l) {
      result.states.push_back(matrix_of(executor.value(net.layers[l])));
    }
    for (const Parameter& parameter : net.parameters()) {
      result.weights.push_back(matrix_of(state->at(parameter.name())));
    }
    return result;
  }
};

/// A sample relaxes alone as it does in a batch.
TEST_P(Batch, T25StatesDoNotDependOnTheBatch) {
  const Result all = learn(counted(kBatch));
  for (const Size sample : {Size{0}, Size{64}, kBatch - 1}) {
    const Result alone = learn({sample});
    const Result few = learn({3, sample, 7});
    for (std::size_t l = 0; l < all.states.size(); ++l) {
      expect_near(alone.states[l], all.states[l].rows_from(sample, 1), "alone");
      expect_near(few.states[l].rows_from(1, 1), all.states[l].rows_from(sample, 1), "among few");
    }
  }
}

/// Every sample twice: the same mean, so the same weights.
TEST_P(Batch, T25ADuplicatedBatchTeachesTheSame) {
  std::vector<Size> twice = counted(40), once = counted(40);
  twice.insert(twice.end(), once.begin(), once.end());
  const Result a = learn(once), b = learn(twice);
  for (std::size_t i = 0; i < a.weights.size(); ++i) {
    expect_near(b.weights[i], a.weights[i], "weights");
  }
}

/// Permuted samples have permuted states.
TEST_P(Batch, T25PermutingSamplesPermutesStates) {
  RandomStream random(5);
  const std::vector<Size> order = random.permutation(kBatch);
  const Result a = learn(counted(kBatch)), b = learn(order);
  for (std::size_t l = 0; l < a.states.size(); ++l) {
    for (Size i = 0; i < kBatch; ++i) {
      expect_near(b.states[l].rows_from(i, 1), a.states[l].rows_from(order[static_cast<std::size_t>(i)], 1), "state");
    }
  }
  for (std::size_t i = 0; i < a.weights.size(); ++i) {
    expect_near(b.weights[i], a.weights[i], "weights");
  }
}

/// The same seed gives the same bits, run after run and for any number of threads.
TEST_P(Batch, T25SameBits) {
  const Result first = learn(counted(kBatch), 1);
  for (const int threads : {1, 2, 4}) {
    const Result again = learn(counted(kBatch), threads);
    for (std::size_t l = 0; l < first.states.size(); ++l) {
      EXPECT_EQ(again.states[l].elements(), first.states[l].elements()) << threads;
    }
    for (std::size_t i = 0; i < first.weights.size(); ++i) {
      EXPECT_EQ(again.weights[i].elements(), first.weights[i].elements()) << threads;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Machines, Batch, testing::ValuesIn(machines()), machine_name);

}  // namespace
}  // namespace pcxx::test

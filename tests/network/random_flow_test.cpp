/// Random nested flows on every device against the reference in f64: repeat, while, branch, choose, scan, in each other.
#include <gtest/gtest.h>

#include "pcxx/core/random.h"
#include "pcxx/tensor/operations.h"
#include "support/close.h"
#include "support/devices.h"
#include "support/runs.h"

namespace pcxx::test {
namespace {

constexpr Size kWidth = 4, kRows = 3;

/// Writes random statements over a node, two variables and an exact counter; conditions read only what is exact.
class RandomFlow {
 public:
  RandomFlow(Flow& flow, const Node& sequence, const Node& h, std::uint64_t seed)
      : flow_(flow), random_(seed), sequence_(sequence), h_(h), count_(flow.variable("count", 0.0)),
        shared_(flow.variable("shared", batch_mean(row(sequence, 0.0)))) {}

  void run() {
    flow_.assign(h_, row(sequence_, 1.0));
    statements(0);
    flow_.output("h", h_.value());
    flow_.output("count", count_);
    flow_.output("shared", shared_);
  }

 private:
  Size below(Size bound) { return static_cast<Size>(random_.below(static_cast<std::uint64_t>(bound))); }

  void statements(int depth) {
    const Size many = 2 + below(2);
    for (Size i = 0; i < many; ++i) {
      statement(depth);
    }
  }

  void statement(int depth) {
    const auto inner = [this, depth] { statements(depth + 1); };
    switch (depth > 2 ? below(3) : below(9)) {
      case 0: return flow_.assign({{count_, count_ + static_cast<double>(1 + below(3))}});
      case 1: return flow_.assign(h_, 0.7 * tanh(h_.value() + 0.5 * shared_) + 0.1 * row(sequence_, 2.0));
      case 2: return flow_.assign({{shared_, 0.5 * shared_ + 0.3 * batch_mean(h_.value())}});
      case 3: return flow_.repeat(below(4), [&](const Tensor& step) {
        flow_.assign({{count_, count_ + step}});
        inner();
      });
      case 4: {
        const Tensor left = flow_.variable("left", static_cast<double>(below(3)));
        return flow_.repeat_while([&] { return left > 0.0; }, [&] {
          flow_.assign({{left, left - 1.0}});
          inner();
        }, 5);
      }
      case 5: return flow_.branch(parity() > 0.5, inner, inner);
      case 6: return flow_.choose(count_ - static_cast<double>(below(6)), {inner, [] {}, inner});
      default: return scan(inner);
    }
  }

  Tensor parity() { return count_ - 2.0 * floor(0.5 * count_); }

  /// The rows of a sequence, with what comes out put back into the node and the shared variable.
  template <class Inner>
  void scan(const Inner& inner) {
    const auto stacked = flow_.scan({sequence_, concat({reshape(shared_, {1, kWidth}), reshape(0.5 * shared_, {1, kWidth}),
                                                        reshape(0.0 * shared_, {1, kWidth})}, 0)},
                                    [&](const std::vector<Tensor>& rows) {
      flow_.assign(h_, 0.5 * h_.value() + 0.3 * rows[0]);
      inner();
      return std::vector<Tensor>{h_.value() + rows[1], batch_mean(h_.value()) + rows[1]};
    });
    flow_.together([&] {
      flow_.assign(h_, mean(stacked[0], {0}));
      flow_.assign({{shared_, 0.3 * row(stacked[1], static_cast<double>(kRows - 1))}});
    });
  }

  Flow& flow_;
  RandomStream random_;
  Tensor sequence_;
  Node h_;
  Tensor count_, shared_;
};

TEST(RandomFlows, AgreeWithTheReference) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Network net;
    const Node sequence = net.node("sequence", {kRows, kWidth}), h = net.node("h", {kWidth});
    const Size samples = seed % 3 == 0 ? 65 : 2;
    RandomStream random(seed + 1000);
    Numbers values;
    for (Size i = 0; i < samples * kRows * kWidth; ++i) {
      values.push_back(static_cast<float>(random.normal()));
    }
    const auto write = [&](Flow& flow) { RandomFlow(flow, sequence, h, seed).run(); };
    const std::vector<std::pair<Node, Array>> data = {{sequence, numbers({samples, kRows, kWidth}, values)}};
    const Executor expected = run_once(net, data, write);
    for (const std::string& device : devices()) {
      for (const bool passes : {true, false}) {
        const Executor actual = run_once(net, data, write, nullptr, {.device = device, .known_zeros = passes, .hoist = passes});
        EXPECT_EQ(numbers_of(actual.output("count")), numbers_of(expected.output("count"))) << device;
        EXPECT_TRUE(close(numbers_of(actual.output("h")), numbers_of(expected.output("h")), 1e-5)) << device;
        EXPECT_TRUE(close(numbers_of(actual.output("shared")), numbers_of(expected.output("shared")), 1e-5)) << device;
      }
    }
  }
}

}  // namespace
}  // namespace pcxx::test

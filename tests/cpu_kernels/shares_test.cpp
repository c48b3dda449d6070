/// Shares of a shared stage: every piece once, nobody idle while there is work, whatever the team.
#include "backend/cpu/shares.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <random>
#include <set>

namespace pcxx::cpu {
namespace {

class FakeCall : public PreparedCall {
 public:
  FakeCall(Size parts, double cost) : parts_(parts), cost_(cost) {}
  Size parts() const override { return parts_; }
  void run(const Frame&, Size, Size) const override {}
  double flops(Size) const override { return 0; }
  double cost(Size) const override { return cost_; }

 private:
  Size parts_;
  double cost_;
};

using Calls = std::vector<std::unique_ptr<const FakeCall>>;

std::vector<std::vector<Share>> shares(const Calls& calls, int team) {
  std::vector<const PreparedCall*> pointers;
  for (const auto& call : calls) {
    pointers.push_back(call.get());
  }
  return shares_of(pointers, 1, team);
}

double load(const std::vector<Share>& own) {
  double sum = 0;
  for (const Share& share : own) {
    sum += share.call->cost(1) * static_cast<double>(share.last - share.first) / static_cast<double>(share.call->parts());
  }
  return sum;
}

Calls random_calls(std::mt19937& random) {
  Calls calls;
  for (int i = std::uniform_int_distribution(0, 30)(random); i > 0; --i) {
    const Size parts = std::uniform_int_distribution(1, 40)(random);
    calls.push_back(std::make_unique<FakeCall>(parts, std::exp(std::uniform_real_distribution(0.0, 20.0)(random))));
  }
  return calls;
}

TEST(Shares, GiveEveryPieceToOneThread) {
  std::mt19937 random(1);
  for (int trial = 0; trial < 200; ++trial) {
    const Calls calls = random_calls(random);
    for (const int team : {1, 2, 3, 16}) {
      const auto all = shares(calls, team);
      ASSERT_EQ(all.size(), static_cast<std::size_t>(team));
      std::map<const PreparedCall*, std::multiset<Size>> pieces;
      for (const auto& own : all) {
        for (const Share& share : own) {
          ASSERT_LT(share.first, share.last);
          for (Size piece = share.first; piece < share.last; ++piece) {
            pieces[share.call].insert(piece);
          }
        }
      }
      ASSERT_EQ(pieces.size(), calls.size());
      for (const auto& call : calls) {
        std::multiset<Size> expected;
        for (Size piece = 0; piece < call->parts(); ++piece) {
          expected.insert(piece);
        }
        ASSERT_EQ(pieces.at(call.get()), expected);
      }
    }
  }
}

TEST(Shares, DifferByLittleMoreThanTheLargestPiece) {
  std::mt19937 random(2);
  for (int trial = 0; trial < 200; ++trial) {
    const Calls calls = random_calls(random);
    const auto all = shares(calls, 2);
    double largest = 0;  // what cutting cannot even out: a piece of each call that is cut, a small call as a whole
    for (const auto& call : calls) {
      largest = std::max(largest, call->cost(1) / static_cast<double>(call->parts()));
    }
    EXPECT_LE(std::abs(load(all[0]) - load(all[1])), 1e5 + static_cast<double>(calls.size()) * largest);
  }
}

/// The gradients of a network of three layers on two threads: a whole one each would leave a thread idle most of the time.
TEST(Shares, CutAWideGradientEvenThoughOthersAreSmall) {
  Calls calls;
  calls.push_back(std::make_unique<FakeCall>(8, 4e6));
  calls.push_back(std::make_unique<FakeCall>(1, 3e5));
  calls.push_back(std::make_unique<FakeCall>(8, 25e6));
  calls.push_back(std::make_unique<FakeCall>(1, 1e3));
  const auto all = shares(calls, 2);
  EXPECT_NEAR(load(all[0]), load(all[1]), 3e5);
}

TEST(Shares, LeaveSmallCallsWhole) {
  Calls calls;
  calls.push_back(std::make_unique<FakeCall>(40, 1e3));
  const auto all = shares(calls, 4);
  EXPECT_EQ(std::ranges::count_if(all, [](const auto& own) { return !own.empty(); }), 1);
}

}  // namespace
}  // namespace pcxx::cpu

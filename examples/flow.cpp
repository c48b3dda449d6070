/// Flow: loops and branches in programs, with results that can be worked out by hand.
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>

#include <pcxx/pcxx.h>

using namespace pcxx;

/// A number that programs change.
struct Number : Network {
  Parameter value = parameter("value", {}, constant(1));
};

/// Runs a program on a fresh state; returns the number afterwards.
double after(const std::function<void(Flow&, const Parameter&)>& write, std::uint64_t seed = 0) {
  const Number net;
  const auto state = std::make_shared<State>(net.initialise(0));
  Executor executor(net, {}, [&](Flow& f) { write(f, net.value); }, state, {.seed = seed});
  executor.run(1, {});
  return static_cast<double>(state->at("value").as<float>()[0]);
}

bool check(const char* what, double result, double expected, double tolerance = 0) {
  std::printf("%-58s %8.3f  (%g)\n", what, result, expected);
  return std::abs(result - expected) <= tolerance;
}

int main() {
  const double x = -2;
  const auto choose = [x](Flow& f, const Parameter& p, const Tensor& subtract) {
    f.branch(subtract, [&] { f.assign(p, p - x); }, [&] { f.assign(p, p * x); });
  };
  bool right = true;

  right &= check("branch twice: (1 - (-2)) * (-2)", after([&](Flow& f, const Parameter& p) {
                   choose(f, p, f.variable("yes", 1.0) > 0.0);
                   choose(f, p, f.variable("no", 0.0) > 0.0);
                 }),
                 -6);

  right &= check("repeat 5 times p := p + step", after([&](Flow& f, const Parameter& p) {
                   f.repeat(5, [&](const Tensor& step) { f.assign(p, p + step); });
                 }),
                 11);

  right &= check("repeat with choices 0 0 1 0 1 1 0 1", after([&](Flow& f, const Parameter& p) {
                   f.repeat(8, [&](const Tensor& step) {
                     choose(f, p, equal(step, 2.0) || equal(step, 4.0) || equal(step, 5.0) || equal(step, 7.0));
                   });
                 }),
                 18);

  right &= check("while p < 1000, at most 20 times: p := 3 p", after([&](Flow& f, const Parameter& p) {
                   f.repeat_while([&] { return p < 1000.0; }, [&] { f.assign(p, 3.0 * p); }, 20);
                 }),
                 2187);

  // Up to three coins; the first that shows tails makes the number negative and ends the loop.
  double positive = 0;
  for (std::uint64_t seed = 0; seed < 256; ++seed) {
    positive += after([&](Flow& f, const Parameter& p) {
      f.repeat_while([&] { return p > 0.0; }, [&] { choose(f, p, f.random_bernoulli(0.5, {}, Span::shared) > 0.0); }, 3);
    }, seed) > 0;
  }
  right &= check("part of 256 runs that toss heads three times", positive / 256, 0.125, 0.08);
  return right ? 0 : 1;
}

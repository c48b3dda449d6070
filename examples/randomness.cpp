/// Randomness: what a seed fixes, which draws differ, and that threads do not matter.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include <pcxx/pcxx.h>

using namespace pcxx;

struct Noise : Network {
  Node input = node("input", {1});
  Node noisy = node("noisy", {8}, linear(input, 8));
};

/// Says what should hold and ends the program if it does not.
void expect(bool holds, const char* what) {
  std::printf("%s  %s\n", holds ? "yes" : "NO ", what);
  if (!holds) {
    std::exit(1);
  }
}

bool same(const Array& a, const Array& b) {
  return std::equal(a.as<float>().begin(), a.as<float>().end(), b.as<float>().begin(), b.as<float>().end());
}

/// Returns what 100 samples get: with one draw for each of them, or one for all.
struct Draws {
  Noise net;
  Executor executor;
  Draws(std::uint64_t seed, Span span, int threads = 1)
      : executor(net, {net.input},
                 [span](Flow& f) { f.output("drawn", f.given_nodes()[0].value() + f.random_normal({1}, span)); },
                 std::make_shared<State>(net.initialise(seed)), {.threads = threads, .seed = seed}) {}
  Array next() {
    executor.run({{net.input, Array({100, 1}, ElementType::f32)}});
    return executor.output("drawn");
  }
};

int main() {
  const Noise net, twin;
  expect(same(net.initialise(0).at("noisy.weight"), twin.initialise(0).at("noisy.weight")),
         "the same seed draws the same parameters");
  expect(!same(net.initialise(0).at("noisy.weight"), net.initialise(1).at("noisy.weight")),
         "another seed draws others");

  Draws own(0, Span::per_sample), again(0, Span::per_sample, 2), one(0, Span::shared);
  const Array first = own.next();
  expect(first.as<float>()[0] != first.as<float>()[1], "each sample has a draw of its own");
  const Array second = own.next();
  expect(!same(first, second), "the next run draws anew");
  expect(same(again.next(), first) && same(again.next(), second), "the same seed repeats both runs, on two threads as on one");
  const Array shared = one.next();
  const auto values = shared.as<float>();
  expect(std::all_of(values.begin(), values.end(), [&](float x) { return x == values[0]; }),
         "a shared draw is the same for all samples");

  double sum = 0, squares = 0;
  for (int run = 0; run < 100; ++run) {
    const Array drawn = own.next();
    for (const float x : drawn.as<float>()) {
      sum += x;
      squares += static_cast<double>(x) * x;
    }
  }
  std::printf("10,000 draws: mean %.3f, variance %.3f\n", sum / 1e4, squares / 1e4);
  expect(std::abs(sum / 1e4) < 0.04 && std::abs(squares / 1e4 - 1) < 0.06, "they are standard normal");
}

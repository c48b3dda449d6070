/// Programs whose plans have every kind of kernel, loop and branch between them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pcxx/core/errors.h"
#include "pcxx/learn/rules.h"
#include "pcxx/network/executor.h"
#include "support/mlp.h"
#include "support/runs.h"

namespace pcxx::test {

/// A network, a program over it, and how to make rows for the nodes that it is given.
struct Planned {
  std::string name;
  std::shared_ptr<const Network> network;
  std::vector<Node> given;
  std::function<void(Flow&)> write;

  std::shared_ptr<State> state() const { return std::make_shared<State>(network->initialise(3)); }
  Executor make(const ExecutorOptions& options, std::shared_ptr<State> own = nullptr) const {
    return Executor(*network, given, write, own == nullptr ? state() : std::move(own), options);
  }
  std::vector<std::pair<Node, Array>> data(Size samples) const {
    std::vector<std::pair<Node, Array>> result;
    for (const Node& node : given) {
      std::vector<Size> extents = {samples};
      extents.insert(extents.end(), node.shape().begin(), node.shape().end());
      const Array rows = random_rows(samples, node.shape().elements(), 5 + result.size());
      Array shaped(Shape(extents), ElementType::f32);
      std::copy_n(rows.as<float>().data(), rows.elements(), shaped.as<float>().data());
      result.emplace_back(node, shaped);
    }
    return result;
  }
};

/// Pictures, with a pool and noise at the start.
struct Pictures : Network {
  Node image = node("image", {3, 8, 8});
  Node one = node("one", {8, 4, 4}, max_pool2d(gelu(conv2d(image, 8, 3, {.padding = 1})), 2));
  Node label = node("label", {3}, linear(reshape(one, {128}), 3));
};

/// Turns of loops inside loops, a condition that ends one, and two branches of which one is taken each time.
inline void loops_and_branches(const Mlp& net, Flow& flow) {
  flow.enter("start");
  const Tensor rounds = flow.variable("rounds", 0.0);
  const Node& free = net.layers[0];
  flow.repeat_while([&] { return rounds < 3.0; },
                    [&] {
                      flow.repeat(2, [&](const Tensor& step) {
                        flow.branch(step < 1.0, [&] { flow.assign(free, free - 0.1 * flow.gradient(net.energy(), {free})[0]); },
                                    [&] { flow.assign(free, 0.9 * Tensor(free) + 0.01 * flow.random_normal(free.shape())); });
                      });
                      flow.assign({{rounds, rounds + 1.0 + 0.0 * batch_mean(sum(square(free)))}});
                    },
                    5);
  flow.output("rounds", rounds);
}

inline std::vector<Planned> planned_programs() {
  const PredictiveCoding few{.steps = 4, .values = sgd({.rate = 0.05, .momentum = 0.5}), .weights = adamw({.rate = 1e-3})};
  const auto wide = std::make_shared<Mlp>(std::vector<Size>{300, 256, 256, 10}, MlpOptions{.activation = "gelu"});
  const auto narrow = std::make_shared<Mlp>(std::vector<Size>{2, 32, 32, 2}, MlpOptions{.activation = "leaky_relu"});
  const auto looped = std::make_shared<Mlp>(std::vector<Size>{64, 96, 8}, MlpOptions{.activation = "tanh"});
  const auto pictures = std::make_shared<Pictures>();
  return {{"wide", wide, {wide->x, wide->target()}, LearningRule(few).write},
          {"narrow", narrow, {narrow->x, narrow->target()}, LearningRule(few).write},
          {"pictures", pictures, {pictures->image, pictures->label}, LearningRule(few).write},
          {"looped", looped, {looped->x, looped->target()}, [looped](Flow& flow) { loops_and_branches(*looped, flow); }}};
}

}  // namespace pcxx::test

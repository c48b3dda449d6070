/// Networks for tests: chains of dense layers.
#pragma once

#include <string>
#include <vector>

#include "pcxx/network/layers.h"
#include "pcxx/network/network.h"
#include "pcxx/tensor/operations.h"

namespace pcxx::test {

/// Where the activation stands: A, the node is the activated value (PCX); B, the node is before it.
enum class Placement { after_activation, before_activation };

struct MlpOptions {
  std::string activation = "identity";
  Energy output = squared_error();
  bool bias = true;
  Placement placement = Placement::after_activation;
  Initialiser weight = fan_in_uniform();
  std::vector<double> precisions = {};  // of each node's squared error; empty: 1
  double skip = 0;                      // 1: nodes between equals are predicted from themselves, too: u = h + W h
};

/// E = precision / 2 sum((h - u)^2).
inline Energy weighted_error(double precision) {
  return {"weighted_error", [precision](const Tensor& value, const Tensor& prediction) {
            return (0.5 * precision) * sum(square(value - prediction));
          }};
}

/// x -> node0 -> node1 -> ... -> the last, whose prediction is linear (A). Parameters are "layer0.weight", ...
class Mlp : public Network {
 public:
  explicit Mlp(const std::vector<Size>& widths, const MlpOptions& options = {}) : x(node("x", {widths[0]})) {
    Tensor below = x;
    for (std::size_t i = 1; i < widths.size(); ++i) {
      const bool last = i + 1 == widths.size(), first = i == 1;
      const bool before = options.placement == Placement::before_activation;
      const Tensor input = before && !first ? activate(options.activation, below) : below;
      const LinearOptions layer{.bias = options.bias, .name = "layer" + std::to_string(i - 1), .weight = options.weight};
      const bool skips = options.skip != 0 && !first && !last;
      const Tensor mapped = skips ? linear(input, widths[i], layer) + options.skip * below : linear(input, widths[i], layer);
      const Energy error = options.precisions.empty() ? squared_error() : weighted_error(options.precisions[i - 1]);
      layers.push_back(node("node" + std::to_string(i - 1), {widths[i]},
                            last || before ? mapped : activate(options.activation, mapped),
                            last && options.output.needs_clamp ? options.output : error));
      below = layers.back();
    }
  }

  const Node& target() const { return layers.back(); }

  Node x;
  std::vector<Node> layers;
};

}  // namespace pcxx::test

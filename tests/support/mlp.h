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
};

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
      const Tensor mapped = linear(input, widths[i], layer);
      layers.push_back(node("node" + std::to_string(i - 1), {widths[i]},
                            last || before ? mapped : activate(options.activation, mapped),
                            last ? options.output : squared_error()));
      below = layers.back();
    }
  }

  const Node& target() const { return layers.back(); }

  Node x;
  std::vector<Node> layers;
};

}  // namespace pcxx::test

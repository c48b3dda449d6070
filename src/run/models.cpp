/// Networks of convolutional blocks: what a block does, then the list of them.
#include "pcxx/run/models.h"

#include <fmt/format.h>

#include <vector>

#include "pcxx/network/layers.h"
#include "pcxx/tensor/operations.h"

namespace pcxx {
namespace {

struct PictureBlock {
  Size channels;
  Size stride = 1;
  bool pool = false;
};

/// Blocks of pictures, then blocks of vectors, each one node; the label is linear in the last.
std::unique_ptr<Network> picture_network(const PictureModelOptions& options, const std::vector<PictureBlock>& blocks,
                                         const std::vector<Size>& widths) {
  auto network = std::make_unique<Network>();
  const auto add = [&](const Tensor& prediction) {
    return network->node(fmt::format("block{}", network->nodes().size()), prediction.shape(), prediction);
  };
  Tensor x = network->node("input", options.picture);
  for (const PictureBlock& block : blocks) {
    const Tensor made = activate(options.activation, conv2d(x, block.channels, 3, {.stride = block.stride, .padding = 1}));
    x = add(block.pool ? max_pool2d(made, 2) : made);
  }
  x = reshape(x, {x.shape().elements()});
  for (const Size width : widths) {
    x = add(activate(options.activation, linear(x, width)));
  }
  network->node("label", {options.classes}, linear(x, options.classes), options.output);
  return network;
}

}  // namespace

std::unique_ptr<Network> vgg5(const PictureModelOptions& options) {
  return picture_network(options, {{128, 1, true}, {256, 1, true}, {512, 1, true}, {512, 1, true}}, {});
}

std::unique_ptr<Network> alexnet(const PictureModelOptions& options) {
  return picture_network(options, {{64, 2, true}, {192, 1, true}, {384}, {256}, {256, 1, true}}, {4096, 4096});
}

}  // namespace pcxx

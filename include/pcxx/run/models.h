/// Networks that papers and other systems are compared on: one node for each block, as PCX has them.
#pragma once

#include <memory>
#include <string>

#include "pcxx/network/network.h"

namespace pcxx {

struct PictureModelOptions {
  Shape picture = {3, 32, 32};  // (channels, height, width)
  Size classes = 10;
  std::string activation = "gelu";
  Energy output = squared_error();  // of the node "label"
};

/// VGG-5: convolutions 3x3 to 128, 256, 512 and 512 channels, each with activation and a maximum pool of 2, then linear.
/// Nodes: "input", "block1" to "block4", "label". (Pinchetti et al. 2025, PCX's benchmark.)
std::unique_ptr<Network> vgg5(const PictureModelOptions& options = {});

/// AlexNet for small pictures: convolutions 3x3 to 64 (stride 2, pool), 192 (pool), 384, 256 and 256 (pool) channels, then
/// linear to 4096, 4096 and the classes. Nodes: "input", "block1" to "block7", "label". (PCX's tutorial.)
std::unique_ptr<Network> alexnet(const PictureModelOptions& options = {});

}  // namespace pcxx

/// Networks that papers and other systems are compared on.
#include <pcxx/run/models.h>

#include "bindings.h"

namespace pcxx::python {
namespace {

using namespace nb::literals;

void bind_model(nb::module_& module, const char* name, std::unique_ptr<Network> (*make)(const PictureModelOptions&), const char* doc) {
  module.def(name, [make](const Shape& picture, Size classes, const std::string& activation, const std::optional<Energy>& output) {
    return new_python_network(make({.picture = picture, .classes = classes, .activation = activation,
                                    .output = output ? *output : squared_error()}));
  }, nb::kw_only(), nb::arg("picture").sig("(3, 32, 32)") = Shape({3, 32, 32}), "classes"_a = 10, "activation"_a = "gelu",
  "output"_a = nb::none(),
  nb::sig((std::string("def ") + name + "(*, picture: int | collections.abc.Sequence[int] = (3, 32, 32), classes: int = 10, activation: "
           "str = 'gelu', output: Energy | None = None) -> Network").c_str()), doc);
}

}  // namespace

void bind_models(nb::module_& module) {
  bind_model(module, "vgg5", vgg5,
             "VGG-5: convolutions 3x3 to 128, 256, 512 and 512 channels, each with activation and a maximum pool of 2, then linear.\n\n"
             "Nodes: 'input' in the shape of `picture` (channels, height, width), 'block1' to 'block4', 'label' (classes,); `output` is\n"
             "the energy of 'label', squared_error() if nothing is said (Pinchetti et al. 2025, PCX's benchmark).\n\n"
             "Raises ShapeError for pictures that are too small, NameError for an unknown activation.");
  bind_model(module, "alexnet", alexnet,
             "AlexNet for small pictures: convolutions 3x3 to 64 (stride 2, pool), 192 (pool), 384, 256 and 256 (pool) channels, then\n"
             "linear to 4096, 4096 and the classes, all with activations but the last.\n\n"
             "Nodes: 'input' in the shape of `picture` (channels, height, width), 'block1' to 'block7', 'label' (classes,); `output` is\n"
             "the energy of 'label', squared_error() if nothing is said (PCX's tutorial).\n\n"
             "Raises ShapeError for pictures that are too small, NameError for an unknown activation.");
}

}  // namespace pcxx::python

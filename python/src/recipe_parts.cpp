/// What recipes are made of: sections of a recipe, to be read.
#include "bindings.h"

namespace pcxx::python {
namespace {

void bind_network_parts(nb::module_& module) {
  nb::class_<LayerRecipe>(module, "LayerRecipe", "One predicted node: activation(W x + b) of the layer below, then pooled.\n\n"
                          "W x is a product with all numbers below, or for `channels` above 0 a convolution of the picture below.")
      .def_ro("name", &LayerRecipe::name, "Of the node.")
      .def_ro("width", &LayerRecipe::width, "Of a dense layer.")
      .def_ro("activation", &LayerRecipe::activation, "A name that activate() knows.")
      .def_ro("energy", &LayerRecipe::energy, "squared_error or categorical.")
      .def_ro("initialiser", &LayerRecipe::initialiser, "A name that initialiser_from() knows.")
      .def_ro("bias", &LayerRecipe::bias, "Whether there is one.")
      .def_ro("channels", &LayerRecipe::channels, "Of a convolution; 0: a dense layer.")
      .def_ro("kernel", &LayerRecipe::kernel, "Side of the convolution's square.")
      .def_ro("stride", &LayerRecipe::stride, "Of the convolution.")
      .def_ro("padding", &LayerRecipe::padding, "Zeros on every side of the picture below.")
      .def_ro("max_pool", &LayerRecipe::max_pool, "Side of the windows whose maximum is taken; 0: none.")
      .def_ro("average_pool", &LayerRecipe::average_pool, "Side of the windows whose mean is taken; 0: none.");
  nb::class_<NetworkRecipe>(module, "NetworkRecipe", "The network of a recipe: a chain of layers from 'input' to 'label'.")
      .def_prop_ro("input", [](const NetworkRecipe& own) { return own.input; }, nb::sig("def input(self) -> tuple[int, ...]"),
                   "(width,), or a picture's (channels, height, width).")
      .def_ro("layers", &NetworkRecipe::layers, "From the lowest to the label.");
}

void bind_rates(nb::module_& module) {
  nb::class_<RateRecipe>(module, "RateRecipe", "A rate as a function of the updates made; which fields count depends on the schedule.")
      .def_ro("schedule", &RateRecipe::schedule, "constant, linear, cosine, warmup_cosine, cosine_restarts, step, exponential, "
              "piecewise_constant or sequence.")
      .def_ro("first", &RateRecipe::first, "The rate of update 0; of a constant schedule the only one.")
      .def_ro("peak", &RateRecipe::peak, "The highest rate of a warm-up.")
      .def_ro("last", &RateRecipe::last, "The rate at the end.")
      .def_ro("has_last", &RateRecipe::has_last, "Whether an exponential schedule stops at `last`.")
      .def_ro("warmup", &RateRecipe::warmup, "The part of all updates that rise from `first` to `peak`.")
      .def_ro("updates", &RateRecipe::updates, "How many it spans; 0: all of the run, or of its part of a sequence.")
      .def_ro("factor", &RateRecipe::factor, "By which a step or exponential schedule falls.")
      .def_ro("every", &RateRecipe::every, "Updates from one fall of a step schedule to the next.")
      .def_ro("begin", &RateRecipe::begin, "Updates before an exponential schedule falls.")
      .def_ro("staircase", &RateRecipe::staircase, "Whether an exponential schedule falls at once after every `updates`.")
      .def_ro("cycles", &RateRecipe::cycles, "Of restarts.")
      .def_ro("growth", &RateRecipe::growth, "Of the length from cycle to cycle.")
      .def_ro("at", &RateRecipe::at, "Updates at which a piecewise constant schedule changes.")
      .def_ro("factors", &RateRecipe::factors, "By which it changes there.")
      .def_ro("parts", &RateRecipe::parts, "Of a sequence, RateRecipes one after the other.")
      .def_ro("until", &RateRecipe::until, "Of a part but the last: the update at which the next begins.");
}

void bind_learning_parts(nb::module_& module) {
  nb::class_<OptimiserRecipe>(module, "OptimiserRecipe", "An optimiser of values, or of a group of weights.")
      .def_ro("parameters", &OptimiserRecipe::parameters, "A pattern of parameter names; value optimisers take every free node.")
      .def_ro("optimiser", &OptimiserRecipe::optimiser, "sgd, adam, adamw, lion, rmsprop or frozen.")
      .def_ro("rate", &OptimiserRecipe::rate, "Its rate.")
      .def_ro("momentum", &OptimiserRecipe::momentum, "Of sgd and rmsprop.")
      .def_ro("nesterov", &OptimiserRecipe::nesterov, "Whether the momentum is Nesterov's.")
      .def_ro("weight_decay", &OptimiserRecipe::weight_decay, "Decoupled, of adamw and lion.")
      .def_ro("first_decay", &OptimiserRecipe::first_decay, "Of the first moment.")
      .def_ro("second_decay", &OptimiserRecipe::second_decay, "Of the second moment.")
      .def_ro("epsilon", &OptimiserRecipe::epsilon, "Added to a root before it divides.")
      .def_ro("decay", &OptimiserRecipe::decay, "Of rmsprop's mean square.")
      .def_ro("centred", &OptimiserRecipe::centred, "Whether rmsprop divides by the deviation.")
      .def_ro("initial", &OptimiserRecipe::initial, "rmsprop's mean square before the first update.")
      .def_ro("epsilon_in_root", &OptimiserRecipe::epsilon_in_root, "Whether rmsprop's epsilon is under the root.")
      .def_ro("l2", &OptimiserRecipe::l2, "Added to the gradient, l2 times the value.")
      .def_ro("decays", &OptimiserRecipe::decays, "A pattern: which parameters weight_decay or l2 is for.")
      .def_ro("gradient_scale", &OptimiserRecipe::gradient_scale, "By which gradients are multiplied.")
      .def_ro("clip_value", &OptimiserRecipe::clip_value, "The limit of each element of the gradients; 0: none.")
      .def_ro("clip_norm", &OptimiserRecipe::clip_norm, "The limit of the norm of the gradients; 0: none.")
      .def_ro("average", &OptimiserRecipe::average, "The decay of a moving average of the parameters; 0: none.");
  nb::class_<RuleRecipe>(module, "RuleRecipe", "The learning rule of a recipe.")
      .def_ro("name", &RuleRecipe::name, "pc or bp.")
      .def_ro("steps", &RuleRecipe::steps, "Of relaxation.")
      .def_ro("values", &RuleRecipe::values, "The optimiser of the values.");
}

void bind_data_parts(nb::module_& module) {
  nb::class_<PictureRecipe>(module, "PictureRecipe",
      "What is done to pictures: padded, then, for training alone, cropped and flipped at random, then normalised.")
      .def_ro("pad", &PictureRecipe::pad, "Black pixels on every side.")
      .def_ro("mean", &PictureRecipe::mean, "Of each channel or of all, of pixels from 0 to 1; empty: the set's own.")
      .def_ro("deviation", &PictureRecipe::deviation, "Likewise.")
      .def_ro("flip", &PictureRecipe::flip, "Left to right, every other time.")
      .def_ro("crop", &PictureRecipe::crop, "Side of the square cut out: anywhere to train on, in the middle to test on; 0: none.")
      .def_ro("crop_padding", &PictureRecipe::crop_padding, "Black pixels around, before it is cut; not for tests.");
  nb::class_<DataRecipe>(module, "DataRecipe", "The data of a recipe.")
      .def_ro("name", &DataRecipe::name, "A data set of files (fashion_mnist, ...) or a generator (moons, ...).")
      .def_ro("folder", &DataRecipe::folder, "Of its files; empty: the environment's PCXX_DATA, then the system's.")
      .def_ro("labels", &DataRecipe::labels, "Of cifar100: fine or coarse.")
      .def_ro("skip_corrupt", &DataRecipe::skip_corrupt, "Of tiny_imagenet: whether damaged pictures are left out.")
      .def_ro("pictures", &DataRecipe::pictures, "What is done to pictures.")
      .def_ro("train", &DataRecipe::train, "Samples to train on, 0: all; of generators how many to make.")
      .def_ro("test", &DataRecipe::test, "Samples to test on, likewise.")
      .def_ro("noise", &DataRecipe::noise, "Of generators.")
      .def_ro("train_seed", &DataRecipe::train_seed, "Of a generator's training set.")
      .def_ro("test_seed", &DataRecipe::test_seed, "Of a generator's test set.")
      .def_ro("batch", &DataRecipe::batch, "Samples per batch.")
      .def_ro("drop_last", &DataRecipe::drop_last, "Whether a last batch that is not full is left out.")
      .def_ro("shuffle", &DataRecipe::shuffle, "Whether each epoch has an order of its own.")
      .def_ro("prefetch", &DataRecipe::prefetch, "Batches prepared ahead; results do not depend on it.")
      .def_ro("threads", &DataRecipe::threads, "That prepare them; results do not depend on it.");
}

}  // namespace

void bind_recipe_parts(nb::module_& module) {
  bind_network_parts(module);
  bind_rates(module);
  bind_learning_parts(module);
  bind_data_parts(module);
}

}  // namespace pcxx::python

/// What is done to samples: the transforms that come with pcxx, and one's own.
#include <fmt/format.h>

#include "bindings.h"

namespace pcxx::python {
namespace {

using namespace nb::literals;

/// Returns what apply(sample, random) makes of a sample, float32. Throws DTypeError or ShapeError, naming the transform.
void apply_own(const Callback& function, const std::string& name, std::span<const float> from, const Shape& shape, std::span<float> to,
               const Shape& wanted, RandomStream& random) {
  const nb::gil_scoped_acquire held;
  const auto made = function.call<nb::object>("", numpy_copy(shape, from), numpy_generator(random));
  const Array array = array_of(made, "what transform '" + name + "' returned");
  if (array.type() != ElementType::f32) {
    throw DTypeError(fmt::format("[transform] '{}' returned {}; expected float32: .astype(numpy.float32)", name, to_string(array.type())));
  }
  if (array.shape() != wanted) {
    throw ShapeError(fmt::format("[transform] '{}' returned {}; expected {}, as its shape says", name, to_string(array.shape()),
                                 to_string(wanted)));
  }
  std::ranges::copy(array.as<float>(), to.begin());
}

SampleTransform own_transform(const std::string& name, nb::handle apply, const nb::object& shape) {
  const Callback function(apply, "the transform '" + name + "'");
  SampleTransform made{name, [](const Shape& from) { return from; }, {}};
  if (!shape.is_none()) {
    const Callback of(shape, "the shape of transform '" + name + "'");
    made.shape = [of](const Shape& from) {
      const nb::gil_scoped_acquire held;
      return of.call<Shape>("a shape", from);
    };
  }
  made.apply = [function, name, after = made.shape](std::span<const float> from, const Shape& before, std::span<float> to,
                                                    RandomStream& random) {
    apply_own(function, name, from, before, to, after(before), random);
  };
  return made;
}

void bind_own(nb::module_& module) {
  nb::class_<SampleTransform>(module, "SampleTransform", "What a Loader does to each sample's input. What is random depends on the "
                              "loader's seed, the epoch and the sample alone.")
      .def("__init__", [](SampleTransform* self, const std::string& name, nb::callable apply, const nb::object& shape) {
        new (self) SampleTransform(own_transform(name, apply, shape));
      }, "name"_a, "apply"_a, "shape"_a = nb::none(),
      nb::sig("def __init__(self, name: str, apply: collections.abc.Callable[[numpy.typing.NDArray[numpy.float32], "
              "numpy.random.Generator], numpy.typing.NDArray[numpy.float32]], shape: collections.abc.Callable[[tuple[int, ...]], "
              "tuple[int, ...]] | None = None) -> None"),
      "A transform of one's own: apply(sample, random) returns the sample afterwards, a float32 array. `random` is a generator of\n"
      "NumPy's, the sample's own in each epoch; `shape(shape)` says what shape comes out, the same if nothing is said.\n\n"
      "What the functions raise comes out of the loop over the batches, as do DTypeError and ShapeError for what is returned.")
      .def_ro("name", &SampleTransform::name, "Its name, for messages.")
      .def("__repr__", [](const SampleTransform& own) { return "<sample transform '" + own.name + "'>"; });
}

void bind_shipped(nb::module_& module) {
  module.def("normalise", [](const std::vector<float>& mean, const std::vector<float>& deviation) {
    return normalise({mean, deviation});
  }, "mean"_a, "deviation"_a, "(x - mean) / deviation, a number for each channel (the first axis of a sample) or one for all.\n\nRaises "
  "ArgumentError for a deviation that is not above 0.");
  module.def("random_flip", random_flip, "probability"_a = 0.5,
             "Mirrors a picture (channels, height, width) left to right with a probability.\n\nRaises ArgumentError unless it is one.");
  module.def("pad_picture", [](Size top, Size bottom, Size left, Size right, float value) {
    return pad_picture({top, bottom, left, right, value});
  }, nb::kw_only(), "top"_a = 0, "bottom"_a = 0, "left"_a = 0, "right"_a = 0, "value"_a = 0.0F, "Puts pixels of one value around a picture.");
  module.def("random_crop", [](Size height, Size width, Size padding, float value) {
    return random_crop(height, width, {padding, value});
  }, "height"_a, "width"_a, nb::kw_only(), "padding"_a = 0, "value"_a = 0.0F,
  "Cuts height x width pixels out of a picture, padded before, at a place drawn evenly among all.");
  module.def("centre_crop", centre_crop, "height"_a, "width"_a, "Cuts height x width pixels out of the middle of a picture.");
  module.def("flatten", [] { return flatten(); }, "Without a tensor: a SampleTransform that puts all numbers along one axis.");
  module.def("one_hot_samples", one_hot_samples, "depth"_a,
             "Whole numbers 0 .. depth - 1 as 1 at that place along a new last axis and 0 elsewhere.\n\nA number that is no such place raises "
             "ArgumentError when the sample is gathered.");
}

}  // namespace

nb::object numpy_generator(RandomStream& random) {
  const std::uint64_t high = random.word(), low = random.word();
  return nb::module_::import_("numpy.random").attr("default_rng")((high << 32) | low);
}

void bind_sample_functions(nb::module_& module) {
  bind_own(module);
  bind_shipped(module);
}

}  // namespace pcxx::python

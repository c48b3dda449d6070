/// Datasets, generators, readers.
#include <fmt/format.h>

#include "bindings.h"

namespace pcxx::python {
namespace {

using namespace nb::literals;

nb::tuple split_of(Split&& split) { return nb::make_tuple(shared_dataset(std::move(split.train)), shared_dataset(std::move(split.test))); }

/// A view that keeps the dataset and cannot be written to, or None for what the dataset lacks.
nb::object view(const nb::object& self, const Array& array, bool is_there) {
  if (!is_there) {
    return nb::none();
  }
  const nb::dlpack::dtype type = array.type() == ElementType::u8    ? nb::dtype<std::uint8_t>()
                                 : array.type() == ElementType::i32 ? nb::dtype<std::int32_t>()
                                                                    : nb::dtype<float>();
  const std::vector<std::size_t> shape(array.shape().begin(), array.shape().end());
  return nb::cast(nb::ndarray<nb::numpy, nb::ro>(array.data(), shape.size(), shape.data(), self, nullptr, type));
}

Array with_type(const nb::object& given, const char* name, std::initializer_list<ElementType> types) {
  Array array = array_of(given, name);
  for (const ElementType type : types) {
    if (array.type() == type) {
      return array;
    }
  }
  const std::string wanted = types.size() == 1 ? (*types.begin() == ElementType::i32 ? "int32" : "float32") : "float32 or uint8";
  throw DTypeError(fmt::format("[dataset] '{}' are {}; expected {}: .astype makes a copy", name, to_string(array.type()), wanted));
}

BoundDataset dataset(const nb::object& inputs, const nb::object& labels, const nb::object& targets, Size classes, std::pair<float, float> scaling,
                     const std::vector<SampleTransform>& transforms) {
  Dataset made;
  made.inputs = with_type(inputs, "inputs", {ElementType::f32, ElementType::u8});
  made.scaling = {scaling.first, scaling.second};
  if (!labels.is_none()) {
    made.labels = with_type(labels, "labels", {ElementType::i32});
    made.classes = classes;
  }
  if (!targets.is_none()) {
    made.targets = with_type(targets, "targets", {ElementType::f32});
  }
  made.transforms = transforms;
  return shared_dataset(std::move(made));
}

void bind_datasets(nb::module_& module) {
  nb::class_<BoundDataset>(module, "Dataset", "n samples for classification (labels and classes) or for regression (targets).\n\nNever "
                           "changes; arrays are read-only views.")
      .def("__init__", [](BoundDataset* self, const nb::object& inputs, const nb::object& labels, const nb::object& targets, Size classes,
                          std::pair<float, float> scaling, const std::vector<SampleTransform>& transforms) {
        new (self) BoundDataset(dataset(inputs, labels, targets, classes, scaling, transforms));
      }, "inputs"_a, nb::kw_only(), "labels"_a = nb::none(), "targets"_a = nb::none(), "classes"_a = 0,
      "scaling"_a = std::pair<float, float>(0.0F, 1.0F), "transforms"_a = std::vector<SampleTransform>(),
      nb::sig("def __init__(self, inputs: object, *, labels: object | None = None, targets: object | None = None, classes: int = 0, "
              "scaling: tuple[float, float] = (0.0, 1.0), transforms: collections.abc.Sequence[SampleTransform] = ()) -> None"),
      "`inputs` (n, ...) float32, or uint8 that stand for (byte / 255 - mean) / deviation with `scaling` (mean, deviation); `labels`\n"
      "(n) int32 from 0 to classes - 1, or `targets` (n, ...) float32. Arrays are copied.\n\n"
      "Raises DTypeError, ShapeError or ArgumentError, naming the field and the row.")
      .def("__len__", [](const BoundDataset& own) { return own.data->size(); })
      .def_prop_ro("inputs", [](nb::object self) {
        const Dataset& data = *nb::cast<const BoundDataset&>(self).data;
        return view(self, data.inputs, data.source == nullptr);
      }, nb::sig("def inputs(self) -> typing.Any"),
      "(n, ...), as stored: float32, or uint8 to be scaled; None if samples are decoded when they are needed.")
      .def_prop_ro("labels", [](nb::object self) {
        const Dataset& data = *nb::cast<const BoundDataset&>(self).data;
        return view(self, data.labels, data.classes > 0);
      }, nb::sig("def labels(self) -> typing.Any"), "(n) int32; None for regression.")
      .def_prop_ro("targets", [](nb::object self) {
        const Dataset& data = *nb::cast<const BoundDataset&>(self).data;
        return view(self, data.targets, data.targets.elements() > 0);
      }, nb::sig("def targets(self) -> typing.Any"), "(n, ...) float32; None for classification.")
      .def_prop_ro("classes", [](const BoundDataset& own) { return own.data->classes; }, "The number of classes; 0 for regression.")
      .def_prop_ro("input_shape", [](const BoundDataset& own) { return own.data->input_shape(); },
                   nb::sig("def input_shape(self) -> tuple[int, ...]"), "The shape of one sample's input, transformed.")
      .def_prop_ro("skipped", [](const BoundDataset& own) { return own.data->skipped; }, "What is wrong with files that were left out.")
      .def("scaled_inputs", [](const BoundDataset& own) { return numpy_of(scaled_inputs(*own.data)); },
           nb::sig("def scaled_inputs(self) -> numpy.typing.NDArray[numpy.float32]"),
           "The inputs as float32, (n, ...): scaled if they are bytes, decoded if they are files; not transformed.")
      .def("one_hot", [](const BoundDataset& own) { return numpy_of(one_hot(own.data->labels.as<std::int32_t>(), own.data->classes)); },
           nb::sig("def one_hot(self) -> numpy.typing.NDArray[numpy.float32]"), "(n, classes) float32: 1 at each label, 0 elsewhere.")
      .def("slice", [](const BoundDataset& own, Size first, Size count) { return shared_dataset(slice(*own.data, first, count)); },
           "first"_a, "count"_a, "The samples first .. first + count - 1, copied.\n\nRaises IndexError if there are fewer.")
      .def("transformed", [](const BoundDataset& own, const std::vector<SampleTransform>& transforms) {
        Dataset copy = *own.data;
        copy.transforms = transforms;
        return shared_dataset(std::move(copy));
      }, "transforms"_a, "A copy whose samples a Loader transforms, in order.\n\nRaises ShapeError if one is not for such samples.");
  module.def("one_hot", [](const nb::object& labels, Size classes) {
    return numpy_of(one_hot(with_type(labels, "labels", {ElementType::i32}).as<std::int32_t>(), classes));
  }, "labels"_a, "classes"_a, nb::sig("def one_hot(labels: object, classes: int) -> numpy.typing.NDArray[numpy.float32]"),
  "Of an array (n) int32 of labels: (n, classes) float32.\n\nRaises ArgumentError for a label outside 0 .. classes - 1.");
}

void bind_generators(nb::module_& module) {
  const auto samples = "samples"_a = 1024;
  const auto noise = "noise"_a = 0.1;
  const auto seed = "seed"_a = 0;
  module.def("two_moons", [](Size n, double deviation, std::uint64_t key) { return shared_dataset(two_moons({n, deviation, key})); },
             nb::kw_only(), samples, noise, seed,
             "Two interleaved half circles, inputs (n, 2), by the recipe of scikit-learn's make_moons; the same options give the same "
             "bits.\n\nRaises ArgumentError for options that make no sense.");
  module.def("rings", [](Size classes, Size n, double deviation, std::uint64_t key) {
    return shared_dataset(rings(classes, {n, deviation, key}));
  }, "classes"_a = 2, nb::kw_only(), samples, noise, seed,
  "Concentric circles, inputs (n, 2): class k evenly on radius (k + 1) / classes.\n\nRaises ArgumentError for options that make no sense.");
  module.def("spirals", [](Size classes, double turns, Size n, double deviation, std::uint64_t key) {
    return shared_dataset(spirals(classes, turns, {n, deviation, key}));
  }, "classes"_a = 2, "turns"_a = 1.0, nb::kw_only(), samples, noise, seed,
  "Intertwined spiral arms, inputs (n, 2): class k at radius r from 0 to 1 and angle 2 pi (turns r + k / classes).\n\n"
  "Raises ArgumentError for options that make no sense.");
  module.def("blobs", [](Size classes, Size features, double box, Size n, double deviation, std::uint64_t key) {
    return shared_dataset(blobs(classes, features, box, {n, deviation, key}));
  }, "classes"_a = 3, "features"_a = 2, "box"_a = 1.0, nb::kw_only(), samples, noise, seed,
  "Gaussian blobs, inputs (n, features): class centres are uniform in a cube of side 2 box around 0.\n\n"
  "Raises ArgumentError for options that make no sense.");
  module.def("linear_regression", [](Size inputs, Size outputs, Size n, double deviation, std::uint64_t key) {
    LinearProblem problem = linear_regression(inputs, outputs, {n, deviation, key});
    return nb::make_tuple(shared_dataset(std::move(problem.data)), numpy_of(std::move(problem.weight)), numpy_of(std::move(problem.bias)));
  }, "inputs"_a = 8, "outputs"_a = 1, nb::kw_only(), samples, noise, seed,
  nb::sig("def linear_regression(inputs: int = 8, outputs: int = 1, *, samples: int = 1024, noise: float = 0.1, seed: int = 0) -> "
          "tuple[Dataset, numpy.typing.NDArray[numpy.float32], numpy.typing.NDArray[numpy.float32]]"),
  "A regression set and what made it: targets (n, outputs) = inputs weight^T + bias + noise, inputs (n, inputs) standard normal;\n"
  "weight (outputs, inputs) normal with variance 1 / inputs, bias (outputs) standard normal.\n\n"
  "Raises ArgumentError for options that make no sense.");
}

/// Mean and deviation of red, green and blue, as normalise() takes them.
void bind_statistics(nb::module_& module) {
  const auto statistics = [&](const char* name, ChannelStatistics (*of)(), const std::string& what) {
    module.def(name, [of] {
      const ChannelStatistics found = of();
      return std::pair(found.mean, found.deviation);
    }, (what + ": (mean, deviation), each of red, green and blue: normalise(*" + name + "()).").c_str());
  };
  statistics("cifar10_statistics", cifar10_statistics, "Of the training pictures of CIFAR-10, as PCX's benchmark rounds them");
  statistics("cifar100_statistics", cifar100_statistics, "Of the training pictures of CIFAR-100, as PCX's benchmark rounds them");
  statistics("tiny_imagenet_statistics", tiny_imagenet_statistics, "Of the training pictures of ImageNet, which are usual for the tiny one");
}

void bind_readers(nb::module_& module) {
  const char* kSplit = "-> tuple[Dataset, Dataset]";
  const auto mnist = [&](const char* name, Split (*load)(const MnistOptions&), const std::string& what) {
    module.def(name, [load](const std::filesystem::path& folder, float mean, float deviation, bool flat, bool keep_bytes) {
      return split_of(load({.folder = folder, .mean = mean, .deviation = deviation, .flatten = flat, .keep_bytes = keep_bytes}));
    }, nb::kw_only(), "folder"_a = "", "mean"_a = 0.5F, "deviation"_a = 0.5F, "flatten"_a = true, "keep_bytes"_a = false,
    nb::sig((std::string("def ") + name + "(*, folder: str | os.PathLike[str] = '', mean: float = 0.5, deviation: float = 0.5, "
             "flatten: bool = True, keep_bytes: bool = False) " + kSplit).c_str()),
    (what + ": training and test set, 28 x 28 grey, ten classes.\n\nA pixel stands for (pixel / 255 - mean) / deviation; inputs are "
     "(n, 784), or (n, 1, 28, 28) without `flatten`; `keep_bytes`\nkeeps them as bytes, scaled by a Loader. Raises FileError, saying "
     "where it looked, if the set is missing or damaged.").c_str());
  };
  mnist("load_mnist", load_mnist, "MNIST (LeCun, Bottou, Bengio & Haffner 1998)");
  mnist("load_fashion_mnist", load_fashion_mnist, "Fashion-MNIST (Xiao, Rasul & Vollgraf 2017)");
  module.def("load_cifar10", [](const std::filesystem::path& folder) { return split_of(load_cifar10(folder)); }, nb::kw_only(),
             "folder"_a = "", nb::sig((std::string("def load_cifar10(*, folder: str | os.PathLike[str] = '') ") + kSplit).c_str()),
             "CIFAR-10 (Krizhevsky 2009), the binary version: training and test set, uint8 (n, 3, 32, 32) that stand for 0 .. 1.\n\n"
             "Raises FileError, saying where it looked, if the set is missing or damaged.");
  module.def("load_cifar100", [](const std::filesystem::path& folder, bool coarse) {
    return split_of(load_cifar100(folder, coarse ? Cifar100Labels::coarse : Cifar100Labels::fine));
  }, nb::kw_only(), "folder"_a = "", "coarse"_a = false,
  nb::sig((std::string("def load_cifar100(*, folder: str | os.PathLike[str] = '', coarse: bool = False) ") + kSplit).c_str()),
  "CIFAR-100 (Krizhevsky 2009), with its 100 labels or the 20 `coarse` ones.\n\nRaises FileError if the set is missing or damaged.");
  module.def("load_tiny_imagenet", [](const std::filesystem::path& folder, bool skip_corrupt, int threads) {
    return split_of(load_tiny_imagenet({.folder = folder, .skip_corrupt = skip_corrupt, .threads = threads}));
  }, nb::kw_only(), "folder"_a = "", "skip_corrupt"_a = false, "threads"_a = 0,
  nb::sig((std::string("def load_tiny_imagenet(*, folder: str | os.PathLike[str] = '', skip_corrupt: bool = False, threads: int = 0) ") +
           kSplit).c_str()),
  "Tiny ImageNet, 64 x 64 in colour, 200 classes: files that a Loader decodes, to (3, 64, 64) from 0 to 1. `skip_corrupt` leaves\n"
  "out what is damaged; Dataset.skipped says what.\n\nRaises FileError if the set is missing.");
}

}  // namespace

BoundDataset shared_dataset(Dataset&& data) {
  check(data);
  return {std::make_shared<const Dataset>(std::move(data))};
}

void bind_data(nb::module_& module) {
  bind_datasets(module);
  bind_generators(module);
  bind_readers(module);
  bind_statistics(module);
}

}  // namespace pcxx::python

/// Loader: batches of a dataset as NumPy arrays.
#include "bindings.h"

namespace pcxx::python {
namespace {

using namespace nb::literals;

struct BoundLoader {
  std::shared_ptr<const Dataset> data;
  Loader loader;
};

/// A batch with arrays of its own: the loader's memory is used again for the next one.
struct BoundBatch {
  Size index, size;
  nb::object samples, inputs, targets, labels;
};

/// Ends without the interpreter's lock: the threads behind it may be waiting for that, to run transforms of Python.
class BoundEpoch {
 public:
  BoundEpoch(std::shared_ptr<const BoundLoader> from, Size number, Size first_batch)
      : loader(std::move(from)), epoch(loader->loader.epoch(number, first_batch)), batches(loader->loader.batches() - first_batch) {
    all().insert(this);
  }
  BoundEpoch(const BoundEpoch&) = delete;
  BoundEpoch& operator=(const BoundEpoch&) = delete;
  ~BoundEpoch() {
    all().erase(this);
    end();
  }
  /// Ends those that are left when the interpreter does.
  static void end_all() {
    for (BoundEpoch* each : all()) {
      each->end();
    }
  }

  const std::shared_ptr<const BoundLoader> loader;  // outlives the epoch
  std::optional<Epoch> epoch;
  const Size batches;

 private:
  static std::set<BoundEpoch*>& all() {
    static std::set<BoundEpoch*>& living = *new std::set<BoundEpoch*>;
    return living;
  }
  void end() {
    const nb::gil_scoped_release released;
    epoch.reset();
  }
};

Shape batched(Size samples, const Shape& shape) {
  std::vector<Size> extents = {samples};
  extents.insert(extents.end(), shape.begin(), shape.end());
  return Shape(std::move(extents));
}

BoundBatch next(BoundEpoch& own) {
  const Batch* batch = nullptr;
  {
    const nb::gil_scoped_release released;
    batch = own.epoch ? own.epoch->next() : nullptr;
  }
  if (batch == nullptr) {
    throw nb::stop_iteration();
  }
  const Shape inputs = batched(batch->size, own.loader->loader.input_shape());
  const Shape targets = batched(batch->size, own.loader->loader.target_shape());
  return {batch->index, batch->size, numpy_copy(Shape({batch->size}), batch->samples),
          batch->indices.empty() ? numpy_copy(inputs, batch->inputs) : numpy_copy(inputs, batch->indices),
          numpy_copy(targets, batch->targets),
          batch->labels.empty() ? nb::none() : numpy_copy(Shape({batch->size}), batch->labels)};
}

}  // namespace

void bind_loader(nb::module_& module) {
  nb::module_::import_("atexit").attr("register")(nb::cpp_function(BoundEpoch::end_all));
  nb::class_<BoundBatch>(module, "Batch", "One batch, with arrays of its own. Unpacks as `inputs, targets = batch`.")
      .def_ro("index", &BoundBatch::index, "Its number within the epoch.")
      .def_ro("size", &BoundBatch::size, "The number of samples.")
      .def_ro("samples", &BoundBatch::samples, nb::sig("def samples(self) -> numpy.typing.NDArray[numpy.int64]"),
              "(size) int64: rows of the dataset.")
      .def_ro("inputs", &BoundBatch::inputs, nb::sig("def inputs(self) -> numpy.typing.NDArray[typing.Any]"),
              "(size, ...) float32, transformed; int32 for whole numbers that nodes of indices take.")
      .def_ro("targets", &BoundBatch::targets, nb::sig("def targets(self) -> numpy.typing.NDArray[numpy.float32]"),
              "(size, classes) float32, one-hot, or the dataset's targets.")
      .def_ro("labels", &BoundBatch::labels, nb::sig("def labels(self) -> typing.Any"), "(size) int32; None for regression.")
      .def("__len__", [](const BoundBatch& own) { return own.size; })
      .def("__iter__", [](const BoundBatch& own) { return nb::iter(nb::make_tuple(own.inputs, own.targets)); },
           nb::sig("def __iter__(self) -> collections.abc.Iterator[numpy.typing.NDArray[typing.Any]]"));
  nb::class_<BoundEpoch>(module, "Epoch", "The batches of one epoch, once; made by Loader.epoch(). len() is how many there are in all, however many have been taken.")
      .def("__iter__", [](nb::object self) { return self; }, nb::sig("def __iter__(self) -> Epoch"))
      .def("__len__", [](const BoundEpoch& own) { return own.batches; })
      .def("__next__", next, "The next batch.\n\nRaises FileError for a sample that cannot be read.");
  nb::class_<BoundLoader>(module, "Loader", "Batches of a dataset in an order that depends on seed and epoch alone.")
      .def("__init__", [](BoundLoader* self, const BoundDataset& dataset, Size batch, std::uint64_t seed, bool shuffle, bool drop_last,
                          Size prefetch, Size threads) {
        new (self) BoundLoader{dataset.data, Loader(*dataset.data, {batch, seed, shuffle, drop_last, prefetch, threads})};
      }, "dataset"_a, nb::kw_only(), "batch"_a = 128, "seed"_a = 0, "shuffle"_a = true, "drop_last"_a = false, "prefetch"_a = 0,
      "threads"_a = 1,
      "`batch`: samples per batch, the last of an epoch may have fewer, or is left out with `drop_last`; `prefetch`: batches that\n"
      "`threads` threads prepare ahead.\n\nRaises ArgumentError if the dataset is empty or an option makes no sense.")
      .def("epoch", [](nb::object self, Size number, Size first_batch) {
        auto own = nb::cast<std::shared_ptr<BoundLoader>>(self);
        return std::make_unique<BoundEpoch>(own, number, first_batch);
      }, "number"_a, "first_batch"_a = 0,
      nb::sig("def epoch(self, number: int, first_batch: int = 0) -> Epoch"),
      "The batches of an epoch (counted from 0), from first_batch on; its len() is their number, for progress bars.\n\nRaises IndexError if there is no such batch.")
      .def("order", [](const BoundLoader& own, Size epoch) { return own.loader.order(epoch); }, "epoch"_a,
           "The order in which an epoch takes the samples.")
      .def_prop_ro("batches", [](const BoundLoader& own) { return own.loader.batches(); }, "The number of batches of an epoch.")
      .def_prop_ro("samples", [](const BoundLoader& own) { return own.loader.samples(); }, "The number of samples of an epoch.")
      .def("__len__", [](const BoundLoader& own) { return own.loader.batches(); })
      .def_prop_ro("input_shape", [](const BoundLoader& own) { return own.loader.input_shape(); },
                   nb::sig("def input_shape(self) -> tuple[int, ...]"), "The shape of one sample's input, transformed.")
      .def_prop_ro("target_shape", [](const BoundLoader& own) { return own.loader.target_shape(); },
                   nb::sig("def target_shape(self) -> tuple[int, ...]"), "The shape of one sample's target: (classes,) for classification.");
}

}  // namespace pcxx::python

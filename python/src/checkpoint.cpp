/// Checkpoints of training runs: read, judged, and made a trainer again; confusion matrices.
#include <pcxx/run/training.h>

#include "recipe.h"

namespace pcxx::python {
namespace {

using namespace nb::literals;
using Path = std::filesystem::path;

Checkpoint load(const Path& path) {
  return run_released([&] { return load_checkpoint(std::filesystem::is_directory(path) ? checkpoint_path(path) : path); });
}

/// A checkpoint, or the file or the run's folder that holds it.
using CheckpointLike = std::variant<Checkpoint, Path>;

Recipe own_recipe(const Checkpoint& checkpoint) {
  Recipe recipe = parse_recipe(checkpoint.recipe, checkpoint.recipe_name);
  recipe.name = checkpoint.recipe_name;
  return recipe;
}

bool spans_run(const RateRecipe& rate) {
  return rate.schedule != "constant" && (rate.updates == 0 || std::any_of(rate.parts.begin(), rate.parts.end(), spans_run));
}

/// Returns the updates of the whole run; only schedules that span it need the number of samples.
Size updates_of(const Recipe& recipe) {
  if (std::none_of(recipe.weights.begin(), recipe.weights.end(), [](const OptimiserRecipe& each) { return spans_run(each.rate); })) {
    return 1;
  }
  const Split data = run_released([&] { return load_data(recipe.data); });
  return batches_per_epoch(recipe.data, data.train.size()) * std::max<Size>(recipe.epochs, 1);
}

nb::object trainer_of(const Checkpoint& own) {
  const Recipe recipe = own_recipe(own);
  const nb::object network = built_network(recipe);
  const nb::object trainer = nb::module_::import_("pcxx._pcxx").attr("Trainer")(
      network, BoundRule{build_rule(recipe, updates_of(recipe))}, "device"_a = recipe.device,
      "precision"_a = std::string(to_string(recipe.precision)), "seed"_a = recipe.seed, "threads"_a = recipe.threads,
      "averages"_a = averages(recipe));
  const nb::tuple given = nb::make_tuple(network.attr("node_named")("input"), network.attr("node_named")("label"));
  trainer.attr("restore")(numpy_of(NamedArrays(own.arrays)), own.progress.step, given);
  return trainer;
}

void bind_confusion(nb::module_& module) {
  nb::class_<ConfusionMatrix>(module, "ConfusionMatrix", "Which classes a network takes for which.")
      .def(nb::init<>(), "An empty one; the first batch sets the number of classes.")
      .def("add", [](ConfusionMatrix& own, const nb::object& predictions, const nb::object& labels) {
        const Array classes = array_of(labels, "labels");
        if (classes.type() != ElementType::i32) {
          throw DTypeError("[confusion] 'labels' are " + std::string(to_string(classes.type())) + "; expected int32: .astype makes a copy");
        }
        own.add(array_of(predictions, "predictions"), classes.as<std::int32_t>());
      }, "predictions"_a, "labels"_a, nb::sig("def add(self, predictions: object, labels: object) -> None"),
      "Counts predictions (samples, classes) float32, whose largest value says the class, against labels (samples) int32.\n\n"
      "Raises DTypeError or ShapeError if they do not fit, ArgumentError for a label that is no class.")
      .def_ro("classes", &ConfusionMatrix::classes, "The number of classes.")
      .def_prop_ro("counts", [](const ConfusionMatrix& own) {
        static_assert(sizeof(Size) == sizeof(std::int64_t));
        return numpy_copy(Shape({own.classes, own.classes}), std::span<const Size>(own.counts));
      }, nb::sig("def counts(self) -> numpy.typing.NDArray[numpy.int64]"),
      "(classes, classes) int64: how many samples of the row's class were taken for the column's. A copy.")
      .def_prop_ro("samples", [](const ConfusionMatrix& own) { return own.samples(); }, "How many were counted.")
      .def("accuracy", [](const ConfusionMatrix& own) { return own.accuracy(); },
           "The part of the samples that were taken for what they are.\n\nRaises ArgumentError if there are none.")
      .def("__eq__", [](const ConfusionMatrix& own, const ConfusionMatrix& other) { return own == other; }, nb::is_operator(),
           nb::sig("def __eq__(self, other: object, /) -> bool"))
      .def("__repr__", [](const ConfusionMatrix& own) {
        return "<confusion of " + std::to_string(own.classes) + " classes, " + std::to_string(own.samples()) + " samples>";
      });
}

void bind_progress(nb::module_& module) {
  nb::class_<RunProgress>(module, "RunProgress", "Where a training run stands.")
      .def_ro("epoch", &RunProgress::epoch, "Epochs completed.")
      .def_ro("batch", &RunProgress::batch, "Batches of the current epoch that were learned from.")
      .def_ro("step", &RunProgress::step, "Batches in all.")
      .def_ro("samples", &RunProgress::samples, "Samples of the current epoch so far, over which the sums run.")
      .def_ro("energy_sum", &RunProgress::energy_sum, "Of the current epoch so far.")
      .def_prop_ro("node_sums", [](const RunProgress& own) { return energies_of(own.node_sums); },
                   nb::sig("def node_sums(self) -> dict[str, float]"), "The same of each node, by name.")
      .def_ro("epoch_seconds", &RunProgress::epoch_seconds, "Training time of the current epoch.")
      .def_ro("seconds", &RunProgress::seconds, "Training time in all.")
      .def_ro("accuracy", &RunProgress::accuracy, "On the test set after the last completed epoch.")
      .def_ro("best_accuracy", &RunProgress::best_accuracy, "The highest so far.")
      .def_ro("best_epoch", &RunProgress::best_epoch, "The epoch that had it, counted from 1.")
      .def_ro("confusion", &RunProgress::confusion, "On the test set after the last completed epoch.");
}

void bind_evaluation(nb::module_& module) {
  nb::class_<Evaluation>(module, "Evaluation", "How good a checkpoint is on a test set.")
      .def_ro("samples", &Evaluation::samples, "Of the test set.")
      .def_ro("accuracy", &Evaluation::accuracy, "The part of them whose class is predicted.")
      .def_ro("energy", &Evaluation::energy, "Mean over the samples, after the recipe's relaxation with the label given.")
      .def_prop_ro("nodes", [](const Evaluation& own) { return energies_of(own.nodes); }, nb::sig("def nodes(self) -> dict[str, float]"),
                   "The energy of every node that has one, by name.")
      .def_ro("confusion", &Evaluation::confusion, "Which classes are taken for which.");
  module.def("evaluate", [](const CheckpointLike& given, const std::optional<RecipeLike>& recipe) {
    const Path* path = std::get_if<Path>(&given);
    const Checkpoint checkpoint = path == nullptr ? std::get<Checkpoint>(given) : load(*path);
    const Recipe judged = recipe ? recipe_of(*recipe) : own_recipe(checkpoint);
    return run_released([&] { return evaluate(checkpoint, judged); });
  }, "checkpoint"_a, "recipe"_a = nb::none(),
  nb::sig("def evaluate(checkpoint: Checkpoint | str | os.PathLike[str], recipe: Recipe | str | os.PathLike[str] | None = None) -> "
          "Evaluation"),
  "Judges a checkpoint, its file or its run's folder, on a recipe's test set: its own if nothing is said; another is made by\n"
  "checkpoint.recipe.set({...}).\n\nRaises FileError if a file is missing or damaged, NameError or ShapeError if the recipe's network "
  "has other parameters.");
}

}  // namespace

void bind_checkpoint(nb::module_& module) {
  bind_confusion(module);
  bind_progress(module);
  nb::class_<Checkpoint>(module, "Checkpoint", "All that a training run needs to go on as if it had never stopped.")
      .def_prop_ro("arrays", [](const Checkpoint& own) { return numpy_of(NamedArrays(own.arrays)); },
                   nb::sig("def arrays(self) -> dict[str, numpy.typing.NDArray[typing.Any]]"),
                   "Copies of parameters and optimiser states, by the names that State gives them.")
      .def_ro("progress", &Checkpoint::progress, "Where the run stood.")
      .def_prop_ro("recipe", own_recipe, "What the run was made from.\n\nRaises RecipeError if this version cannot read it.")
      .def("trainer", trainer_of, nb::sig("def trainer(self) -> Trainer"),
           "A Trainer of the recipe's network as the run left it, to predict with or to go on in Python; its nodes are\n"
           "trainer.network.node_named('input') and 'label'. Reads the data's size where a schedule spans the run.\n\n"
           "Raises NameError or ShapeError if the recipe's network has other parameters.")
      .def("save", [](const Checkpoint& own, const Path& path) { run_released([&] { save_checkpoint(path, own); }); }, "path"_a,
           nb::sig("def save(self, path: str | os.PathLike[str]) -> None"),
           "Replaces the checkpoint at `path`: all of it, or what was there before stays; that one is kept at\n"
           "previous_checkpoint(path).\n\nRaises FileError if it cannot be written, DivergenceError if an array holds a NaN or infinity.")
      .def("__repr__", [](const Checkpoint& own) {
        return "<checkpoint of '" + own.recipe_name + "' after " + std::to_string(own.progress.step) + " steps>";
      });
  module.def("load_checkpoint", load, "path"_a, nb::sig("def load_checkpoint(path: str | os.PathLike[str]) -> Checkpoint"),
             "The checkpoint in a file, or in the folder of a run.\n\nRaises FileError if the file is missing, damaged, no checkpoint or "
             "of a newer format.");
  module.def("previous_checkpoint", previous_checkpoint, "path"_a,
             nb::sig("def previous_checkpoint(path: str | os.PathLike[str]) -> pathlib.Path"),
             "Where the checkpoint before that at `path` lies: run/checkpoint.previous.safetensors.");
  bind_evaluation(module);
}

}  // namespace pcxx::python

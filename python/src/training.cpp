/// Training runs: a recipe carried out in a folder, watched from Python, and its report.
#include <pcxx/report/report.h>
#include <pcxx/run/tensorboard.h>
#include <pcxx/run/training.h>

#include <exception>

#include "recipe.h"

namespace pcxx::python {
namespace {

using namespace nb::literals;
using Path = std::filesystem::path;

/// What Python subclasses; it does nothing.
struct Watcher {};

/// A report of a batch with energies of its own: those of C++ are gone behind the call.
struct BoundBatchReport {
  BatchReport report;
  std::shared_ptr<const NamedEnergies> nodes;
  explicit BoundBatchReport(const BatchReport& given, const std::shared_ptr<const NamedEnergies>& kept)
      : report{given.epoch, given.batch,   given.batches,       given.step, given.energy,
               *kept,       given.seconds, given.seconds_in_all},
        nodes(kept) {}
};

/// Tells a Python observer what happens. What it raises, and Ctrl-C, stop the run at the next batch and wait in `failure`.
class PythonObserver : public TrainingObserver {
 public:
  explicit PythonObserver(nb::handle observer) : observer_(observer) {}

  void started(const TrainingStart& start) override { tell("started", start); }
  void epoch(const EpochReport& report) override { tell("epoch", report); }
  void notice(const std::string& text) override { tell("notice", text); }
  void batch(const BatchReport& report) override {
    if (listens("batch")) {
      tell("batch", BoundBatchReport(report, std::make_shared<const NamedEnergies>(report.nodes)));
    }
  }
  bool stop() override {
    bool wanted = false;
    guarded([&] {
      const nb::gil_scoped_acquire held;
      if (PyErr_CheckSignals() != 0) {
        throw nb::python_error();
      }
      if (listens("stop")) {
        const nb::object answer = observer_.attr("stop")();
        if (!nb::try_cast(answer, wanted, false)) {
          throw DTypeError(std::string("[train] stop() of the observer returned a '") + nb::type_name(answer.type()).c_str() +
                           "'; expected a bool");
        }
      }
    });
    return wanted || failure != nullptr;
  }

  std::exception_ptr failure;

 private:
  /// Whether the observer has a method of its own.
  bool listens(const char* method) {
    const auto [place, is_new] = listens_.try_emplace(method, false);
    if (is_new) {
      const nb::gil_scoped_acquire held;
      place->second = !observer_.is_none() && !nb::object(observer_.type().attr(method)).is(nb::type<Watcher>().attr(method));
    }
    return place->second;
  }
  template <class Report>
  void tell(const char* method, const Report& report) {
    guarded([&] {
      if (listens(method)) {
        const nb::gil_scoped_acquire held;
        observer_.attr(method)(report);
      }
    });
  }
  template <class Call>
  void guarded(const Call& call) {
    if (failure != nullptr) {
      return;  // the run stops as soon as it can
    }
    try {
      call();
    } catch (...) {
      failure = std::current_exception();
    }
  }

  nb::handle observer_;
  std::map<std::string, bool> listens_;
};

TrainingSummary train_as(const RecipeLike& given, const std::optional<Path>& folder, bool resume, bool force, bool tensorboard,
                         bool report, nb::handle observer) {
  if (!observer.is_none() && !nb::isinstance<Watcher>(observer)) {
    throw DTypeError(std::string("[train] the observer is a '") + nb::type_name(observer.type()).c_str() +
                     "'; expected an object of a subclass of pcxx.TrainingObserver");
  }
  const Recipe recipe = recipe_of(given);
  const TrainingOptions options{.folder = folder ? *folder : Path("runs") / recipe.name, .resume = resume, .force = force,
                                .tensorboard = tensorboard};
  PythonObserver told(observer);
  const auto reported = [&] {
    if (report) {
      write_report(options.folder);
    }
  };
  return run_released([&] {
    try {
      const TrainingSummary summary = train(recipe, options, told);
      reported();
      if (told.failure != nullptr) {
        std::rethrow_exception(told.failure);
      }
      return summary;
    } catch (const DivergenceError&) {
      reported();  // the curves on which it went wrong
      throw;
    }
  });
}

void begin_as(const RecipeLike& recipe, const Path& folder, nb::handle set, bool force) {
  const Callback function(set, "the function that sets the parameters");
  run_released([&] {
    begin_training(recipe_of(recipe), {.folder = folder, .force = force}, [&](const Network& network, State& state) {
      const nb::gil_scoped_acquire held;
      const BoundState copy{std::make_shared<State>(state)};
      function.run(nb::cast(new BoundNetwork(network), nb::rv_policy::take_ownership), copy);
      state = *copy.state;
    });
  });
}

void bind_reports(nb::module_& module) {
  nb::class_<TrainingStart>(module, "TrainingStart", "What a run is about to do, once the data is there.")
      .def_ro("train_samples", &TrainingStart::train_samples, "Samples to learn from.")
      .def_ro("test_samples", &TrainingStart::test_samples, "Samples to test on.")
      .def_ro("batches", &TrainingStart::batches, "Of an epoch.")
      .def_ro("parameters", &TrainingStart::parameters, "How many numbers are trained.")
      .def_ro("progress", &TrainingStart::progress, "Where it goes on; all zero at the beginning.")
      .def_ro("resumed", &TrainingStart::resumed, "Whether it goes on from a checkpoint.");
  nb::class_<BoundBatchReport>(module, "BatchReport", "After a batch: energies are its means, at the states from which the weights learned.")
      .def_prop_ro("epoch", [](const BoundBatchReport& own) { return own.report.epoch; }, "Its epoch, counted from 0.")
      .def_prop_ro("batch", [](const BoundBatchReport& own) { return own.report.batch; }, "Batches of this epoch done.")
      .def_prop_ro("batches", [](const BoundBatchReport& own) { return own.report.batches; }, "Batches of an epoch.")
      .def_prop_ro("step", [](const BoundBatchReport& own) { return own.report.step; }, "Batches in all.")
      .def_prop_ro("energy", [](const BoundBatchReport& own) { return own.report.energy; }, "The network's energy.")
      .def_prop_ro("nodes", [](const BoundBatchReport& own) { return energies_of(own.report.nodes); },
                   nb::sig("def nodes(self) -> dict[str, float]"), "The energy of every node that has one, by name.")
      .def_prop_ro("seconds", [](const BoundBatchReport& own) { return own.report.seconds; }, "Of training in this epoch.")
      .def_prop_ro("seconds_in_all", [](const BoundBatchReport& own) { return own.report.seconds_in_all; }, "Of training in all.");
  nb::class_<EpochReport>(module, "EpochReport", "After an epoch: energies are means over its samples.")
      .def_ro("epoch", &EpochReport::epoch, "Its number, counted from 1.")
      .def_ro("step", &EpochReport::step, "Batches in all.")
      .def_ro("energy", &EpochReport::energy, "The network's energy.")
      .def_prop_ro("nodes", [](const EpochReport& own) { return energies_of(own.nodes); }, nb::sig("def nodes(self) -> dict[str, float]"),
                   "The energy of every node that has one, by name.")
      .def_ro("test_accuracy", &EpochReport::test_accuracy, "The part of the test set whose class is predicted.")
      .def_ro("seconds", &EpochReport::seconds, "Of training.")
      .def_ro("evaluation_seconds", &EpochReport::evaluation_seconds, "Of the test after it.");
  nb::class_<TrainingSummary>(module, "TrainingSummary", "How a run ended.")
      .def_ro("finished", &TrainingSummary::finished, "Whether all epochs are done; else it was stopped, with a checkpoint.")
      .def_ro("progress", &TrainingSummary::progress, "Where it stands.")
      .def_ro("test_accuracy", &TrainingSummary::test_accuracy, "Of the parameters as they are now.")
      .def_ro("checkpoint", &TrainingSummary::checkpoint, nb::sig("def checkpoint(self) -> pathlib.Path"), "The path of its file.");
}

void bind_observer(nb::module_& module) {
  nb::class_<Watcher>(module, "TrainingObserver",
      "Told what happens in a training run, as it happens; subclass it and override what you want to know.\n\n"
      "    class Printer(pcxx.TrainingObserver):\n"
      "        def epoch(self, report: pcxx.EpochReport) -> None:\n"
      "            print(report.epoch, report.energy, report.test_accuracy)\n\n"
      "What a method raises stops the run at the next batch, with a checkpoint, and then comes out of train().")
      .def(nb::init<>(), "An observer that wants to know nothing.")
      .def("started", [](const Watcher&, const TrainingStart&) {}, "start"_a, nb::sig("def started(self, start: TrainingStart) -> None"),
           "The data is there; the first batch is next.")
      .def("batch", [](const Watcher&, const BoundBatchReport&) {}, "report"_a, nb::sig("def batch(self, report: BatchReport) -> None"),
           "A batch has been learned from.")
      .def("epoch", [](const Watcher&, const EpochReport&) {}, "report"_a, nb::sig("def epoch(self, report: EpochReport) -> None"),
           "An epoch is done and tested.")
      .def("notice", [](const Watcher&, const std::string&) {}, "text"_a, nb::sig("def notice(self, text: str) -> None"),
           "Something that the user should know, in one sentence.")
      .def("stop", [](const Watcher&) { return false; }, "Asked after every batch: whether to save and stop.");
}

}  // namespace

void bind_training(nb::module_& module) {
  bind_reports(module);
  bind_observer(module);
  module.def("train", train_as, "recipe"_a, "folder"_a = nb::none(), nb::kw_only(), "resume"_a = false, "force"_a = false,
             "tensorboard"_a = false, "report"_a = true, "observer"_a = nb::none(),
             nb::sig("def train(recipe: Recipe | str | os.PathLike[str], folder: str | os.PathLike[str] | None = None, *, resume: bool = "
                     "False, force: bool = False, tensorboard: bool = False, report: bool = True, observer: TrainingObserver | None = "
                     "None) -> TrainingSummary"),
             "Carries out a recipe in a folder, runs/<recipe> if nothing is said, as `pcxx train` does.\n\n"
             "The folder holds recipe.toml, log.jsonl, the last two checkpoints, with `report` report.html and with `tensorboard` an\n"
             "event file. `resume` goes on from its checkpoint: a run that was stopped anywhere gives the same bits as one that never\n"
             "was; `force` replaces a run that is there. The interpreter's lock is released. Ctrl-C, and what the observer raises, end\n"
             "the run after the batch at hand, with a checkpoint, before they are raised here.\n\n"
             "Raises RecipeError, FileError if the folder holds a run or cannot be written, ArgumentError for a run that was started\n"
             "with another recipe, DivergenceError; after that the last checkpoint in the folder is a good one.");
  module.def("begin_training", begin_as, "recipe"_a, "folder"_a, "set"_a, nb::kw_only(), "force"_a = false,
             nb::sig("def begin_training(recipe: Recipe | str | os.PathLike[str], folder: str | os.PathLike[str], set: "
                     "collections.abc.Callable[[Network, State], object], *, force: bool = False) -> None"),
             "Makes the folder of a run that has not begun: the recipe and a first checkpoint, with the parameters as set(network,\n"
             "state) leaves them. train() with `resume` goes on from it.\n\nRaises FileError if the folder holds a run, unless `force`, "
             "and what the function raises; then nothing was changed.");
  module.def("write_report", [](const Path& folder) { run_released([&] { write_report(folder); }); }, "folder"_a,
             nb::sig("def write_report(folder: str | os.PathLike[str]) -> None"),
             "Writes report.html into the folder of a run, finished or not, in place of an earlier one: curves, energies of nodes,\n"
             "confusion matrix, timings, machine and recipe, complete in itself.\n\nRaises FileError if the folder holds no run.");
  module.def("report_html", [](const Path& folder) { return run_released([&] { return report_html(folder); }); }, "folder"_a,
             nb::sig("def report_html(folder: str | os.PathLike[str]) -> str"),
             "The report of the run in a folder as an HTML page.\n\nRaises FileError if the folder holds no run.");
  module.def("write_event_file", [](const Path& folder) { run_released([&] { write_event_file(folder); }); }, "folder"_a,
             nb::sig("def write_event_file(folder: str | os.PathLike[str]) -> None"),
             "Writes an event file for TensorBoard into a run's folder, in place of earlier ones: every number that its log has.\n\n"
             "Raises FileError if the log cannot be read or the file not be written.");
  const auto path = [&](const char* name, Path (*of)(const Path&), const char* doc) {
    module.def(name, of, "folder"_a, nb::sig((std::string("def ") + name + "(folder: str | os.PathLike[str]) -> pathlib.Path").c_str()), doc);
  };
  path("checkpoint_path", checkpoint_path, "The path of a run's checkpoint: folder/checkpoint.safetensors.");
  path("log_path", log_path, "The path of a run's log, one JSON object a line: folder/log.jsonl.");
  path("report_path", report_path, "The path of a run's report: folder/report.html.");
}

}  // namespace pcxx::python

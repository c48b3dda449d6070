/// Looking at recipes before anything is trained, benchmarks, replays of frozen runs.
#include <pcxx/run/bench.h>
#include <pcxx/run/inspection.h>
#include <pcxx/run/replay.h>

#include "recipe.h"

namespace pcxx::python {
namespace {

using namespace nb::literals;
using Path = std::filesystem::path;

void bind_inspect(nb::module_& module) {
  nb::class_<InspectedNode>(module, "InspectedNode", "A node of a recipe's network.")
      .def_ro("name", &InspectedNode::name, "Its name.")
      .def_prop_ro("shape", [](const InspectedNode& own) { return own.shape; }, nb::sig("def shape(self) -> tuple[int, ...]"),
                   "The shape of one sample's value.")
      .def_ro("given", &InspectedNode::given, "Whether it comes as data.")
      .def_ro("predicted", &InspectedNode::predicted, "Whether something predicts it.")
      .def_ro("prediction", &InspectedNode::prediction, "As the recipe says it: 'linear 784 to 128, gelu'.")
      .def_ro("energy", &InspectedNode::energy, "The name of its energy.");
  nb::class_<InspectedParameter>(module, "InspectedParameter", "A parameter of a recipe's network.")
      .def_ro("name", &InspectedParameter::name, "Its name.")
      .def_prop_ro("shape", [](const InspectedParameter& own) { return own.shape; }, nb::sig("def shape(self) -> tuple[int, ...]"),
                   "Its shape.")
      .def_ro("count", &InspectedParameter::count, "How many numbers it holds.");
  nb::class_<Inspection>(module, "Inspection", "What a recipe is made of and what it costs.")
      .def_ro("nodes", &Inspection::nodes, "InspectedNodes, from the input up.")
      .def_ro("parameters", &Inspection::parameters, "InspectedParameters, in the order they were made.")
      .def_ro("parameter_count", &Inspection::parameter_count, "How many numbers are trained.")
      .def_ro("batch", &Inspection::batch, "Samples of a full batch.")
      .def_ro("plan", &Inspection::plan, "What Executor.explain() says of a training step.")
      .def_ro("program", &Inspection::program, "The program before any pass, as text.")
      .def_ro("flops", &Inspection::flops, "Of a training step on a full batch.")
      .def_ro("working_bytes", &Inspection::working_bytes, "What the plan holds for a full batch.")
      .def_ro("state_bytes", &Inspection::state_bytes, "Parameters and optimiser states.")
      .def_ro("compile_seconds", &Inspection::compile_seconds, "Building the network, tracing and compiling.");
  module.def("inspect", [](const RecipeLike& recipe) {
    const Recipe read = recipe_of(recipe);
    return run_released([&] { return inspect(read); });
  }, "recipe"_a, nb::sig("def inspect(recipe: Recipe | str | os.PathLike[str]) -> Inspection"),
  "Builds and compiles what a recipe describes; no data is read.\n\nRaises RecipeError, FileError for a file that cannot be read.");
}

void bind_bench(nb::module_& module) {
  nb::class_<BenchResult>(module, "BenchResult", "How long training steps take.")
      .def_ro("first_step_seconds", &BenchResult::first_step_seconds, "Building the network, tracing, compiling and the first step.")
      .def_ro("median_ms", &BenchResult::median_ms, "Milliseconds, median of the steps after the second.")
      .def_ro("min_ms", &BenchResult::min_ms, "Milliseconds, of the fastest.")
      .def_ro("steps_timed", &BenchResult::steps_timed, "How many that were.")
      .def_ro("flops", &BenchResult::flops, "Floating-point operations of one step.")
      .def_ro("bytes", &BenchResult::bytes, "Of parameters, optimiser states and all that the plan works in; not the data.")
      .def_ro("energy", &BenchResult::energy, "Mean, of the last step.")
      .def_ro("threads", &BenchResult::threads, "That worked.");
  module.def("bench", [](const std::string& work, const std::string& rule, Size width, Size batch, Size steps, Size repeat,
                         const Path& data, const std::string& device, const std::string& precision, int threads, bool known_zeros,
                         bool hoist) {
    const BenchOptions options{work, rule, width, batch, steps, repeat, data.string(), device, precision_from(precision), threads,
                               known_zeros, hoist};
    return run_released([&] { return bench(options); });
  }, "work"_a = "mlp", nb::kw_only(), "rule"_a = "pc", "width"_a = 128, "batch"_a = 256, "steps"_a = 8, "repeat"_a = 100, "data"_a = "",
  "device"_a = "cpu", "precision"_a = "f32", "threads"_a = 0, "known_zeros"_a = true, "hoist"_a = true,
  nb::sig("def bench(work: str = 'mlp', *, rule: str = 'pc', width: int = 128, batch: int = 256, steps: int = 8, repeat: int = 100, data: "
          "str | os.PathLike[str] = '', device: str = 'cpu', precision: str = 'f32', threads: int = 0, known_zeros: bool = True, hoist: "
          "bool = True) -> BenchResult"),
  "Times training steps, as `pcxx bench` does, on work that other systems are timed on too.\n\n"
  "`work`: mlp (784-width-width-width-10 on Fashion-MNIST), moons (2-32-32-2, batch 32, 8 steps), vgg5 or alexnet (one batch of\n"
  "noise (3, 32, 32)); `rule`: pc or bp; `data`: folder of Fashion-MNIST. Raises ArgumentError for a work that is not known.");
}

void bind_bench_plan(nb::module_& module) {
  module.def("bench_plan", [](const std::string& work, const std::string& rule, Size width, Size batch, Size steps,
                              const std::string& device, const std::string& precision, int threads) {
    return bench_plan({.work = work, .rule = rule, .width = width, .batch = batch, .steps = steps, .device = device,
                       .precision = precision_from(precision), .threads = threads});
  }, "work"_a = "mlp", nb::kw_only(), "rule"_a = "pc", "width"_a = 128, "batch"_a = 256, "steps"_a = 8, "device"_a = "cpu",
  "precision"_a = "f32", "threads"_a = 0,
  "The compiled plan of what bench() times, as Executor.explain() tells it.\n\nRaises ArgumentError for a work that is not known.");
}

void bind_replay(nb::module_& module) {
  nb::class_<ReplayedArray>(module, "ReplayedArray", "One array of a frozen run: error = max |ours - frozen| / scale.")
      .def_ro("name", &ReplayedArray::name, "Its name in the file.")
      .def_ro("error", &ReplayedArray::error, "Relative to the scale of the array.")
      .def_ro("passed", &ReplayedArray::passed, "Whether the error is allowed.")
      .def_ro("problem", &ReplayedArray::problem, "Why there is no error: another shape, or a name without meaning.");
  nb::class_<ReplayedGroup>(module, "ReplayedGroup", "Arrays of one kind: start, energies, gradients, states, ...")
      .def_ro("name", &ReplayedGroup::name, "Of the kind.")
      .def_ro("arrays", &ReplayedGroup::arrays, "ReplayedArrays.")
      .def_ro("largest_error", &ReplayedGroup::largest_error, "Among them.")
      .def_ro("worst", &ReplayedGroup::worst, "The array that has it.");
  nb::class_<ReplayReport>(module, "ReplayReport", "How far a training step here is from one that was frozen in another system.")
      .def_ro("widths", &ReplayReport::widths, "Of the layers.")
      .def_ro("activation", &ReplayReport::activation, "Of the hidden layers.")
      .def_ro("energy", &ReplayReport::energy, "Of the output.")
      .def_ro("steps", &ReplayReport::steps, "Of relaxation.")
      .def_ro("groups", &ReplayReport::groups, "ReplayedGroups.")
      .def_ro("passed", &ReplayReport::passed, "How many arrays agree.")
      .def_ro("failed", &ReplayReport::failed, "How many do not.");
  module.def("replay", [](const Path& path, const std::string& device, const std::string& precision, int threads, double tolerance,
                          bool known_zeros, bool hoist) {
    const ReplayOptions options{device, precision_from(precision), threads, tolerance, known_zeros, hoist};
    return run_released([&] { return replay(path, options); });
  }, "path"_a, nb::kw_only(), "device"_a = "cpu", "precision"_a = "f32", "threads"_a = 0, "tolerance"_a = 1e-4, "known_zeros"_a = true,
  "hoist"_a = true,
  nb::sig("def replay(path: str | os.PathLike[str], *, device: str = 'cpu', precision: str = 'f32', threads: int = 0, tolerance: float = "
          "1e-4, known_zeros: bool = True, hoist: bool = True) -> ReplayReport"),
  "Repeats a training step frozen by tools/freeze_oracle.py and compares every number of it; `tolerance`: the largest error allowed,\n"
  "relative to the scale of the array.\n\nRaises FileError if the file is not one, NameError for an activation or energy that is not "
  "known.");
}

}  // namespace

void bind_inspection(nb::module_& module) {
  bind_inspect(module);
  bind_bench(module);
  bind_bench_plan(module);
  bind_replay(module);
}

}  // namespace pcxx::python

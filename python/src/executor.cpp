/// Executor: a program compiled for a device, run on batches of arrays.
#include "executor.h"

namespace pcxx::python {
namespace {

using namespace nb::literals;

BoundExecutor made(nb::handle network, const std::vector<BoundNode>& given, nb::handle write, const std::optional<BoundState>& state,
                   const std::string& device, const std::string& precision, int threads, std::uint64_t seed, bool known_zeros,
                   bool hoist) {
  BoundNetwork& own = network_of(network, "executor");
  const ExecutorOptions options{.device = device, .precision = precision_from(precision), .threads = threads, .seed = seed,
                                .known_zeros = known_zeros, .hoist = hoist};
  const LearningRule program = rule_of(write, "executor");
  const BoundState used = state ? *state : BoundState{std::make_shared<State>(own.initialise(seed, options.precision))};
  const Locks locks{.state = used.lock};
  auto executor = locks.compile([&] {
    return std::make_shared<Executor>(own, unbound(given), program.write, used.state, options);
  });
  own.close();
  return {executor, executor, used, locks, options.precision == Precision::f64};
}

void run(const BoundExecutor& own, const std::optional<nb::dict>& data, std::optional<Size> samples) {
  if (own.runs == nullptr) {
    throw ArgumentError("[run] this executor belongs to a trainer; expected Trainer.step()");
  }
  run_on(own.locks, own.wide, data, samples, [&](const auto&... given) { own.runs->run(given...); });
}

Profile profile(const BoundExecutor& own, const std::optional<nb::dict>& data, std::optional<Size> samples) {
  if (own.runs == nullptr) {
    throw ArgumentError("[profile] this executor belongs to a trainer; expected Trainer.profile()");
  }
  return run_on(own.locks, own.wide, data, samples, [&](const auto&... given) { return own.runs->profile(given...); });
}

/// Reads something while the executor does not run.
template <class What>
auto read(const BoundExecutor& own, const What& what) {
  return own.locks.compile([&] { return what(*own.shown); });
}

}  // namespace

void bind_executor(nb::module_& module) {
  nb::class_<BoundExecutor>(module, "Executor",
      "A program compiled for a device, run on batches.\n\n"
      "Executors may run in several threads at once: those that share a state take turns, others run side by side. The\n"
      "interpreter's lock is released while they run.")
      .def("__init__", [](BoundExecutor* self, const nb::object& network, const std::vector<BoundNode>& given, const nb::object& write,
                          const std::optional<BoundState>& state, const std::string& device, const std::string& precision, int threads,
                          std::uint64_t seed, bool known_zeros, bool hoist) {
        new (self) BoundExecutor(made(network, given, write, state, device, precision, threads, seed, known_zeros, hoist));
      }, "network"_a, "given"_a, "write"_a, "state"_a = nb::none(), nb::kw_only(), "device"_a = "cpu", "precision"_a = "f32",
      "threads"_a = 0, "seed"_a = 0, "known_zeros"_a = true, "hoist"_a = true,
      nb::sig("def __init__(self, network: Network, given: collections.abc.Sequence[Node], write: LearningRule | "
              "collections.abc.Callable[[Flow], object], state: State | None = None, *, device: str = 'cpu', precision: str = 'f32', "
              "threads: int = 0, seed: int = 0, known_zeros: bool = True, hoist: bool = True) -> None"),
      "Writes the program with `write`, a function of a Flow or a LearningRule, and compiles it.\n\n"
      "`given`: the nodes that come as data with each run; `state`: drawn with the seed if nothing is said; `device`: 'cpu' or\n"
      "'reference'; `precision`: 'f32', 'bf16', or 'f64' on the reference; `threads`: 0 for all cores, results do not depend on it;\n"
      "`known_zeros`, `hoist`: off only to see that they change no bit. Raises what the function raises, ArgumentError, NameError or\n"
      "DeviceError.")
      .def("run", run, "data"_a = nb::none(), nb::kw_only(), "samples"_a = nb::none(),
           nb::sig("def run(self, data: collections.abc.Mapping[Node, object] | None = None, *, samples: int | None = None) -> None"),
           "Runs on {node: array}, arrays (samples, shape of the node): float32, int32 for nodes of indices, float64 for precision\n"
           "f64. Any array with the buffer protocol or DLPack is read where it lies. `samples`: for programs without data.\n\n"
           "Raises DTypeError, ShapeError, DeviceError or ArgumentError, naming the node, what it got and what is wanted.")
      .def("profile", profile, "data"_a = nb::none(), nb::kw_only(), "samples"_a = nb::none(),
           nb::sig("def profile(self, data: collections.abc.Mapping[Node, object] | None = None, *, samples: int | None = None) -> Profile"),
           "Runs as run() does, to the same bits, and returns what ran when.\n\n"
           "The first run of an executor also pays for caches that are cold. Raises DeviceError on the device 'reference', which has\n"
           "no plan, ArgumentError for a trainer's executor (expected Trainer.profile()), and what run() raises.")
      .def("value", [](const BoundExecutor& own, const BoundNode& node) {
        return numpy_of(read(own, [&](const Executor& executor) { return executor.value(node.node); }));
      }, "node"_a, nb::sig("def value(self, node: Node) -> numpy.typing.NDArray[typing.Any]"),
      "A node's values as the last run left them: (samples, shape of the node).\n\nRaises ArgumentError before the first run, and for "
      "a node that the program does not set.")
      .def("output", [](const BoundExecutor& own, const std::string& name) {
        return numpy_of(read(own, [&](const Executor& executor) { return executor.output(name); }));
      }, "name"_a, nb::sig("def output(self, name: str) -> numpy.typing.NDArray[typing.Any]"),
      "An output as the last run left it: (samples, ...) if it is per sample.\n\nRaises NameError with the known names, ArgumentError "
      "before the first run.")
      .def("outputs", [](const BoundExecutor& own) { return own.shown->outputs(); }, "The names of the outputs.")
      .def_prop_ro("state", [](const BoundExecutor& own) { return own.state; }, "The state that it runs on.")
      .def("plan", [](const BoundExecutor& own, Size samples) { return own.shown->plan(samples); }, "samples"_a,
           "The plan for so many samples, as data: blocks, calls, variables.\n\n"
           "Raises DeviceError on the device 'reference', which runs programs as they were written; ArgumentError for fewer than 0.")
      .def("explain", [](const BoundExecutor& own) { return own.shown->explain(); },
           "The plan as text: loops, kernels, fused expressions, FLOPs, bytes, what was hoisted and what skipped.")
      .def("program", [](const BoundExecutor& own) { return own.shown->program(); }, "The program before any pass, as text.")
      .def("flops", [](const BoundExecutor& own, Size samples) { return own.shown->flops(samples); }, "samples"_a,
           "Floating-point operations of one run on so many samples; a multiply-add counts two.")
      .def("bytes", [](const BoundExecutor& own, Size samples) { return own.shown->bytes(samples); }, "samples"_a,
           "Bytes that the executor holds for so many samples, states excluded.");
}

}  // namespace pcxx::python

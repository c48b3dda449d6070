/// Trainer: a network and a learning rule on a device, step by step.
#include "executor.h"

namespace pcxx::python {
namespace {

using namespace nb::literals;

struct BoundTrainer {
  std::shared_ptr<Trainer> trainer;
  nb::object network;  // whose phases and whose attributes the rule's function may need at the first step
  nb::object rule;
  BoundState state;
  Locks locks;
  TrainerOptions options;
  bool wide;
  std::set<std::pair<Size, std::vector<Size>>> traced = {};  // predictions that have been made: of which node, from which
};

BoundTrainer made(const nb::object& network, const nb::object& rule, const std::string& device, const std::string& precision,
                  std::uint64_t seed, int threads, bool known_zeros, bool hoist, bool averages) {
  BoundNetwork& own = network_of(network, "trainer");
  const TrainerOptions options{.device = device, .precision = precision_from(precision), .seed = seed, .threads = threads,
                               .known_zeros = known_zeros, .hoist = hoist, .averages = averages};
  auto trainer = std::make_shared<Trainer>(own, rule_of(rule, "trainer"), options);
  own.close();
  const BoundState state{trainer->shared_state()};
  return {trainer, network, rule, state, Locks{.state = state.lock}, options, options.precision == Precision::f64};
}

/// Calls learn(arrays), or learn(samples, rows), with what {node: array} holds, once its program is compiled.
template <class Learn>
auto learn_on(const BoundTrainer& own, const nb::dict& data, const char* who, const Learn& learn) {
  const Feed feed(data, who, own.wide);
  if (feed.empty()) {
    throw ArgumentError(std::string("[") + who + "] there are no data; expected {node: array}");
  }
  const std::vector<Node> given = feed.nodes();
  own.locks.compile([&] { own.trainer->executor(given); });
  if (own.wide) {
    const BatchArrays arrays = feed.arrays();
    return own.locks.run([&] { return learn(arrays); });
  }
  return own.locks.run([&] { return learn(feed.samples(), feed.rows()); });
}

StepReport step(const BoundTrainer& own, const nb::dict& data) {
  return learn_on(own, data, "step", [&](const auto&... given) { return own.trainer->step(given...); });
}

Profile profile(const BoundTrainer& own, const nb::dict& data) {
  return learn_on(own, data, "profile", [&](const auto&... given) { return own.trainer->profile(given...); });
}

Array predict(BoundTrainer& own, const BoundNode& node, const nb::dict& data) {
  const Feed feed(data, "predict", own.wide);
  std::pair<Size, std::vector<Size>> key{node.node.index(), {}};
  for (const Node& given : feed.nodes()) {
    key.second.push_back(given.index());
  }
  const BatchArrays arrays = own.wide ? feed.arrays() : BatchArrays{};
  const auto predicted = [&] {
    return own.wide ? own.trainer->predict(node.node, arrays) : own.trainer->predict(node.node, feed.samples(), feed.rows());
  };
  // The first prediction of its kind traces the network, which other threads must not do meanwhile.
  const bool is_first = own.traced.insert(key).second;
  return is_first ? own.locks.compile(predicted) : own.locks.run(predicted);
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  if (nb::inst_ready(self)) {
    const BoundTrainer& own = *nb::inst_ptr<BoundTrainer>(self);
    Py_VISIT(own.network.ptr());
    Py_VISIT(own.rule.ptr());
  }
  return 0;
}

int clear(PyObject* self) {
  if (nb::inst_ready(self)) {
    BoundTrainer& own = *nb::inst_ptr<BoundTrainer>(self);
    own.network.reset();
    own.rule.reset();
  }
  return 0;
}

PyType_Slot kSlots[] = {{Py_tp_traverse, reinterpret_cast<void*>(traverse)}, {Py_tp_clear, reinterpret_cast<void*>(clear)}, {0, nullptr}};

void bind_report(nb::module_& module) {
  nb::class_<StepReport>(module, "StepReport", "What one training step found, before the weights moved: means over the batch.")
      .def_ro("step", &StepReport::step, "The number of the step, counted from 0.")
      .def_ro("energy", &StepReport::energy, "The network's energy, in nats where energies are likelihoods.")
      .def_prop_ro("nodes", [](const StepReport& own) { return energies_of(own.nodes); }, nb::sig("def nodes(self) -> dict[str, float]"), "The energy of every node that has one, by name.")
      .def("__repr__", [](const StepReport& own) {
        return "<step " + std::to_string(own.step) + ": energy " + std::to_string(own.energy) + ">";
      });
}

}  // namespace

void bind_trainer(nb::module_& module) {
  bind_report(module);
  nb::class_<BoundTrainer>(module, "Trainer", nb::type_slots(kSlots), "A network and a learning rule on a device: step by step, with reports.")
      .def("__init__", [](BoundTrainer* self, const nb::object& network, const nb::object& rule, const std::string& device,
                          const std::string& precision, std::uint64_t seed, int threads, bool known_zeros, bool hoist, bool averages) {
        new (self) BoundTrainer(made(network, rule, device, precision, seed, threads, known_zeros, hoist, averages));
      }, "network"_a, "rule"_a, nb::kw_only(), "device"_a = "cpu", "precision"_a = "f32", "seed"_a = 0, "threads"_a = 0,
      "known_zeros"_a = true, "hoist"_a = true, "averages"_a = false,
      nb::sig("def __init__(self, network: Network, rule: LearningRule | collections.abc.Callable[[Flow], object], *, device: str = "
              "'cpu', precision: str = 'f32', seed: int = 0, threads: int = 0, known_zeros: bool = True, hoist: bool = True, averages: "
              "bool = False) -> None"),
      "Draws the parameters; nothing is compiled before the first step.\n\n"
      "`rule`: PredictiveCoding() and the like, or a function of a Flow; `device`: 'cpu' or 'reference'; `precision`: 'f32', 'bf16',\n"
      "or 'f64' on the reference; `seed`: of the initial parameters and of random draws; `threads`: 0 for all cores, results do not\n"
      "depend on it; `averages`: predict() uses the averages that averaged() optimisers keep. Raises NameError for an unknown device\n"
      "or precision.")
      .def("step", step, "data"_a, nb::sig("def step(self, data: collections.abc.Mapping[Node, object]) -> StepReport"),
           "Learns from one batch, {node: array}, arrays (samples, shape of the node) as Executor.run() takes them.\n\n"
           "Raises DivergenceError, naming node and step, if an energy is NaN or infinite; the parameters are of no use then. Raises\n"
           "DTypeError, ShapeError, DeviceError or ArgumentError, naming the node, for data that do not fit.")
      .def("profile", profile, "data"_a, nb::sig("def profile(self, data: collections.abc.Mapping[Node, object]) -> Profile"),
           "Learns from one batch as step() does, to the same bits, and returns what ran when.\n\n"
           "The first step compiles, and the second still finds caches cold: make some steps before. Raises what step() raises, and\n"
           "DeviceError on the device 'reference', which has no plan.")
      .def("fit", [](nb::handle self, const nb::args& batches, const nb::kwargs& options) {
        return nb::module_::import_("pcxx.fitting").attr("fit")(self, *batches, **options);  // a loop over step(), in Python
      },
      nb::sig("def fit(self, batches: Loader | collections.abc.Iterable[typing.Any], nodes: Node | collections.abc.Sequence[Node | None] | None = "
              "None, *, epochs: int = 1, first_epoch: int = 0, progress: bool | collections.abc.Callable[..., "
              "collections.abc.Iterable[typing.Any]] = False, after_epoch: collections.abc.Callable[[int, list[StepReport]], object] | "
              "None = None) -> list[StepReport]"),
      "Learns from every batch of some epochs; returns the reports of all steps.\n\n"
      "`batches`: a Loader, which shuffles each epoch anew, or what can be gone through once for each epoch: a PyTorch DataLoader, a\n"
      "list. A batch is a tuple or a pcxx.Batch of arrays (samples, shape of the node), one array, or a {node: array}; `nodes`: who\n"
      "takes which part of a batch, None for a part that nobody needs; left out for {node: array}. `first_epoch`: the number of the\n"
      "first one, counted from 0, on which a Loader's order depends. `progress`: True for a bar of tqdm for each epoch, or any\n"
      "callable that is called as tqdm is, (iterable, total=, desc=). `after_epoch(epoch, reports)` is called with the reports of the\n"
      "epoch's steps.\n\n"
      "Raises ArgumentError or ShapeError for batches that do not fit the nodes or cannot be gone through again, and as step().")
      .def("predict", [](BoundTrainer& own, const BoundNode& node, const nb::dict& data) {
        return numpy_of(predict(own, node, data));
      }, "node"_a, "inputs"_a,
      nb::sig("def predict(self, node: Node, inputs: collections.abc.Mapping[Node, object]) -> numpy.typing.NDArray[typing.Any]"),
      "What the network predicts for a node from others' values, by one forward pass: (samples, shape of the node).\n\n"
      "Raises as step().")
      .def("accuracy", [](BoundTrainer& own, const BoundNode& node, const nb::object& targets, const nb::dict& data) {
        const Array wanted = array_of(targets, "targets");
        const Array predictions = predict(own, node, data);
        return accuracy_of(predictions, wanted);
      }, "node"_a, "targets"_a, "inputs"_a,
      nb::sig("def accuracy(self, node: Node, targets: object, inputs: collections.abc.Mapping[Node, object]) -> float"),
      "The part of the samples whose largest prediction is at the largest target; targets (samples, shape of the node).\n\n"
      "Raises ShapeError if the shapes differ.")
      .def_prop_ro("state", [](const BoundTrainer& own) {
        own.trainer->state();  // averages are made anew after a change
        return own.state;
      }, "Parameters, optimiser states and counters; other executors of the network may share them.")
      .def_prop_ro("network", [](const BoundTrainer& own) { return own.network; }, nb::sig("def network(self) -> typing.Any"),
                   "The network that it trains, as it was made in Python.")
      .def_prop_ro("rule", [](const BoundTrainer& own) { return own.rule; },
                   nb::sig("def rule(self) -> LearningRule | collections.abc.Callable[[Flow], object]"), "The rule that it was given.")
      .def_prop_ro("options", [](const BoundTrainer& own) {
        nb::dict options;
        options["device"] = own.options.device;
        options["precision"] = std::string(to_string(own.options.precision));
        options["threads"] = own.options.threads;
        options["seed"] = own.options.seed;
        options["known_zeros"] = own.options.known_zeros;
        options["hoist"] = own.options.hoist;
        return options;
      }, nb::sig("def options(self) -> dict[str, typing.Any]"),
      "What its executors are made with, as Executor() takes it: another one runs as this trainer does.")
      .def_prop_ro("steps", [](const BoundTrainer& own) { return own.trainer->steps(); }, "The training steps made.")
      .def("restore", [](const BoundTrainer& own, const nb::dict& given, Size steps, const std::vector<BoundNode>& nodes) {
        const NamedArrays arrays = arrays_of(given);
        own.locks.compile([&] { own.trainer->restore(arrays, steps, unbound(nodes)); });
      }, "arrays"_a, "steps"_a, "given"_a,
      nb::sig("def restore(self, arrays: collections.abc.Mapping[str, object], steps: int, given: collections.abc.Sequence[Node]) -> None"),
      "Goes back to parameters and optimiser states, State.arrays(), as they were after so many steps on data for `given`.\n\n"
      "Raises NameError or ShapeError as State.load(); then nothing was changed.")
      .def("executor", [](const BoundTrainer& own, const std::vector<BoundNode>& given) {
        const Executor& found = own.locks.compile([&]() -> const Executor& { return own.trainer->executor(unbound(given)); });
        return BoundExecutor{std::shared_ptr<const Executor>(own.trainer, &found), nullptr, own.state, own.locks, own.wide};
      }, "given"_a, "The executor of training steps on data for `given`, compiled if there is none: its plan, its costs, node values and\n"
      "outputs as the last step left them.\n\nRaises what compiling raises.");
  module.def("accuracy_of", [](const nb::object& predictions, const nb::object& targets) {
    return accuracy_of(array_of(predictions, "predictions"), array_of(targets, "targets"));
  }, "predictions"_a, "targets"_a, nb::sig("def accuracy_of(predictions: object, targets: object) -> float"),
  "The part of the samples, rows of both (samples, classes), whose largest prediction is at the largest target.\n\n"
  "Raises ShapeError if the shapes differ.");
  module.def("prediction_of", [](const BoundNode& node) { return BoundRule{{"prediction", prediction_of(node.node)}}; }, "node"_a,
             "A program for evaluation: the forward pass from what is given to what predicts `node`, as output 'prediction'. Nothing "
             "is relaxed.");
}

}  // namespace pcxx::python

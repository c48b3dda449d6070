/// Ensemble: copies of one network, differently seeded or configured, that one program trains at once.
#include "executor.h"

namespace pcxx::python {
namespace {

using namespace nb::literals;

struct BoundEnsemble {
  std::shared_ptr<Ensemble> ensemble;
  Locks locks;
  bool wide;  // takes f64 numbers
};

using Member = std::pair<nb::object, std::uint64_t>;

BoundEnsemble made(nb::handle network, const std::vector<BoundNode>& given, const std::vector<Member>& members,
                   const std::string& device, const std::string& precision, int threads, bool known_zeros, bool hoist) {
  BoundNetwork& own = network_of(network, "ensemble");
  const ExecutorOptions options{.device = device, .precision = precision_from(precision), .threads = threads,
                                .known_zeros = known_zeros, .hoist = hoist};
  std::vector<EnsembleMember> all;
  for (const auto& [write, seed] : members) {
    all.push_back({rule_of(write, "ensemble").write, seed});
  }
  const Locks locks{.state = std::make_shared<std::recursive_mutex>()};
  auto ensemble = locks.compile([&] { return std::make_shared<Ensemble>(own, unbound(given), all, options); });
  own.close();
  return {std::move(ensemble), locks, options.precision == Precision::f64};
}

/// Reads something while the ensemble does not run.
template <class What>
auto read(const BoundEnsemble& own, const What& what) {
  return own.locks.compile([&] { return what(*own.ensemble); });
}

}  // namespace

void bind_ensemble(nb::module_& module) {
  nb::class_<BoundEnsemble>(module, "Ensemble",
      "Copies of one network, differently seeded or configured, that one program trains at once.\n\n"
      "All copies see the same data. Each becomes, to the bit, what an Executor with its seed and a state of its own would make of\n"
      "it: copies share loops and the plan, not a single variable. Many small networks train faster so than one after the other.")
      .def("__init__", [](BoundEnsemble* self, const nb::object& network, const std::vector<BoundNode>& given,
                          const std::vector<Member>& members, const std::string& device, const std::string& precision, int threads,
                          bool known_zeros, bool hoist) {
        new (self) BoundEnsemble(made(network, given, members, device, precision, threads, known_zeros, hoist));
      }, "network"_a, "given"_a, "members"_a, nb::kw_only(), "device"_a = "cpu", "precision"_a = "f32", "threads"_a = 0,
      "known_zeros"_a = true, "hoist"_a = true,
      nb::sig("def __init__(self, network: Network, given: collections.abc.Sequence[Node], members: "
              "collections.abc.Sequence[tuple[LearningRule | collections.abc.Callable[[Flow], object], int]], *, device: str = 'cpu', "
              "precision: str = 'f32', threads: int = 0, known_zeros: bool = True, hoist: bool = True) -> None"),
      "Writes the members' programs and compiles them as one.\n\n"
      "`given`: the nodes that come as data with each run; `members`: for each copy its program, a LearningRule or a function of a\n"
      "Flow, and the seed of its parameters and random draws: [(PredictiveCoding(), seed) for seed in range(8)]; other options as\n"
      "Executor's. Raises ArgumentError if there are no members, and what an Executor raises.")
      .def("__len__", [](const BoundEnsemble& own) { return own.ensemble->size(); })
      .def("run", [](const BoundEnsemble& own, const std::optional<nb::dict>& data, std::optional<Size> samples) {
        run_on(own.locks, own.wide, data, samples, [&](const auto&... given) { own.ensemble->run(given...); });
      }, "data"_a = nb::none(), nb::kw_only(), "samples"_a = nb::none(),
      nb::sig("def run(self, data: collections.abc.Mapping[Node, object] | None = None, *, samples: int | None = None) -> None"),
      "Runs every copy once on {node: array}, arrays (samples, shape of the node), as Executor.run() does; raises as that does.")
      .def("value", [](const BoundEnsemble& own, Size member, const BoundNode& node) {
        return numpy_of(read(own, [&](const Ensemble& ensemble) { return ensemble.value(member, node.node); }));
      }, "member"_a, "node"_a, nb::sig("def value(self, member: int, node: Node) -> numpy.typing.NDArray[typing.Any]"),
      "A node's values in one copy as the last run left them: (samples, shape of the node).\n\nRaises ArgumentError before the first "
      "run, if there is no such member, and for a node that its program does not set.")
      .def("output", [](const BoundEnsemble& own, Size member, const std::string& name) {
        return numpy_of(read(own, [&](const Ensemble& ensemble) { return ensemble.output(member, name); }));
      }, "member"_a, "name"_a, nb::sig("def output(self, member: int, name: str) -> numpy.typing.NDArray[typing.Any]"),
      "An output of one copy as the last run left it: (samples, ...) if it is per sample.\n\nRaises NameError with the known names, "
      "ArgumentError before the first run or if there is no such member.")
      .def("state", [](const BoundEnsemble& own, Size member) {
        return BoundState{std::make_shared<State>(read(own, [&](const Ensemble& ensemble) { return ensemble.state(member); }))};
      }, "member"_a, "A copy of one member's parameters and optimiser states, for an Executor or a file.\n\nRaises ArgumentError if "
      "there is no such member.")
      .def("load", [](const BoundEnsemble& own, Size member, const nb::dict& given) {
        const NamedArrays arrays = arrays_of(given);
        own.locks.compile([&] { own.ensemble->load(member, arrays); });
      }, "member"_a, "arrays"_a,
      nb::sig("def load(self, member: int, arrays: collections.abc.Mapping[str, numpy.typing.ArrayLike]) -> None"),
      "Replaces one member's arrays by name, as State.load() does.\n\nRaises NameError or ShapeError as that does, ArgumentError if "
      "there is no such member; then nothing was changed.")
      .def("profile", [](const BoundEnsemble& own, const std::optional<nb::dict>& data, std::optional<Size> samples) {
        return run_on(own.locks, own.wide, data, samples, [&](const auto&... given) { return own.ensemble->profile(given...); });
      }, "data"_a = nb::none(), nb::kw_only(), "samples"_a = nb::none(),
      nb::sig("def profile(self, data: collections.abc.Mapping[Node, object] | None = None, *, samples: int | None = None) -> Profile"),
      "Runs as run() does, to the same bits, and returns what ran when; raises as Executor.profile() does.")
      .def("plan", [](const BoundEnsemble& own, Size samples) { return own.ensemble->plan(samples); }, "samples"_a,
           "The plan of all copies for so many samples, as data; raises as Executor.plan() does.")
      .def("explain", [](const BoundEnsemble& own) { return own.ensemble->explain(); }, "The plan of all copies, as Executor.explain().");
}

}  // namespace pcxx::python

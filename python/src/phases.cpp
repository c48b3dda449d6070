/// Phases: who is clamped, free or following, what readers see, what energies count; transforms and weights.
#include "bindings.h"

namespace pcxx::python {
namespace {

/// What a transform may draw, as long as it runs.
struct BoundRandom {
  RandomSource* source;
  RandomSource& open() const {
    if (source == nullptr) {
      throw ArgumentError("[random] the transform that these draws belong to is over; expected draws within it");
    }
    return *source;
  }
};

struct BoundTransform {
  Transform transform;
};

/// Returns how many arguments a function takes: 2 if it wants draws.
bool wants_random(nb::handle function) {
  const nb::object signature = nb::module_::import_("inspect").attr("signature")(function);
  return nb::len(nb::object(signature.attr("parameters"))) >= 2;
}

Transform transform_of(const Callback& function, bool random) {
  if (!random) {
    return [function](const Tensor& x) -> Tensor { return function.call<Operand>("Tensor", x).tensor; };
  }
  return [function](const Tensor& x, RandomSource& source) -> Tensor {
    const nb::gil_scoped_acquire held;
    const auto handle = std::make_shared<BoundRandom>(BoundRandom{&source});
    struct End {
      const std::shared_ptr<BoundRandom>& handle;
      ~End() { handle->source = nullptr; }
    } const end{handle};
    return function.call<Operand>("Tensor", x, handle).tensor;
  };
}

/// What Python gives where a transform is due: nothing, one of ours, or a function of one or two arguments.
using TransformLike = std::optional<std::variant<BoundTransform, nb::callable>>;

Transform transform_of(const BoundPhase& phase, const TransformLike& given) {
  if (!given) {
    return {};
  }
  if (const auto* made = std::get_if<BoundTransform>(&*given)) {
    return made->transform;
  }
  const nb::callable& function = std::get<nb::callable>(*given);
  return transform_of(phase.callback(function, "a transform"), wants_random(function));
}

EnergyWeight weight_of(const BoundPhase& phase, const std::variant<Operand, nb::callable>& given) {
  if (const auto* number = std::get_if<Operand>(&given)) {
    return number->tensor.graph() == nullptr ? EnergyWeight(number->tensor.constant())
                                             : EnergyWeight([tensor = number->tensor](const Tensor&) { return tensor; });
  }
  const Callback function = phase.callback(std::get<nb::callable>(given), "a weight");
  return [function](const Tensor& step) -> Tensor { return function.call<Operand>("Tensor or float", step).tensor; };
}

void bind_random(nb::module_& module) {
  nb::class_<BoundRandom>(module, "RandomSource",
      "What a transform may draw: each draw is made when the phase is entered and stays until it is entered again.\n\n"
      "One per sample is each sample's own, a shared one is the same for all.")
      .def("normal", [](const BoundRandom& own, const Shape& shape, Span span) { return own.open().normal(shape, span); },
           nb::arg("shape"), nb::arg("span") = Span::per_sample, "N(0, 1), in a shape.\n\nRaises ArgumentError behind the transform.")
      .def("uniform", [](const BoundRandom& own, const Shape& shape, Span span) { return own.open().uniform(shape, span); },
           nb::arg("shape"), nb::arg("span") = Span::per_sample, "U(0, 1), in a shape.\n\nRaises ArgumentError behind the transform.")
      .def("bernoulli", [](const BoundRandom& own, double probability, const Shape& shape, Span span) {
        return own.open().bernoulli(probability, shape, span);
      }, nb::arg("probability"), nb::arg("shape"), nb::arg("span") = Span::per_sample,
      "1 with a probability, else 0, in a shape.\n\nRaises ArgumentError behind the transform.");
}

void bind_transforms(nb::module_& module) {
  nb::class_<BoundTransform>(module, "Transform", "What a phase makes of a prediction or a value.\n\nWherever one is due, a function of "
                             "a tensor, or of a tensor and a RandomSource, is one; it keeps the shape.")
      .def("__init__", [](BoundTransform* self, nb::callable function) {
        new (self) BoundTransform{transform_of(Callback(function, "a transform"), wants_random(function))};
      }, nb::arg("function"), nb::sig("def __init__(self, function: collections.abc.Callable[..., Tensor]) -> None"),
      "From f(tensor) or f(tensor, random).")
      .def("then", [](const BoundTransform& own, const BoundTransform& next) { return BoundTransform{own.transform.then(next.transform)}; },
           nb::arg("next"), "This transform followed by another.");
  module.def("to_zero", [] { return BoundTransform{to_zero()}; }, "Starts at zero instead of at the prediction.");
  module.def("to_constant", [](double value) { return BoundTransform{to_constant(value)}; }, nb::arg("value"),
             "Starts at a constant instead of at the prediction.");
  module.def("to_noise", [](double deviation, double mean) { return BoundTransform{to_noise(deviation, mean)}; },
             nb::arg("deviation") = 1.0, nb::arg("mean") = 0.0,
             "Starts at N(mean, deviation^2), each element and sample its own.\n\nRaises ArgumentError for a deviation below 0.");
  module.def("add_noise", [](double deviation) { return BoundTransform{add_noise(deviation)}; }, nb::arg("deviation"),
             "Adds N(0, deviation^2).\n\nRaises ArgumentError for a deviation below 0.");
}

}  // namespace

Phase& BoundPhase::open() const {
  if (book != nullptr && book->frozen.contains(phase.get())) {
    throw ArgumentError("[phase] '" + phase->name() + "' is changed after its network has been compiled, by a Trainer or an "
                        "Executor, which would not see the change; expected phases that are complete before; make a new one");
  }
  return *phase;
}

Callback BoundPhase::callback(nb::handle function, const std::string& role) const {
  const Callback made(function, role + " of phase '" + phase->name() + "'");
  if (book != nullptr) {
    book->functions.push_back(made.reference());
  }
  return made;
}

void bind_phases(nb::module_& module) {
  bind_random(module);
  bind_transforms(module);
  nb::enum_<Role>(module, "Role", "How a node's value behaves on entering a phase.")
      .value("free", Role::free, "Keeps its value; relaxation may change it.")
      .value("following", Role::following, "Is set to its prediction, or to a transform of it.")
      .value("clamped", Role::clamped, "Is given as data, or keeps its value.");

  nb::class_<BoundPhase> phase(module, "Phase",
      "A named rule set that says, for each node, how its value is set, what its readers see and what its energy counts.\n\n"
      "Later rules override earlier ones. Nodes that are given as data are clamped in every phase that does not release them.\n"
      "Every method returns the phase, so that they chain. Nodes are selected by name pattern or Selection.");
  phase.def("__init__", [](BoundPhase* self, const std::string& name, Role role, bool shows_predictions) {
    new (self) BoundPhase{std::make_shared<Phase>(name, role, shows_predictions)};
  }, nb::arg("name"), nb::arg("default_role") = Role::free, nb::kw_only(), nb::arg("shows_predictions") = false,
  "A phase of a rule's own, for Flow.enter(). Network.phase() is one of the network.")
      .def_prop_ro("name", [](const BoundPhase& own) { return own.phase->name(); }, "Its name.");

  const auto chain = [&phase](const char* name, auto apply, const char* doc) {
    phase.def(name, [apply](nb::object self, const Selection& nodes) {
      apply(nb::cast<const BoundPhase&>(self).open(), nodes);
      return self;
    }, nb::arg("nodes"), nb::sig((std::string("def ") + name + "(self, nodes: Selection | str) -> Phase").c_str()), doc);
  };
  chain("clamp", [](Phase& own, const Selection& nodes) { own.clamp(nodes); },
        "Relaxation leaves nodes alone: those without data keep the value that they have.");
  chain("free", [](Phase& own, const Selection& nodes) { own.free(nodes); }, "Nodes keep their values; relaxation may change them.");
  chain("release", [](Phase& own, const Selection& nodes) { own.release(nodes); },
        "Nodes are like all others in this phase even when they are given as data; a free one starts from its data.");

  const auto with_transform = [&phase](const char* name, auto apply, const char* doc) {
    phase.def(name, [apply](nb::object self, const Selection& nodes, const TransformLike& transform) {
      const BoundPhase& own = nb::cast<const BoundPhase&>(self);
      apply(own.open(), nodes, transform_of(own, transform));
      return self;
    }, nb::arg("nodes"), nb::arg("transform") = nb::none(),
    nb::sig((std::string("def ") + name + "(self, nodes: Selection | str, transform: Transform | collections.abc.Callable[..., Tensor] "
             "| None = None) -> Phase").c_str()), doc);
  };
  with_transform("follow", [](Phase& own, const Selection& nodes, Transform t) { own.follow(nodes, std::move(t)); },
      "On entering, value := transform(prediction). For a node that nothing predicts the transform gets zeros. It may read the\n"
      "node's own value, which is then the one before.");
  with_transform("show_value", [](Phase& own, const Selection& nodes, Transform t) { own.show_value(nodes, std::move(t)); },
      "Readers see transform(value).");
  with_transform("show_prediction", [](Phase& own, const Selection& nodes, Transform t) { own.show_prediction(nodes, std::move(t)); },
      "Readers see transform(prediction). What has no prediction shows its value.");
  with_transform("transform_prediction", [](Phase& own, const Selection& nodes, Transform t) {
    own.transform_prediction(nodes, std::move(t)); },
      "The prediction is transform(prediction), wherever it is read: in energies, by followers, by readers.");

  phase.def("weight", [](nb::object self, const Selection& nodes, const std::variant<Operand, nb::callable>& weight) {
    const BoundPhase& own = nb::cast<const BoundPhase&>(self);
    own.open().weight(nodes, weight_of(own, weight));
    return self;
  }, nb::arg("nodes_and_terms"), nb::arg("weight"),
  nb::sig("def weight(self, nodes_and_terms: Selection | str, weight: Tensor | float | collections.abc.Callable[[Tensor], Tensor]) -> Phase"),
  "Energies of nodes, and further terms by their names, are multiplied by a weight: 0 switches them off. A function of the\n"
  "step counts from 0 inside a loop and is given the number of its turns behind it.")
      .def("energy", [](nb::object self, const Selection& nodes, const Energy& energy) {
        nb::cast<const BoundPhase&>(self).open().energy(nodes, energy);
        return self;
      }, nb::arg("nodes"), nb::arg("energy"), nb::sig("def energy(self, nodes: Selection | str, energy: Energy) -> Phase"),
      "Nodes have another energy in this phase; one without an energy of its own is an error when the phase is entered.");
}

}  // namespace pcxx::python

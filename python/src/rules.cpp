/// Learning rules: those that come with pcxx, and one's own.
#include "rates.h"

namespace pcxx::python {
namespace {

using namespace nb::literals;

/// What a rule's weights may be given: one optimiser for all, or groups.
using Weights = std::variant<Optimiser, std::vector<OptimiserGroup>>;

Optimisers optimisers_of(const Weights& weights) {
  if (const auto* one = std::get_if<Optimiser>(&weights)) {
    return *one;
  }
  return std::get<std::vector<OptimiserGroup>>(weights);
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  if (nb::inst_ready(self)) {
    const BoundRule& own = *nb::inst_ptr<BoundRule>(self);
    if (own.function != nullptr) {
      Py_VISIT(own.function->pointer);
    }
  }
  return 0;
}

int clear(PyObject* self) {
  if (nb::inst_ready(self)) {
    if (const auto function = nb::inst_ptr<BoundRule>(self)->function) {
      Py_CLEAR(function->pointer);
    }
  }
  return 0;
}

PyType_Slot kSlots[] = {{Py_tp_traverse, reinterpret_cast<void*>(traverse)}, {Py_tp_clear, reinterpret_cast<void*>(clear)}, {0, nullptr}};

BoundRule own_rule(const std::string& name, nb::handle write) {
  const Callback function(write, "the program '" + name + "'");
  return {{name, written_by(function)}, function.reference()};
}

std::string type_of(nb::handle object) { return nb::type_name(object.type()).c_str(); }

BoundRule bound_rule_of(nb::handle object, const char* who) {
  if (nb::isinstance<BoundRule>(object)) {
    return nb::cast<const BoundRule&>(object);
  }
  if (PyCallable_Check(object.ptr()) != 0) {
    const std::string name = nb::hasattr(object, "__name__") ? nb::cast<std::string>(object.attr("__name__")) : type_of(object);
    return own_rule(name, object);
  }
  throw DTypeError(std::string("[") + who + "] the program is a '" + type_of(object) + "'; expected a LearningRule, such as "
                   "PredictiveCoding(), or a function of a Flow");
}

void bind_observation(nb::module_& module) {
  const auto observed = [](LearningRule (*how)(const LearningRule&), const char* who) {
    return [how, who](nb::handle object) {
      const BoundRule rule = bound_rule_of(object, who);
      return BoundRule{how(rule.rule), rule.function};
    };
  };
  module.def("with_relaxation", observed(with_relaxation, "with_relaxation"), "rule"_a,
      nb::sig("def with_relaxation(rule: LearningRule | collections.abc.Callable[[Flow], object]) -> LearningRule"),
      "A rule that does what `rule` does, to the bit, and outputs how it relaxes: for each loop of its program that is in no other,\n"
      "at each state from before the first turn to after the last, 'loop1/energy/<node>', the mean over the batch, and\n"
      "'loop1/gradient/<node>', the mean of the norms of d energy / d h of each free node, both (turns + 1), and 'loop1/states',\n"
      "turns + 1; 'loop2/...' for a second loop. A loop that ends by a condition has zeros behind its last state. measure.relaxation\n"
      "runs it and returns the numbers.\n\nRaises DTypeError for what is no rule.");
  module.def("with_weight_gradients", observed(with_weight_gradients, "with_weight_gradients"), "rule"_a,
      nb::sig("def with_weight_gradients(rule: LearningRule | collections.abc.Callable[[Flow], object]) -> LearningRule"),
      "A rule that moves what `rule` moves and compares what it teaches with backpropagation of the given nodes' energies, at the\n"
      "parameters before the batch. Outputs for each parameter the norms of gradients 'backpropagation/<parameter>' and\n"
      "'taught/<parameter>' (the sum of what the rule's optimisers were given) and 'cosine/<parameter>' between them, scalars; and\n"
      "'loop1/norm/<parameter>' and 'loop1/cosine/<parameter>' of d energy / d parameter at each state of its first loop,\n"
      "(turns + 1): what weights would be taught if relaxation ended there. A cosine is 0 where a gradient is. Once compiled, raises\n"
      "ArgumentError if no given node has an energy.\n\nRaises DTypeError for what is no rule.");
}

}  // namespace

LearningRule rule_of(nb::handle object, const char* who) { return bound_rule_of(object, who).rule; }

void bind_rules(nb::module_& module) {
  nb::class_<BoundRule> base(module, "LearningRule", nb::type_slots(kSlots),
      "Writes one training step into a Flow. It outputs 'energy' and may output 'energy/<node>', means over the batch.");
  base.def("__init__", [](BoundRule* self, const std::string& name, const nb::callable& write) {
    new (self) BoundRule(own_rule(name, write));
  }, "name"_a, "write"_a,
  nb::sig("def __init__(self, name: str, write: collections.abc.Callable[[Flow], object]) -> None"),
  "A rule of one's own: write(flow) is called once for each set of given nodes. @pcxx.program makes one of a function.")
      .def_prop_ro("name", [](const BoundRule& own) { return own.rule.name; }, "Its name.")
      .def("__repr__", [](const BoundRule& own) { return "<rule '" + own.rule.name + "'>"; });

  bind_observation(module);

  const Weights adam = adamw({});
  const Optimiser slow = sgd({.rate = 0.05});
  const auto rule = [&](const char* name, auto make, const char* doc, auto... arguments) {
    module.def(name, make, nb::kw_only(), arguments..., doc);
  };
  const auto values = nb::arg("values").sig("sgd(0.05)") = slow;
  const auto weights = nb::arg("weights").sig("adamw()") = adam;
  const auto reached = nb::arg("weights").sig("skipping_zeros(adamw())") = Weights(skipping_zeros(adamw({})));
  rule("PredictiveCoding", [](Size steps, const Optimiser& of_values, const Weights& of_weights) {
    return BoundRule{PredictiveCoding{.steps = steps, .values = of_values, .weights = optimisers_of(of_weights)}};
  }, "Predictive coding (Rao & Ballard 1999; Whittington & Bogacz 2017): start from the forward pass, clamp the data, relax the\n"
     "free nodes for `steps` steps on the summed energy, then one step of the weights along the batch mean of the energy's gradient\n"
     "at the relaxed values. Fewer steps than hidden nodes leave the first ones untaught.\n\nRaises ArgumentError for steps < 0.",
  "steps"_a = 8, values, weights);
  rule("IncrementalPredictiveCoding", [](Size steps, Size first_update, Size every, bool final_update, const Optimiser& of_values,
                                         const Weights& of_weights) {
    return BoundRule{IncrementalPredictiveCoding{.steps = steps, .first_update = first_update, .every = every,
                                                 .final_update = final_update, .values = of_values,
                                                 .weights = optimisers_of(of_weights)}};
  }, "Incremental predictive coding (Salvatori et al. 2024): values and weights move together, along gradients of one energy at one\n"
     "point, at the steps first_update, first_update + every, ... PCX's schedule (T, T0, Ti) is steps=T, first_update=T0, every=Ti\n"
     "(1 for Ti = 0), final_update=True. Energies are those after the last step.\n\nRaises ArgumentError for numbers that make no sense.",
  "steps"_a = 8, "first_update"_a = 0, "every"_a = 1, "final_update"_a = false, values, reached);
  rule("TargetNudging", [](const Rate& beta, bool centred, Size sign_batches, bool pcx, Size steps, const Optimiser& of_values,
                           const Weights& of_weights) {
    return BoundRule{TargetNudging{.beta = schedule_of(beta), .centred = centred, .sign_batches = sign_batches, .pcx = pcx, .steps = steps,
                                   .values = of_values, .weights = optimisers_of(of_weights)}};
  }, "Predictive coding towards a nudged target, set once: h := u - beta (u - y), and weights along the gradient divided by beta\n"
     "(PCX's positive nudging for beta > 0, negative for beta < 0). For squared errors of the targets. Outputs 'beta'.\n\n"
     "`beta`: a number or a schedule of the batches before, clamped to -1 .. 1; 1 is predictive coding. `centred`: each sign of beta\n"
     "with probability one half, `sign_batches` batches in a row. `pcx`: as PCX's benchmark, beta is 1 from -1 downwards.\n\n"
     "Raises ArgumentError for numbers that make no sense.",
  nb::arg("beta").sig("0.1") = 0.1, "centred"_a = false, "sign_batches"_a = 1, "pcx"_a = false, "steps"_a = 8, values, weights);
  rule("ZeroDivergence", [](Size steps, double later_rate, const Weights& of_weights) {
    return BoundRule{ZeroDivergence{.steps = steps, .later_rate = later_rate, .weights = optimisers_of(of_weights)}};
  }, "Z-IL (Song et al. 2020; Salvatori et al. 2022): values move once, at rate 1, from the outputs down, each level together with\n"
     "the weights that predict the level above; the weights move exactly as in backpropagation. With `steps` it is the hybrid of\n"
     "PCX's tutorial 6: values go on moving at `later_rate`, and all weights take one more step at the end.\n\n"
     "Raises ArgumentError for steps fewer than levels.",
  "steps"_a = 0, "later_rate"_a = 0.1, nb::arg("weights").sig("sgd(0.2)") = Weights(sgd({.rate = 0.2})));
  rule("Backpropagation", [](const Weights& of_weights) {
    return BoundRule{Backpropagation{.weights = optimisers_of(of_weights)}};
  }, "Backpropagation of the same network: one forward pass, the gradient of the energies of the clamped nodes.", weights);
}

}  // namespace pcxx::python

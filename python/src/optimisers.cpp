/// Schedules and optimisers, their parts and groups.
#include "rates.h"

namespace pcxx::python {
namespace {

using namespace nb::literals;

Selection selection_of(const std::optional<Selection>& selection) { return selection ? *selection : everything(); }

void bind_schedules(nb::module_& module) {
  nb::class_<Schedule>(module, "Schedule", "A rate as a function of the number of updates made before, traced.\n\nWherever one is due, "
                       "a number or a function of the count, a shared scalar, is one.")
      .def("__init__", [](Schedule* self, const Rate& rate) { new (self) Schedule(schedule_of(rate)); }, "rate"_a,
           "From a number or a function of the count.")
      .def("__call__", [](const Schedule& own, const Operand& count) { return own(count); }, "count"_a, "The rate after `count` updates.");
  module.def("linear_schedule", linear_schedule, "first"_a, "last"_a, "updates"_a,
             "From `first` to `last` in a straight line over `updates`, then constant.\n\nRaises ArgumentError for updates < 1.");
  nb::class_<WarmupCosine>(module, "WarmupCosine", "What warmup_cosine() and cosine_restarts() take.")
      .def("__init__", [](WarmupCosine* self, double first, double peak, Size warmup, Size updates, double last) {
        new (self) WarmupCosine{first, peak, warmup, updates, last};
      }, nb::kw_only(), "first"_a, "peak"_a, "warmup"_a, "updates"_a, "last"_a = 0.0,
      "`first`: rate of update 0; `warmup`: updates from first to `peak`, in a straight line; `updates` in all, then constant at `last`.");
  module.def("warmup_cosine", [](double first, double peak, Size warmup, Size updates, double last) {
    return warmup_cosine({first, peak, warmup, updates, last});
  }, nb::kw_only(), "first"_a, "peak"_a, "warmup"_a, "updates"_a, "last"_a = 0.0,
  "From `first` to `peak` in a straight line over `warmup` updates, then with s updates made\n"
  "peak ((1 - a) (1 + cos(pi (s - warmup) / (updates - warmup))) / 2 + a), a = last / peak (optax).\n\nRaises ArgumentError for counts "
  "that make no sense.");
  module.def("cosine_schedule", cosine_schedule, "first"_a, "last"_a, "updates"_a,
             "From `first` to `last` along half a cosine over `updates`, then constant (optax.cosine_decay_schedule).\n\n"
             "Raises ArgumentError for updates < 1.");
  module.def("cosine_restarts", cosine_restarts, "cycles"_a,
             "Warm-ups and cosines one after the other (Loshchilov & Hutter 2017; optax.sgdr_schedule).\n\n"
             "Raises ArgumentError if there are none.");
  module.def("step_schedule", step_schedule, "first"_a, "factor"_a, "every"_a,
             "Multiplies the rate by `factor` every `every` updates.\n\nRaises ArgumentError for every < 1.");
  module.def("exponential_decay", [](double first, double factor, Size updates, Size begin, bool staircase, std::optional<double> last) {
    return exponential_decay({first, factor, updates, begin, staircase, last});
  }, nb::kw_only(), "first"_a, "factor"_a, "updates"_a, "begin"_a = 0, "staircase"_a = false, "last"_a = nb::none(),
  "first factor^((s - begin) / updates) with s updates made (optax.exponential_decay). `staircase`: falls at once after every\n"
  "`updates` updates; `last`: where it stops.\n\nRaises ArgumentError for updates < 1.");
  module.def("piecewise_constant", piecewise_constant, "first"_a, "factors"_a,
             "`first`, multiplied by each factor of (update, factor) from its update on (optax.piecewise_constant_schedule).\n\n"
             "Raises ArgumentError unless the updates rise.");
  module.def("by_epoch", [](const Rate& schedule, Size updates) { return by_epoch(schedule_of(schedule), updates); }, "schedule"_a,
             "updates"_a, "The schedule counted in epochs: it changes every `updates` updates, those of an epoch, and counts epochs where it\n"
             "would count updates.\n\nRaises ArgumentError for updates < 1.");
  module.def("joined", [](const std::vector<Schedule>& schedules, const std::vector<Size>& boundaries) {
    return joined(schedules, boundaries);
  }, "schedules"_a, "boundaries"_a,
  "One schedule after the other: schedules[i + 1] takes over at update boundaries[i] and counts from 0 there\n"
  "(optax.join_schedules).\n\nRaises ArgumentError unless there is one boundary less than schedules, and they rise.");
}

Optimiser own_optimiser(const std::string& name, const std::vector<std::string>& slots, const Callback& update) {
  return {name, slots, [update](const OptimiserInput& in) -> OptimiserOutput {
    using Result = std::variant<Operand, std::pair<Operand, std::vector<Operand>>>;
    const nb::gil_scoped_acquire held;
    const auto result = update.call<Result>("the new value, or (value, [slots])", in);
    if (const auto* value = std::get_if<Operand>(&result)) {
      return {value->tensor, {}};
    }
    const auto& both = std::get<std::pair<Operand, std::vector<Operand>>>(result);
    return {both.first.tensor, unbound(both.second)};
  }};
}

void bind_optimiser_types(nb::module_& module) {
  nb::class_<OptimiserInput>(module, "OptimiserInput", "What an update may read. Tensors of a variable have its shape and span.")
      .def_ro("value", &OptimiserInput::value, "The variable's value.")
      .def_ro("gradient", &OptimiserInput::gradient, "Its gradient.")
      .def_ro("slots", &OptimiserInput::slots, "The optimiser's memory of it, in the order of the slots; starts at 0.")
      .def_ro("count", &OptimiserInput::count, "Updates made before this one; a shared scalar.")
      .def_ro("name", &OptimiserInput::name, "The variable's name.")
      .def_prop_ro("tags", [](const OptimiserInput& own) { return nb::frozenset(nb::cast(own.tags)); },
                   nb::sig("def tags(self) -> frozenset[str]"), "The variable's tags, if it is a parameter.");
  nb::class_<Optimiser>(module, "Optimiser", "How a value follows its gradient; a description, without state.")
      .def("__init__", [](Optimiser* self, const std::string& name, const nb::callable& update, const std::vector<std::string>& slots) {
        new (self) Optimiser(own_optimiser(name, slots, Callback(update, "the update of optimiser '" + name + "'")));
      }, "name"_a, "update"_a, nb::kw_only(), "slots"_a = std::vector<std::string>(),
      nb::sig("def __init__(self, name: str, update: collections.abc.Callable[[OptimiserInput], typing.Any], *, slots: "
              "collections.abc.Sequence[str] = ()) -> None"),
      "An optimiser of one's own: update(input) returns the new value, or (value, [slots]) in the order of `slots`.")
      .def_ro("name", &Optimiser::name, "Its name.")
      .def_ro("slots", &Optimiser::slots, "The names of its slots.")
      .def_ro("skips_zeros", &Optimiser::skips_zeros, "Whether a parameter whose whole gradient is zero stays as it is.")
      .def("__repr__", [](const Optimiser& own) { return "<optimiser '" + own.name + "'>"; });
}

void bind_optimiser_functions(nb::module_& module) {
  module.def("sgd", [](const Rate& rate, double momentum, bool nesterov) {
    return sgd({.rate = schedule_of(rate), .momentum = momentum, .nesterov = nesterov});
  }, "rate"_a = 0.01, nb::kw_only(), "momentum"_a = 0.0, "nesterov"_a = false,
  "trace t <- g + m t; value <- value - rate t, or with nesterov - rate (g + m t). No dampening; momentum 0 keeps no trace.\n\n"
  "Raises ArgumentError for a momentum outside 0 .. 1.");
  module.def("adam", [](const Rate& rate, double first_decay, double second_decay, double epsilon) {
    return adam({schedule_of(rate), first_decay, second_decay, epsilon});
  }, "rate"_a = 1e-3, nb::kw_only(), "first_decay"_a = 0.9, "second_decay"_a = 0.999, "epsilon"_a = 1e-8,
  "Adam with bias correction (Kingma & Ba 2015); epsilon outside the root.\n\nRaises ArgumentError for decays outside 0 .. 1.");
  module.def("adamw", [](const Rate& rate, double weight_decay, double first_decay, double second_decay, double epsilon,
                         const std::optional<Selection>& decays) {
    return adamw({schedule_of(rate), weight_decay, first_decay, second_decay, epsilon, selection_of(decays)});
  }, "rate"_a = 1e-3, nb::kw_only(), "weight_decay"_a = 1e-4, "first_decay"_a = 0.9, "second_decay"_a = 0.999, "epsilon"_a = 1e-8,
  "decays"_a = nb::none(),
  "AdamW (Loshchilov & Hutter 2019): value <- value - rate weight_decay value, decoupled. `decays`: what decays, everything if\n"
  "nothing is said, biases included.\n\nRaises ArgumentError for decays outside 0 .. 1.");
  module.def("lion", [](const Rate& rate, double weight_decay, double first_decay, double second_decay,
                        const std::optional<Selection>& decays) {
    return lion({schedule_of(rate), weight_decay, first_decay, second_decay, selection_of(decays)});
  }, "rate"_a = 1e-3, nb::kw_only(), "weight_decay"_a = 1e-3, "first_decay"_a = 0.9, "second_decay"_a = 0.99, "decays"_a = nb::none(),
  "value <- value - rate (sign(b1 m + (1 - b1) g) + weight_decay value); m <- b2 m + (1 - b2) g (Chen et al. 2023).\n\n"
  "Raises ArgumentError for decays outside 0 .. 1.");
  module.def("rmsprop", [](const Rate& rate, double decay, double epsilon, bool centred, double momentum, bool nesterov, double initial,
                           bool epsilon_in_root) {
    return rmsprop({schedule_of(rate), decay, epsilon, centred, momentum, nesterov, initial, epsilon_in_root});
  }, "rate"_a = 1e-3, nb::kw_only(), "decay"_a = 0.9, "epsilon"_a = 1e-8, "centred"_a = false, "momentum"_a = 0.0, "nesterov"_a = false,
  "initial"_a = 0.0, "epsilon_in_root"_a = true,
  "RMSprop (Tieleman & Hinton 2012): v <- d v + (1 - d) g^2; g / sqrt(v + epsilon), or with epsilon_in_root=False\n"
  "g / (sqrt(v) + epsilon), PyTorch's form. `centred` divides by the deviation; `momentum` is of the scaled step; `initial` is v\n"
  "before the first update.\n\nRaises ArgumentError for decays outside 0 .. 1.");
  module.def("frozen", frozen, "Leaves its variables as they are: parameters that a program has, but does not train.");
}

void bind_parts(nb::module_& module) {
  module.def("scaled", [](const Optimiser& optimiser, const Rate& factor) { return scaled(optimiser, schedule_of(factor)); },
             "optimiser"_a, "factor"_a, "Multiplies the gradients before the optimiser sees them.");
  module.def("clipped_by_value", clipped_by_value, "optimiser"_a, "limit"_a,
             "Limits every element of the gradients to [-limit, limit] (optax.clip).\n\nRaises ArgumentError unless limit > 0.");
  module.def("clipped_by_norm", clipped_by_norm, "optimiser"_a, "largest"_a,
             "Scales the gradients of all variables of the group down to the norm `largest`, if theirs together is larger\n"
             "(optax.clip_by_global_norm); of node values each sample's own norm.\n\nRaises ArgumentError unless largest > 0.");
  module.def("decayed", [](const Optimiser& optimiser, double amount, const std::optional<Selection>& decays) {
    return decayed(optimiser, amount, selection_of(decays));
  }, "optimiser"_a, "amount"_a, "decays"_a = nb::none(),
  "Adds `amount` value to the gradients of what decays, everything if nothing is said (optax.add_decayed_weights).\n\n"
  "Raises ArgumentError for an amount below 0.");
  module.def("skipping_zeros", skipping_zeros, "optimiser"_a,
             "Leaves a parameter as it is, value, slots and a count of its own, at every step where its whole gradient is zero: nothing of\n"
             "the batch reached it, as at the first steps of incremental predictive coding. For parameters only.");
  module.def("averaged", averaged, "optimiser"_a, "decay"_a = 0.999,
             "Keeps an exponential moving average of the values after each update, a <- d a + (1 - d) value, corrected for its start\n"
             "at zero; Trainer(averages=True) predicts with it.\n\nRaises ArgumentError for a decay outside 0 .. 1.");
  nb::class_<OptimiserGroup>(module, "OptimiserGroup", "One optimiser for the parameters that a selection picks.\n\nRules take a list of "
                             "groups wherever they take an optimiser of weights.")
      .def("__init__", [](OptimiserGroup* self, const Optimiser& optimiser, const std::optional<Selection>& parameters,
                          const std::string& name) {
        new (self) OptimiserGroup{selection_of(parameters), optimiser, name};
      }, "optimiser"_a, "parameters"_a = nb::none(), nb::kw_only(), "name"_a = "",
      "`parameters`: everything if nothing is said; `name`: of its states.")
      .def_ro("name", &OptimiserGroup::name, "Of its states; empty: 'weights', or 'weights0', 'weights1', ...")
      .def_ro("optimiser", &OptimiserGroup::optimiser, "The optimiser of the group.");
  module.def("with_averages", [](const BoundNetwork& network, const BoundState& state) {
    const auto held = state.hold();
    return BoundState{std::make_shared<State>(with_averages(network, *state.state))};
  }, "network"_a, "state"_a,
  "A copy of a state in which every parameter that an optimiser averages, see averaged(), is its average, for evaluation.\n\n"
  "Raises ArgumentError if none is averaged.");
  module.def("per_layer", [](const BoundNetwork& network, const Optimiser& optimiser) {
    return per_layer(network, optimiser).groups();
  }, "network"_a, "optimiser"_a,
  "One group for each layer (parameters whose names agree up to the last dot), called 'weights.<layer>': PCX's OptimTree.");
}

}  // namespace

Schedule schedule_of(const Rate& rate) {
  if (const double* number = std::get_if<double>(&rate)) {
    return *number;
  }
  if (const Schedule* schedule = std::get_if<Schedule>(&rate)) {
    return *schedule;
  }
  const Callback function(std::get<RateFunction>(rate), "a schedule");
  return Schedule([function](const Tensor& count) { return function.call<Operand>("Tensor or float", count).tensor; });
}

void bind_optimisers(nb::module_& module) {
  bind_schedules(module);
  bind_optimiser_types(module);
  bind_optimiser_functions(module);
  bind_parts(module);
}

}  // namespace pcxx::python

/// Flow: what a Python function writes a program with.
#include "bindings.h"

namespace pcxx::python {
namespace {

using Body = std::function<void()>;

/// What body() may be: a function without arguments.
Body body_of(nb::handle function, const char* who) {
  const Callback callback(function, std::string("the body of ") + who);
  return [callback] { callback.run(); };
}

std::function<void(const Tensor&)> step_body_of(nb::handle function, const char* who) {
  const Callback callback(function, std::string("the body of ") + who);
  return [callback](const Tensor& step) { callback.run(step); };
}

/// Calls `write` with the body, or returns what does so when it is used as a decorator.
template <class Write>
nb::object with_body(const nb::object& body, Write write) {
  if (!body.is_none()) {
    write(body);
    return nb::none();
  }
  return nb::cpp_function([write = std::move(write)](nb::callable given) { write(given); });
}

std::vector<Tensor> outputs_of(const nb::object& result, const char* who) {
  std::vector<Operand> outputs;
  Operand one;
  if (nb::isinstance<Tensor>(result) && nb::try_cast(result, one)) {
    return {one.tensor};
  }
  if (!nb::try_cast(result, outputs)) {
    throw DTypeError(std::string("[") + who + "] the body returned a '" + nb::type_name(result.type()).c_str() +
                     "'; expected a tensor, or a list of tensors");
  }
  return unbound(outputs);
}

void bind_optimiser_steps(nb::module_& module) {
  nb::class_<BoundSteps>(module, "OptimiserSteps",
      "One optimiser over some nodes or parameters, inside a program. Its state is its own and moves only with its steps.")
      .def("step", [](const BoundSteps& own, const std::vector<Operand>& gradients) { own.here().step(unbound(gradients)); },
           nb::arg("gradients"), "Moves every variable by one step along its gradient, all at once.\n\nRaises ArgumentError if the "
           "numbers of gradients and variables differ.")
      .def("step_if", [](const BoundSteps& own, const Tensor& condition, const std::vector<Operand>& gradients) {
        own.here().step_if(condition, unbound(gradients));
      }, nb::arg("condition"), nb::arg("gradients"),
      "The same if the condition, boolean and shared, holds; else variables, slots and count stay as they are.");
}

using FlowClass = nb::class_<BoundFlow>;

void bind_gradients(FlowClass& flow) {
  flow.def("gradient", [](const BoundFlow& own, const Operand& energy,
                          const std::variant<std::vector<BoundNode>, std::vector<BoundParameter>, std::vector<Tensor>>& of) {
    const Flow& open = own.open();
    if (const auto* nodes = std::get_if<std::vector<BoundNode>>(&of)) {
      return open.gradient(energy, unbound(*nodes));
    }
    if (const auto* parameters = std::get_if<std::vector<BoundParameter>>(&of)) {
      return open.gradient(energy, unbound(*parameters));
    }
    return open.gradients(energy, std::get<std::vector<Tensor>>(of));
  }, nb::arg("energy"), nb::arg("of"),
  "d energy / d variable for each of a list of nodes, of parameters, or of any tensors, in their shapes.\n\n"
  "Of what is per sample each sample's own, of what is shared the mean over the batch; an energy that is shared counts once\n"
  "for each sample. Raises ArgumentError for a free node whose own energy is unbounded in it.")
      .def("optimiser", [](const BoundFlow& own, const Optimiser& optimiser,
                           const std::variant<std::vector<BoundNode>, std::vector<BoundParameter>>& over, const std::string& name) {
        Flow& open = own.open();
        if (const auto* nodes = std::get_if<std::vector<BoundNode>>(&over)) {
          return BoundSteps{open.optimiser(optimiser, unbound(*nodes)), open.network()};
        }
        return BoundSteps{open.optimiser(optimiser, unbound(std::get<std::vector<BoundParameter>>(over)), name), open.network()};
      }, nb::arg("optimiser"), nb::arg("over"), nb::arg("name") = "weights",
      "An optimiser of node values, whose slots start at zero here each time the program runs; or of parameters, whose slots\n"
      "live across runs, and in checkpoints, under 'name/...'.");
}

void bind_statements(FlowClass& flow) {
  flow.def("enter", [](const BoundFlow& own, const std::variant<std::string, BoundPhase>& phase) {
    if (const auto* name = std::get_if<std::string>(&phase)) {
      own.open().enter(*name);
    } else {
      own.open().enter(*std::get<BoundPhase>(phase).phase);
    }
  }, nb::arg("phase"),
  "Enters a phase, by its name or one of one's own: clamped nodes take their data; following ones their predictions, each\n"
  "after those that it reads; released ones that are free start from their data. A phase entered inside a loop or branch ends\n"
  "with it.\n\nRaises ArgumentError, naming the nodes, if following nodes form a loop or one has no prediction.")
      .def("mode", [](const BoundFlow& own, Mode mode) { own.open().mode(mode); }, nb::arg("mode"),
           "Says whether what follows trains, as every program does from its beginning, or evaluates: what dropout and batch_norm "
           "mean.")
      .def("together", [](const BoundFlow& own, const nb::object& body) {
        return with_body(body, [own](nb::handle given) { own.open().together(body_of(given, "together")); });
      }, nb::arg("body") = nb::none(), nb::sig("def together(self, body: collections.abc.Callable[[], object] | None = None) -> typing.Any"),
      "Writes everything that `body` assigns, steps and outputs as one statement: all of it reads the state before. A decorator\n"
      "without `body`.")
      .def("assign", [](const BoundFlow& own, const std::variant<BoundNode, BoundParameter, Tensor>& target, const Operand& value) {
        if (const auto* node = std::get_if<BoundNode>(&target)) {
          own.open().assign(node->node, value);
        } else if (const auto* parameter = std::get_if<BoundParameter>(&target)) {
          own.open().assign(parameter->parameter, value);
        } else {
          own.open().assign({{std::get<Tensor>(target), value}});
        }
      }, nb::arg("target"), nb::arg("value"),
      "Sets a node's value, a parameter or a variable; a number sets every element.\n\nRaises ShapeError if the value does not fit.")
      .def("variable", [](const BoundFlow& own, const std::string& name, const Operand& initial) {
        return own.open().variable(name, initial);
      }, nb::arg("name"), nb::arg("initial"), "Adds a variable that lives within one run and starts at `initial`, whose shape it has.")
      .def("lasting_variable", [](const BoundFlow& own, const std::string& name, const Shape& shape) {
        return own.open().lasting_variable(name, shape);
      }, nb::arg("name"), nb::arg("shape").sig("()") = Shape(),
      "A shared variable that lives across runs, in State and checkpoints as 'lasting/name', and starts at zero, in a shape: in every\n"
      "program that asks for the name it is the same one.\n\n"
      "Raises NameError if this program has asked for the name, ShapeError if another program gave it another shape.")
      .def("output", [](const BoundFlow& own, const std::string& name, const Operand& value) { own.open().output(name, value); },
           nb::arg("name"), nb::arg("value"), "Gives a value a name under which Executor.output() reads it after a run.\n\nRaises "
           "NameError if the program has the name already.");
}

void bind_loops(FlowClass& flow) {
  flow.def("repeat", [](const BoundFlow& own, Size count, const nb::object& body) {
    own.open();
    return with_body(body, [own, count](nb::handle given) { own.open().repeat(count, step_body_of(given, "repeat")); });
  }, nb::arg("count"), nb::arg("body") = nb::none(),
  nb::sig("def repeat(self, count: int, body: collections.abc.Callable[[Tensor], object] | None = None) -> typing.Any"),
  "Runs body(step) `count` times; `step`, a shared scalar, counts from 0. A loop of the program: the body is traced once. A\n"
  "decorator without `body`.")
      .def("repeat_while", [](const BoundFlow& own, const nb::callable& condition, const nb::callable& body, Size limit) {
        const Callback asked(condition, "the condition of repeat_while");
        own.open().repeat_while([asked] { return asked.call<Operand>("Tensor").tensor; }, body_of(body, "repeat_while"), limit);
      }, nb::arg("condition"), nb::arg("body"), nb::arg("limit"),
      nb::sig("def repeat_while(self, condition: collections.abc.Callable[[], Tensor], body: collections.abc.Callable[[], object], "
              "limit: int) -> None"),
      "Runs body() while condition(), boolean and shared, holds, but at most `limit` times.")
      .def("branch", [](const BoundFlow& own, const Tensor& condition, const nb::callable& yes, const nb::object& no) {
        own.open().branch(condition, body_of(yes, "branch"), no.is_none() ? Body([] {}) : body_of(no, "branch"));
      }, nb::arg("condition"), nb::arg("yes"), nb::arg("no") = nb::none(),
      nb::sig("def branch(self, condition: Tensor, yes: collections.abc.Callable[[], object], "
              "no: collections.abc.Callable[[], object] | None = None) -> None"),
      "Runs yes() if the condition, boolean and shared, holds, else no().")
      .def("choose", [](const BoundFlow& own, const Tensor& index, const std::vector<nb::callable>& cases) {
        std::vector<Body> bodies;
        for (const nb::callable& each : cases) {
          bodies.push_back(body_of(each, "choose"));
        }
        own.open().choose(index, bodies);
      }, nb::arg("index"), nb::arg("cases"),
      nb::sig("def choose(self, index: Tensor, cases: collections.abc.Sequence[collections.abc.Callable[[], object]]) -> None"),
      "Runs cases[index](). The index is a shared scalar; one below 0 counts as 0, one above the last as the last (as in JAX).")
      .def("scan", [](const BoundFlow& own, const std::variant<Size, std::vector<Tensor>>& over, const nb::callable& body) {
        const Callback callback(body, "the body of scan");
        if (const Size* count = std::get_if<Size>(&over)) {
          return own.open().scan(*count, [callback](const Tensor& step) {
            const nb::gil_scoped_acquire held;
            return outputs_of(callback.call<nb::object>("", step), "scan");
          });
        }
        return own.open().scan(std::get<std::vector<Tensor>>(over), [callback](const std::vector<Tensor>& rows) {
          const nb::gil_scoped_acquire held;
          return outputs_of(callback.call<nb::object>("", rows), "scan");
        });
      }, nb::arg("over"), nb::arg("body"),
      nb::sig("def scan(self, over: int | collections.abc.Sequence[Tensor], body: collections.abc.Callable[[typing.Any], typing.Any]) "
              "-> list[Tensor]"),
      "Runs the body once for each row of the sequences, which are (n, ...), or for step = 0 ... n - 1, and returns what it\n"
      "returned each time, stacked: (n, ...). What is carried from row to row is what the body assigns.");
}

/// What look() sees: {name: tensor}.
NamedTensors seen_by(const Callback& look) {
  const nb::gil_scoped_acquire held;
  NamedTensors seen;
  for (const auto& [name, value] : look.call<nb::dict>("a dict of tensors by name")) {
    Operand one;
    if (!nb::isinstance<nb::str>(name) || !nb::try_cast(value, one)) {
      throw DTypeError("[watch_loops] look() returned '" + std::string(nb::str(name).c_str()) + "': a '" +
                       nb::type_name(value.type()).c_str() + "'; expected tensors by name");
    }
    seen.emplace_back(nb::cast<std::string>(name), one.tensor);
  }
  return seen;
}

void bind_records(FlowClass& flow) {
  flow.def("record", [](const BoundFlow& own, const std::string& name, const Operand& value) { own.open().record(name, value); },
           nb::arg("name"), nb::arg("value"),
           "Gives the values that an expression has here in every turn of the loops around a name under which Executor.output()\n"
           "reads them after a run: (turns of the outermost loop, ..., turns of the innermost, shape), after a first axis of samples\n"
           "if it is per sample. Of repeat_while(), `limit` turns; those that were not made are zero. Outside of loops it is\n"
           "output().\n\nRaises NameError if the program has the name already.")
      .def("watch_loops", [](const BoundFlow& own, const nb::callable& look) {
        const Callback callback(look, "the function of watch_loops");
        own.open().watch_loops([callback] { return seen_by(callback); });
      }, nb::arg("look"), nb::sig("def watch_loops(self, look: collections.abc.Callable[[], dict[str, Tensor]]) -> None"),
      "Records what look() returns, {name: tensor}, at every state that a loop passes through, before its first turn and after\n"
      "each: outputs 'loop1/<name>' (turns + 1, shape), 'loop2/<name>', ... for each loop that is written from here on and is in no\n"
      "other loop or branch, and 'loop1/states', the number of rows: a loop that ends earlier leaves zeros behind them. It changes\n"
      "nothing that the program computes.\n\nRaises what look() raises, and DTypeError for what is no tensor.")
      .def("taught_gradients", [](const BoundFlow& own) { return own.open().taught_gradients(); },
           "For each parameter of the network a variable, in its shape, that starts at zero and adds up the gradients with which\n"
           "optimisers step it from here on.\n\nRaises ArgumentError if it has been called before.");
}

void bind_draws(FlowClass& flow) {
  flow.def("random_normal", [](const BoundFlow& own, const Shape& shape, Span span) { return own.open().random_normal(shape, span); },
           nb::arg("shape"), nb::arg("span") = Span::per_sample,
           "N(0, 1) in a shape; differs in every run and every step of the loops around it.")
      .def("random_uniform", [](const BoundFlow& own, const Shape& shape, Span span) {
        return own.open().random_uniform(shape, span);
      }, nb::arg("shape"), nb::arg("span") = Span::per_sample,
      "U(0, 1) in a shape; differs in every run and every step of the loops around it.")
      .def("random_bernoulli", [](const BoundFlow& own, double probability, const Shape& shape, Span span) {
        return own.open().random_bernoulli(probability, shape, span);
      }, nb::arg("probability"), nb::arg("shape"), nb::arg("span") = Span::per_sample,
      "1 with a probability, else 0, in a shape; differs in every run and every step of the loops around it.");
}

}  // namespace

void bind_flow(nb::module_& module) {
  nb::enum_<Mode>(module, "Mode", "What a program is for: layers such as dropout differ.")
      .value("training", Mode::training, "The program trains.")
      .value("evaluation", Mode::evaluation, "The program evaluates.");
  bind_optimiser_steps(module);
  FlowClass flow(module, "Flow",
      "Writes a program over a network: phases, relaxation, gradients, optimiser steps, loops.\n\n"
      "A function that writes a program is given one. Statements run in the order they are written; all right-hand sides of one\n"
      "statement read the state before it. Expressions over nodes mean what the current phase says. Once the function has\n"
      "returned, using the flow raises ArgumentError.");
  flow.def_prop_ro("network", [](const BoundFlow& own) { return python_network(own.open().network()); },
                   nb::sig("def network(self) -> typing.Any"), "The network that the program is for, as it was made in Python.")
      .def("free_nodes", [](const BoundFlow& own) { return bound(own.open().free_nodes()); },
           "The nodes that the current phase leaves to relaxation, all but the clamped ones, in the order they were made.")
      .def("given_nodes", [](const BoundFlow& own) { return bound(own.open().given_nodes()); }, "The nodes that come as data.")
      .def("seen", [](const BoundFlow& own, const Tensor& expression) { return own.open().seen(expression); }, nb::arg("expression"),
           "What an expression over nodes means in the current phase.")
      .def("nodes_read", [](const BoundFlow& own, const Tensor& expression) { return bound(own.open().nodes_read(expression)); },
           nb::arg("expression"), "The nodes whose values an expression reads in the current phase, in the order they were made.")
      .def("parameters_read", [](const BoundFlow& own, const Tensor& expression) {
        return bound(own.open().parameters_read(expression));
      }, nb::arg("expression"), "The parameters that an expression reads in the current phase, in the order they were made.");
  bind_statements(flow);
  bind_gradients(flow);
  bind_loops(flow);
  bind_records(flow);
  bind_draws(flow);
}

}  // namespace pcxx::python

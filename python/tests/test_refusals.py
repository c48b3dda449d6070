"""What comes too late, from elsewhere or in the wrong process is refused: every method, every kind of callback."""

import threading

import pytest

import pcxx
from networks import Classifier, moons, run_alone

# Every method of Network, by whether it changes the network. A new one must be put here.
CHANGES = {
    "node": lambda network, low: network.node("late", 3),
    "predict": lambda network, low: network.predict(low, 1.0 * low),
    "energy_term": lambda network, low: network.energy_term(1.0),
    "parameter": lambda network, low: network.parameter("w", 2, pcxx.zeros()),
    "tag": lambda network, low: network.tag(low, "late"),
}
LOOKS = {"energies", "energy", "initialise", "layer_state", "node_named", "nodes", "parameters", "phase"}

# The same of Phase.
RULES = {
    "clamp": lambda phase: phase.clamp("low"), "free": lambda phase: phase.free("low"), "release": lambda phase: phase.release("low"),
    "follow": lambda phase: phase.follow("low"), "show_value": lambda phase: phase.show_value("low"),
    "show_prediction": lambda phase: phase.show_prediction("low"),
    "transform_prediction": lambda phase: phase.transform_prediction("low", lambda u: u), "weight": lambda phase: phase.weight("low", 0),
    "energy": lambda phase: phase.energy("low", pcxx.no_energy()),
}

# Every method of Flow.
STATEMENTS = {
    "assign": lambda flow, x: flow.assign(x, 1.0), "branch": lambda flow, x: flow.branch(x, lambda: None),
    "choose": lambda flow, x: flow.choose(x, [lambda: None]), "enter": lambda flow, x: flow.enter("start"),
    "free_nodes": lambda flow, x: flow.free_nodes(), "given_nodes": lambda flow, x: flow.given_nodes(),
    "gradient": lambda flow, x: flow.gradient(x, [x]), "lasting_variable": lambda flow, x: flow.lasting_variable("v"),
    "mode": lambda flow, x: flow.mode(pcxx.Mode.evaluation), "network": lambda flow, x: flow.network,
    "nodes_read": lambda flow, x: flow.nodes_read(x), "optimiser": lambda flow, x: flow.optimiser(pcxx.sgd(), [x]),
    "output": lambda flow, x: flow.output("late", x), "parameters_read": lambda flow, x: flow.parameters_read(x),
    "random_bernoulli": lambda flow, x: flow.random_bernoulli(0.5, 2), "random_normal": lambda flow, x: flow.random_normal(2),
    "random_uniform": lambda flow, x: flow.random_uniform(2), "repeat": lambda flow, x: flow.repeat(2, lambda step: None),
    "record": lambda flow, x: flow.record("late", x), "taught_gradients": lambda flow, x: flow.taught_gradients(),
    "watch_loops": lambda flow, x: flow.watch_loops(lambda step: None),
    "repeat_while": lambda flow, x: flow.repeat_while(lambda: x, lambda: None, 2), "scan": lambda flow, x: flow.scan(2, lambda step: step),
    "seen": lambda flow, x: flow.seen(x), "together": lambda flow, x: flow.together(lambda: None),
    "variable": lambda flow, x: flow.variable("late", 1.0),
}


def methods(kind: type) -> set[str]:
    return {name for name in vars(kind) if not name.startswith("_")}


def test_every_method_is_listed():
    assert methods(pcxx.Network) == set(CHANGES) | LOOKS
    assert methods(pcxx.Phase) - {"name"} == set(RULES)
    assert methods(pcxx.Flow) == set(STATEMENTS)


@pytest.fixture(name="compiled", scope="module")
def made_compiled():
    network = Classifier()
    flows = []
    network.phase("mine").clamp("low")
    pcxx.Executor(network, [network.point], lambda flow: (flows.append(flow), flow.enter("mine"), flow.output("x", 1.0 * network.point)))
    return network, flows[0]


@pytest.mark.parametrize("method", CHANGES)
def test_a_compiled_network_does_not_change(compiled, method):
    network, _ = compiled
    before = [node.name for node in network.nodes()], len(network.parameters()), len(network.energies())
    with pytest.raises(pcxx.ArgumentError, match=rf"\[{method}\] the network has been compiled"):
        CHANGES[method](network, network.node_named("low"))
    assert ([node.name for node in network.nodes()], len(network.parameters()), len(network.energies())) == before


@pytest.mark.parametrize("method", RULES)
def test_a_phase_of_a_compiled_network_does_not_change(compiled, method):
    network, _ = compiled
    with pytest.raises(pcxx.ArgumentError, match="'mine' is changed after its network has been compiled"):
        RULES[method](network.phase("mine"))


@pytest.mark.parametrize("method", STATEMENTS)
def test_a_flow_is_of_no_use_behind_its_program(compiled, method):
    network, flow = compiled
    with pytest.raises(pcxx.ArgumentError, match=r"\[flow\] the program of this flow has been written"):
        STATEMENTS[method](flow, network.point)


def test_steps_of_an_optimiser_are_of_no_use_behind_their_program():
    network = Classifier()
    kept = []

    def program(flow):
        kept.append((flow.optimiser(pcxx.sgd(), flow.free_nodes()), flow.gradient(network.energy(), flow.free_nodes())))
        flow.output("x", 1.0 * network.point)

    pcxx.Executor(network, [network.point, network.label], program)
    steps, gradients = kept[0]
    with pytest.raises(pcxx.ArgumentError, match="the program is finished"):
        steps.step(gradients)


@pytest.mark.parametrize("mix", [
    lambda one, other: one.point + other.point, lambda one, other: pcxx.concat([one.point, other.point], 0),
    lambda one, other: one.predict(one.point, 1.0 * other.point), lambda one, other: one.energy_term(pcxx.sum(1.0 * other.point)),
    lambda one, other: one.tag(other.point, "t"), lambda one, other: pcxx.Executor(one, [other.point], lambda flow: None),
    lambda one, other: pcxx.Executor(one, [one.point], lambda flow: flow.output("x", 1.0 * other.point)),
    lambda one, other: pcxx.Executor(one, [one.point], lambda flow: flow.gradient(one.energy(), [other.label])),
])
def test_two_networks_do_not_mix(mix):
    with pytest.raises(pcxx.ArgumentError, match="different network|belong"):
        mix(Classifier(), Classifier())


class Own(Exception):
    """What a callback of the user's raises."""


def fails(*_: object) -> None:
    raise Own


CALLBACKS = {
    "energy": lambda network: network.predict(network.free, 1.0 * network.point, pcxx.Energy("mine", fails)),
    "initialiser": lambda network: (network.parameter("w", 2, pcxx.Initialiser("mine", fails)), network.initialise()),
    "schedule": lambda network: train(network, pcxx.PredictiveCoding(weights=pcxx.sgd(fails))),
    "optimiser": lambda network: train(network, pcxx.PredictiveCoding(weights=pcxx.Optimiser("mine", fails))),
    "program": lambda network: train(network, pcxx.LearningRule("mine", fails)),
    "transform": lambda network: (network.phase("start").follow("low", fails), train(network, pcxx.PredictiveCoding())),
    "weight": lambda network: (network.phase("start").weight("low", fails), train(network, pcxx.PredictiveCoding())),
    "layer": lambda network: pcxx.sequential(network.point, [fails]),
    "shared layer": lambda network: pcxx.shared(fails)(network.point),
}


def train(network: Classifier, rule: pcxx.LearningRule) -> pcxx.Trainer:
    points, labels = moons()
    trainer = pcxx.Trainer(network, rule, threads=1)
    trainer.step({network.point: points, network.label: labels})
    return trainer


def own_network() -> Classifier:
    network = Classifier()
    network.free = network.node("free", 2)
    return network


@pytest.mark.parametrize("kind", CALLBACKS)
def test_what_a_callback_raises_comes_out_as_it_is(kind):
    with pytest.raises(Own) as caught:
        CALLBACKS[kind](own_network())
    assert caught.traceback[-1].name == "fails"


def test_callbacks_may_raise_in_eight_threads_at_once():
    outcomes = []

    def run(kind):
        for _ in range(5):
            try:
                CALLBACKS[kind](own_network())
            except Own:
                outcomes.append(kind)

    threads = [threading.Thread(target=run, args=(kind,)) for kind in list(CALLBACKS)[:8]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 40


def test_a_fork_after_use_is_an_error_for_all_that_runs():
    outcome = run_alone("""
import os
from networks import *
network = Classifier()
points, labels = moons()
data = {network.point: points, network.label: labels}
given = [network.point, network.label]
executor = pcxx.Executor(network, given, pcxx.PredictiveCoding())
trainer = pcxx.Trainer(network, pcxx.PredictiveCoding())
ensemble = pcxx.Ensemble(network, given, [(pcxx.PredictiveCoding(), 0)])
for one in (executor, ensemble):
    one.run(data)
trainer.step(data)
recipe = pcxx.Recipe.parse("[network]\\nwidths = [2, 4, 2]\\n[data]\\nname = 'moons'\\ntrain = 64\\ntest = 64\\n")
child = os.fork()
if child == 0:
    for use in (lambda: executor.run(data), lambda: ensemble.run(data), lambda: trainer.step(data),
                lambda: trainer.predict(network.label, {network.point: points}), lambda: pcxx.inspect(recipe),
                lambda: pcxx.bench("moons", repeat=3), lambda: pcxx.Executor(network, given, pcxx.PredictiveCoding())):
        try:
            use()
            print("ran", flush=True)
        except pcxx.DeviceError:
            print("refused", flush=True)
    print(trainer.state["low.bias"].shape, flush=True)
    os._exit(0)
os.waitpid(child, 0)
trainer.step(data)
""")
    assert outcome.stdout.split("\n") == ["refused"] * 7 + ["(32,)", ""] and outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_a_leak_would_be_seen():
    """What the tests of leaks rely on: the bindings say on the standard error what is left at the end."""
    outcome = run_alone("""
import ctypes
from networks import *
network = Classifier()
ctypes.pythonapi.Py_IncRef(ctypes.py_object(network))
""")
    assert 'leaked instance' in outcome.stderr and '"networks.Classifier"' in outcome.stderr


@pytest.mark.parametrize("code", [
    "pcxx.Ensemble(network, [network.point], [(lambda flow: flow.output('x', 1.0 * network.point), 0)])",
    "transform = pcxx.SampleTransform('mine', lambda x, random: x); data = pcxx.two_moons().transformed([transform]); "
    "loader = pcxx.Loader(data, prefetch=2); batch = next(loader.epoch(0))",
    "network.parameter('w', 2, pcxx.Initialiser('mine', lambda shape, fans, random: random.normal(size=shape))); network.initialise()",
    "class Watch(pcxx.TrainingObserver):\n    def batch(self, report):\n        raise KeyError(self)\n"
    "watch = Watch(); watch.self = watch\n"
    "recipe = pcxx.Recipe.parse(\"[network]\\nwidths = [2, 4, 2]\\n[data]\\nname = 'moons'\\ntrain = 64\\ntest = 64\\n\")\n"
    "try:\n    pcxx.train(recipe, tempfile.mkdtemp(), observer=watch)\nexcept KeyError as error:\n    kept = error",
    "network.steps = []; pcxx.Executor(network, [network.point], lambda flow: (network.steps.append(flow), flow.output('x', 1.0 * "
    "network.point)))",
])
def test_nothing_is_left_at_the_end(code):
    outcome = run_alone(f"import tempfile\nfrom networks import *\nnetwork = Classifier()\n{code}")
    assert outcome.returncode == 0 and outcome.stderr == "", outcome.stderr

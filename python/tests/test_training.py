"""Networks, rules, programs and trainers from Python: what they compute, and what they refuse."""

import numpy as np
import pytest

import pcxx
from networks import Classifier, moons


def train(network, rule, steps=20, **options):
    """Returns the trainer after some steps on two moons, and their energies."""
    points, labels = moons()
    trainer = pcxx.Trainer(network, rule, threads=1, **options)
    energies = [trainer.step({network.point: points, network.label: labels}).energy for _ in range(steps)]
    return trainer, energies


@pcxx.program
def incremental(flow, steps, values, weights):
    """Incremental predictive coding, written here."""
    network = flow.network
    flow.enter("start")
    relax = flow.optimiser(values, flow.free_nodes())
    learn = flow.optimiser(weights, network.parameters())

    @flow.repeat(steps)
    def _(step):
        @flow.together
        def _():
            relax.step(flow.gradient(network.energy(), flow.free_nodes()))
            learn.step(flow.gradient(network.energy(), network.parameters()))

    flow.output("energy", pcxx.batch_mean(network.energy()))


def parameters(trainer, network):
    return {each.name: trainer.state[each.name] for each in network.parameters()}


def test_a_rule_of_ones_own_is_the_shipped_one():
    own, shipped = Classifier(), Classifier()
    values, weights = pcxx.sgd(0.1), pcxx.adamw(1e-3)
    one, _ = train(own, incremental(8, values, weights=weights))
    other, _ = train(shipped, pcxx.IncrementalPredictiveCoding(steps=8, values=values, weights=weights))
    for name, array in parameters(one, own).items():
        np.testing.assert_array_equal(array, other.state[name])


@pytest.mark.parametrize("rule", [
    pcxx.PredictiveCoding(values=pcxx.sgd(0.01, momentum=0.5), weights=pcxx.adamw(0.01)),
    pcxx.IncrementalPredictiveCoding(weights=pcxx.adamw(0.01)), pcxx.ZeroDivergence(), pcxx.Backpropagation(weights=pcxx.adamw(0.01)),
])
def test_shipped_rules_learn(rule):
    points, labels = moons(512, seed=0)
    network = Classifier()
    trainer, energies = train(network, rule, steps=200)
    assert energies[-1] < 0.5 * energies[0]
    assert trainer.accuracy(network.label, labels, {network.point: points}) > 0.93
    assert trainer.steps == 200 and len(trainer.state) > 6


def test_the_same_seed_gives_the_same_bits_for_any_thread_count():
    points, labels = moons(300)
    arrays = []
    for threads in (1, 2, 4):
        network = Classifier()
        trainer = pcxx.Trainer(network, pcxx.PredictiveCoding(), threads=threads, seed=5)
        for _ in range(5):
            trainer.step({network.point: points, network.label: labels})
        arrays.append(trainer.state.arrays())
    for other in arrays[1:]:
        for name, array in arrays[0].items():
            np.testing.assert_array_equal(array, other[name])


def sgd_of_ones_own(rate: float, momentum: float) -> pcxx.Optimiser:
    def update(one):
        trace = one.gradient + momentum * one.slots[0]
        return one.value - rate * trace, [trace]
    return pcxx.Optimiser("mine", update, slots=["trace"])


def test_energies_optimisers_and_schedules_of_ones_own_are_the_shipped_ones():
    class Own(pcxx.Network):
        def __init__(self, energy):
            super().__init__()
            self.point = self.node("point", 2)
            self.label = self.node("label", 2)
            hidden = self.node("hidden", 16, pcxx.tanh(pcxx.linear(self.point, 16)))
            self.predict(self.label, pcxx.linear(hidden, 2), energy)

    energy = pcxx.Energy("mine", lambda value, prediction: 0.5 * pcxx.sum(pcxx.square(value - prediction)))
    one, other = Own(energy), Own(pcxx.squared_error())
    mine, _ = train(one, pcxx.PredictiveCoding(values=sgd_of_ones_own(0.1, 0.5),
                                               weights=pcxx.adamw(lambda count: 0.01 * pcxx.power(0.5, pcxx.floor(count / 4)))))
    shipped, _ = train(other, pcxx.PredictiveCoding(values=pcxx.sgd(0.1, momentum=0.5),
                                                    weights=pcxx.adamw(pcxx.step_schedule(0.01, 0.5, 4))))
    for name, array in parameters(mine, one).items():
        np.testing.assert_array_equal(array, shipped.state[name])


def test_phases_and_transforms():
    network = Classifier()
    network.phase("start").follow("low", lambda u: 0.5 * u).follow(pcxx.named("high"), pcxx.to_constant(2))
    network.phase("noisy").follow("low", lambda u, random: u + random.normal(u.shape))
    points, _ = moons()

    def program(flow):
        flow.enter("start")
        low, high = network.node_named("low"), network.node_named("high")
        flow.output("low", low.value() * 2 - low.prediction())
        flow.output("high", high.value())
        flow.enter("noisy")
        flow.output("noise", low.value() - low.prediction())

    executor = pcxx.Executor(network, [network.point], program)
    executor.run({network.point: points})
    np.testing.assert_allclose(executor.output("low"), 0, atol=1e-6)
    np.testing.assert_array_equal(executor.output("high"), np.full((256, 32), 2, np.float32))
    noise = executor.output("noise")
    assert abs(noise.mean()) < 0.05 and abs(noise.std() - 1) < 0.05


def test_loops_branches_and_scans():
    network = pcxx.Network()
    x = network.node("x", ())

    def program(flow):
        total = flow.variable("total", x.value())
        flow.repeat(4, lambda step: flow.assign(total, total + step))
        flow.branch(pcxx.batch_mean(x.value()) > 0, lambda: flow.assign(total, total * 2), lambda: flow.assign(total, 0 * total))
        (powers,) = flow.scan(3, lambda step: pcxx.power(2.0, step))
        flow.output("total", total)
        flow.output("powers", powers)
        count = flow.variable("count", pcxx.batch_sum(0 * x.value()))
        flow.repeat_while(lambda: count < 5, lambda: flow.assign(count, count + 1), limit=100)
        flow.choose(count, [lambda: flow.assign(count, 0), lambda: flow.assign(count, count * 10)])
        flow.output("count", count)

    executor = pcxx.Executor(network, [x], program)
    executor.run({x: np.array([1, 2, 3], np.float32)})
    np.testing.assert_array_equal(executor.output("total"), [14, 16, 18])
    np.testing.assert_array_equal(executor.output("powers"), [1, 2, 4])
    assert executor.output("count") == 50
    assert executor.outputs() == ["count", "powers", "total"] and "repeat" in executor.program() and executor.explain()


def test_a_network_cannot_change_once_it_is_compiled():
    network = Classifier()
    train(network, pcxx.PredictiveCoding(), steps=1)
    low = network.node_named("low")
    for change in (lambda: network.node("late", 3), lambda: network.predict(low, low), lambda: network.energy_term(1.0),
                   lambda: network.parameter("w", 2, pcxx.zeros()), lambda: pcxx.linear(low, 3), lambda: network.tag(low, "t"),
                   lambda: pcxx.Network(network, "part")):
        with pytest.raises(pcxx.ArgumentError, match="the network has been compiled"):
            change()
    with pytest.raises(pcxx.ArgumentError, match="complete before"):
        start = network.phase("start")
        start.clamp("low")
    network.phase("new").clamp("low")  # nothing that was compiled knows it


def test_what_is_used_behind_its_trace_is_an_error():
    network = Classifier()
    kept = []
    pcxx.Executor(network, [network.point], lambda flow: (kept.append(flow), flow.output("x", 1.0 * network.point)))
    with pytest.raises(pcxx.ArgumentError, match=r"\[flow\] the program of this flow has been written"):
        kept[0].output("y", 1.0 * network.point)
    inside = []

    def leaves_a_variable(flow):
        inside.append(flow.variable("mine", 1.0 * network.point))
        flow.output("x", inside[0])

    pcxx.Executor(network, [network.point], leaves_a_variable)
    with pytest.raises(pcxx.ArgumentError, match="mine"):
        pcxx.Executor(network, [network.point], lambda flow: flow.output("x", inside[0]))


def test_exceptions_of_callbacks_come_through():
    class Own(Exception):
        pass

    def fails(*_):
        raise Own("of mine")

    network = Classifier()
    points, labels = moons()
    data = {network.point: points, network.label: labels}
    with pytest.raises(Own, match="of mine"):
        pcxx.Executor(network, [network.point], fails)
    with pytest.raises(Own):
        pcxx.Executor(network, [network.point], lambda flow: flow.repeat(3, fails))
    with pytest.raises(Own):
        pcxx.Trainer(network, pcxx.LearningRule("mine", fails)).step(data)
    with pytest.raises(Own):
        pcxx.Trainer(network, pcxx.PredictiveCoding(weights=pcxx.adamw(fails))).step(data)
    with pytest.raises(Own):
        pcxx.Trainer(network, pcxx.PredictiveCoding(values=pcxx.Optimiser("mine", fails))).step(data)
    with pytest.raises(pcxx.DTypeError, match="the update of optimiser 'mine' returned a 'NoneType'; expected the new value"):
        pcxx.Trainer(network, pcxx.PredictiveCoding(values=pcxx.Optimiser("mine", lambda one: None))).step(data)
    with pytest.raises(pcxx.DTypeError, match="expected a LearningRule"):
        pcxx.Trainer(network, 3)
    other = Classifier()
    other.phase("start").follow("low", fails)
    with pytest.raises(Own):
        train(other, pcxx.PredictiveCoding(), steps=1)
    trainer, _ = train(network, pcxx.PredictiveCoding(), steps=2)  # nothing is broken by what failed
    assert trainer.steps == 2


def test_divergence_names_node_and_step():
    network = Classifier()
    with pytest.raises(pcxx.DivergenceError, match="node") as caught:
        train(network, pcxx.PredictiveCoding(steps=8, values=pcxx.sgd(1e6), weights=pcxx.sgd(1e6)), steps=50)
    assert isinstance(caught.value.node, str) and caught.value.step >= 0 and isinstance(caught.value, RuntimeError)


def test_restored_training_goes_on_to_the_same_bits():
    network = Classifier()
    rule = pcxx.PredictiveCoding()
    trainer, _ = train(network, rule, steps=5)
    kept = trainer.state.arrays()
    points, labels = moons()
    data = {network.point: points, network.label: labels}
    expected = [trainer.step(data).energy for _ in range(3)]
    again = pcxx.Trainer(network, rule, threads=1, seed=99)
    again.restore(kept, 5, [network.point, network.label])
    assert [again.step(data).energy for _ in range(3)] == expected and again.steps == 8


def test_f64_runs_on_the_reference():
    network = Classifier()
    points, labels = moons(32)
    trainer = pcxx.Trainer(network, pcxx.PredictiveCoding(), device="reference", precision="f64")
    with pytest.raises(pcxx.DTypeError, match="expected float64"):
        trainer.step({network.point: points, network.label: labels})
    report = trainer.step({network.point: points.astype(np.float64), network.label: labels.astype(np.float64)})
    assert trainer.state["low.weight"].dtype == np.float64 and set(report.nodes) == {"low", "high", "label"}
    with pytest.raises(pcxx.NameError, match="known"):
        pcxx.Trainer(network, pcxx.PredictiveCoding(), device="gpu").step({network.point: points, network.label: labels})


def test_layers_and_groups_build_and_run():
    class Pictures(pcxx.Network):
        def __init__(self):
            super().__init__()
            self.picture, self.label = self.node("picture", (3, 8, 8)), self.node("label", 4)
            below = self.node("low", (6, 8, 8), pcxx.relu(pcxx.conv2d(self.picture, 6, 3, padding="same")))
            pooled = pcxx.max_pool2d(below, 2)
            high = self.node("high", (4, 4, 4), pcxx.tanh(pcxx.conv2d(pooled, 4, (3, 3), padding=1, weight=pcxx.he_normal())))
            self.predict(self.label, pcxx.linear(pcxx.flatten(high), 4), pcxx.categorical())

    network = Pictures()
    groups = [pcxx.OptimiserGroup(pcxx.adamw(1e-3), "*.weight"), pcxx.OptimiserGroup(pcxx.sgd(0.1), ~pcxx.named("*.weight"))]
    trainer = pcxx.Trainer(network, pcxx.PredictiveCoding(weights=groups))
    random = np.random.default_rng(0)
    data = {network.picture: random.normal(size=(5, 3, 8, 8)).astype(np.float32), network.label: np.eye(4, dtype=np.float32)[[0, 1, 2, 3, 0]]}
    first = trainer.step(data).energy
    for _ in range(30):
        last = trainer.step(data).energy
    assert last < first
    assert trainer.executor(list(data)).value(network.node_named("low")).shape == (5, 6, 8, 8)


def test_the_classifier_of_three_lines():
    data = pcxx.two_moons(samples=600, noise=0.2, seed=1)
    X, y = np.array(data.inputs, np.float64), np.where(np.array(data.labels) == 1, "upper", "lower")
    classifier = pcxx.PCClassifier(hidden=(32, 32)).fit(X[:400], y[:400])
    assert classifier.score(X[400:], y[400:]) > 0.93
    assert set(classifier.predict(X[400:])) == {"upper", "lower"}
    np.testing.assert_allclose(classifier.predict_proba(X[400:]).sum(axis=1), 1, rtol=1e-5)
    again = pcxx.PCClassifier(**classifier.get_params()).fit(X[:400], y[:400])
    np.testing.assert_array_equal(classifier.predict_proba(X), again.predict_proba(X))
    for wrong, error in (((X[:3], y[:4]), pcxx.ShapeError), ((X[0], y[:1]), pcxx.ShapeError), ((X[:3], ["a"] * 3), pcxx.ArgumentError)):
        with pytest.raises(error, match=r"\[classifier\]"):
            pcxx.PCClassifier().fit(*wrong)
    with pytest.raises(pcxx.ArgumentError, match="fit"):
        pcxx.PCClassifier().predict(X)

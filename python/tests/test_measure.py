"""Measurements: closed forms, programs written by hand, and that nothing measured changes."""

import json

import numpy as np
import pytest

import pcxx
from networks import Classifier, moons

RULES = {
    "pc": pcxx.PredictiveCoding(steps=6, values=pcxx.sgd(0.05, momentum=0.5)),
    "incremental": pcxx.IncrementalPredictiveCoding(steps=6, values=pcxx.sgd(0.05)),
    "hybrid": pcxx.ZeroDivergence(steps=8),
}


class Chain(pcxx.Network):
    """x -> hidden -> y, each predicted by the identity: E = ½(h - x)² + ½(y - h)²."""

    def __init__(self, nodes: int = 1) -> None:
        super().__init__()
        self.x = self.node("x", 1)
        below: pcxx.Tensor = self.x
        for i in range(nodes):
            below = self.node(f"hidden{i + 1}", 1, 1.0 * below)
        self.y = self.node("y", 1, 1.0 * below)


class Squared(pcxx.Network):
    """A classifier whose label has the squared error, as nudging wants it."""

    def __init__(self) -> None:
        super().__init__()
        self.point, self.label = self.node("point", 2), self.node("label", 2)
        low = self.node("low", 8, pcxx.tanh(pcxx.linear(self.point, 8)))
        self.predict(self.label, pcxx.linear(low, 2))


def trainer_and_batch(rule, network=None, **options):
    network = network or Classifier(8)
    points, labels = moons(32)
    trainer = pcxx.Trainer(network, rule, threads=1, **options)
    batch = {network.point: points, network.label: labels}
    if options.get("precision") == "f64":
        batch = {node: array.astype(np.float64) for node, array in batch.items()}
    return trainer, batch


def same(one, other):
    assert one.keys() == other.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name])


def test_relaxation_of_a_linear_chain_is_the_closed_form():
    """From h = x, each step of rate r brings the error 2h - x - y to (1 - 2r) of itself."""
    network, rate, steps = Chain(), 0.2, 12
    x, y = np.array([[1.0], [0.0], [-2.0]]), np.array([[2.0], [0.0], [1.0]])
    found = pcxx.measure.relaxation(network, {network.x: x, network.y: y}, rule=pcxx.PredictiveCoding(steps=steps, values=pcxx.sgd(rate)),
                                    device="reference", precision="f64")
    t = np.arange(steps + 1)
    h = (x + y) / 2 + (x - y) / 2 * (1 - 2 * rate) ** t
    np.testing.assert_array_equal(found.steps, t)
    assert list(found.energies) == ["hidden1", "y"] and list(found.gradients) == ["hidden1"]
    np.testing.assert_allclose(found.energies["hidden1"], np.mean(0.5 * (h - x) ** 2, axis=0), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found.energies["y"], np.mean(0.5 * (y - h) ** 2, axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.total, np.mean(0.5 * (h - x) ** 2 + 0.5 * (y - h) ** 2, axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.gradients["hidden1"], np.mean(np.abs(2 * h - x - y), axis=0), rtol=1e-12)
    assert found.remaining == pytest.approx((1 - 2 * rate) ** steps)


@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_relaxation_is_what_a_program_written_by_hand_outputs(momentum):
    rule = pcxx.PredictiveCoding(steps=5, values=pcxx.sgd(0.05, momentum=momentum))
    trainer, batch = trainer_and_batch(rule)
    trainer.step(batch)
    network = trainer.network

    def by_hand(flow):
        def look(t):
            for name, energy in network.energies():
                flow.output(f"{t}/{name}", pcxx.batch_mean(energy))
            for node, gradient in zip(flow.free_nodes(), flow.gradient(network.energy(), flow.free_nodes())):
                flow.output(f"{t}/gradient/{node.name}", pcxx.batch_mean(pcxx.sqrt(pcxx.sum(pcxx.square(gradient)))))

        flow.enter("start")
        values = flow.optimiser(pcxx.sgd(0.05, momentum=momentum), flow.free_nodes())
        for t in range(5):
            look(t)
            values.step(flow.gradient(network.energy(), flow.free_nodes()))
        look(5)

    executor = pcxx.Executor(network, list(batch), by_hand, trainer.state, device="reference")
    executor.run(batch)
    found = pcxx.measure.relaxation(trainer, batch)
    for name, energy in found.energies.items():
        np.testing.assert_allclose(energy, [executor.output(f"{t}/{name}") for t in range(6)], rtol=1e-4, atol=1e-9)
    for name, norm in found.gradients.items():
        np.testing.assert_allclose(norm, [executor.output(f"{t}/gradient/{name}") for t in range(6)], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("name", RULES)
def test_the_last_state_is_what_the_next_step_reports(name):
    trainer, batch = trainer_and_batch(RULES[name])
    trainer.step(batch)
    found = pcxx.measure.relaxation(trainer, batch)
    report = trainer.step(batch)
    np.testing.assert_allclose([found.energies[node][-1] for node in report.nodes], list(report.nodes.values()), rtol=1e-6)
    assert found.total[-1] == pytest.approx(report.energy, rel=1e-5)


def test_nudged_targets_and_rules_of_ones_own_relax():
    trainer, batch = trainer_and_batch(pcxx.TargetNudging(beta=0.2, steps=4), Squared())
    found = pcxx.measure.relaxation(trainer, batch)
    assert found.steps.tolist() == [0, 1, 2, 3, 4] and np.all(np.diff(found.total) < 0)

    @pcxx.program
    def twice(flow):
        network = flow.network
        flow.enter("start")
        values = flow.optimiser(pcxx.sgd(0.05), flow.free_nodes())
        flow.repeat(3, lambda step: values.step(flow.gradient(network.energy(), flow.free_nodes())))
        count = flow.variable("count", 0.0)

        def more():
            values.step(flow.gradient(network.energy(), flow.free_nodes()))
            flow.assign(count, count + 1)

        flow.repeat_while(lambda: count < 2, more, limit=9)
        flow.output("energy", pcxx.batch_mean(network.energy()))

    own, batch = trainer_and_batch(twice)
    found = pcxx.measure.relaxation(own, batch)
    assert found.steps.tolist() == [0, 1, 2, 3, 3, 4, 5] and found.total[3] == found.total[4]
    one, batch = trainer_and_batch(pcxx.PredictiveCoding(steps=5, values=pcxx.sgd(0.05)))
    np.testing.assert_allclose(np.delete(found.total, 4), pcxx.measure.relaxation(one, batch).total, rtol=1e-5)


@pytest.mark.parametrize("measured", [pcxx.measure.relaxation, pcxx.measure.weight_gradients])
def test_nothing_measured_changes(measured):
    """State, parameters and what is drawn afterwards are those of a trainer that nobody looked at."""
    @pcxx.program
    def noisy(flow):
        network = flow.network
        flow.enter("start")
        nodes = flow.free_nodes()
        flow.repeat(3, lambda step: [flow.assign(node, node.value() - 0.05 * gradient + 0.01 * flow.random_normal(node.shape))
                                     for node, gradient in zip(nodes, flow.gradient(network.energy(), nodes))])
        flow.output("energy", pcxx.batch_mean(network.energy()))
        flow.optimiser(pcxx.adamw(0.01), network.parameters()).step(flow.gradient(network.energy(), network.parameters()))

    looked_at, batch = trainer_and_batch(noisy)
    alone, other = trainer_and_batch(noisy)
    for _ in range(3):
        before = looked_at.state.arrays()
        measured(looked_at, batch)
        same({name: looked_at.state[name] for name in before}, before)
        assert looked_at.step(batch).energy == alone.step(other).energy
    same(looked_at.state.arrays(), alone.state.arrays())


def differences(trainer, batch, write):
    """Returns d 'energy' / d parameter of a program, by central differences in f64."""
    executor = pcxx.Executor(trainer.network, list(batch), write, trainer.state, device="reference", precision="f64")

    def energy(name, array):
        trainer.state[name] = array
        executor.run(batch)
        return float(executor.output("energy"))

    gradients = {}
    for parameter in trainer.network.parameters():
        kept = trainer.state[parameter.name]
        directions = 1e-5 * np.eye(kept.size).reshape(-1, *kept.shape)
        differences = [energy(parameter.name, kept + each) - energy(parameter.name, kept - each) for each in directions]
        gradients[parameter.name] = np.reshape(differences, kept.shape) / 2e-5
        trainer.state[parameter.name] = kept
    return gradients


def test_weight_gradients_are_those_of_finite_differences():
    """Backpropagation's and the relaxed energy's, in f64, against differences of the energies themselves."""
    rule = pcxx.PredictiveCoding(steps=3, values=pcxx.sgd(0.1))
    trainer, batch = trainer_and_batch(rule, Classifier(4), device="reference", precision="f64")
    network = trainer.network
    found = pcxx.measure.weight_gradients(trainer, batch, by="parameter")

    def forward(flow):
        flow.enter("predict")
        flow.output("energy", pcxx.batch_mean(network.label.energy()))

    def relaxed(flow):
        flow.enter("start")
        values = flow.optimiser(pcxx.sgd(0.1), flow.free_nodes())
        flow.repeat(3, lambda step: values.step(flow.gradient(network.energy(), flow.free_nodes())))

    at_rest = pcxx.Executor(network, list(batch), relaxed, trainer.state, device="reference", precision="f64")
    at_rest.run(batch)
    held = {node: at_rest.value(node) for node in network.nodes() if node.name in ("low", "high")}
    backpropagation = differences(trainer, batch, forward)
    taught = differences(trainer, {**batch, **held}, lambda flow: flow.output("energy", pcxx.batch_mean(network.energy())))
    for name, gradient in taught.items():
        norm, other = np.linalg.norm(gradient), np.linalg.norm(backpropagation[name])
        assert found.taught[name] == pytest.approx(norm, rel=1e-6)
        assert found.backpropagation[name] == pytest.approx(other, rel=1e-6)
        assert found.cosine[name] == pytest.approx(np.sum(gradient * backpropagation[name]) / norm / other, abs=1e-6)
        assert found.norm_over_steps[name][-1] == pytest.approx(found.taught[name], rel=1e-12)
        assert found.cosine_over_steps[name][-1] == pytest.approx(found.cosine[name], abs=1e-12)


def test_layers_join_their_parameters():
    trainer, batch = trainer_and_batch(RULES["pc"])
    each = pcxx.measure.weight_gradients(trainer, batch, by="parameter")
    layers = pcxx.measure.weight_gradients(trainer, batch)
    assert list(layers.taught) == ["low", "high", "label"]
    for layer, norm in layers.taught.items():
        parts = [f"{layer}.weight", f"{layer}.bias"]
        assert norm == pytest.approx(np.hypot(*(each.taught[part] for part in parts)))
        dot = sum(each.cosine[part] * each.taught[part] * each.backpropagation[part] for part in parts)
        assert layers.cosine[layer] == pytest.approx(dot / norm / layers.backpropagation[layer], abs=1e-6)


def test_zil_teaches_what_backpropagation_does():
    for rule in (pcxx.ZeroDivergence(), pcxx.Backpropagation()):
        trainer, batch = trainer_and_batch(rule)
        found = pcxx.measure.weight_gradients(trainer, batch)
        np.testing.assert_allclose(list(found.cosine.values()), 1, atol=1e-5)
        np.testing.assert_allclose(list(found.taught.values()), list(found.backpropagation.values()), rtol=1e-5)
        assert len(found.steps) == 0 and found.norm_over_steps == {}


def test_where_no_error_has_arrived_there_is_no_direction():
    trainer, batch = trainer_and_batch(RULES["pc"])
    found = pcxx.measure.weight_gradients(trainer, batch)
    assert found.norm_over_steps["low"][:2].tolist() == [0, 0] and np.isnan(found.cosine_over_steps["low"][:2]).all()
    assert found.cosine_over_steps["label"][0] == pytest.approx(1, abs=1e-5)  # at the forward pass the last layer's is backpropagation's


def test_tiny_gradients_have_norms():
    """After two steps an error of rate² arrives, whose square is no f32."""
    network = Chain(3)
    data = {node: np.full((4, 1), value, np.float32) for node, value in ((network.x, 0), (network.y, 1))}
    found = pcxx.measure.relaxation(network, data, rule=pcxx.PredictiveCoding(steps=3, values=pcxx.sgd(1e-12)))
    np.testing.assert_allclose(found.gradients["hidden1"][2], 1e-24, rtol=1e-5)


def test_training_from_reports_and_from_logs(tmp_path):
    trainer, batch = trainer_and_batch(RULES["pc"])
    reports = [trainer.step(batch) for _ in range(4)]
    found = pcxx.measure.training(reports)
    assert found.steps.tolist() == [0, 1, 2, 3] and found.total.tolist() == [each.energy for each in reports]
    assert found.nodes["low"].tolist() == [each.nodes["low"] for each in reports]
    records = [{"event": "start"}, {"event": "batch", "step": 5, "energy": 3.0, "energies": {"a": 3.0}},
               {"event": "epoch", "step": 10, "energy": 2.0, "energies": {"a": 1.5, "b": 0.5}},
               {"event": "epoch", "step": 20, "energy": None, "energies": {"a": None}}]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(each) + "\n" for each in records) + '{"event": "ep')
    for history in (tmp_path, str(tmp_path / "log.jsonl")):
        found = pcxx.measure.training(history)
        assert found.steps.tolist() == [10, 20] and found.total[0] == 2 and np.isnan(found.total[1])
        np.testing.assert_array_equal(found.nodes["b"], [0.5, np.nan])
    assert pcxx.measure.training(tmp_path, every="batch").steps.tolist() == [5]
    with pytest.raises(pcxx.FileError, match="cannot be read"):
        pcxx.measure.training(tmp_path / "absent")
    (tmp_path / "log.jsonl").write_text('{"event": "epoch"}\n')
    with pytest.raises(pcxx.FileError, match="line 1"):
        pcxx.measure.training(tmp_path)
    with pytest.raises(pcxx.ArgumentError, match="no records"):
        pcxx.measure.training([])


def test_confusion_counts():
    assert pcxx.measure.confusion([0, 0, 1, 2], [0, 1, 1, 0]).tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    assert pcxx.measure.confusion(np.eye(3), [[0, 1], [1, 0], [0, 1]], classes=4).sum() == 3
    assert pcxx.measure.confusion(["b", "a"], ["b", "b"]).tolist() == [[0, 1], [0, 1]]
    assert pcxx.measure.confusion(["b", "a"], ["b", "b"], classes=["b", "a"]).tolist() == [[1, 0], [1, 0]]
    with pytest.raises(pcxx.ShapeError, match="2 labels but 3 predictions"):
        pcxx.measure.confusion([0, 1], [0, 1, 2])
    with pytest.raises(pcxx.ArgumentError, match="class 3 appears"):
        pcxx.measure.confusion([0, 3], [0, 1], classes=2)
    with pytest.raises(pcxx.ShapeError, match=r"\(samples,\)"):
        pcxx.measure.confusion(np.zeros((2, 2, 2)), [0, 1])


def test_bad_questions_are_refused():
    trainer, batch = trainer_and_batch(RULES["pc"])
    network = trainer.network
    for measured in (pcxx.measure.relaxation, pcxx.measure.weight_gradients):
        with pytest.raises(pcxx.ArgumentError, match="without a rule"):
            measured(network, batch)
        with pytest.raises(pcxx.ArgumentError, match="the batch is empty"):
            measured(trainer, {})
        with pytest.raises(pcxx.DTypeError, match="asked of a 'str'"):
            measured("trainer", batch)
    for rule in (pcxx.Backpropagation(), pcxx.ZeroDivergence(), pcxx.PredictiveCoding(steps=0)):
        with pytest.raises(pcxx.ArgumentError, match="no loop"):
            pcxx.measure.relaxation(trainer, batch, rule=rule)
    with pytest.raises(pcxx.ArgumentError, match="no given node has an energy"):
        pcxx.measure.weight_gradients(trainer, {network.point: batch[network.point]})
    with pytest.raises(pcxx.ArgumentError, match="by='node'"):
        pcxx.measure.weight_gradients(trainer, batch, by="node")


def test_what_a_rule_records():
    network = pcxx.Network()
    x = network.node("x", ())

    def program(flow):
        total = flow.variable("total", x.value())

        def inner(step):
            flow.assign(total, total + 1)
            flow.record("total", total)

        flow.watch_loops(lambda: {"mean": pcxx.batch_mean(total)})
        flow.repeat(2, lambda step: flow.repeat(3, inner))
        flow.record("end", total)

    executor = pcxx.Executor(network, [x], program)
    executor.run({x: np.array([0, 10], np.float32)})
    np.testing.assert_array_equal(executor.output("total"), [[[1, 2, 3], [4, 5, 6]], [[11, 12, 13], [14, 15, 16]]])
    np.testing.assert_array_equal(executor.output("loop1/mean"), [5, 8, 11])
    np.testing.assert_array_equal(executor.output("end"), [6, 16])
    with pytest.raises(pcxx.DTypeError, match="expected tensors by name"):
        pcxx.Executor(network, [x], lambda flow: [flow.watch_loops(lambda: {"a": "b"}), flow.repeat(1, lambda step: None)])

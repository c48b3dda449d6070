"""Errors that are found after tracing name the user's lines: where a node was made, where a value is read."""

import inspect
import re

import numpy as np
import pytest

import pcxx
from networks import Classifier, moons


def line(offset: int = 0) -> str:
    """Returns the caller's file and line as messages have them, as a pattern."""
    frame = inspect.currentframe().f_back
    return re.escape(f"{frame.f_code.co_filename}:{frame.f_lineno + offset}")


def test_nodes_and_parameters_know_their_lines():
    network = pcxx.Network()
    x, here = network.node("x", 3), line()
    y = network.node("y", 3)
    assert re.fullmatch(here, x.place)
    network.predict(y, pcxx.linear(x, 3)); here = line()
    assert re.fullmatch(here, y.place) and all(re.fullmatch(here, one.place) for one in network.parameters())
    w, here = network.parameter("w", 2, pcxx.zeros()), line()
    assert re.fullmatch(here, w.place)


def test_a_variable_read_outside_of_its_branch_names_both_lines():
    network = Classifier()
    places = {}

    def program(flow):
        inside = []

        def body():
            inside.append(flow.variable("mine", 1.0 * network.point)); places["made"] = line()

        flow.branch(pcxx.batch_mean(network.point[0]) > 0, body)
        flow.assign(flow.variable("other", 0 * network.point), 1.0)
        flow.output("x", 2 * inside[0]); places["read"] = line()

    with pytest.raises(pcxx.ArgumentError) as caught:
        pcxx.Executor(network, [network.point], program)
    assert re.search(rf"variable 'mine' \({places['made']}\) is read at {places['read']} where it does not exist", str(caught.value))


def test_a_node_read_before_it_has_a_value_names_both_lines():
    network = pcxx.Network()
    x, made = network.node("x", 3), line()
    places = {}

    def program(flow):
        @flow.together
        def _():
            flow.output("first", pcxx.batch_mean(pcxx.sum(1.0 * x.value()))); places["read"] = line()
            flow.output("second", 1.0)

    with pytest.raises(pcxx.ArgumentError) as caught:
        pcxx.Executor(network, [], program)
    message = str(caught.value)
    assert re.search(rf"node 'x' \({made}\) is read at {re.escape(__file__)}:\d+ before it has a value", message)


def test_a_loop_of_predictions_names_every_node():
    network = pcxx.Network()
    x, y = network.node("x", 3), network.node("y", 3)
    network.predict(x, pcxx.tanh(y)); first = line()
    network.predict(y, pcxx.tanh(x)); second = line()
    with pytest.raises(pcxx.ArgumentError, match=rf"'x' \({first}\), 'y' \({second}\)"):
        pcxx.Executor(network, [], pcxx.PredictiveCoding())


def test_divergence_names_the_line_of_the_node():
    points, labels = moons()

    class Wild(Classifier):
        def __init__(self):
            super().__init__()
            self.far = self.node("far", 2, 1e30 * pcxx.exp(100 * pcxx.square(self.label))); self.here = line()

    network = Wild()
    with pytest.raises(pcxx.DivergenceError, match="energy of node") as caught:
        trainer = pcxx.Trainer(network, pcxx.PredictiveCoding(values=pcxx.sgd(1e6)))
        for _ in range(5):
            trainer.step({network.point: points, network.label: labels})
    node = network.node_named(caught.value.node)
    assert f"energy of node '{node.name}' ({node.place})" in str(caught.value) and node.place


def test_parameters_of_no_group_name_their_line():
    network = Classifier()
    lost = network.parameters("label.weight")[0]
    groups = [pcxx.OptimiserGroup(pcxx.sgd(0.1), ~pcxx.named("label.weight"))]
    with pytest.raises(pcxx.ArgumentError) as caught:
        pcxx.Executor(network, [network.point, network.label], pcxx.PredictiveCoding(weights=groups))
    assert f"parameter 'label.weight' ({lost.place}) is in no group" in str(caught.value)
    assert "networks.py:" in lost.place


def test_unbounded_energies_name_the_line_of_the_node():
    network = Classifier()
    with pytest.raises(pcxx.ArgumentError) as caught:
        pcxx.Executor(network, [network.point], pcxx.PredictiveCoding())
    label = network.node_named("label")
    assert f"node 'label' ({label.place}) is free but its energy" in str(caught.value)


def test_lines_of_the_package_itself_are_nobodys():
    classifier = pcxx.PCClassifier(hidden=(4,), epochs=1)
    data = pcxx.two_moons(samples=64)
    classifier.fit(np.array(data.inputs), np.array(data.labels)); here = line()
    assert re.fullmatch(here, classifier.network_.node_named("label").place)

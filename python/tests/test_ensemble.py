"""Ensembles: each member becomes what it would have become alone."""

import numpy as np
import pytest

import pcxx
from networks import Classifier, moons

RULES = [pcxx.PredictiveCoding(steps=4), pcxx.PredictiveCoding(steps=4), pcxx.IncrementalPredictiveCoding(steps=6)]


def test_members_are_executors_with_their_seeds_to_the_bit():
    points, labels = moons()
    network = Classifier(8)
    given, data = [network.point, network.label], {network.point: points, network.label: labels}
    ensemble = pcxx.Ensemble(network, given, [(rule, seed) for seed, rule in enumerate(RULES)], threads=1)
    for _ in range(3):
        ensemble.run(data)
    assert len(ensemble) == 3 and ensemble.explain()
    for seed, rule in enumerate(RULES):
        alone = pcxx.Executor(network, given, rule, seed=seed, threads=1)
        for _ in range(3):
            alone.run(data)
        np.testing.assert_array_equal(ensemble.output(seed, "energy"), alone.output("energy"))
        high = network.node_named("high")
        np.testing.assert_array_equal(ensemble.value(seed, high), alone.value(high))
        assert ensemble.state(seed).keys() == alone.state.keys()
        for name, array in alone.state.arrays().items():
            np.testing.assert_array_equal(ensemble.state(seed)[name], array)


def test_a_member_is_loaded_alone():
    network = Classifier(8)
    ensemble = pcxx.Ensemble(network, [network.point], [(lambda flow: (flow.enter("start"), flow.output("x", 1 * network.label)), 0)] * 2)
    other = {name: array + 1 for name, array in ensemble.state(0).arrays().items()}
    untouched = ensemble.state(0).arrays()
    ensemble.load(1, other)
    for name, array in other.items():
        np.testing.assert_array_equal(ensemble.state(1)[name], array)
        np.testing.assert_array_equal(ensemble.state(0)[name], untouched[name])
    with pytest.raises(pcxx.NameError):
        ensemble.load(1, {"low.weight": other["low.weight"]})
    for wrong in (2, -1):
        with pytest.raises(pcxx.ArgumentError, match=r"member -?\d of 2; expected 0 to 1"):
            ensemble.state(wrong)


def test_wrong_ensembles_are_errors():
    network = Classifier(8)
    with pytest.raises(pcxx.ArgumentError, match="no members"):
        pcxx.Ensemble(network, [network.point], [])
    with pytest.raises(pcxx.DTypeError, match=r"\[ensemble\] the program is a 'str'; expected a LearningRule"):
        pcxx.Ensemble(network, [network.point], [("pc", 0)])
    with pytest.raises(ZeroDivisionError):
        pcxx.Ensemble(network, [network.point], [(lambda flow: 1 / 0, 0)])
    ensemble = pcxx.Ensemble(network, [network.point], [(lambda flow: flow.output("x", 1 * network.point), 0)])
    with pytest.raises(pcxx.ArgumentError, match="samples="):
        ensemble.run()
    with pytest.raises(pcxx.DTypeError, match="float64; expected float32"):
        ensemble.run({network.point: np.zeros((3, 2))})
    with pytest.raises(pcxx.ArgumentError, match="the network has been compiled"):
        network.node("late", 3)


def test_ensembles_run_in_f64_on_the_reference():
    network = Classifier(4)
    points, labels = moons(16)
    members = [(pcxx.PredictiveCoding(), 0), (pcxx.PredictiveCoding(), 0)]
    ensemble = pcxx.Ensemble(network, [network.point, network.label], members, device="reference", precision="f64")
    ensemble.run({network.point: points.astype(np.float64), network.label: labels.astype(np.float64)})
    assert ensemble.output(0, "energy") == ensemble.output(1, "energy") and ensemble.state(0)["low.weight"].dtype == np.float64

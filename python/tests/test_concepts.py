"""The Python of docs/concepts.md, and that what the page says is true; its blocks are slices of this file."""

import importlib
import pathlib
import sys

import numpy as np
import pytest

import pcxx

ROOT = pathlib.Path(__file__).resolve().parents[2]


# [network]
class Chain(pcxx.Network):
    def __init__(self) -> None:
        super().__init__()
        self.point = self.node("point", 2)
        self.low = self.node("low", 16, pcxx.tanh(pcxx.linear(self.point, 16)))
        self.high = self.node("high", 16, pcxx.tanh(pcxx.linear(self.low, 16)))
        self.label = self.node("label", 2, pcxx.linear(self.high, 2))
# [/network]


# [relaxation]
@pcxx.program
def relaxation(flow: pcxx.Flow, steps: int, rate: float) -> None:
    network, free = flow.network, flow.free_nodes()
    flow.enter("start")
    values = flow.optimiser(pcxx.sgd(rate), free)
    flow.repeat(steps, lambda step: values.step(flow.gradient(network.energy(), free)))
    for name, energy in network.energies():
        flow.output(name, pcxx.batch_mean(energy))
# [/relaxation]


def batch(network):
    data = pcxx.two_moons(samples=32, noise=0.2, seed=42)
    return {network.point: data.inputs, network.label: data.one_hot()}


def energies_after(network, steps):
    executor = pcxx.Executor(network, [network.point, network.label], relaxation(steps, 0.1))
    executor.run(batch(network))
    return {name: float(executor.output(name)) for name in ("low", "high", "label")}


def test_an_energy_is_half_the_squared_error():
    network = Chain()
    # [error]
    error = network.high.value() - network.high.prediction()
    energy = 0.5 * pcxx.sum(pcxx.square(error))  # what network.high.energy() is
    # [/error]

    def both(flow):
        flow.enter("start")
        flow.assign(network.high, 2.0 * network.high.value())
        flow.output("written", energy)
        flow.output("own", network.high.energy())

    executor = pcxx.Executor(network, [network.point, network.label], both)
    executor.run(batch(network))
    np.testing.assert_array_equal(executor.output("written"), executor.output("own"))
    assert np.all(executor.output("own") > 0)


def test_errors_arrive_one_layer_a_step():
    start, one, two = (energies_after(Chain(), steps) for steps in (0, 1, 2))
    assert start["label"] > 0 and start["low"] == start["high"] == 0
    assert one["high"] > 0 and one["low"] == 0
    assert two["low"] > 0


def test_relaxation_lowers_the_energy():
    totals = [sum(energies_after(Chain(), steps).values()) for steps in (0, 4, 8, 16)]
    assert totals == sorted(totals, reverse=True)


def test_a_phase_and_a_precision_mean_what_the_page_says():
    network = Chain()
    # [phase]
    network.phase("start").follow("high", pcxx.to_zero())
    # [/phase]
    assert energies_after(network, 0)["high"] > 0
    network, plain = Chain(), energies_after(Chain(), 16)
    # [precision]
    network.phase("start").weight("high", 10.0)
    # [/precision]
    weighted = energies_after(network, 16)
    assert weighted["high"] < plain["high"]


def test_a_rule_learns_and_shows_its_plan():
    network = Chain()
    # [rule]
    rule = pcxx.PredictiveCoding(steps=8, values=pcxx.sgd(0.1), weights=pcxx.adamw(1e-2))
    trainer = pcxx.Trainer(network, rule, seed=0)
    # [/rule]
    reports = [trainer.step(batch(network)) for _ in range(50)]
    assert reports[-1].energy < 0.5 * reports[0].energy
    # [plan]
    plan = trainer.executor([network.point, network.label]).explain()
    # [/plan]
    assert "known zeros" in plan


@pytest.mark.parametrize("name", ["chain", "wavefront"])
def test_figures_are_what_their_command_draws(name):
    sys.path.insert(0, str(ROOT / "docs" / "site"))
    try:
        figures = importlib.import_module("figures")
    finally:
        sys.path.remove(str(ROOT / "docs" / "site"))
    assert (ROOT / "docs" / "figures" / f"{name}.svg").read_text(encoding="utf-8") == getattr(figures, name)()

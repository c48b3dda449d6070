"""Recipes, training runs and what looks at them: what `pcxx` does in the shell, from Python."""

import json
import os
import pathlib
import re
import signal
import sys
import time

import numpy as np
import pytest

import pcxx
from networks import run_alone

RECIPES = pathlib.Path(__file__).resolve().parents[2] / "recipes"
MOONS = {"epochs": 2, "data.train": 256, "data.test": 128, "threads": 1}


@pytest.fixture(name="recipe")
def made_recipe():
    return pcxx.Recipe.load(RECIPES / "two_moons.toml", MOONS)


class Recorder(pcxx.TrainingObserver):
    """Remembers what it was told; may raise, or stop, at a call."""

    def __init__(self, raises=None, stops_after=None):
        super().__init__()
        self.raises, self.stops_after, self.calls, self.reports = raises, stops_after, [], []

    def told(self, name, report):
        self.calls.append(name)
        self.reports.append(report)
        if name == self.raises:
            raise LookupError(f"raised by {name}")

    def started(self, start):
        self.told("started", start)

    def batch(self, report):
        self.told("batch", report)

    def epoch(self, report):
        self.told("epoch", report)

    def notice(self, text):
        self.told("notice", text)

    def stop(self):
        self.told("stop", None)
        return self.calls.count("batch") == self.stops_after


def test_a_recipe_says_what_it_holds(recipe):
    assert (recipe.name, recipe.seed, recipe.epochs, recipe.device, recipe.precision) == ("two_moons", 0, 2, "cpu", "f32")
    assert recipe.network.input == (2,) and [layer.width for layer in recipe.network.layers] == [32, 32, 2]
    assert recipe.rule.steps == 8 and recipe.rule.values.nesterov and recipe.weights[0].rate.first == 0.01
    assert recipe.data.name == "moons" and recipe.batches_per_epoch(256) == 8 and not recipe.averages
    assert pcxx.Recipe.parse(recipe.text).differences(recipe) == []


def test_settings_change_in_a_copy(recipe):
    for settings in ({"rule.steps": np.int32(5), "data.noise": np.float64(0.25)}, ["rule.steps=5", "data.noise=0.25"]):
        changed = recipe.set(settings)
        assert changed.differences(recipe) == ["data.noise: 0.25, was 0.2", "rule.steps: 5, was 8"]
    assert recipe.rule.steps == 8 and changed.name == recipe.name
    assert recipe.set({"device": "reference", "data.shuffle": False}).device == "reference"
    assert recipe.set({"network.widths": [2, 4, 2]}).network.layers[0].width == 4
    layers = [{"name": "low", "width": 4, "activation": "tanh"}, {"width": 2, "bias": False}]
    assert [layer.bias for layer in recipe.set({"network": {"input": 2, "layer": layers}}).network.layers] == [True, False]
    folder = "a 'quoted' \\ \"path\" é"
    assert pcxx.Recipe.load(RECIPES / "fashion_mnist_mlp.toml", {"data.folder": folder}).data.folder == folder
    path = pathlib.Path("data") / "mine"
    assert pcxx.Recipe.load(RECIPES / "fashion_mnist_mlp.toml", {"data.folder": path}).data.folder == str(path)


@pytest.mark.parametrize("settings, error, message", [
    ({"rule.stepz": 8}, pcxx.RecipeError, "steps"),
    ({"rule.steps": -1}, pcxx.RecipeError, "steps"),
    ({"rule.steps": None}, pcxx.DTypeError, r"\[recipe\] 'rule.steps' is a 'NoneType'; expected a number"),
    ({"rule.values": {"rate": object()}}, pcxx.DTypeError, r"'rule.values.rate' is a 'object'; expected a number"),
    (["rule.steps"], pcxx.RecipeError, "rule.steps"),
])
def test_wrong_settings_are_errors(recipe, settings, error, message):
    with pytest.raises(error, match=message):
        recipe.set(settings)


def test_wrong_recipes_are_errors(tmp_path):
    with pytest.raises(pcxx.FileError, match="absent.toml"):
        pcxx.Recipe.load(tmp_path / "absent.toml")
    with pytest.raises(pcxx.RecipeError, match="mine:1:6"):
        pcxx.Recipe.parse("seed 3", "mine")


def test_a_run_is_watched_and_judged(recipe, tmp_path):
    watch = Recorder()
    summary = pcxx.train(recipe, tmp_path / "run", observer=watch, tensorboard=True)
    assert summary.finished and summary.checkpoint == pcxx.checkpoint_path(tmp_path / "run")
    assert watch.calls == ["started", *(["batch", "stop"] * 8 + ["epoch"]) * 2]
    start, first, last = watch.reports[0], watch.reports[1], watch.reports[-1]
    assert (start.train_samples, start.test_samples, start.batches, start.resumed) == (256, 128, 8, False)
    assert (first.epoch, first.batch, first.batches, first.step) == (0, 1, 8, 1)
    assert set(first.nodes) == {"hidden1", "hidden2", "label"} and abs(sum(first.nodes.values()) - first.energy) < 1e-5
    assert last.epoch == 2 and last.test_accuracy == summary.test_accuracy == summary.progress.accuracy
    files = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"recipe.toml", "log.jsonl", "report.html", "checkpoint.safetensors"} <= files
    assert any("tfevents" in name for name in files)
    judged = pcxx.evaluate(tmp_path / "run")
    assert judged.accuracy == summary.test_accuracy and judged.samples == 128
    assert judged.confusion == summary.progress.confusion and judged.confusion.counts.sum() == 128
    assert pcxx.evaluate(summary.checkpoint, recipe.set({"data.test": 64})).samples == 64


def test_a_run_needs_no_observer_and_holds_what_the_shell_makes(recipe, tmp_path):
    pcxx.train(recipe, tmp_path, report=False)
    assert not pcxx.report_path(tmp_path).exists()
    pcxx.write_report(tmp_path)
    assert pcxx.report_html(tmp_path).startswith("<!doctype html>") or "<html" in pcxx.report_html(tmp_path)
    pcxx.write_event_file(tmp_path)
    events = [json.loads(line)["event"] for line in pcxx.log_path(tmp_path).read_text().splitlines()]
    assert events == ["start", "epoch", "epoch", "end"]
    with pytest.raises(pcxx.FileError):
        pcxx.write_report(tmp_path / "none")


def arrays_of(folder):
    return pcxx.load_checkpoint(folder).arrays


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name], err_msg=name)


def test_a_stopped_run_goes_on_to_the_same_bits(recipe, tmp_path):
    pcxx.train(recipe, tmp_path / "whole")
    stopped = pcxx.train(recipe, tmp_path / "parts", observer=Recorder(stops_after=5))
    assert not stopped.finished and stopped.progress.step == 5
    with pytest.raises(pcxx.FileError, match="already holds a run"):
        pcxx.train(recipe, tmp_path / "parts")
    again = Recorder()
    assert pcxx.train(recipe, tmp_path / "parts", resume=True, observer=again).finished
    assert again.reports[0].resumed and again.reports[0].progress.step == 5 and again.calls.count("batch") == 11
    assert_same(arrays_of(tmp_path / "whole"), arrays_of(tmp_path / "parts"))


@pytest.mark.parametrize("method", ["started", "batch", "epoch", "stop"])
def test_what_an_observer_raises_comes_out_and_nothing_is_lost(recipe, tmp_path, method):
    pcxx.train(recipe, tmp_path / "whole")
    watch = Recorder(raises=method)
    with pytest.raises(LookupError, match=f"raised by {method}"):
        pcxx.train(recipe, tmp_path / "parts", observer=watch)
    assert watch.calls[-1] == method  # no call behind the failure
    assert pcxx.load_checkpoint(tmp_path / "parts").progress.step >= 1
    assert pcxx.train(recipe, tmp_path / "parts", resume=True).finished
    assert_same(arrays_of(tmp_path / "whole"), arrays_of(tmp_path / "parts"))


def test_a_notice_reaches_the_observer(recipe, tmp_path):
    watch = Recorder(raises="notice")
    with pytest.raises(LookupError, match="raised by notice"):
        pcxx.train(recipe, tmp_path, resume=True, observer=watch)
    assert "no checkpoint yet" in watch.reports[0]


def test_observers_of_other_kinds_are_errors(recipe, tmp_path):
    with pytest.raises(pcxx.DTypeError, match=r"\[train\] the observer is a 'list'; expected .*TrainingObserver"):
        pcxx.train(recipe, tmp_path, observer=[])

    class Undecided(pcxx.TrainingObserver):
        def stop(self):
            return "yes"

    with pytest.raises(pcxx.DTypeError, match=r"stop\(\) of the observer returned a 'str'; expected a bool"):
        pcxx.train(recipe, tmp_path, observer=Undecided())


INTERRUPTED = """
import os, signal, sys
import pcxx

class Watch(pcxx.TrainingObserver):
    def batch(self, report):
        if report.step == 5:
            os.kill(os.getpid(), signal.SIGINT)  # handled by stop(), between batches
        if report.step > 6:
            print("went on")

recipe = pcxx.Recipe.load(sys.argv[1], {"epochs": 100, "threads": 1})
try:
    pcxx.train(recipe, sys.argv[2], observer=Watch())
except KeyboardInterrupt:
    print("interrupted", pcxx.load_checkpoint(sys.argv[2]).progress.step)
"""


def test_ctrl_c_stops_at_the_next_batch_with_a_checkpoint(tmp_path):
    code = f"import sys; sys.argv[1:] = {[str(RECIPES / 'two_moons.toml'), str(tmp_path / 'run')]!r}\n" + INTERRUPTED
    outcome = run_alone(code)
    assert outcome.returncode == 0, outcome.stderr
    assert re.fullmatch(r"interrupted [56]\n", outcome.stdout)


def test_divergence_leaves_a_good_checkpoint_and_a_report(recipe, tmp_path):
    wild = recipe.set({"weights.optimiser": "sgd", "weights.rate": 1e4, "rule.values.rate": 10.0})
    with pytest.raises(pcxx.DivergenceError):
        pcxx.train(wild, tmp_path)
    assert pcxx.report_path(tmp_path).exists()
    assert all(np.isfinite(array).all() for array in arrays_of(tmp_path).values())


SPANNING = {"schedule": "cosine", "first": 0.01, "last": 0.001}  # the whole run, whose length the trainer must know


@pytest.mark.parametrize("rate", [0.01, SPANNING])
def test_a_checkpoint_becomes_a_trainer(recipe, tmp_path, rate):
    recipe = recipe.set({"weights.rate": rate})
    pcxx.train(recipe, tmp_path / "part", observer=Recorder(stops_after=8))
    pcxx.train(recipe, tmp_path / "whole")
    checkpoint = pcxx.load_checkpoint(tmp_path / "part")
    trainer = checkpoint.trainer()
    network = trainer.network
    assert trainer.steps == 8 and checkpoint.recipe.differences(recipe) == []
    train, test = recipe.load_data()
    inputs, label = network.node_named("input"), network.node_named("label")
    loader = pcxx.Loader(train, batch=recipe.data.batch, seed=recipe.seed)
    for batch in loader.epoch(1):
        trainer.step({inputs: batch.inputs, label: batch.targets})
    assert_same(trainer.state.arrays(), arrays_of(tmp_path / "whole"))
    matrix = pcxx.ConfusionMatrix()
    matrix.add(trainer.predict(label, {inputs: np.array(test.inputs)}), test.labels)
    assert matrix == pcxx.evaluate(tmp_path / "whole").confusion and matrix.classes == 2
    assert matrix.accuracy() == trainer.accuracy(label, test.one_hot(), {inputs: np.array(test.inputs)})
    with pytest.raises(pcxx.DTypeError, match="'labels' are i64; expected int32"):
        matrix.add(np.zeros((2, 2), np.float32), np.array([0, 1]))


def test_checkpoints_are_saved_and_refused(recipe, tmp_path):
    summary = pcxx.train(recipe, tmp_path / "run")
    checkpoint = pcxx.load_checkpoint(summary.checkpoint)
    checkpoint.save(tmp_path / "copy.safetensors")
    assert_same(arrays_of(tmp_path / "copy.safetensors"), checkpoint.arrays)
    assert pcxx.previous_checkpoint(summary.checkpoint).exists()
    (tmp_path / "broken").write_bytes(b"no checkpoint")
    for path in (tmp_path / "none", tmp_path / "broken", tmp_path):
        with pytest.raises(pcxx.FileError):
            pcxx.load_checkpoint(path)


def test_a_run_begins_with_given_parameters(recipe, tmp_path):
    def halved(network, state):
        for parameter in network.parameters():
            state[parameter.name] = 0.5 * state[parameter.name]

    pcxx.begin_training(recipe, tmp_path, halved)
    drawn = recipe.build_network().initialise(recipe.seed)
    arrays = arrays_of(tmp_path)
    for name in drawn:
        np.testing.assert_array_equal(arrays[name], 0.5 * drawn[name])
    assert pcxx.train(recipe, tmp_path, resume=True).finished
    with pytest.raises(ZeroDivisionError):
        pcxx.begin_training(recipe, tmp_path / "other", lambda network, state: 1 / 0)
    assert not pcxx.checkpoint_path(tmp_path / "other").exists()


def test_networks_and_rules_of_a_recipe_are_ordinary_ones(recipe):
    network = recipe.build_network()
    inputs, label = network.node_named("input"), network.node_named("label")
    train, _ = recipe.load_data()
    data = {inputs: np.array(train.inputs), label: train.one_hot()}
    resting = pcxx.Trainer(network, recipe.build_rule_without_learning(), seed=1)
    before = resting.state.arrays()
    energies = [resting.step(data).energy for _ in range(2)]
    assert energies[0] == energies[1]
    assert_same({name: resting.state[name] for name in before}, before)
    trainer = pcxx.Trainer(network, recipe.build_rule(updates=100), seed=1)
    assert trainer.step(data).energy == energies[0] and trainer.step(data).energy < energies[0]
    with pytest.raises(pcxx.ArgumentError, match="the network has been compiled"):
        network.node("late", 3)


def test_a_recipe_is_inspected(recipe):
    seen = pcxx.inspect(RECIPES / "two_moons.toml")
    assert [node.name for node in seen.nodes] == ["input", "hidden1", "hidden2", "label"]
    assert seen.nodes[0].given and seen.nodes[1].shape == (32,) and "leaky_relu" in seen.nodes[1].prediction
    assert seen.parameter_count == sum(one.count for one in seen.parameters) == 2 * 32 + 32 + 32 * 32 + 32 + 32 * 2 + 2
    assert seen.plan and seen.program and seen.flops > 0 and seen.batch == 32 and seen.state_bytes > 4 * seen.parameter_count


def test_benchmarks_run():
    result = pcxx.bench("moons", repeat=3, threads=1)
    assert result.median_ms >= result.min_ms > 0 and result.threads == 1 and np.isfinite(result.energy)
    with pytest.raises(pcxx.ArgumentError, match="mlp"):
        pcxx.bench("mpl")
    with pytest.raises(pcxx.FileError):
        pcxx.replay("absent.npz")


def test_runs_come_from_pcx_and_go_back(recipe, tmp_path):
    pcxx.train(recipe, tmp_path / "ours")
    rules = ["hidden1.{what} = .layers[0].nn.{what}", "hidden2.{what} = .layers[1].nn.{what}", "label.{what} = .layers[2].nn.{what}"]
    given = pcxx.export_pcx_run(pcxx.load_checkpoint(tmp_path / "ours"), tmp_path / "pcx.npz", rules)
    taken = pcxx.import_pcx_run(recipe, tmp_path / "pcx.npz", tmp_path / "theirs", rules)
    assert given == taken and given["hidden1.weight"] == [".layers[0].nn.weight"]
    assert pcxx.evaluate(tmp_path / "theirs").accuracy == pcxx.evaluate(tmp_path / "ours").accuracy
    with pytest.raises(pcxx.FileError, match="already holds a run"):
        pcxx.import_pcx_run(recipe, tmp_path / "pcx.npz", tmp_path / "theirs", rules)

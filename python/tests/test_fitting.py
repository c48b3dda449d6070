"""Trainer.fit: the same training as a loop over step(), with any iterable of batches and any progress bar."""

import sys

import numpy as np
import pytest
from networks import Classifier, moons

import pcxx


def trainer_of(network):
    return pcxx.Trainer(network, pcxx.PredictiveCoding(steps=4, values=pcxx.sgd(0.02), weights=pcxx.adamw(0.01)))


def loader_of(samples=100, **options):
    return pcxx.Loader(pcxx.two_moons(samples=samples, noise=0.2, seed=3), batch=32, **options)


def same_weights(one, other):
    return all(np.array_equal(one.state[name], other.state[name]) for name in ("low.weight", "high.bias", "label.weight"))


class Bar:
    """What tqdm's protocol asks for, and a record of it."""

    made = []

    def __init__(self, iterable, total=None, desc=""):
        self.iterable, self.total, self.desc, self.seen, self.shown = iterable, total, desc, 0, {}
        Bar.made.append(self)

    def __iter__(self):
        for item in self.iterable:
            self.seen += 1
            yield item

    def set_postfix(self, refresh=True, **shown):
        assert not refresh
        self.shown = shown


@pytest.fixture
def bars():
    Bar.made = []
    return Bar.made


def test_is_the_loop_over_step():
    first, second = Classifier(), Classifier()
    looped, fitted = trainer_of(first), trainer_of(second)
    loader = loader_of()
    expected = [looped.step({first.point: points, first.label: labels}).energy
                for epoch in range(2, 5) for points, labels in loader.epoch(epoch)]
    reports = fitted.fit(loader, [second.point, second.label], epochs=3, first_epoch=2)
    assert [report.energy for report in reports] == expected
    assert [report.step for report in reports] == list(range(12))
    assert same_weights(looped, fitted)


@pytest.mark.parametrize("form", ["tuples", "lists", "data", "unused part"])
def test_batches_of_every_form_learn_the_same(form):
    points, labels = moons(96)
    parts = [(points[i:i + 32], labels[i:i + 32]) for i in range(0, 96, 32)]
    reference, network = Classifier(), Classifier()
    expected, trainer = trainer_of(reference), trainer_of(network)
    for x, y in parts:
        expected.step({reference.point: x, reference.label: y})
    both = [network.point, network.label]
    batches, nodes = {"tuples": (parts, both), "lists": ([list(part) for part in parts], both),
                      "data": ([dict(zip(both, part)) for part in parts], None),
                      "unused part": ([(x, "a name", y) for x, y in parts], [network.point, None, network.label])}[form]
    trainer.fit(batches, nodes)
    assert same_weights(expected, trainer)


def test_one_node_takes_arrays_that_are_batches_of_themselves():
    network = pcxx.Network()
    data = network.node("data", 1)
    network.predict(data, network.parameter("mean", 1, pcxx.constant(0)))
    trainer = pcxx.Trainer(network, pcxx.PredictiveCoding(weights=pcxx.sgd(0.5)))
    trainer.fit([np.full((8, 1), 3, np.float32)] * 20, data)
    assert trainer.state["mean"] == pytest.approx(3, abs=1e-4)


def test_after_epoch_gets_the_reports_of_its_epoch():
    network = Classifier()
    calls = []
    reports = trainer_of(network).fit(loader_of(), [network.point, network.label], epochs=2,
                                      after_epoch=lambda epoch, found: calls.append((epoch, found)))
    assert [epoch for epoch, _ in calls] == [0, 1]
    assert calls[0][1] + calls[1][1] == reports and len(calls[0][1]) == 4


def test_no_epochs_change_nothing():
    network = Classifier()
    trainer = trainer_of(network)
    assert trainer.fit(loader_of(), [network.point, network.label], epochs=0) == []
    assert trainer.steps == 0


def test_an_epoch_has_a_length():
    loader = loader_of(100)
    epoch = loader.epoch(0)
    assert len(epoch) == len(loader) == 4
    assert len(list(epoch)) == 4 and len(epoch) == 4
    assert len(loader.epoch(1, 3)) == 1 and len(loader.epoch(1, 4)) == 0
    assert len(loader_of(100, drop_last=True).epoch(0)) == 3


def test_a_bar_for_each_epoch(bars):
    network = Classifier()
    reports = trainer_of(network).fit(loader_of(), [network.point, network.label], epochs=2, first_epoch=1, progress=Bar)
    assert [(bar.desc, bar.total, bar.seen) for bar in bars] == [("epoch 2/3", 4, 4), ("epoch 3/3", 4, 4)]
    assert bars[-1].shown == {"energy": f"{reports[-1].energy:.4g}"}


def test_a_bar_may_be_any_generator_and_length_unknown():
    network = Classifier()
    points, labels = moons(64)
    totals = []

    def bar(iterable, total, desc):
        totals.append(total)
        yield from iterable

    trainer_of(network).fit(((points, labels) for _ in range(3)), [network.point, network.label], progress=bar)
    assert totals == [None]


def test_the_classifier_shows_bars(bars):
    points, labels = moons(64)
    pcxx.PCClassifier(hidden=(8,), epochs=2, batch=32).fit(points, labels.argmax(1), progress=Bar)
    assert [(bar.total, bar.seen) for bar in bars] == [(2, 2), (2, 2)]


def test_tqdm_itself(capsys):
    tqdm = pytest.importorskip("tqdm")
    network = Classifier()
    trainer_of(network).fit(loader_of(), [network.point, network.label], epochs=2, progress=tqdm.tqdm)
    shown = capsys.readouterr().err
    assert "epoch 1/2" in shown and "epoch 2/2" in shown and "4/4" in shown and "energy=" in shown
    bar = tqdm.tqdm(loader_of().epoch(0))
    assert bar.total == 4 and sum(1 for _ in bar) == 4


def test_true_is_tqdm(capsys):
    pytest.importorskip("tqdm")
    network = Classifier()
    trainer_of(network).fit(loader_of(), [network.point, network.label], progress=True)
    assert "4/4" in capsys.readouterr().err


def test_without_tqdm_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    network = Classifier()
    with pytest.raises(pcxx.ArgumentError, match=r"\[progress\] tqdm is not installed; expected `pip install tqdm`"):
        trainer_of(network).fit(loader_of(), [network.point, network.label], progress=True)


def test_bad_input():
    network = Classifier()
    trainer = trainer_of(network)
    points, labels = moons(64)
    both = [network.point, network.label]
    with pytest.raises(pcxx.ArgumentError, match=r"\[fit\] a batch is a 'tuple' and no nodes are given; expected"):
        trainer.fit([(points, labels)])
    with pytest.raises(pcxx.ArgumentError, match=r"\[fit\] batches are \{node: array\} and nodes are given, too"):
        trainer.fit([{network.point: points, network.label: labels}], both)
    with pytest.raises(pcxx.ShapeError, match=r"\[fit\] a batch has 2 parts but nodes has 1; expected a node for each part, None"):
        trainer.fit([(points, labels)], network.point)
    with pytest.raises(pcxx.ArgumentError, match=r"\[fit\] epoch 2 has no batches; expected a Loader, a list"):
        trainer.fit(iter([(points, labels)]), both, epochs=2)
    with pytest.raises(pcxx.ArgumentError, match=r"\[fit\] epochs=-1, first_epoch=0; expected 0 or more"):
        trainer.fit([(points, labels)], both, epochs=-1)
    with pytest.raises(pcxx.DTypeError, match=r"\[progress\] progress is a 'int'; expected False, True or a callable"):
        trainer.fit([(points, labels)], both, progress=3)
    with pytest.raises(pcxx.ShapeError, match="point"):
        trainer.fit([(points[:, :1], labels)], both)


def test_what_a_callback_or_a_bar_raises_comes_out():
    network = Classifier()
    trainer = trainer_of(network)

    def stop(epoch, reports):
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        trainer.fit(loader_of(), [network.point, network.label], epochs=9, after_epoch=stop)
    assert trainer.steps == 4
